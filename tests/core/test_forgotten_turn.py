"""A channel is forgotten while a reply is being written in it."""

import asyncio
from dataclasses import replace

import pytest

from core.conversation import Turn
from core.hold import Hold, LeaseLost
from core.people import Person
from core.store.claims import Claim, Lease
from core.store.connection import Connections
from core.store.turns import Turns
from tests.core.scene import Scene
from tests.core.store.talk import DAY_S, GENERAL, LEASE_S, claimed, expire, said, thread
from tests.doubles.drun.script import Script


async def test_the_reply_ends_as_stopped_and_nothing_of_it_is_kept(stage: Scene) -> None:
    script = Script("the secret answer goes on", thoughts=("secret ", "thoughts"), gated=True)
    stage.drun.script(script)
    claim = await stage.asked("a secret question")
    surface, stopping = stage.platform.of(claim.message), asyncio.Event()
    answering = stage.answering(claim, stopping)
    await script.release(4)
    await surface.until(lambda: any("secret" in text for text in surface.texts()))
    async with stage.turns.stops() as announced:
        await stage.desk.channels.erasing.channel(GENERAL)
        assert await anext(announced) == str(claim.conversation)
    stopping.set()
    await answering
    assert surface.texts()[0].endswith("_Stopped._")
    assert await stage.history() == []
    assert await stage.desk.channels.thoughts.last(claim.conversation) is None


async def test_a_reply_that_was_only_stopped_keeps_its_thoughts(stage: Scene) -> None:
    script = Script("an answer that goes on", thoughts=("some ", "thoughts"), gated=True)
    stage.drun.script(script)
    claim = await stage.asked("a question")
    surface, stopping = stage.platform.of(claim.message), asyncio.Event()
    answering = stage.answering(claim, stopping)
    await script.release(4)
    await surface.until(lambda: any("an answer" in text for text in surface.texts()))
    stopping.set()
    await answering
    thought = await stage.desk.channels.thoughts.last(claim.conversation)
    assert thought is not None
    assert thought.text == "some thoughts"


async def test_what_is_asked_afterwards_is_remembered_again(stage: Scene) -> None:
    stage.drun.reply_with("old")
    await stage.answer("old question")
    await stage.desk.channels.erasing.channel(GENERAL)
    stage.drun.reply_with("new")
    claim = await stage.asked("new question")
    assert claim.history == []
    await stage.engine.answer(Hold(claim))
    assert [turn.text for turn in await stage.history()] == ["new question"]


class Dying(Turns):
    """A worker's that dies right before the commit."""

    async def commit(self, claim: Claim, turn: Turn | None, *, gave_up: str = "") -> bool:
        return False


@pytest.mark.parametrize("what", ["me", "channel"])
async def test_the_turn_that_asks_for_it_goes_on_though_it_opens_a_thread(
    stage: Scene, connections: Connections, what: str
) -> None:
    asker = "ada" if what == "me" else "root"
    stage.platform.people["root"] = Person("Root", True)
    question = replace(said(f"/forget {what} yes", thread("9"), opens_thread=True), author=asker)
    await stage.turns.accept(question)
    claim = await claimed(stage.turns)
    turns = Dying(connections, partitions=1, lease_s=LEASE_S, history_ttl_s=DAY_S)
    dying = replace(stage.engine, desk=replace(stage.desk, turns=turns))
    with pytest.raises(LeaseLost):
        await dying.answer(Hold(claim))
    assert await stage.turns.renew([claim]) == [Lease.KEPT]
    await expire(stage.redis, claim.conversation)
    again = await claimed(stage.turns)
    assert again.message.text == f"/forget {what} yes"
    assert stage.platform.of(question).texts()[0].startswith("Forgotten")
