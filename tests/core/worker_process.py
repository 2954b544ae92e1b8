"""A worker in a process of its own: ``python -m tests.core.worker_process <redis> <d.run> <key> <lease>``.

What it shows it writes into a journal, as a platform that takes everything: also a second post of the same reply.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec

from core.answering import Means
from core.attached import Attached
from core.conversation import Attachment, Channel, Conversation, UserMessage
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.engine import Engine
from core.errors import FileLeftOut
from core.pacing import Budget
from core.people import UNKNOWN, Person, Remark
from core.store.connection import connect
from core.store.journal import Journals
from core.store.turns import Turns
from core.surface import FOLDED, Surface
from core.worker import Worker
from tests.core.desks import desk_of

SHOWN = "shown"
"""The journal's name."""


class Write(msgspec.Struct):
    kind: str
    turn: str
    part: int
    message: str
    text: str
    final: bool


_write = msgspec.json.Decoder(Write)


@dataclass(slots=True)
class JournalSurface:
    journals: Journals
    turn: str
    limit: int = 2000
    posts: Budget = field(default_factory=lambda: Budget(100, 1.0))
    edits: Budget = field(default_factory=lambda: Budget(100, 1.0))
    marks: Budget = field(default_factory=lambda: Budget(100, 1.0))

    def size(self, text: str) -> int:
        return len(text)

    async def post(self, part: int, text: str, *, final: bool) -> str:
        message = uuid4().hex
        await self._write("post", message, text, part=part, final=final)
        return message

    async def find(self, part: int) -> str | None:
        for entry in await self.journals.read(SHOWN):
            write = _write.decode(entry.text)
            if (write.kind, write.turn, write.part) == ("post", self.turn, part):
                return write.message
        return None

    async def edit(self, message: str, text: str, *, final: bool) -> None:
        await self._write("edit", message, text, final=final)

    async def withdraw(self, message: str) -> None:
        await self._write("withdraw", message, "", final=True)

    async def fold(self, attached: Attached, *, message: str | None = None) -> str:
        shown = message or uuid4().hex
        kind = "post" if message is None else "edit"
        await self._write(kind, shown, attached.whole, part=FOLDED, final=True)
        return shown

    async def mark(self, *, waiting: bool) -> None:
        pass

    async def _write(self, kind: str, message: str, text: str, *, final: bool, part: int = -1) -> None:
        write = Write(kind, self.turn, part, message, text, final)
        await self.journals.append(SHOWN, msgspec.json.encode(write).decode())


@dataclass(slots=True)
class JournalPlatform:
    journals: Journals
    name: str = "slack"
    keeps: bool = True
    whispers: bool = False

    def surface(self, message: UserMessage) -> Surface:
        return JournalSurface(self.journals, message.turn_id)

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        raise FileLeftOut("there are none", name=attachment.name)

    def direct(self, channel: Channel) -> bool:
        return False

    async def person(self, author: str, channel: Channel) -> Person:
        return UNKNOWN

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        return ()

    def spelled(self, command: str, conversation: Conversation) -> str:
        return f"/{command}"

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str, None]:
        yield "a journal"


async def work(redis_url: str, drun_url: str, key: str, lease_s: float) -> None:
    async with connect(redis_url) as connections, http_client() as http:
        turns = Turns(connections, partitions=1, lease_s=lease_s, history_ttl_s=86_400)
        client = ModelClient(http)
        catalog = Catalog(client, [Endpoint(Deployment.MAAS, drun_url, key)], aliases={}, runs={})
        platform = JournalPlatform(Journals(connections, ttl_s=86_400))
        desk = desk_of(connections, catalog, turns=turns, platforms={platform.name: platform})
        engine = Engine(desk, Means(client, catalog, desk.channels))
        worker = Worker(turns, engine.answer, capacity=20, lease_s=lease_s)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await worker.run(asyncio.Event(), drain_s=0)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
