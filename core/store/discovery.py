"""Asking where the masters are: sentinels, and the servers of a Cluster."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from core.store.addresses import Address, Form
from core.store.masters import SLOTS, Elected, Masters, Only, Share, client

T = TypeVar("T")

_TELL_S = 1.0
"""How long one of several may take to tell; the others know as well."""


def masters_of(address: Address) -> Masters:
    if address.form is Form.SINGLE:
        return Only(address.url)

    async def sentinel(_: Sequence[str]) -> Sequence[Share]:
        return await _ask_sentinels(address)

    async def cluster(known: Sequence[str]) -> Sequence[Share]:
        return await _ask_cluster(address, known)

    one = address.form is Form.SENTINEL
    return Elected(sentinel if one else cluster, address.host_url, one_for_all=one)


async def _ask_sentinels(address: Address) -> Sequence[Share]:
    """All are asked at once: after an election the newest epoch counts, and not every sentinel has heard of it."""
    urls = [address.sentinel_url(*host) for host in address.hosts]
    told = await asyncio.gather(*(_tell(url, address.service) for url in urls), return_exceptions=True)
    known = [each for each in told if isinstance(each, tuple)]
    if not known:
        reason = next((each for each in told if isinstance(each, BaseException)), None)
        if reason is not None and not isinstance(reason, RedisError | OSError):
            raise reason
        raise RedisConnectionError(
            f"no sentinel tells where {address.service!r} is ({_words(reason) or 'none has that service'})"
        )
    _, host, port = max(known)
    return [Share(0, SLOTS - 1, host, port)]


async def _tell(url: str, service: str) -> tuple[int, str, int] | None:
    """Epoch, host and port of the service's master; None when the sentinel does not know it."""

    async def asked(sentinel: Redis) -> tuple[int, str, int] | None:
        # This command names the new master already while the election ends; SENTINEL MASTER has the epoch.
        found: Any = await sentinel.sentinel_get_master_addr_by_name(service)
        if found is None:
            return None
        state: Any = await sentinel.sentinel_master(service)
        return int(state["config-epoch"]), str(found[0]), int(found[1])

    async with asyncio.timeout(_TELL_S):
        return await _with(url, asked)


async def _ask_cluster(address: Address, known: Sequence[str]) -> Sequence[Share]:
    """Whoever answers first of the servers that are known, then of those in the URL."""
    reason: BaseException | None = None
    for url in dict.fromkeys([*known, *(address.host_url(*host) for host in address.hosts)]):
        try:
            async with asyncio.timeout(_TELL_S):
                return await _with(url, _slots)
        except (RedisError, OSError) as error:
            reason = error
    raise RedisConnectionError(f"no server of the Cluster tells who has which slots ({_words(reason)})")


async def _slots(redis: Redis) -> Sequence[Share]:
    untyped: Any = redis
    host = untyped.get_connection_kwargs()["host"]
    # CLUSTER SLOTS: a host that is empty or null is the one that was asked.
    return [
        Share(first, last, master[0] or host, master[1])
        for first, last, master, *_ in await untyped.execute_command("CLUSTER SLOTS")
    ]


async def _with(url: str, ask: Callable[[Redis], Awaitable[T]]) -> T:
    """A connection of its own: an old one may lead to a server that is gone."""
    redis = client(url, connections=1, connect_timeout_s=_TELL_S)
    try:
        return await ask(redis)
    finally:
        await redis.aclose()


def _words(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}" if error else ""
