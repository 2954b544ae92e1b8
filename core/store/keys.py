"""The names of everything in Redis. All keys of a channel and its threads share one partition, one hash slot."""

import zlib
from dataclasses import dataclass

from core.conversation import Channel, Conversation

PREFIX = "drun"


@dataclass(frozen=True, slots=True)
class Partition:
    """One share of all conversations, with a schedule and a wake list of its own."""

    number: int

    @property
    def prefix(self) -> str:
        # Braces: Redis Cluster hashes only what stands between them.
        return f"{PREFIX}:{{{self.number}}}:"

    @property
    def schedule(self) -> str:
        return f"{self.prefix}schedule"

    @property
    def wake(self) -> str:
        return f"{self.prefix}wake"

    @property
    def channels(self) -> str:
        return f"{self.prefix}channels"

    @property
    def parked(self) -> str:
        return f"{self.prefix}parked"

    @property
    def rated(self) -> str:
        """The histories in which somebody has an opinion of an answer, by when they last had."""
        return f"{self.prefix}rated"

    def seen(self, channel: Channel, name: str) -> str:
        return f"{self.prefix}seen:{channel}:{name}"

    def seen_message(self, channel: Channel, message: str) -> str:
        """Whether a message was accepted, or is gone and shall not be."""
        return self.seen(channel, f"message:{message}")

    def queue(self, conversation: Conversation) -> str:
        return f"{self.prefix}queue:{conversation}"

    def state(self, conversation: Conversation) -> str:
        return f"{self.prefix}state:{conversation}"

    def channel(self, channel: Channel) -> str:
        return f"{self.prefix}channel:{channel}"

    def history(self, owner: Channel | Conversation) -> str:
        return f"{self.prefix}history:{owner}"

    def settings(self, owner: Channel | Conversation) -> str:
        return f"{self.prefix}settings:{owner}"

    def audit(self, owner: Channel | Conversation) -> str:
        """Who changed which of its settings."""
        return f"{self.prefix}audit:{owner}"

    def index(self, owner: Channel | Conversation) -> str:
        """Which turn of a history each of the platform's messages belongs to."""
        return f"{self.prefix}index:{owner}"

    def pins(self, owner: Channel | Conversation) -> str:
        """The sequences of its pinned turns."""
        return f"{self.prefix}pins:{owner}"

    def memory(self, owner: Channel | Conversation) -> str:
        """The running summary of what it reads."""
        return f"{self.prefix}memory:{owner}"

    def remembering(self, owner: Channel | Conversation) -> str:
        """Names the worker that makes that summary now."""
        return f"{self.prefix}remembering:{owner}"

    def edited(self, channel: Channel, message: str) -> str:
        """When a message was last edited."""
        return f"{self.prefix}edited:{channel}:{message}"

    def thoughts(self, conversation: Conversation) -> str:
        return f"{self.prefix}thoughts:{conversation}"

    def told(self, channel: Channel, model: str) -> str:
        """Names the turn that has told a channel that a model is not offered any more."""
        return f"{self.prefix}told:{channel}:{model}"

    def greeted(self, channel: Channel) -> str:
        """That the bot has said its first words in a channel."""
        return f"{self.prefix}greeted:{channel}"

    def thinker(self, channel: Channel) -> str:
        """Names the conversation of a channel and its threads in which was last thought."""
        return f"{self.prefix}thinker:{channel}"


PARTITIONS = f"{PREFIX}:partitions"
"""How many partitions this Redis was set up with: another number would look for every conversation elsewhere."""

STOPS = f"{PREFIX}:stops"
"""Announces the conversations whose reply shall stop."""


def partition_of(channel: Channel, partitions: int) -> Partition:
    """Where a channel's keys are, the same on every worker: so the number of partitions may not change."""
    return Partition(zlib.crc32(str(channel).encode()) % partitions)
