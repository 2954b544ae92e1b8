"""Answers of commands that one person alone reads, where a platform can show them so."""

from collections import deque
from dataclasses import replace

import pytest

from core.conversation import Channel, Conversation
from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.hold import Hold, LeaseLost
from core.store.claims import Nothing
from core.store.connection import Connections
from core.surface import ALONE, NOTICE
from tests.core.scene import Scene
from tests.core.store.talk import ROOM, claimed, expire, thread

EPHEMERAL = f"m{ALONE}"


async def shown(stage: Scene, text: str, where: Conversation = ROOM, *outcomes: SurfaceError) -> list[str]:
    """The ids of the messages that answer ``text``."""
    claim = await stage.asked(text, where)
    stage.platform.of(claim.message).outcomes = deque(outcomes)
    await stage.engine.answer(Hold(claim))
    assert isinstance(await stage.turns.claim(), Nothing), "the turn is over"
    return list(stage.platform.of(claim.message).shown)


@pytest.mark.parametrize("text", ["/usage", "/settings", "/model gpt-9", "/sing", "/stop", "/regenerate"])
async def test_what_is_not_for_all_is_told_alone(stage: Scene, text: str) -> None:
    stage.platform.whispers = True
    assert await shown(stage, text, thread("1")) == [EPHEMERAL]


@pytest.mark.parametrize("text", ["/reset", "/model deepseek-r1", "hello"])
async def test_what_is_for_all_is_told_to_all(stage: Scene, text: str) -> None:
    stage.platform.whispers = True
    stage.drun.reply_with("Hello.")
    assert await shown(stage, text, thread("1")) == ["m0"]


async def test_who_is_alone_with_the_bot_is_answered_as_ever(stage: Scene) -> None:
    stage.platform.whispers = True
    assert await shown(stage, "/usage", Conversation(Channel("slack", "T1", "D1"))) == ["m0"]


async def test_where_that_cannot_be_done_a_refusal_is_told_to_all(stage: Scene) -> None:
    assert await shown(stage, "/model gpt-9", thread("1")) == ["m0"]


@pytest.mark.parametrize("error", [SurfaceBusy("busy", retry_after=0.05), SurfaceFailed("away")])
async def test_a_failure_is_tried_again(stage: Scene, error: SurfaceError) -> None:
    stage.platform.whispers = True
    claim = await stage.asked("/usage")
    surface = stage.platform.of(claim.message)
    surface.outcomes = deque([error])
    await stage.engine.answer(Hold(claim))
    assert list(surface.shown) == [EPHEMERAL]
    assert [write.error for write in surface.writes] == [error, None]


async def test_where_nothing_can_be_shown_the_turn_ends_all_the_same(stage: Scene) -> None:
    stage.platform.whispers = True
    assert await shown(stage, "/usage", ROOM, SurfaceGone("gone")) == []


async def test_what_told_of_the_wait_is_withdrawn(stage: Scene) -> None:
    stage.platform.whispers = True
    claim = await stage.asked("/usage")
    surface = stage.platform.of(claim.message)
    notice = await surface.post(NOTICE, "number 3 in line", final=False)
    await stage.engine.answer(Hold(replace(claim, shown=[notice])))
    assert list(surface.shown) == [EPHEMERAL]


async def test_a_worker_that_lost_its_turn_says_nothing(stage: Scene, connections: Connections) -> None:
    stage.platform.whispers = True
    claim = await stage.asked("/usage")
    await expire(connections.ask, ROOM)
    await claimed(stage.turns)
    with pytest.raises(LeaseLost):
        await stage.engine.answer(Hold(claim, until=0.0))
    assert not stage.platform.of(claim.message).writes
