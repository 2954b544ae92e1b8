"""Redis clients for the two ways of asking: at once, and waiting for something to happen."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib import resources
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.errors import StoreUnavailable

# redis-py's own default of ten retries would run a write twice and take four seconds to report a dead server.
# Every script here is idempotent by the turn's own id, so whoever calls one may decide to call it again.
ANSWER_TIMEOUT_S = 5.0
"""How long an answer may take before the server counts as gone."""
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Connections:
    """``ask`` is for what is answered at once; ``wait`` for blocking commands, which keep a connection to themselves."""

    ask: Redis
    wait: Redis

    def script(self, name: str) -> "Script":
        """The script ``core/store/scripts/<name>.lua``."""
        # redis-py sends EVALSHA, and loads the script again when the server has lost its cache.
        text = (resources.files("core.store") / "scripts" / f"{name}.lua").read_text()
        return Script(self.ask.register_script(text))


@dataclass(frozen=True, slots=True)
class Script:
    """One atomic step, run on the server that has ``keys``: all of them are in one hash slot."""

    _run: Callable[..., Awaitable[Any]]

    async def __call__(
        self, keys: Sequence[str], arguments: Sequence[str | int | float], *, kept: bool = False
    ) -> Any:
        """``kept``: replicas must have it too before it counts. Raises StoreUnavailable when they do not."""
        return await self._run(keys, arguments)


@asynccontextmanager
async def connect(url: str) -> AsyncGenerator[Connections, None]:
    """Clients for ``url`` (redis://, rediss://, unix://). Nothing is sent before the first command."""
    ask = _client(url)
    wait = _client(url)
    try:
        yield Connections(ask, wait)
    finally:
        await ask.aclose()
        await wait.aclose()


def _client(url: str) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=_CONNECTIONS,
        timeout=ANSWER_TIMEOUT_S,
        # No socket_timeout: with one, redis-py sends through asyncio.wait_for, which in Python 3.11 swallows a
        # cancellation that comes as the send ends (cpython issue 86296). The callers here bring their own.
        socket_timeout=None,
        socket_connect_timeout=ANSWER_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


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
