"""The engine before a platform in memory, for turns that write over what other turns have shown."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from core.conversation import Conversation, UserMessage
from core.engine import Engine
from core.hold import Hold
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.kept import Kept
from tests.core.scene import Scene, scene
from tests.core.store.talk import ROOM, claimed, said
from tests.core.walls import Wall
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble


@dataclass(frozen=True, slots=True)
class Play:
    """The engine before a wall."""

    stage: Scene
    engine: Engine
    wall: Wall

    async def ask(self, text: str, where: Conversation = ROOM, *, opens: bool = False) -> Claim:
        return await self.take(said(text, where, opens_thread=opens))

    async def take(self, message: UserMessage) -> Claim:
        """A whole turn."""
        await self.stage.turns.accept(message)
        claim = await claimed(self.stage.turns)
        await self.engine.answer(Hold(claim))
        return claim

    async def last(self, where: Conversation = ROOM) -> Kept:
        found = await self.stage.turns.answers.last(where)
        assert found is not None
        return found.turn


@asynccontextmanager
async def play(connections: Connections, drun: DrunDouble) -> AsyncGenerator[Play, None]:
    async with scene(connections, drun) as stage:
        wall = Wall()
        desk = replace(stage.desk, platforms={"slack": wall})
        yield Play(stage, replace(stage.engine, desk=desk), wall)


def scripts(*texts: str) -> list[Script]:
    return [Script(text) for text in texts]


def prompts(drun: DrunDouble) -> list[list[str]]:
    """What the model was sent of the talk, request by request."""
    return [[m["content"] for m in each.messages if m["role"] != "system"] for each in drun.requests]
