"""Turns that were given up: kept until somebody looks at them, and lets them be tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.conversation import Conversation
from core.store.claims import Parked
from core.store.connection import Connections, translating
from core.store.keys import Partition, partition_of

_parked = msgspec.json.Decoder(Parked)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """One of them: when it was given up, and what it was."""

    at: datetime
    turn: Parked
    member: str = ""
    """As it is kept."""


class ParkedTurns:
    """Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._redis = connections.ask
        self._seal = connections.seal
        self._partitions = [Partition(number) for number in range(partitions)]
        self._requeue = connections.script("requeue")

    @translating
    async def all(self) -> Sequence[GivenUp]:
        """Oldest first."""
        found = []
        for keys in self._partitions:
            # redis-py types replies for all protocols and encodings at once; these are pairs of text and number.
            members: Any = await self._redis.zrange(keys.parked, 0, -1, withscores=True)
            found += [
                GivenUp(
                    datetime.fromtimestamp(score / 1000, UTC), _parked.decode(self._seal.open(member)), member
                )
                for member, score in members
            ]
        return sorted(found, key=lambda given_up: given_up.at)

    @translating
    async def drop(self, turn: Parked) -> bool:
        """Forgets ``turn``. False: it is not parked any more."""
        keys = partition_of(Conversation.parse(turn.conversation).channel, len(self._partitions))
        return bool(await self._redis.zrem(keys.parked, await self._member(keys, turn)))

    async def _member(self, keys: Partition, turn: Parked) -> str:
        """``turn`` as it is kept: sealed anew it would be another text."""
        # As above.
        members: Any = await self._redis.zrange(keys.parked, 0, -1)
        plain = msgspec.json.encode(turn).decode()
        return next((member for member in members if self._seal.open(member) == plain), plain)

    @translating
    async def remove(self, given_up: GivenUp) -> None:
        """Forgets it, if it is still parked."""
        where = Conversation.parse(given_up.turn.conversation).channel
        await self._redis.zrem(partition_of(where, len(self._partitions)).parked, given_up.member)

    @translating
    async def requeue(self, turn: Parked) -> bool:
        """Lets ``turn`` be tried again, as if it had been asked now. False: it is not parked any more."""
        conversation = Conversation.parse(turn.conversation)
        keys = partition_of(conversation.channel, len(self._partitions))
        done = await self._requeue(
            [
                keys.parked,
                keys.queue(conversation),
                keys.state(conversation),
                keys.channel(conversation.channel),
                keys.schedule,
                keys.wake,
            ],
            [
                turn.conversation,
                await self._member(keys, turn),
                _in_thread(turn, conversation),
                msgspec.json.encode(turn.shown).decode(),
                *map(self._seal.close, turn.messages),
            ],
            kept=True,
        )
        return bool(done)


def _in_thread(turn: Parked, conversation: Conversation) -> int:
    """requeue.lua's word for it: 0 it is not in a thread, 1 it is, 2 it is the one that opens the thread."""
    if conversation.thread is None:
        return 0
    try:
        return 2 if turn.read()[0].opens_thread else 1
    except ValueError:
        return 1
