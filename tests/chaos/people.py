"""People who write in hundreds of conversations, some of them before they were answered."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from core.drawing import WRITING
from tests.chaos.evidence import Shown
from tests.chaos.places import Place, Said, Town
from tests.chaos.plan import Haste, Kind, Question, Talk

PATIENCE_S = 90.0
"""Longer than this nobody waits for an answer; the rest of that talk is not held."""
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Spoken:
    """A question that was asked, and where."""

    question: Question
    said: Said
    place: Place
    at: float

    @property
    def reply(self) -> list[Shown]:
        return [shown for shown in self.place.shown() if shown.turn == self.said.turn and shown.is_reply]

    @property
    def begun(self) -> bool:
        return bool(self.reply)

    @property
    def answered(self) -> bool:
        """There is an answer, and none of it looks as if more would come."""
        reply = self.reply
        return bool(reply) and not any(shown.text.endswith(WRITING) for shown in reply)


@dataclass(slots=True, eq=False)
class Room:
    """A place and all that was asked there; one talk at a time is held in it."""

    place: Place
    spoken: list[Spoken] = field(default_factory=list)
    talking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True, eq=False)
class People:
    """Holds the talks of a plan."""

    town: Town
    rooms: list[Room] = field(default_factory=list)
    _known: dict[int, Room] = field(default_factory=dict)
    """The rooms that several talks share."""
    _open: dict[str, Spoken] = field(default_factory=dict)

    async def hold(self, talks: Sequence[Talk]) -> None:
        """Returns when every talk was held, or was given up because an answer did not come."""
        async with asyncio.TaskGroup() as group:
            for talk in talks:
                group.create_task(self._hold(talk))

    async def until_begun(self) -> bool:
        """Returns when some answer is being written; False when that took too long."""
        return await _within(PATIENCE_S, lambda: any(one.begun for one in self.waiting()))

    async def until_answered(self, seconds: float) -> bool:
        """False when some question still has no finished answer after ``seconds``."""
        return await _within(seconds, lambda: not self.waiting())

    def waiting(self) -> list[Spoken]:
        """The questions that have no finished answer yet."""
        for marker, spoken in list(self._open.items()):
            if spoken.answered:
                del self._open[marker]
        return list(self._open.values())

    @property
    def spoken(self) -> list[Spoken]:
        return [spoken for room in self.rooms for spoken in room.spoken]

    async def _hold(self, talk: Talk) -> None:
        await asyncio.sleep(talk.at_s)
        room = self._room(talk)
        async with room.talking:
            if room.spoken and not await _heard(room.spoken[-1], Haste.POLITE):
                return
            for number, question in enumerate(talk.questions):
                if number and not await _heard(room.spoken[-1], question.haste):
                    return
                await asyncio.sleep(question.pause_s if question.haste is not Haste.HASTY else 0)
                await self._ask(room, question)

    async def _ask(self, room: Room, question: Question) -> None:
        at = monotonic()
        said = await room.place.say(f"{question.marker} what is that?")
        spoken = Spoken(question, said, room.place, at)
        room.spoken.append(spoken)
        self._open[question.marker] = spoken

    def _room(self, talk: Talk) -> Room:
        shared = talk.kind in {Kind.DISCORD_CHANNEL, Kind.DISCORD_DM}
        room = self._known.get(talk.room) if shared else None
        if room is None:
            room = Room(self.town.open(talk.kind))
            self.rooms.append(room)
            if shared:
                self._known[talk.room] = room
        return room


async def _heard(before: Spoken, haste: Haste) -> bool:
    """Waits as long as the person does. False: there was no answer in all the time a person has."""
    match haste:
        case Haste.POLITE:
            return await _within(PATIENCE_S, lambda: before.answered)
        case Haste.EAGER:
            return await _within(PATIENCE_S, lambda: before.begun)
        case Haste.HASTY:
            return True


async def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - hundreds wait: each told of each event would cost far more
                await asyncio.sleep(_LOOK_S)
    return condition()
