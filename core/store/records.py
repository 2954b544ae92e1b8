"""All that is kept of one conversation, for whoever wants to see it."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.conversation import Conversation
from core.store.aging import Aging
from core.store.connection import Connections, translating
from core.store.journal import Journals
from core.store.owners import Owned
from core.store.parked import ParkedTurns
from core.store.scanning import all_owned

_BELOW_CHANNELS = frozenset({"seen", "edited", "told"})
"""Kinds below which stand messages and models, and no threads."""


@dataclass(slots=True)
class Record:
    """One channel with its threads, or one thread. All values as plain as JSON has them."""

    conversation: str
    turns: list[dict[str, Any]] = field(default_factory=list)
    """In the order in which they were asked, each with its ``sequence`` and its ``thread``."""
    waiting: list[dict[str, Any]] = field(default_factory=list)
    """Questions that are not answered yet."""
    given_up: list[dict[str, Any]] = field(default_factory=list)
    summaries: dict[str, Any] = field(default_factory=dict)
    """By conversation."""
    thoughts: dict[str, Any] = field(default_factory=dict)
    """By conversation."""
    settings: dict[str, Any] = field(default_factory=dict)
    """By conversation."""
    audit: dict[str, Any] = field(default_factory=dict)
    """By conversation, newest first."""
    page: list[Any] = field(default_factory=list)
    """What a platform shows that keeps its own messages."""
    other: dict[str, Any] = field(default_factory=dict)
    """Ids and numbers, by the name of what keeps them."""


class Records:
    """Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._connections = connections
        self._redis = connections.ask
        self._seal = connections.seal
        self._journals = Journals(connections, ttl_s=0)
        self._parked = ParkedTurns(connections, partitions=partitions)
        self._aging = Aging(connections, partitions=partitions)

    async def of(self, conversation: Conversation) -> Record:
        """What is kept of ``conversation``; of a channel, with its threads."""
        channel, record = conversation.channel, Record(str(conversation))
        below = (channel.platform, channel.workspace, channel.channel)
        keys = {key.key: key async for key in all_owned(self._connections, *below)}
        for key in keys.values():
            if key.kind == "history":
                await self._aging.of(key.conversation if key.rest else key.place)
        for name in sorted(keys):
            if _belongs(keys[name], conversation):
                await self._add(record, keys[name])
            elif keys[name].kind == "history":
                await self._add_root(record, keys[name], conversation)
        record.turns.sort(key=lambda turn: int(turn["sequence"]))
        for each in await self._parked.all():
            where = Conversation.parse(each.turn.conversation)
            if where == conversation or (conversation.thread is None and where.channel == channel):
                said = [_plain(message) for message in each.turn.messages]
                record.given_up.append(
                    {
                        "conversation": each.turn.conversation,
                        "at": each.at.isoformat(),
                        "reason": each.turn.reason,
                        "messages": said,
                    }
                )
        return record

    async def _add(self, record: Record, key: Owned) -> None:
        if key.kind == "journal":
            entries = await self._journals.read(f"{key.platform}:{key.channel}")
            record.page += [{"entry": entry.id, **_fields(entry.text)} for entry in entries]
            return
        value = await self._value(key.key)
        where = f"{key.place}:{key.rest}" if key.rest else str(key.place)
        match key.kind:
            case "history":
                record.turns += [_turn(member, key) for member, _ in value]
            case "queue":
                record.waiting += [_entry(entry) for entry in value]
            case "memory":
                record.summaries[where] = {**value, "said": _plain(value.get("said", "null"))}
            case "thoughts":
                record.thoughts[where] = _plain(value)
            case "settings":
                record.settings[where] = value
            case "audit":
                record.audit[where] = [_plain(note) for note in value]
            case _:
                record.other[key.key] = value

    async def _add_root(self, record: Record, key: Owned, conversation: Conversation) -> None:
        """The turn that opened a thread stands in its channel's history."""
        if key.rest:
            return
        turns = [_turn(member, key) for member, _ in await self._value(key.key)]
        record.turns += [turn for turn in turns if turn.get("thread") == conversation.thread]

    async def _value(self, key: str) -> Any:
        """All of ``key``, opened; nothing when it went meanwhile."""
        return self._seal.opened(await self._read(key))

    @translating
    async def _read(self, key: str) -> Any:
        redis: Any = self._redis  # its replies are typed for all protocols and encodings at once
        match await redis.type(key):
            case "string":
                return await redis.get(key)
            case "hash":
                return await redis.hgetall(key)
            case "list":
                return await redis.lrange(key, 0, -1)
            case "zset":
                return [list(each) for each in await redis.zrange(key, 0, -1, withscores=True)]
            case "set":
                return sorted(await redis.smembers(key))
            case _:
                return []


def _belongs(key: Owned, conversation: Conversation) -> bool:
    if conversation.thread is None:
        return True
    return key.rest == conversation.thread and key.kind not in _BELOW_CHANNELS


def _turn(member: str, key: Owned) -> dict[str, Any]:
    sequence, _, text = member.partition(" ")
    return {"sequence": int(sequence), "history": str(key.conversation), **_fields(text)}


def _entry(entry: str) -> dict[str, Any]:
    sequence, _kind, _ahead, text = entry.split(" ", 3)
    return {"sequence": int(sequence), **_fields(text)}


def _fields(text: str) -> dict[str, Any]:
    found = _plain(text)
    return found if isinstance(found, dict) else {"unreadable": found}


def _plain(text: str) -> Any:
    """What JSON says; the text itself where it is none."""
    try:
        return msgspec.json.decode(text)
    except ValueError:
        return text
