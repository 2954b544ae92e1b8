"""Turns that wait for their place with the model, as people see it."""

import asyncio
from dataclasses import replace

from core import texts
from core.conversation import Turn
from core.drun.bucket import Rule, Taking
from core.drun.client import ModelClient, http_client
from core.drun.limiter import Limiter, bucket_of
from core.store.blocks import Blocks
from core.store.connection import Connections
from tests.core.drun.talk import MODEL, QUICK, maas
from tests.core.scene import Scene
from tests.core.store.talk import until


async def test_a_turn_that_waits_for_its_place_shows_that_and_can_be_stopped(
    stage: Scene, connections: Connections
) -> None:
    blocks, rule = Blocks(connections), Rule(rpm=1)
    # This minute's only request is gone already.
    await blocks.take(bucket_of(maas(stage.drun), MODEL), Taking(rule, "another", 1))
    limiter = Limiter(blocks, rpm=rule.rpm)
    async with http_client() as http:
        # With less patience it would be told at once that its turn comes too late.
        client = ModelClient(http, replace(QUICK, total_s=600), limiter=limiter)
        there = replace(stage, engine=replace(stage.engine, means=replace(stage.engine.means, client=client)))
        claim, stopping = await there.asked("hello"), asyncio.Event()
        answering = there.answering(claim, stopping)
        await until(lambda: texts.THINKING.say("en") in "".join(there.platform.of(claim.message).texts()))
        stopping.set()
        await answering
    await limiter.aclose()
    assert there.platform.of(claim.message).texts() == [f"_{texts.STOPPED.say('en')}_"]
    assert await there.history() == [Turn("ada", "hello", "", complete=False)]
    assert stage.drun.requests == []


async def test_a_turn_that_was_refused_is_asked_again_once_there_is_room(
    stage: Scene, connections: Connections
) -> None:
    stage.drun.reply_with("Here I am.")
    stage.drun.limit(MODEL, 1, seconds=0.2)
    limiter = Limiter(Blocks(connections), jitter=lambda: 0.3)
    async with http_client() as http:
        client = ModelClient(http, QUICK, limiter=limiter)
        there = replace(stage, engine=replace(stage.engine, means=replace(stage.engine.means, client=client)))
        assert await there.answer("one") == ["Here I am."]
        assert await there.answer("two") == ["Here I am."]
    await limiter.aclose()
    assert [call.status for call in stage.drun.requests] == [200, 429, 200]
