"""Redis goes in the middle of a turn, and comes back."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.conversation import Turn
from core.errors import StoreUnavailable
from core.hold import Hold
from core.store.connection import connect
from tests.core.scene import Scene, scene
from tests.core.store.own_server import OwnServer, own_server
from tests.core.store.talk import ROOM, claimed, expire
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble


@asynccontextmanager
async def staged(folder: Path, drun: DrunDouble) -> AsyncGenerator[tuple[OwnServer, Scene], None]:
    async with (
        own_server(folder) as server,
        connect(server.url) as connections,
        scene(connections, drun) as stage,
    ):
        yield server, stage


async def test_a_commit_outlives_a_restart_of_redis(tmp_path: Path, drun: DrunDouble) -> None:
    async with staged(tmp_path, drun) as (server, stage):
        script = Script("one two three", gated=True)
        drun.script(script)
        claim = await stage.asked("count")
        surface = stage.platform.of(claim.message)
        answering = stage.answering(claim)
        await script.release(1)
        await surface.until(lambda: surface.texts() == ["one ▍"])
        await script.release(1)
        # An edit: so the post before it is remembered.
        await surface.until(lambda: surface.texts() == ["one two ▍"])
        server.kill()
        await script.finish_up()
        await surface.until(lambda: surface.texts() == ["one two three"])
        async with own_server(tmp_path):
            await answering
            assert await stage.history() == [Turn("ada", "count", "one two three")]


async def test_what_was_posted_is_remembered_over_a_restart_of_redis(
    tmp_path: Path, drun: DrunDouble
) -> None:
    """Otherwise whoever takes over would post it again."""
    async with staged(tmp_path, drun) as (server, stage):
        script = Script("one two", gated=True)
        drun.script(script)
        claim = await stage.asked("count")
        surface = stage.platform.of(claim.message)
        surface.gate.clear()
        answering = stage.answering(claim)
        await script.release(1)
        await surface.until(lambda: len(surface.writes) == 1)
        server.kill()
        surface.gate.set()
        await surface.until(lambda: surface.texts() == ["one ▍"])
        async with own_server(tmp_path):
            await script.finish_up()
            await answering
            assert surface.texts() == ["one two"]
            assert [write.kind for write in surface.writes].count("post") == 1


async def test_a_longer_outage_of_redis_leaves_the_turn_to_another_attempt(
    tmp_path: Path, drun: DrunDouble
) -> None:
    drun.reply_with("Hello.")
    async with staged(tmp_path, drun) as (server, stage):
        claim = await stage.asked("/help")
        server.kill()
        with pytest.raises(StoreUnavailable):
            await stage.engine.answer(Hold(claim))
        async with own_server(tmp_path):
            await expire(stage.redis, ROOM)
            again = await claimed(stage.turns)
            assert (again.message.text, again.attempt) == ("/help", 2)
