"""What is kept of each channel beside its turns: where it was last heard, what it was told, and what was thought there."""

import asyncio
from dataclasses import dataclass
from time import time
from typing import Any

from core.conversation import Channel, Conversation
from core.store.connection import Connections, translating
from core.store.erasing import Erasing
from core.store.keys import Partition, partition_of
from core.store.records import Records
from core.store.thoughts import Thoughts

TOLD_S = 30 * 24 * 3600
"""After this a channel is told again that a model is gone, where it still is."""
GREETED_S = 90 * 24 * 3600
"""Whoever invites the bot anew after this is greeted anew."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A channel in which something was accepted; ``last`` is the highest message id, compared as a number."""

    channel: Channel
    last: str


class Channels:
    """All channels of a deployment. Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._redis = connections.ask
        self._partitions = [Partition(number) for number in range(partitions)]
        self.thoughts = Thoughts(connections, partitions=partitions)
        self.erasing = Erasing(connections, partitions=partitions)
        self.records = Records(connections, partitions=partitions)

    def _key(self, channel: Channel) -> str:
        return partition_of(channel, len(self._partitions)).channel(channel)

    @translating
    async def told_before(self, channel: Channel, model: str, *, turn: str) -> bool:
        """Whether ``channel`` knows that ``model`` is gone from another turn than ``turn``; if not, it knows it by this one.

        Asked again by the same turn, which died before it could say so, it is no different.
        """
        key = partition_of(channel, len(self._partitions)).told(channel, model)
        # SET with both NX and GET: Redis 7.0.
        teller = await self._redis.set(key, turn, nx=True, get=True, ex=TOLD_S)
        return teller is not None and str(teller) != turn

    @translating
    async def comes_first(self, channel: Channel) -> bool:
        """Whether nobody, in any process, has asked this of ``channel`` within GREETED_S.

        A call that is repeated after a lost answer says no: then nobody is greeted.
        """
        key = partition_of(channel, len(self._partitions)).greeted(channel)
        return bool(await self._redis.set(key, "1", nx=True, ex=GREETED_S))

    @translating
    async def heard(self, platform: str, *, since_s: float) -> list[Heard]:
        """The channels of ``platform`` in which something was accepted within ``since_s`` seconds."""
        after = f"({(time() - since_s) * 1000:.0f}"
        # redis-py types replies for all protocols and encodings at once; these are texts.
        listed: Any = await asyncio.gather(
            *(self._redis.zrangebyscore(keys.channels, after, "+inf") for keys in self._partitions)
        )
        channels = [Channel(*name.split(":", 2)) for names in listed for name in names]
        ours = [channel for channel in channels if channel.platform == platform]
        last: Any = await asyncio.gather(*(self._redis.hget(self._key(channel), "last") for channel in ours))
        return [Heard(channel, id_) for channel, id_ in zip(ours, last, strict=True) if id_]

    @translating
    async def takes_part(self, conversation: Conversation) -> bool:
        """The bot was spoken to there before, in a thread as long as that is remembered."""
        keys = partition_of(conversation.channel, len(self._partitions))
        if conversation.thread is not None:
            return bool(await self._redis.exists(keys.state(conversation)))
        # A platform whose threads are channels of their own (Discord).
        return bool(await self._redis.hexists(keys.channel(conversation.channel), "sequence"))
