"""Answers that are in a history: found, made anew, and what people think of them.

A new version and an opinion are part of their turn. Whoever adds one reads the turn, makes it anew, and swaps it if it is
still what was read, as with edits: so they go with it when it is deleted, reset or too old.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from time import time
from typing import Any

import structlog

from core.conversation import Channel, Conversation
from core.errors import StoreUnavailable
from core.store.aging import Aging
from core.store.connection import Connections, translating
from core.store.kept import Kept, read_kept
from core.store.keys import Partition, partition_of
from core.store.sealing import Seal

_LOOKED_THROUGH = 100
"""Turns in which one is looked for by its id: as many as come with a claim."""
_TRIES = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """One turn as a history has it."""

    owner: Channel | Conversation
    """Whose history it is."""
    sequence: int
    text: str
    """The turn as it was read."""
    turn: Kept

    @property
    def conversation(self) -> Conversation:
        """Where it goes on: a turn that opened a thread stands in its channel's history."""
        channel = self.owner if isinstance(self.owner, Channel) else self.owner.channel
        return Conversation(channel, self.turn.thread)


class Answers:
    """Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int, ttl_s: int) -> None:
        self._redis = connections.ask
        self._seal = connections.seal
        self._partitions = partitions
        self._ttl = ttl_s
        self._amend = connections.script("amend")
        self._busy = connections.script("busy")
        self._aging = Aging(connections, partitions=partitions)

    def _keys(self, channel: Channel) -> Partition:
        return partition_of(channel, self._partitions)

    @translating
    async def last(self, conversation: Conversation) -> Found | None:
        """The last turn here since the last reset. In a channel: of what was asked there, not within its threads."""
        return await self._first(conversation, lambda _: True, most=1)

    @translating
    async def find(self, conversation: Conversation, turn_id: str) -> Found | None:
        """The turn with that id, among the newest that are read here."""
        return await self._first(conversation, lambda turn: turn.id == turn_id, most=_LOOKED_THROUGH)

    @translating
    async def shown_by(self, conversation: Conversation, message: str) -> Found | None:
        """The turn of which the platform's ``message`` is a part: what a button or a reaction stands at."""
        keys = self._keys(conversation.channel)
        for owner in dict.fromkeys((_owner(conversation), conversation.channel)):
            await self._aging.of(owner)
            sequence = await self._redis.zscore(keys.index(owner), message)
            if sequence is not None:
                found = await self._range(owner, int(sequence), int(sequence), most=1)
                return next(found, None)
        return None

    @translating
    async def busy(self, conversation: Conversation) -> bool:
        """Something waits or is being answered here; in a channel also in its threads."""
        return bool(await self._busy([self._keys(conversation.channel).schedule], [str(conversation)]))

    async def answer_anew(self, found: Found, new: Callable[[Kept], Kept]) -> Kept | None:
        """Swaps the turn for what ``new`` makes of it; returns that.

        None: it is not there any more, or its answer was deleted since it was found.
        """
        gone_before = not found.turn.reply

        def unless_deleted(turn: Kept) -> Kept | None:
            return new(turn) if turn.reply or gone_before else None

        return await self._revise(found, unless_deleted, words=True)

    async def rate(self, found: Found, rated: Callable[[Kept], Kept]) -> Kept | None:
        """As ``answer_anew``, for an opinion: it changes nothing that a model is sent."""
        await self._list(found.owner)
        return await self._revise(found, rated, words=False)

    async def with_feedback(self) -> AsyncGenerator[Found, None]:
        """All turns that somebody has an opinion of, history by history, oldest first."""
        for number in range(self._partitions):
            for name in await self._rated(Partition(number)):
                conversation = Conversation.parse(name)
                for found in await self._all(_owner(conversation)):
                    if found.turn.feedback:
                        yield found

    async def _first(
        self, conversation: Conversation, wanted: Callable[[Kept], bool], *, most: int
    ) -> Found | None:
        channel, keys = conversation.channel, self._keys(conversation.channel)
        for owner in dict.fromkeys((_owner(conversation), channel)):
            await self._aging.of(owner)
        mark = int(await self._redis.hget(keys.channel(channel), "reset") or 0)
        if conversation.thread is None:
            found = await self._range(channel, None, mark, most=most)
            return next((each for each in found if wanted(each.turn)), None)
        # redis-py types replies for all protocols and encodings at once; these are texts.
        known: Any = await self._redis.hmget(keys.state(conversation), ["root", "floor", "reset"])
        root, floor, own_mark = (int(each or 0) for each in known)
        own = await self._range(conversation, None, own_mark, most=most)
        # A thread also reads what its channel said before it: of that only its root was asked here.
        roots = await self._range(channel, root, root, most=1) if root > max(floor, own_mark) else ()
        here = (*own, *(each for each in roots if each.turn.thread == conversation.thread))
        return next((each for each in here if wanted(each.turn)), None)

    async def _range(
        self, owner: Channel | Conversation, upto: int | None, after: int, *, most: int
    ) -> "_Newest":
        """Newest first. ``upto`` None: the turns after ``after``; else those from ``after`` to ``upto``."""
        newest, oldest = ("+inf", f"({after}") if upto is None else (str(upto), str(after))
        channel = owner if isinstance(owner, Channel) else owner.channel
        key = self._keys(channel).history(owner)
        # As above.
        members: Any = await self._redis.zrange(
            key, newest, oldest, desc=True, byscore=True, offset=0, num=most
        )
        return _Newest(owner, members, self._seal)

    async def _revise(
        self, found: Found, change: Callable[[Kept], Kept | None], *, words: bool
    ) -> Kept | None:
        current: Found | None = found
        for _ in range(_TRIES):
            if current is None:
                return None
            new = change(current.turn)
            if new is None or new == current.turn or await self._swap(current, new, words=words):
                return new
            current = await self._again(current)
        raise StoreUnavailable("a turn is changed again and again")

    @translating
    async def _again(self, found: Found) -> Found | None:
        return next(await self._range(found.owner, found.sequence, found.sequence, most=1), None)

    @translating
    async def _swap(self, found: Found, new: Kept, *, words: bool) -> bool:
        """False: somebody was faster."""
        owner, channel = found.owner, found.conversation.channel
        keys, in_thread = self._keys(channel), isinstance(found.owner, Conversation)
        state, *_ = await self._amend(
            [
                keys.history(owner),
                keys.index(owner),
                keys.state(owner) if isinstance(owner, Conversation) else keys.channel(channel),
                keys.history(owner),
                keys.queue(found.conversation),
                keys.edited(channel, new.id),
                keys.memory(owner),
                keys.pins(owner),
            ],
            [
                found.sequence,
                found.text,
                self._seal.close(new.written()),
                "",
                int(words),
                "own" if in_thread else "shared",
                int(new.pinned),
                *new.messages,
            ],
            kept=True,
        )
        return bool(state)

    @translating
    async def _list(self, owner: Channel | Conversation) -> None:
        """Before the opinion itself: a name too many is only looked at in vain."""
        key = self._keys(owner if isinstance(owner, Channel) else owner.channel).rated
        await self._redis.zadd(key, {str(owner): time()})
        if self._ttl:
            await self._redis.zremrangebyscore(key, "-inf", time() - self._ttl)
            await self._redis.expire(key, self._ttl)

    @translating
    async def _rated(self, keys: Partition) -> list[str]:
        # As above.
        names: Any = await self._redis.zrange(keys.rated, 0, -1)
        return list(names)

    @translating
    async def _all(self, owner: Channel | Conversation) -> list[Found]:
        await self._aging.of(owner)
        return list(await self._range(owner, None, 0, most=-1))[::-1]


class _Newest:
    """Members of a history, read one after the other; what another version wrote is passed over."""

    def __init__(self, owner: Channel | Conversation, members: Iterable[str], seal: Seal) -> None:
        self._owner = owner
        self._seal = seal
        self._members = iter(members)

    def __iter__(self) -> "_Newest":
        return self

    def __next__(self) -> Found:
        for member in self._members:
            sequence, _, text = member.partition(" ")
            try:
                return Found(self._owner, int(sequence), text, read_kept(self._seal.open(text)))
            except ValueError as error:
                log.warning("a turn cannot be read", where=str(self._owner), reason=str(error))
        raise StopIteration


def _owner(conversation: Conversation) -> Channel | Conversation:
    return conversation.channel if conversation.thread is None else conversation
