"""Histories end where HISTORY_TTL_DAYS does, also where people never stop talking.

A key lives on with each answer. So each turn has its own end beside it, which its commit has noted; whoever reads a
history takes out first what is too old by then, by the store's clock. A claim does that by itself.
"""

from core.conversation import Channel, Conversation
from core.store.connection import Connections, translating
from core.store.keys import partition_of


class Aging:
    """Raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._partitions = partitions
        self._age = connections.script("age", "age")

    @translating
    async def of(self, owner: Channel | Conversation) -> None:
        """Takes out of the history of ``owner`` what is too old."""
        keys = partition_of(owner if isinstance(owner, Channel) else owner.channel, self._partitions)
        kinds = (keys.history, keys.index, keys.pins, keys.memory, keys.remembering)
        await self._age([key(owner) for key in kinds], [])
