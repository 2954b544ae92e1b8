"""Long texts beside an answer: a spoiler or a quotation where they fit into a message, else a file."""

from io import BytesIO

import discord

from adapters.discord.markup import inert
from core.attached import Attached, quoted
from core.commands.command import Answer
from core.splitting import closed

LIMIT = 2000
_GLIMPSE = 700
"""Characters of the end of a text that are quoted above the file that has all of it."""


def folded(attached: Attached, *, files: bool = True) -> tuple[str, list[discord.File]]:
    """A message of its own, behind a quiet line: a spoiler, or a file where ``files`` may be sent and it is too long."""
    head = f"-# {inert(attached.summary)}\n"
    if files and not attached.fits(LIMIT - len(head), _spoiler):
        return head.strip(), [_file(attached)]
    return head + attached.fitted(LIMIT - len(head), _spoiler), []


def is_folded(content: str, *, files: bool) -> bool:
    """A message of the bot's is one that ``folded`` made."""
    return content.startswith("-# ") and (files or content.endswith("||"))


def said(answer: Answer) -> tuple[str, list[discord.File]]:
    """``answer`` to a command: what is attached is quoted, and sent as a file where only its end fits."""
    attached = answer.attached
    if attached is None:
        return answer.text, []
    room = LIMIT - len(answer.text) - 2
    if attached.fits(room, _quotation):
        return f"{answer.text}\n\n{attached.fitted(room, _quotation)}", []
    if attached.instead:
        return answer.text, [_file(attached)]
    return f"{answer.text}\n\n{attached.fitted(min(room, _GLIMPSE), _quotation)}", [_file(attached)]


def _spoiler(text: str) -> str:
    # Discord: || ends a spoiler, wherever it stands but in code: so no code may be open at its end.
    hidden = closed(inert(text).replace("||", "|\u200b|"))
    return f"||{hidden}||"


def _quotation(text: str) -> str:
    return quoted(inert(text))


def _file(attached: Attached) -> discord.File:
    # Half of a surrogate pair can be said in JSON, and in no file.
    return discord.File(BytesIO(attached.whole.encode("utf-8", "replace")), attached.name)
