"""Long texts beside an answer: a container that opens, or a quotation or code where only one person sees it."""

import re
from collections.abc import Mapping
from typing import Any

from adapters.slack.markup import inert
from core.attached import Attached, quoted
from core.commands.command import Answer

_MOST = 12_000
"""Slack: the markdown blocks of one payload hold 12,000 characters together."""
_SECTION, _SECTIONS = 3000, 10
"""Slack: the text of a section holds 3,000 characters, a container 10 blocks."""
_TITLE = 150
_LINE = 300
"""A section ends with a line where that costs no more than this."""
_BACKTICKS = re.compile("`+")
_FENCE = 3


def folded(attached: Attached) -> list[dict[str, Any]]:
    """``attached`` in a message of its own, collapsed: as much of its end as a container holds.

    Sections of plain text: nothing in them is a mention.
    """
    text = attached.fitted(_SECTIONS * (_SECTION - _LINE))
    container = {
        "type": "container",
        "title": {"type": "plain_text", "text": attached.summary[:_TITLE], "emoji": False},
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": piece, "emoji": False}}
            for piece in _pieces(text)
        ],
    }
    return [container]


def is_folded(message: Mapping[str, Any]) -> bool:
    """``message`` is one that ``folded`` made, if it is the bot's."""
    return any(block.get("type") == "container" for block in message.get("blocks") or ())


def said(answer: Answer) -> str:
    """All of ``answer`` in one markdown block.

    What is attached is quoted, as much of its end as fits. What is nothing in parts stands in a code block, as it is:
    whoever gave the command takes it from there, and they alone see it, so no mention in it notifies anybody.
    """
    if answer.attached is None:
        return answer.text[:_MOST]
    room = _MOST - len(answer.text) - 2
    exact = answer.attached.instead and not answer.public
    return f"{answer.text}\n\n{answer.attached.fitted(room, _fenced if exact else _quotation)}"


def _quotation(text: str) -> str:
    return quoted(inert(text))


def _fenced(text: str) -> str:
    """A code block that nothing in ``text`` ends."""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(_FENCE, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _pieces(text: str) -> list[str]:
    found = []
    while len(text) > _SECTION:
        line = text.rfind("\n", _SECTION - _LINE, _SECTION)
        end = line if line > 0 else _SECTION
        found.append(text[:end])
        text = text[end:]
    # Slack: a text of white space is an empty one, and refused.
    return [piece for piece in [*found, text] if piece.strip()]
