"""What a platform tells around a question: who asks, and what was said in its thread before the bot was asked there."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from core.conversation import Turn, UserMessage, Voice
from core.people import UNKNOWN, Person, Remark
from core.store.claims import Claim
from core.store.kept import texts_of
from core.surface import Platform
from core.window import Around

NAMES_S = 1.0
"""How long names may take: a missing one is better than a late answer."""
BEFORE_S = 5.0
"""How long the first question in a thread waits for what was said there: without it the answer may be none."""
REMARKS = 30
_LONGEST = 1_000
"""Characters of one remark."""
_ALL = 8_000
"""Characters of all remarks together."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was told in time."""

    voices: tuple[Voice, ...] = ()
    """Of each message, where several people are answered together; else of its author alone."""
    before: tuple[Remark, ...] = ()

    def around(self, claim: Claim) -> Around:
        """With the summary that came with ``claim``."""
        summary = claim.recalled.summary
        return Around(self.voices, self.before, summary.text if summary else "")

    def part_of(self, turn: Turn) -> Turn:
        """``turn`` with all that has to be kept of it."""
        several = self.voices if len(self.voices) > 1 else ()
        return replace(
            turn, name=self.voices[0].name if self.voices else "", voices=several, before=self.before
        )


async def surroundings_of(claim: Claim, platform: Platform) -> Surroundings:
    """What ``platform`` tells within a second, or five of the first question in a thread. Never raises."""
    channel, messages = claim.conversation.channel, claim.messages
    authors = list(dict.fromkeys(message.author for message in messages))
    if platform.direct(channel):
        # One person and the bot: nobody has to be told apart, and nothing was said to anybody else.
        return Surroundings(_voices(messages, {}))
    asked = [_in_time(platform.person(author, channel), NAMES_S, UNKNOWN) for author in authors]
    people, said = await asyncio.gather(asyncio.gather(*asked), _before(claim, platform))
    return Surroundings(_voices(messages, dict(zip(authors, people, strict=True))), _bounded(said))


async def _in_time(asking: Coroutine[Any, Any, T], seconds: float, otherwise: T) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await asking
    except TimeoutError:
        return otherwise


async def _before(claim: Claim, platform: Platform) -> Sequence[Remark]:
    if not claim.first:
        return ()
    return await _in_time(platform.earlier(claim.messages[0], most=REMARKS), BEFORE_S, ())


def _voices(messages: Sequence[UserMessage], people: dict[str, Person]) -> tuple[Voice, ...]:
    first, *others = messages
    if all(other.author == first.author for other in others):
        return (Voice(first.author, people.get(first.author, UNKNOWN).name, first.message_id),)
    return tuple(
        Voice(message.author, people.get(message.author, UNKNOWN).name, message.message_id, len(text))
        for message, text in zip(messages, texts_of(messages), strict=True)
    )


def _bounded(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """The one that began the thread, which says what it is about, and the newest others."""
    sound = [_cut(remark) for remark in remarks if remark.text.strip()]
    left, kept = _ALL - sum(len(remark.text) for remark in sound[:1]), list[Remark]()
    for remark in reversed(sound[1:]):
        left -= len(remark.text)
        if left < 0:
            break
        kept.append(remark)
    return (*sound[:1], *reversed(kept))


def _cut(remark: Remark) -> Remark:
    text = remark.text.strip()
    return replace(remark, text=text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
