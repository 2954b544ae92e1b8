"""Guilds and channels as data; what people do in them is in `channel`."""

import time
from dataclasses import dataclass, field

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.model import Message, User
from tests.doubles.discord.permissions import EVERYTHING, MEMBER, Permission


class PlaceKind:
    TEXT = 0
    DM = 1
    THREAD = 11


@dataclass(slots=True, eq=False, kw_only=True)
class Place:
    """A text channel, a thread or a direct message. A thread's id is the id of the message it was opened from."""

    id: str
    kind: int
    name: str
    guild_id: str | None = None
    parent: "Place | None" = None
    owner_id: str | None = None
    recipient: User | None = None
    messages: list[Message] = field(default_factory=list, repr=False)
    typing: list[float] = field(default_factory=list)
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 1440
    created_at: float = field(default_factory=time.time)
    denied: int = 0

    def deny(self, *permissions: Permission) -> None:
        """Takes permissions from the bot in this channel and its threads."""
        self.denied |= sum(permissions)

    def allow(self, *permissions: Permission) -> None:
        self.denied &= ~sum(permissions)

    @property
    def bot_permissions(self) -> int:
        above = EVERYTHING if self.parent is None else self.parent.bot_permissions
        return above & ~self.denied

    def permits(self, permission: Permission) -> bool:
        return bool(self.bot_permissions & permission)


@dataclass(frozen=True, slots=True)
class Role:
    """What its holders may do in the whole guild."""

    id: str
    name: str
    permissions: int


@dataclass(slots=True, eq=False, kw_only=True)
class Server:
    """A guild's data."""

    id: str
    name: str
    owner_id: str
    locale: str = "en-US"
    places: list[Place] = field(default_factory=list, repr=False)
    commands: list[Payload] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    """Without the role of everyone, which has the guild's id."""
    held: dict[str, set[str]] = field(default_factory=dict)
    """Ids of roles by the ids of their holders."""
    nicks: dict[str, str] = field(default_factory=dict)
    """By the ids of users."""
    everyone_may: int = MEMBER
    system_channel_id: str | None = None
    """Where Discord itself says who has joined."""
    joined_at: float = 1_600_000_000
    """When the bot was added, in seconds since 1970."""
    gone: set[str] = field(default_factory=set)
    """Ids of users who have left; everybody else is a member."""
