"""Settings as they are kept: those of a channel and its threads with its turns, wider ones in slots of their own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.cascade import Chosen, Layers, Level
from core.conversation import Channel, Conversation
from core.store.claims import Busy
from core.store.connection import Connections, translating
from core.store.keys import PREFIX, partition_of
from core.store.scopes import Scope

AUDIT_KEPT = 200
"""Changes that are remembered of each channel, person and workspace."""

CONTENT = frozenset({"system"})
"""Settings that are people's own words; scripts read some of the others."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a setting is made: a level, seen from somebody in a conversation."""

    level: Level
    conversation: Conversation
    author: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """One entry of the audit."""

    at: datetime
    author: str
    level: Level
    name: str
    value: str
    """Empty: it was forgotten."""


async def _nothing() -> None:
    """Nothing is to be prolonged."""


_changed = msgspec.json.Decoder(Changed)


class Preferences:
    """All settings of a deployment. Every method raises StoreUnavailable when Redis does not answer.

    ``defaults`` are the operator's, below all levels.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        partitions: int,
        history_ttl_s: int = 0,
        defaults: Mapping[str, str] | None = None,
    ) -> None:
        self._redis = connections.ask
        self._seal = connections.seal
        self._prefer = connections.script("prefer")
        self._partitions = partitions
        self._ttl = history_ttl_s
        self._defaults: Layers = {Level.DEFAULT: dict(defaults or {})}

    @translating
    async def chosen(self, conversation: Conversation, author: str) -> Chosen:
        """What counts for ``author`` in ``conversation``, with all levels."""
        levels = [level for level in Level if level is not Level.DEFAULT]
        return await self._read([Place(level, conversation, author) for level in levels])

    @translating
    async def beside(self, layers: Layers, conversation: Conversation, author: str) -> Chosen:
        """What counts, where the ``layers`` of the conversation and its channel came with the claim.

        A thread that is still talked in keeps its settings as long as its history.
        """
        wide = (Level.PERSON, Level.WORKSPACE, Level.DEPLOYMENT)
        chosen, _ = await asyncio.gather(
            self._read([Place(level, conversation, author) for level in wide]),
            self._prolong(Place(Level.THREAD, conversation)) if layers.get(Level.THREAD) else _nothing(),
        )
        return replace(chosen, layers={**layers, **chosen.layers})

    async def _prolong(self, place: Place) -> None:
        if self._ttl:
            await asyncio.gather(*(self._redis.expire(key, self._ttl) for key in self._keys(place)))

    async def _read(self, places: Sequence[Place]) -> Chosen:
        # A person without an id (the page's) has no settings of their own.
        known = [place for place in places if self._exists(place)]
        # redis-py types replies for all protocols and encodings at once; these are texts.
        found: Any = await asyncio.gather(*(self._redis.hgetall(self._keys(place)[0]) for place in known))
        layers: dict[Level, dict[str, str]] = {
            place.level: {name: self._seal.open(value) for name, value in layer.items()}
            for place, layer in zip(known, found, strict=True)
        }
        return Chosen({**layers, **self._defaults})

    async def busy_of(self, channel: Channel) -> Busy:
        """What ``channel`` does with messages that come while a reply is being written."""
        return Busy(await self.of_channel(channel, "busy") or Busy.QUEUE.value)

    @translating
    async def of_channel(self, channel: Channel, name: str) -> str:
        """What counts for a setting that only channels have; empty when nobody has set it."""
        chosen = await self._redis.hget(self._keys(Place(Level.CHANNEL, Conversation(channel)))[0], name)
        return str(chosen or self._defaults[Level.DEFAULT].get(name, ""))

    @translating
    async def choose(self, place: Place, name: str, value: str, *, by: str) -> str:
        """Sets ``name`` to ``value`` at ``place``, or forgets it when that is empty; returns what it was before."""
        settings, audit = self._keys(place)
        note = Changed(datetime.now(UTC), by, place.level, name, value)
        ttl = self._ttl if place.level is Level.THREAD else 0
        noted, kept = self._seal.close(msgspec.json.encode(note).decode()), value
        if name in CONTENT:
            kept = self._seal.close(value)
        arguments: list[str | int] = [name, kept, noted, AUDIT_KEPT, ttl]
        return self._seal.open(str(await self._prefer([settings, audit], arguments)))

    @translating
    async def audit(self, place: Place, *, most: int = 20) -> list[Changed]:
        """What was changed at ``place``, newest first."""
        notes = await self._redis.lrange(self._keys(place)[1], 0, most - 1)
        return [_changed.decode(self._seal.open(str(note))) for note in notes]

    def _exists(self, place: Place) -> bool:
        if place.level is Level.THREAD:
            return place.conversation.thread is not None
        return place.level is not Level.PERSON or bool(place.author)

    def _keys(self, place: Place) -> tuple[str, str]:
        channel = place.conversation.channel
        keys = partition_of(channel, self._partitions)
        if place.level is Level.THREAD:
            return keys.settings(place.conversation), keys.audit(place.conversation)
        if place.level is Level.CHANNEL:
            return keys.settings(channel), keys.audit(channel)
        if place.level is Level.PERSON:
            scope = Scope.person(channel, place.author)
        elif place.level is Level.WORKSPACE:
            scope = Scope.workspace(channel)
        else:
            scope = Scope.deployment()
        return f"{PREFIX}:settings:{{{scope.name}}}", f"{PREFIX}:audit:{{{scope.name}}}"
