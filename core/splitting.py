"""Cutting a reply where a platform's message ends, without breaking what is written.

A cut falls, in this order of preference, after a paragraph, a line, a sentence, a word; only text without any of
these is cut between two characters. A code fence that is open at the cut is closed with its own marker, and
opened again in the next message with its own first line.

Where a reply is cut depends on the reply alone, not on the pieces it came in: a message has room for two closing
lines beside its text, so that a cut is made only when the line after it is known.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_INDENT = 8
_LONGEST_MARKER = 10
_LONGEST_INFO = 30
_CLOSING_ROOM = "\n" + " " * _LONGEST_INDENT + "`" * _LONGEST_MARKER
# A cluster of characters longer than this is cut like any other text: better than a message for each character.
_LONGEST_CLUSTER = 64

# Models open fences inside list items too, at the item's own indentation or right behind its bullet.
_FENCE = re.compile(r"([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})([^\n]*)")
_BORDERS = tuple(
    re.compile(border) for border in (r"(?=\n\n)", r"(?=\n)", "[。！？]", r"\. ", "; ", ", ", "，", " ")
)


@dataclass(frozen=True, slots=True)
class _Fence:
    indent: str
    marker: str
    info: str
    line: int
    """Where its first line begins."""

    @property
    def opening(self) -> str:
        return f"{self.indent}{self.marker}{self.info}\n"

    def closed_by(self, indent: str, marker: str, rest: str) -> bool:
        """CommonMark: the same sign, at least as often, alone on a line that is indented by less than 4 more."""
        return (
            marker.startswith(self.marker)
            and not rest.strip()
            and not indent.strip()
            and len(indent.expandtabs(4)) < len(self.indent) + 4
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """How one message's text is divided: the next one shows ``opening`` and then the text from ``at`` on."""

    head: str
    at: int
    opening: str = ""


def open_fence(text: str) -> _Fence | None:
    """The code fence that is still open at the end of ``text``."""
    fence: _Fence | None = None
    begin = 0
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if found is not None:
            if fence is None:
                fence = _opened(begin, *found.groups())
            elif fence.closed_by(*found.groups()):
                fence = None
        begin += len(line) + 1
    return fence


def closed(text: str) -> str:
    """``text`` with its open code fence closed, so that what follows is not shown as code."""
    fence = open_fence(text)
    return text if fence is None else _close(text, fence)


def split(text: str, limit: int, size: Callable[[str], int] = len) -> tuple[str, str]:
    """The part of ``text`` that fills one message of ``limit``, and the rest (empty when all fits)."""
    found = cut(text, limit, size)
    return (text, "") if found is None else (found.head, found.opening + text[found.at :])


def cut(text: str, limit: int, size: Callable[[str], int] = len) -> Cut | None:
    """Where a message of ``limit``, 300 or more, has to end; None when ``text`` fits, closed, into one.

    ``size`` tells what a text costs on the platform: never less than its length, and more for more text. White
    space at the end costs nothing: no platform shows it.
    """
    spare = size(_CLOSING_ROOM)
    known = text.rstrip()
    if len(known) <= limit - spare and size(known) <= limit - spare:
        return None
    border = _border(text, _reach(text, limit - 2 * spare, size))
    fence = open_fence(text[:border])
    if fence is None:
        return Cut(text[:border].rstrip("\n"), _skip(text, border))
    # Only the line break at the cut goes: blank lines and indentation inside code are code.
    at = border + text.startswith("\n", border)
    line = _FENCE.match(text, _skip(text, border)) if at > border else None
    if line is not None and fence.closed_by(*line.groups()) and line.end(2) <= border + len(_CLOSING_ROOM):
        # Only the closing line is left of this code: the next message would begin with an empty block.
        return Cut(text[: line.end(2)], _skip(text, line.end()))
    # Progress: what is repeated must be less than what this message held.
    return Cut(_close(text[:border], fence), at, fence.opening if at > len(fence.opening) else "")


def _opened(line: int, indent: str, marker: str, rest: str) -> _Fence | None:
    # CommonMark: the info string of a backtick fence holds no backtick, else it is inline code.
    if marker[0] == "`" and "`" in rest:
        return None
    # A bullet is not repeated: the code stands where the item's text does.
    width = len(indent.expandtabs(4))
    if width > _LONGEST_INDENT or len(marker) > _LONGEST_MARKER:
        return None
    info = rest.strip()
    if len(info) > _LONGEST_INFO:
        info = info.split()[0]  # the language
    return _Fence(" " * width, marker, info if len(info) <= _LONGEST_INFO else "", line)


def _close(text: str, fence: _Fence) -> str:
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{fence.indent}{fence.marker}"


def _skip(text: str, at: int) -> int:
    while text.startswith("\n", at):
        at += 1
    return at


def _reach(text: str, room: int, size: Callable[[str], int]) -> int:
    """How many characters of ``text`` fit into ``room``: 1 at least."""
    most = max(1, min(len(text), room))
    if size(text[:most]) <= room:
        return most
    return max(1, bisect_right(range(1, most + 1), room, key=lambda length: size(text[:length])))


def _border(text: str, most: int) -> int:
    """Where to cut at or before ``most``, which is inside ``text``: never 0."""
    border = _preferred(text, most)
    line = text.rfind("\n", 0, border) + 1
    fence = open_fence(text[:border])
    if fence is not None and not text[fence.line : border].partition("\n")[2].strip():
        line = fence.line  # its first line goes with its code
    elif text.startswith("\n", border) or _FENCE.fullmatch(text, line, border) is None:
        return border  # a line that reads like a fence is not cut: either half could be one
    before = text[:line].strip()
    # Progress: a fence that was opened again is not enough for a message.
    enough = bool(before) and ("\n" in before or _FENCE.fullmatch(before) is None)
    return line - 1 if enough else border


def _preferred(text: str, most: int) -> int:
    near = text[: most + 2]  # a paragraph's border is the break before its empty line
    for border in _BORDERS:
        ends = [found.end() for found in border.finditer(near, most // 2) if 0 < found.end() <= most]
        for end in reversed(ends):
            if not _clings(text, end):
                return end
    for end in range(most, max(0, most - _LONGEST_CLUSTER), -1):
        if not _clings(text, end):
            return end
    return most


def _clings(text: str, at: int) -> bool:
    """The character at ``at`` is not to be separated from the one before it."""
    letter, before = text[at], text[at - 1]
    if "\U0001f1e6" <= letter <= "\U0001f1ff":  # two of these letters make a flag
        begin = at
        while begin > 0 and "\U0001f1e6" <= text[begin - 1] <= "\U0001f1ff":
            begin -= 1
        return (at - begin) % 2 == 1
    return (
        before == "\u200d"  # a joiner holds on to both sides
        or letter in "\u200c\u200d"
        or "\U0001f3fb" <= letter <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= letter <= "\U000e007f"  # tags, of which the flag of Scotland is made
        or unicodedata.category(letter).startswith("M")  # combining marks and variation selectors
        # The next message would begin with what reads like a fence.
        or (letter in "`~" and (letter == before or text.startswith(letter * 3, at)))
    )
