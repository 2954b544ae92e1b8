"""Deleting for good what was said in a channel, and all that is kept of a workspace.

Keys are found by their names, on every server. All of it may be done while turns run and be done again: a reply that is
being written in a forgotten channel is stopped, and leaves nothing; one in a forgotten workspace has lost its lease.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.conversation import Channel, Conversation
from core.errors import StoreUnavailable
from core.store.connection import Connections, translating
from core.store.forgetting import Forgetting, outdate
from core.store.keys import STOPS, Partition, partition_of
from core.store.owners import OF_A_TALK
from core.store.parked import ParkedTurns
from core.store.scanning import all_owned, removed
from core.store.unsaid import wordless

_STAYS = OF_A_TALK | {"channel", "seen", "settings", "audit", "usage", "allowance"}
"""What a forgotten channel keeps: which message was the last and which came in a day, so that none is answered again; how
the bot shall behave there; and sums."""
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Asking:
    """The turn in which somebody asks to forget: it alone goes on."""

    conversation: Conversation
    sequence: str


class Erasing:
    """Every method raises StoreUnavailable when Redis does not answer: then some of it may be left, and it can be run again."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._connections = connections
        self._redis = connections.ask
        self._seal = connections.seal
        self._partitions = [Partition(number) for number in range(partitions)]
        self._parked = ParkedTurns(connections, partitions=partitions)
        self._erase = connections.script("erase")
        self._forgetting = Forgetting(connections, partitions=partitions)

    async def channel(self, channel: Channel, *, by: Asking | None = None) -> None:
        """What was said in ``channel`` and its threads: histories, summaries, thoughts, questions that wait or were given up.

        Settings and their audit stay: they say how the bot shall behave there, and nothing of what was said.
        """
        below = (channel.platform, channel.workspace, channel.channel)
        # First what may still become history, then history: so no turn slips from the one into the other.
        await self._drop_parked([channel])
        talked = {
            key.conversation async for key in all_owned(self._connections, *below) if key.kind in OF_A_TALK
        }
        for conversation in talked:
            await self._end(conversation, by)
        await outdate(self._connections, channel, len(self._partitions))
        keys = [key async for key in all_owned(self._connections, *below)]
        await removed(self._connections, [key.key for key in keys if key.kind not in _STAYS])
        await self._unlist(str(channel), [partition_of(channel, len(self._partitions)).rated])

    async def person(self, channel: Channel, author: str, *, by: Asking | None = None) -> None:
        """What ``author`` asked and was answered in the workspace of ``channel``, and what they have chosen for themselves."""
        await self._forgetting.person(channel, author, spared=(by.conversation, by.sequence) if by else None)

    async def workspace(self, platform: str, workspace: str) -> None:
        """All that is kept of ``workspace``: the bot was removed from it."""
        keys = [key async for key in all_owned(self._connections, platform, workspace)]
        channels = {key.place for key in keys if key.partition is not None}
        talked = {key.conversation for key in keys if key.kind in OF_A_TALK}
        await self._drop_parked(channels)
        await self._stop_all(talked)
        await removed(self._connections, [key.key for key in keys])
        listings = [each for keys in self._partitions for each in (keys.schedule, keys.channels, keys.rated)]
        await self._unlist(f"{platform}:{workspace}", listings)

    async def _drop_parked(self, channels: Iterable[Channel]) -> None:
        gone = set(channels)
        for each in await self._parked.all():
            if Conversation.parse(each.turn.conversation).channel in gone:
                await self._parked.remove(each)

    @translating
    async def _end(self, conversation: Conversation, by: Asking | None) -> None:
        """Drops what waits in ``conversation``, and stops what is being answered."""
        keys = partition_of(conversation.channel, len(self._partitions))
        queue, state = keys.queue(conversation), keys.state(conversation)
        spared = by.sequence if by and by.conversation == conversation else ""
        for _ in range(_TRIES):
            # redis-py types replies for all protocols and encodings at once; these are texts.
            taken: Any = await self._redis.hget(state, "taken")
            entries: Any = await self._redis.lrange(queue, 0, int(taken) - 1) if int(taken or 0) else []
            pairs = [part for entry in entries for part in (entry, wordless(entry, self._seal))]
            if await self._erase([queue, state, keys.schedule], [str(conversation), STOPS, spared, *pairs]):
                return
        raise StoreUnavailable("what is to be forgotten is changed again and again")

    @translating
    async def _stop_all(self, conversations: Iterable[Conversation]) -> None:
        for conversation in conversations:
            await self._redis.publish(STOPS, str(conversation))

    @translating
    async def _unlist(self, owner: str, listings: Iterable[str]) -> None:
        """Takes all conversations of ``owner``, a workspace or a channel, out of ``listings``."""
        for listing in listings:
            # As above.
            names: Any = await self._redis.zrange(listing, 0, -1)
            if gone := [name for name in names if f"{name}:".startswith(f"{owner}:")]:
                await self._redis.zrem(listing, *gone)
