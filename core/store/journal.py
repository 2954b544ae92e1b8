"""Journals: lists of entries that anybody may follow from any point, on any process."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.store.connection import Connections, translated, translating
from core.store.keys import PREFIX
from core.store.masters import ANSWER_TIMEOUT_S
from core.store.routes import Command

_MOST = 5000
_FIRST = "0-0"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal; ids grow, and an id is the place to go on reading from."""

    id: str
    text: str


class Journals:
    """Journals by name, kept ``ttl_s`` seconds after their last entry (0: for ever).

    Every method raises StoreUnavailable when Redis does not answer.
    """

    def __init__(self, connections: Connections, *, ttl_s: int) -> None:
        self._redis = connections.ask
        self._seal = connections.seal
        self._waiting = connections.wait
        self._routes = connections.routes
        self._ttl_s = ttl_s

    @translating
    async def append(self, name: str, text: str) -> str:
        """Adds an entry and returns its id. The oldest of more than 5,000 go."""
        key = journal_key(name)
        adding: Command = ("XADD", key, "MAXLEN", "~", _MOST, "*", "text", self._seal.close(text))
        expiring: list[Command] = [("EXPIRE", key, self._ttl_s)] if self._ttl_s else []
        # Not ``again``: an entry that was added twice would be read twice.
        added, *_ = await self._routes.send(key, adding, *expiring)
        return str(added)

    @translating
    async def remove(self, name: str, ids: Sequence[str]) -> None:
        """Takes entries out again that a later one has made needless."""
        if ids:
            await self._redis.xdel(journal_key(name), *ids)

    @translating
    async def read(self, name: str) -> list[Entry]:
        """All entries, oldest first."""
        found: Any = await self._redis.xrange(journal_key(name))
        return [Entry(id_, self._seal.open(fields["text"])) for id_, fields in found]

    async def follow(self, name: str, after: str = _FIRST, *, at_most_s: float) -> list[Entry]:
        """What came after the entry ``after``; waits for it, and returns nothing when nothing came."""
        # redis-py types replies for every protocol at once; with RESP2 shapes it is a list of pairs.
        block = max(1, int(at_most_s * 1000))
        with translated():
            async with asyncio.timeout(at_most_s + ANSWER_TIMEOUT_S):
                found: Any = await self._waiting.xread(
                    {journal_key(name): after or _FIRST}, count=500, block=block
                )
        news = [entry for _, entries in found or () for entry in entries]
        return [Entry(id_, self._seal.open(fields["text"])) for id_, fields in news]


def journal_key(name: str) -> str:
    """Where the journal ``name`` is; that of a channel is called ``platform:channel``."""
    # One hash slot for each journal: they are followed on their own.
    return f"{PREFIX}:journal:{{{name}}}"
