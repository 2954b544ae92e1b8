"""What a model thought before its last reply, kept beside the conversation for a day: people may ask for it."""

import asyncio
from dataclasses import dataclass

import msgspec

from core.conversation import Conversation
from core.store.connection import Connections, translating
from core.store.keys import Partition, partition_of

KEPT_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Thought:
    """The thoughts of one reply."""

    text: str
    """The last part of them."""
    left_out: int
    """Characters before that."""
    seconds: int
    model: str
    question: str
    """How the question begins."""


_thought = msgspec.json.Decoder(Thought)


class Thoughts:
    """The last thoughts of every conversation. Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._redis = connections.ask
        self._seal = connections.seal
        self._partitions = partitions

    def _keys(self, conversation: Conversation) -> Partition:
        return partition_of(conversation.channel, self._partitions)

    @translating
    async def keep(self, conversation: Conversation, thought: Thought) -> None:
        """In the place of those that were kept here before."""
        keys = self._keys(conversation)
        kept = self._seal.close(msgspec.json.encode(thought).decode())
        await asyncio.gather(
            self._redis.set(keys.thoughts(conversation), kept, ex=KEPT_S),
            # A slash command may not tell the thread it was typed in (Slack): then the channel's last is meant.
            self._redis.set(keys.thinker(conversation.channel), str(conversation), ex=KEPT_S),
        )

    @translating
    async def last(self, conversation: Conversation) -> Thought | None:
        """The thoughts of the last reply here that had any; in a channel also those of its threads."""
        keys, asked = self._keys(conversation), conversation
        if conversation.thread is None:
            thinker = await self._redis.get(keys.thinker(conversation.channel))
            asked = Conversation.parse(str(thinker)) if thinker else conversation
        kept = await self._redis.get(keys.thoughts(asked))
        return _thought.decode(self._seal.open(str(kept))) if kept else None

    @translating
    async def forget(self, conversation: Conversation) -> None:
        keys = self._keys(conversation)
        await self._redis.delete(keys.thoughts(conversation))
        if conversation.thread is None:
            # What its threads thought is still theirs to ask for.
            await self._redis.delete(keys.thinker(conversation.channel))
