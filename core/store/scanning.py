"""Going through all keys of a store, on whatever servers they are."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import groupby
from typing import Any

from redis.exceptions import RedisError

from core.store.connection import Connections, translated
from core.store.journal import journal_key
from core.store.keys import PREFIX
from core.store.masters import ANSWER_TIMEOUT_S, Server
from core.store.owners import Owned, owned, slot_name
from core.store.routes import Command

_LOOKED_AT = 1000
"""Keys that one SCAN looks at, about a millisecond: turns under way wait no longer for it."""
_TOGETHER = 200
"""Keys that one command removes."""


async def all_owned(connections: Connections, platform: str, *below: str) -> AsyncGenerator[Owned, None]:
    """Every key of ``platform``; ``below`` names a workspace, or a workspace and a channel, that it shall be of.

    A key that is there from the beginning to the end comes at least once (Redis: SCAN), except that a key may be missed
    while its slot moves to another server of a Cluster. Raises StoreUnavailable.
    """
    if len(below) > 1:
        # The journal of a channel does not name the workspace, and may not be there.
        yield Owned(journal_key(f"{platform}:{below[1]}"), "journal", platform, channel=below[1])
    named = ":".join([platform, *below]) if len(below) > 1 else f"{platform}:"
    async for name in all_keys(connections, f"*{_literal(named)}*"):
        key = owned(name)
        if key is not None and key.platform == platform and _is_below(key, below):
            yield key


async def all_keys(connections: Connections, pattern: str = "*") -> AsyncGenerator[str, None]:
    """Every key of ours whose name fits ``pattern``; as ``all_owned``."""
    for server in await _masters(connections):
        cursor = 0
        while True:
            cursor, names = await _look(connections, server, cursor, f"{PREFIX}:{pattern}")
            for name in names:
                yield name
            if not cursor:
                break


async def removed(connections: Connections, keys: Iterable[str]) -> None:
    """Removes ``keys``; the memory is freed beside what the server does next. Raises StoreUnavailable."""
    for _, alike in groupby(sorted(keys, key=slot_name), key=slot_name):
        names = list(alike)
        for first in range(0, len(names), _TOGETHER):
            some = names[first : first + _TOGETHER]
            removing: Command = ("UNLINK", *some)
            with translated():
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await connections.routes.send(some[0], removing, again=True)


async def _masters(connections: Connections) -> Sequence[Server]:
    with translated():
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await connections.routes.masters.all()


async def _look(
    connections: Connections, server: Server, cursor: int, pattern: str
) -> tuple[int, Sequence[str]]:
    with translated():
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                # redis-py types replies for all protocols and encodings at once; these are texts.
                found: Any = await server.ask.scan(cursor, match=pattern, count=_LOOKED_AT)
        except (RedisError, OSError):
            connections.routes.masters.doubt()
            raise
    following, names = found
    return int(following), names


def _is_below(key: Owned, below: Sequence[str]) -> bool:
    return key.kind == "journal" or [key.workspace, key.channel][: len(below)] == list(below)


def _literal(text: str) -> str:
    """``text`` in a pattern of Redis."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", text)
