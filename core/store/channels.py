"""What is kept of each channel beside its turns: what it has chosen, and where it was last heard."""

import asyncio
from dataclasses import dataclass
from time import time
from typing import Any

from core.conversation import Channel
from core.store.claims import Busy
from core.store.connection import Connections, translating
from core.store.keys import Partition, partition_of
from core.store.thoughts import Thoughts


@dataclass(frozen=True, slots=True)
class Heard:
    """A channel in which something was accepted; ``last`` is the highest message id, compared as a number."""

    channel: Channel
    last: str


class Channels:
    """All channels of a deployment. Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int, busy: Busy = Busy.QUEUE) -> None:
        self._redis = connections.ask
        self._partitions = [Partition(number) for number in range(partitions)]
        self.busy = busy
        """What a channel does that has not chosen."""
        self.thoughts = Thoughts(connections, partitions=partitions)

    def _key(self, channel: Channel) -> str:
        return partition_of(channel, len(self._partitions)).channel(channel)

    @translating
    async def model_of(self, channel: Channel) -> str:
        """The model chosen for ``channel``; empty when none was."""
        return str(await self._redis.hget(self._key(channel), "model") or "")

    @translating
    async def choose_model(self, channel: Channel, model: str) -> None:
        """Switches ``channel`` to ``model`` from the next claimed turn on; empty forgets the choice."""
        await self._choose(channel, "model", model)

    @translating
    async def busy_of(self, channel: Channel) -> Busy:
        """What ``channel`` does with messages that come while a reply is being written."""
        chosen = await self._redis.hget(self._key(channel), "busy")
        return Busy(chosen) if chosen else self.busy

    @translating
    async def choose_busy(self, channel: Channel, busy: Busy | None) -> None:
        """Chooses what ``channel`` does from the next message on; None forgets the choice."""
        await self._choose(channel, "busy", busy.value if busy else "")

    async def _choose(self, channel: Channel, what: str, value: str) -> None:
        if value:
            await self._redis.hset(self._key(channel), what, value)
        else:
            await self._redis.hdel(self._key(channel), what)

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
