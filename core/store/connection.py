"""The store's connections: scripts, single commands, and what blocks."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from hashlib import sha1
from importlib import resources
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from core.errors import StoreUnavailable
from core.store.addresses import read_address
from core.store.discovery import masters_of
from core.store.masters import ANSWER_TIMEOUT_S, Only
from core.store.routes import Command, Routed, Routes
from core.store.sealing import Seal

_REPLICAS_MS = 1000
"""How long replicas may take to have a write: many times what they need, and well within the five seconds."""


@dataclass(frozen=True, slots=True)
class Connections:
    """``ask`` is for what is answered at once; ``wait`` for blocking commands, which keep a connection to themselves.

    Both send each command to the server that has its first key.
    """

    ask: Redis
    wait: Redis
    routes: Routes
    wait_replicas: int = 0
    seal: Seal = field(default_factory=Seal)
    """For all that people have said."""
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def script(self, name: str, *shared: str) -> "Script":
        """The script ``core/store/scripts/<name>.lua``, with the functions of ``shared/<shared>.lua`` before it."""
        scripts = resources.files("core.store") / "scripts"
        files = [*(scripts / "shared" / f"{each}.lua" for each in shared), scripts / f"{name}.lua"]
        text = "\n".join(file.read_text() for file in files)
        return Script(self.routes, text, self.wait_replicas)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncGenerator[AsyncIterator[str], None]:
        """What is published on ``channel`` from now on, by any server. Raises StoreUnavailable when it is lost."""
        with translated():
            # Cluster: what one server publishes, all tell. A lost one is left, and whoever listens to it told so.
            listening = await self.routes.masters.of(channel)
            try:
                async with listening.wait.pubsub(ignore_subscribe_messages=True) as announcements:
                    await announcements.subscribe(channel)
                    yield (message["data"] async for message in announcements.listen())
            except (RedisError, OSError):
                self.routes.masters.doubt()
                raise

    def run_along(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs ``work`` until the connections are closed."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def aclose(self) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.routes.masters.aclose()


class Script:
    """One atomic step, run on the server that has ``keys``: all of them are in one hash slot.

    A call that is cut off is repeated on the master of that moment. That may run a script twice, which is allowed only
    because each of them is idempotent by the turn's own id or by its lease.
    """

    def __init__(self, routes: Routes, text: str, wait_replicas: int) -> None:
        self._routes = routes
        self._text = text
        self._hash = sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._wait_replicas = wait_replicas

    async def __call__(
        self, keys: Sequence[str], arguments: Sequence[str | int | float], *, kept: bool = False
    ) -> Any:
        """``kept``: replicas must have it too before it counts. Raises StoreUnavailable when they do not."""
        wait_for = self._wait_replicas if kept else 0
        # On the same connection: WAIT counts the replicas that have all that this connection has written.
        then: list[Command] = [("WAIT", wait_for, _REPLICAS_MS)] if wait_for else []
        rest = (len(keys), *keys, *arguments)
        try:
            replies = await self._routes.send(keys[0], ("EVALSHA", self._hash, *rest), *then, again=True)
        except NoScriptError:
            # A new master, one that was restarted, or SCRIPT FLUSH. EVAL leaves the script in the cache.
            replies = await self._routes.send(keys[0], ("EVAL", self._text, *rest), *then, again=True)
        if wait_for and replies[1] < wait_for:
            raise StoreUnavailable(
                f"{replies[1]} of {wait_for} replicas had it after {_REPLICAS_MS} ms (REDIS_WAIT_REPLICAS)"
            )
        return replies[0]


@asynccontextmanager
async def connect(
    url: str, *, wait_replicas: int = 0, seal: Seal | None = None
) -> AsyncGenerator[Connections, None]:
    """Connections to the store at ``url``, in any form that ``read_address`` knows. Nothing is sent before the first call.

    ``wait_replicas``: how many replicas must have what a script keeps. Raises ValueError for the URL.
    """
    masters = masters_of(read_address(url))
    routes = Routes(masters)
    if isinstance(masters, Only):
        ask, wait = masters.server.ask, masters.server.wait
    else:
        ask, wait = Routed(routes, blocking=False), Routed(routes, blocking=True)
    connections = Connections(ask, wait, routes, wait_replicas, seal or Seal())
    try:
        yield connections
    finally:
        await connections.aclose()


P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def translated() -> Generator[None, None, None]:
    """Redis's own errors become StoreUnavailable, which everybody above knows."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error


def translating(call: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """``translated`` around a whole method, which has five seconds to be answered."""

    @wraps(call)
    async def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with translated():
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await call(*args, **kwargs)

    return inner
