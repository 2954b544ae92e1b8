"""/regenerate, when the question, the lease or the time to ask the platform is gone before its answer is kept."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import pytest

from core.conversation import Channel, UserMessage
from core.hold import Hold, LeaseLost
from core.people import UNKNOWN, Person
from core.store.connection import Connections
from core.surface import Platform, Surface
from tests.core.play import Play, play, scripts
from tests.core.store.talk import GENERAL, ROOM, claimed, said
from tests.core.walls import Wall, WallSurface
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble


@pytest.fixture
async def here(connections: Connections, drun: DrunDouble) -> AsyncGenerator[Play, None]:
    async with play(connections, drun) as made:
        yield made


def before(here: Play, wall: Wall) -> Play:
    platform: Platform = wall
    desk = replace(here.engine.desk, platforms={"slack": platform})
    return replace(here, engine=replace(here.engine, desk=desk), wall=wall)


async def test_a_channel_that_is_forgotten_meanwhile_keeps_no_thoughts_and_no_question(
    here: Play, drun: DrunDouble
) -> None:
    script = Script("the answer goes on", thoughts=("secret ", "thoughts"), gated=True)
    drun.script(Script("One."), script)
    await here.ask("a secret question")
    await here.stage.turns.accept(said("/regenerate"))
    hold = Hold(await claimed(here.stage.turns))
    answering = asyncio.create_task(here.engine.answer(hold))
    await drun.until(lambda: drun.in_flight == 1)
    await script.release(2)
    await here.engine.desk.channels.erasing.channel(GENERAL)
    await script.finish_up()
    await answering
    assert await here.stage.history() == []
    assert await here.engine.desk.channels.thoughts.last(ROOM) is None


async def test_the_thoughts_before_the_new_answer_are_kept(here: Play, drun: DrunDouble) -> None:
    drun.script(Script("One."), Script("Two.", thoughts=("some ", "thoughts")))
    await here.ask("count")
    await here.ask("/regenerate")
    thought = await here.engine.desk.channels.thoughts.last(ROOM)
    assert thought is not None
    assert (thought.text, thought.question) == ("some thoughts", "count")


@dataclass(slots=True)
class Slow(Wall):
    """A wall on which the last edit of a reply takes longer than the lease."""

    hold: Hold | None = None

    def surface(self, message: UserMessage) -> Surface:
        return SlowSurface(self)


@dataclass(slots=True)
class SlowSurface(WallSurface):
    async def edit(self, message: str, text: str, *, final: bool) -> None:
        # Without arguments, super() does not work in a dataclass with slots: Python makes it a class of its own.
        await WallSurface.edit(self, message, text, final=final)
        if "Version 2" in text and isinstance(self.wall, Slow) and self.wall.hold:
            self.wall.hold.until = 0.0


async def test_an_answer_whose_lease_ended_while_it_was_shown_is_not_kept(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two."))
    wall = Slow()
    play = before(here, wall)
    await play.ask("count")
    await play.stage.turns.accept(said("/regenerate"))
    wall.hold = Hold(await claimed(play.stage.turns))
    with pytest.raises(LeaseLost):
        await play.engine.answer(wall.hold)
    assert "Version 2" in wall.texts()[0], "it was shown whole"
    turn = await play.last()
    assert (turn.reply, turn.versions) == ("One.", ()), "whoever has the turn now makes it"


@dataclass(slots=True)
class Door(Wall):
    """A wall that notes whose names were asked for."""

    asked: list[str] = field(default_factory=list)

    async def person(self, author: str, channel: Channel) -> Person:
        self.asked.append(author)
        return UNKNOWN


async def test_who_had_asked_is_kept_and_the_platform_is_not_asked_again(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two."))
    wall = Door()
    play = before(here, wall)
    await play.take(replace(said("count"), author="UADA"))
    assert "UADA" in wall.asked
    wall.asked.clear()
    await play.take(replace(said("/regenerate"), author="UBOB"))
    assert wall.texts()[0].startswith("Two.")
    assert "UADA" not in wall.asked
