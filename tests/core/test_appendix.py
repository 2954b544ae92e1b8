"""What follows a reply folded: after it, once, and never at its cost."""

import asyncio
from collections.abc import Callable

import pytest

from core.appendix import Appendix
from core.attached import Attached
from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.hold import Hold, LeaseLost
from tests.core.desks import choose
from tests.core.scene import Scene
from tests.core.store.talk import ROOM, claimed, expire
from tests.doubles.drun.script import Fault, Script
from tests.fakes.surface import FakeSurface

THOUGHTS = ("let me ", "see")
ATTACHED = Attached("thinking.md", "let me see", "Thoughts")
SHOWN = "[Thoughts] let me see"


async def in_full(stage: Scene) -> None:
    await choose(stage.desk.preferences, "thinking", "full")


async def test_thoughts_follow_the_answer_where_they_are_wanted_and_are_not_remembered(stage: Scene) -> None:
    await in_full(stage)
    stage.drun.script(Script("42", thoughts=THOUGHTS))
    assert await stage.answer("what is it?") == ["42", "[Thoughts · 0 s] let me see"]
    stage.drun.reply_with("Yes.")
    assert await stage.answer("sure?") == ["Yes."], "nothing was thought"
    said = [message["content"] for message in stage.drun.requests[-1].messages]
    assert said == ["what is it?", "42", "sure?"]
    assert [turn.messages for turn in await stage.kept()] == [("m0",), ("m0",)], "it may be removed alone"


async def test_a_question_in_chinese_has_them_announced_in_chinese(stage: Scene) -> None:
    await in_full(stage)
    stage.drun.script(Script("四十二", thoughts=["想一想"]))
    assert await stage.answer("是什么？") == ["四十二", "[思考过程 · 0 秒] 想一想"]


async def test_a_reply_that_was_cut_has_its_thoughts_too(stage: Scene) -> None:
    await in_full(stage)
    stage.drun.reply = Script("Some words", thoughts=THOUGHTS, fault=Fault.NULL, after=4)
    answer, thoughts = await stage.answer("what is it?")
    assert answer.startswith("Some words")
    assert "cut off" in answer
    assert thoughts == "[Thoughts · 0 s] let me see"


async def test_in_summary_nothing_follows(stage: Scene) -> None:
    stage.drun.script(Script("42", thoughts=THOUGHTS))
    assert await stage.answer("what is it?") == ["42"]


@pytest.mark.parametrize(
    ("second", "shown"),
    [
        (Script("un deux", thoughts=["hm"]), ["un deux", "[Thoughts · 0 s] hm"]),
        (Script("un deux"), ["un deux"]),
    ],
    ids=["thought again", "not thought again"],
)
async def test_a_worker_that_dies_before_its_commit_leaves_one_set_of_thoughts(
    stage: Scene, second: Script, shown: list[str]
) -> None:
    await in_full(stage)
    stage.drun.script(Script("one two", thoughts=THOUGHTS), second)
    claim = await stage.asked("count")
    surface = stage.platform.of(claim.message)
    surface.latency = lambda: 60.0 if "m903" in surface.shown else 0.0
    answering = stage.answering(claim)
    # It is killed with the thoughts at the platform, whose answer is still on its way.
    await surface.until(lambda: "m903" in surface.shown)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    surface.latency = lambda: 0.0
    await expire(stage.redis, ROOM)
    surface.sealed.clear()  # the platform lets a final text be written over
    await stage.engine.answer(Hold(await claimed(stage.turns)))
    assert surface.texts() == shown
    assert len(await stage.history()) == 1


def appendix(
    surface: FakeSurface, check: Callable[[], None] = lambda: None, *, unsure: bool = False
) -> Appendix:
    return Appendix(surface, check, unsure=unsure)


@pytest.mark.parametrize("error", [SurfaceFailed("HTTP 503"), SurfaceBusy("429", retry_after=0.01)])
@pytest.mark.parametrize("ghosts", [False, True])
async def test_a_call_without_an_answer_is_looked_after_and_nothing_is_shown_twice(
    error: SurfaceError, ghosts: bool
) -> None:
    surface = FakeSurface(ghosts=ghosts)
    surface.outcomes.append(error)
    await appendix(surface).show(ATTACHED)
    assert surface.texts() == [SHOWN]


@pytest.mark.parametrize("blind", [False, True])
async def test_where_it_cannot_be_shown_nobody_is_held_up(blind: bool) -> None:
    surface = FakeSurface(blind=blind)
    surface.outcomes.append(SurfaceGone("invalid_blocks"))
    await appendix(surface, unsure=blind).show(ATTACHED)
    assert surface.texts() == []


async def test_a_platform_that_asks_for_too_long_a_pause_is_left_alone() -> None:
    surface = FakeSurface()
    surface.outcomes.append(SurfaceBusy("429", retry_after=60))
    async with asyncio.timeout(5):
        await appendix(surface).show(ATTACHED)
    assert len(surface.writes) == 1


async def test_who_has_lost_the_lease_writes_nothing() -> None:
    def lost() -> None:
        raise LeaseLost("somebody else has it")

    surface = FakeSurface()
    with pytest.raises(LeaseLost):
        await appendix(surface, lost).show(ATTACHED)
    assert not surface.writes


async def test_nothing_is_withdrawn_that_is_not_there() -> None:
    surface = FakeSurface()
    await appendix(surface, unsure=True).show(None)
    assert not surface.writes
