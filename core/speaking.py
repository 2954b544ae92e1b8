"""In which language somebody is spoken to whose words may not tell."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from core.commands.running import asked_in, parse_command
from core.conversation import Channel, Turn, UserMessage
from core.people import Person
from core.texts import Language, LanguageChoice, language_in

_WITHIN_S = 1.0
"""A sentence in the wrong language now is better than one in the right language that nobody waits for."""


class Knowing(Protocol):
    """What is asked of a platform."""

    async def person(self, author: str, channel: Channel) -> Person: ...


async def language_for(
    message: UserMessage,
    choice: LanguageChoice,
    platform: Knowing | None,
    history: Sequence[Turn] = (),
) -> Language:
    """What was chosen, else that of ``message``, of its author on the platform, of what they asked last; else English.

    The names of commands are English for everybody, and so tell nothing of whoever writes them.
    """
    if choice != "auto":
        return choice
    text = asked_in(message.text)
    told = told_by(text, command=parse_command(text) is not None)
    return told or await own_language(message.author, message.conversation.channel, platform, history)


def told_by(text: str, *, command: bool) -> Language | None:
    """The language of ``text``, as far as it tells one: of a command only Chinese does."""
    told = language_in(text)
    return None if command and told == "en" else told


async def own_language(
    author: str, channel: Channel, platform: Knowing | None, history: Sequence[Turn] = ()
) -> Language:
    """The language of whoever has written nothing that tells theirs. Never raises, and takes a second at most."""
    if platform is not None:
        try:
            async with asyncio.timeout(_WITHIN_S):
                person = await platform.person(author, channel)
        except TimeoutError:
            pass
        else:
            if person.language is not None:
                return person.language
    theirs = (language_in(turn.text) for turn in reversed(history) if turn.author == author)
    return next((each for each in theirs if each is not None), "en")
