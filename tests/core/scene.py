"""The engine on a real store and a real wire, with a platform in memory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from redis.asyncio import Redis

from core.answering import Means
from core.attachments import too_large
from core.commands.desk import Desk
from core.conversation import Attachment, Channel, Conversation, Turn, UserMessage
from core.drun.catalog import Catalog
from core.drun.endpoints import Endpoint
from core.engine import Engine
from core.errors import FileLeftOut
from core.hold import Hold
from core.people import UNKNOWN, Person, Remark
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.turns import Turns
from core.surface import Surface
from tests.core.desks import desk_of
from tests.core.drun.talk import maas, model_client
from tests.core.store.talk import ROOM, ask, claimed, said, turns_of
from tests.doubles.drun.server import DrunDouble
from tests.fakes.surface import FakeSurface


@dataclass(slots=True)
class FakePlatform:
    """Keeps one surface for each message, however often its turn is tried."""

    name: str = "slack"
    keeps: bool = True
    whispers: bool = False
    shown: dict[str, FakeSurface] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """By the ref of their attachments."""
    people: dict[str, Person] = field(default_factory=dict)
    """By author; all others are unknown."""
    before: list[Remark] = field(default_factory=list)
    """What was said in every thread before the bot was asked."""
    reads: list[str] = field(default_factory=list)
    """The messages whose threads were read, by id."""

    def of(self, message: UserMessage) -> FakeSurface:
        return self.shown.setdefault(message.turn_id, FakeSurface())

    def direct(self, channel: Channel) -> bool:
        return channel.channel.startswith("D")

    async def person(self, author: str, channel: Channel) -> Person:
        return self.people.get(author, UNKNOWN)

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        self.reads.append(message.message_id)
        return self.before[-most:]

    def spelled(self, command: str, conversation: Conversation) -> str:
        return f"/{command}"

    def surface(self, message: UserMessage) -> Surface:
        return self.of(message)

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        data = self.files.get(attachment.ref)
        if data is None:
            raise FileLeftOut("gone", name=attachment.name)
        if len(data) > most:
            raise too_large(attachment, most)
        return data

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str, None]:
        yield "memory"


@dataclass(frozen=True, slots=True)
class Scene:
    redis: Redis
    turns: Turns
    desk: Desk
    drun: DrunDouble
    platform: FakePlatform
    engine: Engine

    async def asked(self, text: str, where: Conversation = ROOM) -> Claim:
        return await ask(self.turns, text, where)

    async def answer(self, text: str, where: Conversation = ROOM) -> list[str]:
        """What the platform shows in the end, after a whole turn."""
        claim = await self.asked(text, where)
        await self.engine.answer(Hold(claim))
        return self.platform.of(claim.message).texts()

    def answering(self, claim: Claim, stopping: asyncio.Event | None = None) -> asyncio.Task[None]:
        return asyncio.create_task(self._answer(claim, stopping or asyncio.Event()))

    async def _answer(self, claim: Claim, stopping: asyncio.Event) -> None:
        await self.engine.answer(Hold(claim, stopping))

    async def history(self, where: Conversation = ROOM) -> list[Turn]:
        """What was said, as the next turn will read it; ``kept`` has the rest."""
        return [
            Turn(turn.author, turn.text, turn.reply, complete=turn.complete)
            for turn in await self.kept(where)
        ]

    async def kept(self, where: Conversation = ROOM) -> list[Turn]:
        await self.turns.accept(said("what was said?", where))
        claim = await claimed(self.turns)
        await self.turns.commit(claim, None)
        return list(claim.history)


@asynccontextmanager
async def scene(
    connections: Connections,
    drun: DrunDouble,
    *,
    endpoints: Sequence[Endpoint] = (),
    default: str = "public/deepseek-v3",
    instructions: str = "",
    lease_s: float = 100.0,
) -> AsyncGenerator[Scene, None]:
    turns = turns_of(connections, lease_s=lease_s)
    async with model_client() as client:
        catalog = Catalog(client, endpoints or [maas(drun)], default=default, aliases={}, runs={})
        platform = FakePlatform()
        desk = desk_of(
            connections,
            catalog,
            turns=turns,
            platforms={"slack": platform},
            defaults={"system": instructions, "thinking": "summary"},
        )
        yield Scene(
            connections.ask,
            turns,
            desk,
            drun,
            platform,
            Engine(desk, Means(client, catalog, desk.channels)),
        )
