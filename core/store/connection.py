"""Redis clients for the two ways of asking: at once, and waiting for something to happen."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.errors import StoreUnavailable

# redis-py's own default of ten retries would run a write twice and take four seconds to report a dead server.
# Every script here is idempotent by the turn's own id, so whoever calls one may decide to call it again.
_ANSWER_TIMEOUT_S = 5.0
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Connections:
    """``ask`` answers within seconds or fails; ``wait`` has no read time-out, for blocking commands."""

    ask: Redis
    wait: Redis


@asynccontextmanager
async def connect(url: str) -> AsyncGenerator[Connections, None]:
    """Clients for ``url`` (redis://, rediss://, unix://). Nothing is sent before the first command."""
    ask = _client(url, _ANSWER_TIMEOUT_S)
    wait = _client(url, None)
    try:
        yield Connections(ask, wait)
    finally:
        await ask.aclose()
        await wait.aclose()


def _client(url: str, timeout: float | None) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=_CONNECTIONS,
        timeout=_ANSWER_TIMEOUT_S,
        socket_timeout=timeout,
        socket_connect_timeout=_ANSWER_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


P = ParamSpec("P")
R = TypeVar("R")


def translating(call: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Redis's own errors become StoreUnavailable, which everybody above knows."""

    @wraps(call)
    async def translated(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(*args, **kwargs)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"{type(error).__name__}: {error}") from error

    return translated
