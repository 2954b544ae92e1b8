"""A channel is forgotten while a reply is being written in it."""

import asyncio

from core.hold import Hold
from tests.core.scene import Scene
from tests.core.store.talk import GENERAL
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
