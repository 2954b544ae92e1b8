"""Whose a key is, read from its name: the inverse of what ``keys``, ``scopes`` and ``journal`` write."""

import re
from dataclasses import dataclass

from core.conversation import Channel, Conversation
from core.store.keys import PREFIX, Partition

_IN_PARTITION = re.compile(
    rf"{PREFIX}:\{{(?P<partition>\d+)\}}:(?P<kind>[a-z]+)"
    r":(?P<platform>[^:]+):(?P<workspace>[^:]+):(?P<channel>[^:]+)(?::(?P<rest>.*))?",
    re.DOTALL,
)
_OF_SCOPE = re.compile(
    rf"{PREFIX}:(?P<kind>[a-z]+):\{{(?P<scope>workspace|channel|person)"
    r":(?P<platform>[^:]+):(?P<workspace>[^:}]+)(?::(?P<name>[^}]+))?\}(?::(?P<rest>.*))?",
    re.DOTALL,
)
_JOURNAL = re.compile(rf"{PREFIX}:(?P<kind>journal):\{{(?P<platform>[^:]+):(?P<channel>[^}}]+)\}}")

OF_A_TALK = frozenset({"queue", "state"})
"""What a conversation has as long as it is talked in."""


@dataclass(frozen=True, slots=True)
class Owned:
    """One key, and whose it is."""

    key: str
    kind: str
    platform: str
    workspace: str = ""
    """Empty for journals: a platform that keeps some has one workspace."""
    channel: str = ""
    """Empty where it is no channel's."""
    author: str = ""
    """Empty where it is no person's."""
    rest: str = ""
    """Below a channel: the thread, the message or the model."""
    partition: Partition | None = None

    @property
    def place(self) -> Channel:
        """Its channel. Raises ValueError where it is no channel's."""
        return Channel(self.platform, self.workspace, self.channel)

    @property
    def conversation(self) -> Conversation:
        """Where what stands below the channel is a thread."""
        return Conversation(self.place, self.rest or None)


def owned(key: str) -> Owned | None:
    """None: ``key`` is nobody's, as the deployment's own."""
    if (found := _IN_PARTITION.fullmatch(key)) is not None:
        return Owned(
            key,
            found["kind"],
            found["platform"],
            found["workspace"],
            found["channel"],
            rest=found["rest"] or "",
            partition=Partition(int(found["partition"])),
        )
    if (found := _JOURNAL.fullmatch(key)) is not None:
        return Owned(key, found["kind"], found["platform"], channel=found["channel"])
    if (found := _OF_SCOPE.fullmatch(key)) is None:
        return None
    name, scope = found["name"] or "", found["scope"]
    return Owned(
        key,
        found["kind"],
        found["platform"],
        found["workspace"],
        name if scope == "channel" else "",
        name if scope == "person" else "",
        rest=found["rest"] or "",
    )


def slot_name(key: str) -> str:
    """What a Cluster hashes of ``key``: keys with the same may be named in one command."""
    opened, closed = key.find("{"), key.find("}")
    return key[opened + 1 : closed] if 0 <= opened < closed - 1 else key
