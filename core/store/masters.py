"""Which server has a key: always the same one, the master of the day, or the one with the key's slot."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import ClusterDownError

ANSWER_TIMEOUT_S = 5.0
"""How long an answer may take before the server counts as gone."""
SLOTS = 16384
"""Redis Cluster specification: 16384 hash slots."""
_ASKING = 64
"""Connections for what is answered at once; more callers wait for one."""
_WAITING = 1000
"""Connections for blocking commands, one for each that waits. A server takes 10,000 clients by default."""
# What a failed call waits for before it looks for the master again: about three seconds in all, so that the error
# is told before the five seconds of every call are over.
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2)


@dataclass(frozen=True, slots=True)
class Server:
    """The clients of one server: ``ask`` for what is answered at once, ``wait`` for blocking commands."""

    url: str
    ask: Redis
    wait: Redis

    async def aclose(self) -> None:
        await self.ask.aclose()
        await self.wait.aclose()

    async def leave(self) -> None:
        """Whoever still waits for an answer gets a ConnectionError now, and looks for the new master."""
        for client in (self.ask, self.wait):
            await client.connection_pool.disconnect(inuse_connections=True)
        await self.aclose()


def server(url: str) -> Server:
    """Nothing is sent before the first command."""
    return Server(url, client(url, connections=_ASKING), client(url, connections=_WAITING))


def client(url: str, *, connections: int, connect_timeout_s: float = ANSWER_TIMEOUT_S) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=connections,
        timeout=ANSWER_TIMEOUT_S,
        # No socket_timeout: with one, redis-py sends through asyncio.wait_for, which in Python 3.11 swallows a
        # cancellation that comes as the send ends (cpython issue 86296). The callers here bring their own.
        socket_timeout=None,
        socket_connect_timeout=connect_timeout_s,
        # redis-py's own default of ten retries would run a write twice and take four seconds to report a dead
        # server. Who may call again is decided in routes.py.
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class Masters(Protocol):
    pauses: Sequence[float]
    """How long a refused call waits before each further try."""
    one_for_all: bool
    """All keys are on one server, so one command may name keys of several slots."""

    async def of(self, key: str) -> Server:
        """Raises RedisError or OSError when nobody knows."""
        ...

    async def at(self, host: str, port: int) -> Server:
        """The server that another one named."""
        ...

    async def all(self) -> Sequence[Server]:
        """Every master of the day, once: together they have all keys. Raises RedisError or OSError."""
        ...

    def moved(self, slot: int, to: Server) -> None:
        """A server said where ``slot`` is now."""

    def doubt(self) -> None:
        """A call failed in a way that may mean another master: the next call looks for it."""

    async def aclose(self) -> None: ...


class Only:
    """One server, which is never another."""

    def __init__(self, url: str) -> None:
        self.pauses: Sequence[float] = ()
        self.one_for_all = True
        self.server = server(url)

    async def of(self, key: str) -> Server:
        return self.server

    async def at(self, host: str, port: int) -> Server:
        return self.server

    async def all(self) -> Sequence[Server]:
        return [self.server]

    def moved(self, slot: int, to: Server) -> None:
        pass

    def doubt(self) -> None:
        pass

    async def aclose(self) -> None:
        await self.server.aclose()


@dataclass(frozen=True, slots=True)
class Share:
    """Slots ``first`` to ``last`` are with the master at ``host``."""

    first: int
    last: int
    host: str
    port: int


Look = Callable[[Sequence[str]], Awaitable[Sequence[Share]]]
"""Finds the masters; it is given the URLs of those that were masters before."""


class Elected:
    """Masters that change: found by ``look`` before the first call, and again after a call that failed."""

    def __init__(self, look: Look, url_of: Callable[[str, int], str], *, one_for_all: bool) -> None:
        self.pauses: Sequence[float] = _PAUSES
        self.one_for_all = one_for_all
        self._look = look
        self._url_of = url_of
        self._servers: dict[str, Server] = {}
        self._owners: list[Server | None] = [None] * SLOTS
        self._doubts, self._settled = 1, 0
        self._looking = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    async def of(self, key: str) -> Server:
        if self._settled < self._doubts:
            await self._look_again()
        owner = self._owners[key_slot(key.encode())]
        if owner is None:
            raise ClusterDownError(f"CLUSTERDOWN no server has the slot of {key}")
        return owner

    async def at(self, host: str, port: int) -> Server:
        return self._server(self._url_of(host, port))

    async def all(self) -> Sequence[Server]:
        if self._settled < self._doubts:
            await self._look_again()
        if None in self._owners:
            raise ClusterDownError("CLUSTERDOWN some slots have no server")
        return list({owner.url: owner for owner in self._owners if owner}.values())

    def moved(self, slot: int, to: Server) -> None:
        self._owners[slot] = to

    def doubt(self) -> None:
        self._doubts += 1

    async def aclose(self) -> None:
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await asyncio.gather(*(each.aclose() for each in self._servers.values()))

    async def _look_again(self) -> None:
        async with self._looking:
            if self._settled >= self._doubts:
                return  # somebody else looked while we waited
            doubts = self._doubts
            shares = await self._look(list(self._servers))
            owners: list[Server | None] = [None] * SLOTS
            for share in shares:
                found = self._server(self._url_of(share.host, share.port))
                owners[share.first : share.last + 1] = [found] * (share.last + 1 - share.first)
            self._owners = owners
            self._settled = doubts
            for gone in self._servers.keys() - {owner.url for owner in set(owners) if owner}:
                # In the background: a server that is silent does not even let itself be left at once.
                self._later(self._servers.pop(gone).leave())

    def _later(self, leaving: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(leaving)
        self._leaving.add(task)
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        if not task.cancelled():
            task.exception()  # how a lost server was left interests nobody

    def _server(self, url: str) -> Server:
        if url not in self._servers:
            self._servers[url] = server(url)
        return self._servers[url]
