"""Sealing everything that is kept with the newest key, so that older ones can go; and knowing which keys are needed."""

import re
from collections.abc import Sequence
from typing import Any

from core.errors import StoreUnavailable
from core.store.connection import Connections, translating
from core.store.keys import PREFIX
from core.store.preferences import CONTENT
from core.store.scanning import all_keys
from core.store.sealing import Seal

SEALED = f"{PREFIX}:sealed"
"""A hash: the names of the keys that something may be sealed with, each with a text that it has sealed."""
_KIND = re.compile(rf"{PREFIX}:(?:\{{\d+\}}:)?([a-z]+)(?::|$)")
_TRIES = 20
_TOGETHER = 100
"""Parts of a key that are written in one call, a few milliseconds."""

_NUMBERED = re.compile(r"\d+ ")
_ENTRY = re.compile(r"\d+ \w \d+ ")
_NOTHING = re.compile("")
_SETS = {"history": _NUMBERED, "parked": _NOTHING}
_LISTS = {"queue": _ENTRY, "audit": _NOTHING}
_TEXTS = {"thoughts": _NOTHING, "edited": _NUMBERED}
"""By kind: what stands open before that which is sealed."""
_FIELDS = {"memory": frozenset({"said"}), "settings": CONTENT}


@translating
async def missing_keys(connections: Connections) -> Sequence[str]:
    """The names of keys that this store has been sealed with, and that are not here. Raises StoreUnavailable."""
    # redis-py types replies for all protocols and encodings at once; these are texts.
    names: Any = await connections.ask.hkeys(SEALED)
    return sorted(set(names) - set(connections.seal.keys))


@translating
async def announce_key(connections: Connections) -> None:
    """Notes that this process seals with its newest key. Raises StoreUnavailable."""
    seal = connections.seal
    if seal.keys:
        await connections.ask.hset(SEALED, seal.newest, "1")


class Resealing:
    """Raises StoreUnavailable when Redis does not answer, and StoreSealed when a key is missing: it can be run again."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._redis = connections.ask
        self._seal: Seal = connections.seal
        self._swap = connections.script("swap")

    async def all(self) -> int:
        """Seals everything with the newest key, beside the workers' work; returns how many texts that were.

        Afterwards no other key is needed, as long as no worker seals with one any more.
        """
        known = list(self._seal.keys)
        count = 0
        async for key in all_keys(self._connections):
            count += await self._one(key)
        await self._forget([name for name in known if name != self._seal.newest])
        return count

    @translating
    async def _forget(self, names: Sequence[str]) -> None:
        if names:
            await self._redis.hdel(SEALED, *names)

    async def _one(self, key: str) -> int:
        found = _KIND.match(key)
        kind = found[1] if found else ""
        for _ in range(_TRIES):
            left, count = await self._parts(key, kind)
            if not left:
                return count
        raise StoreUnavailable(f"{key} is changed again and again")

    @translating
    async def _parts(self, key: str, kind: str) -> tuple[bool, int]:
        """Whether something is left to be sealed, as somebody was faster; and how much was."""
        redis: Any = self._redis  # its replies are typed for all protocols and encodings at once
        if kind in _SETS:
            return await self._swapped(key, "zset", await redis.zrange(key, 0, -1), _SETS[kind])
        if kind in _LISTS:
            return await self._swapped(key, "list", await redis.lrange(key, 0, -1), _LISTS[kind])
        if kind in _TEXTS:
            text = await redis.get(key)
            return await self._swapped(key, "string", [text] if text else [], _TEXTS[kind])
        if kind in _FIELDS:
            fields = await redis.hgetall(key)
            return await self._swapped_fields(
                key, {name: fields[name] for name in _FIELDS[kind] & fields.keys()}
            )
        return await self._swapped_entries(key) if kind == "journal" else (False, 0)

    async def _swapped(
        self, key: str, kind: str, parts: Sequence[str], head: re.Pattern[str]
    ) -> tuple[bool, int]:
        pairs = [(part, new) for part in parts if (new := self._anew(part, head)) != part]
        done = 0
        for first in range(0, len(pairs), _TOGETHER):
            some = [text for pair in pairs[first : first + _TOGETHER] for text in pair]
            done += await self._swap([key], [kind, *some], kept=True)
        return done < len(pairs), done

    async def _swapped_fields(self, key: str, fields: dict[str, str]) -> tuple[bool, int]:
        news = {name: self._anew(text, _NOTHING) for name, text in fields.items()}
        changed = [(name, fields[name], new) for name, new in news.items() if new != fields[name]]
        if not changed:
            return False, 0
        done = await self._swap([key], ["hash", *(text for each in changed for text in each)], kept=True)
        return done < len(changed), done

    async def _swapped_entries(self, key: str) -> tuple[bool, int]:
        found: Any = await self._redis.xrange(key)
        texts = [(id_, fields["text"]) for id_, fields in found]
        news = [(id_, text, self._anew(text, _NOTHING)) for id_, text in texts]
        if all(text == new for _, text, new in news):
            return False, 0
        done = await self._swap([key], ["stream", *(text for each in news for text in each)], kept=True)
        return done < len(news), done

    def _anew(self, text: str, head: re.Pattern[str]) -> str:
        """Sealed with the newest key; the very same text where it is so already, or where there is nothing to seal."""
        opening = head.match(text)
        if opening is None or opening.end() == len(text):
            return text
        return self._seal.first_time(opening[0], text)
