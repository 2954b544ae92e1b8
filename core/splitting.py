"""Cutting a reply where a platform's message ends, without breaking what is written.

A cut falls, in this order of preference, after a paragraph, a line, a sentence, a word; only text without any of
these is cut between two characters. A code fence that is open at the cut is closed with its own marker, and
opened again in the next message with its own first line.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$")
_BORDERS = ("\n\n", "\n", "。", "！", "？", ". ", "; ", ", ", "，", " ")
# Joiners, variation selectors, skin tones and combining marks stay with the character before them.
_CLINGING = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_LONGEST_CODE_OPENING = 200


@dataclass(frozen=True, slots=True)
class _Fence:
    marker: str
    opening: str


def open_fence(text: str) -> _Fence | None:
    """The code fence that is still open at the end of ``text``."""
    fence: _Fence | None = None
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found is None:
            continue
        marker, rest = found.groups()
        if fence is None:
            # CommonMark: the info string of a backtick fence holds no backtick, else it is inline code.
            if marker[0] == "~" or "`" not in rest:
                fence = _Fence(marker, line.strip()[:_LONGEST_CODE_OPENING])
        elif marker[0] == fence.marker[0] and len(marker) >= len(fence.marker) and not rest.strip():
            fence = None
    return fence


def closed(text: str) -> str:
    """``text`` with its open code fence closed, so that what follows is not shown as code."""
    fence = open_fence(text)
    if fence is None:
        return text
    return f"{text}{fence.marker}" if text.endswith("\n") else f"{text}\n{fence.marker}"


def split(text: str, limit: int, size: Callable[[str], int] = len) -> tuple[str, str]:
    """The part of ``text`` that fills one message of ``limit``, and the rest (empty when all fits).

    ``size`` tells what a text costs on the platform, which may be more than its length.
    """
    if size(closed(text)) <= limit:
        return text, ""
    cut = min(len(text), limit)
    while True:
        border = _border(text, cut)
        head = closed(text[:border])
        over = size(head) - limit
        if over <= 0:
            break
        cut = border - max(1, min(over, border // 2))
    fence = open_fence(text[:border])
    rest = text[border:]
    if fence is None:
        return head, rest.lstrip("\n")
    # Only the line break at the cut goes: blank lines and indentation inside code are code.
    return head, f"{fence.opening}\n{rest.removeprefix(chr(10))}"


def _border(text: str, cut: int) -> int:
    """Where to cut at or before ``cut``: never 0, and never inside a fence's own first line."""
    fence = open_fence(text[:cut])
    # Progress: the opening line repeated in the next message must not be all that this one held.
    least = len(fence.opening) + 2 if fence and text.startswith(fence.opening) else cut // 2
    for border in _BORDERS:
        at = text.rfind(border, min(least, cut - 1), cut)
        if at > 0:
            # The break itself stays out of the head; punctuation stays in it.
            return at if border.isspace() and border != " " else at + len(border)
    while cut > 1 and cut < len(text) and (_clings(text, cut)):
        cut -= 1
    return max(cut, 1)


def _clings(text: str, at: int) -> bool:
    return bool(_CLINGING.match(text[at])) or text[at - 1] == "\u200d"
