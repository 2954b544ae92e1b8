"""What the double remembers: people, messages, requests."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.permissions import ADMIN, MEMBER

DISCORD_EPOCH_MS = 1_420_070_400_000


class MessageKind:
    """Discord's message types that the double makes; a test may pass any other number."""

    DEFAULT = 0
    REPLY = 19
    SLASH_RESPONSE = 20
    THREAD_STARTER = 21
    MENU_RESPONSE = 23


class MessageFlag:
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    COMPONENTS_V2 = 1 << 15


class Snowflakes:
    """Ids that grow with time. Discord: the upper 42 bits are milliseconds since 2015."""

    def __init__(self) -> None:
        self._last = 0

    def make(self) -> str:
        now = int(time.time() * 1000) - DISCORD_EPOCH_MS
        self._last = max(now << 22, self._last + 1)
        return str(self._last)


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


@dataclass(slots=True, eq=False)
class User:
    """A person or a bot. Ids are strings here, as on the wire."""

    id: str
    name: str
    bot: bool = False
    permissions: int = MEMBER
    locale: str = "en-US"
    dms_closed: bool = False
    blocks_bot: bool = False
    global_name: str | None = None
    """The name they show everywhere; None: one like their username, empty: none."""

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def admin(self) -> bool:
        return self.permissions & ADMIN == ADMIN


@dataclass(frozen=True, slots=True)
class Revision:
    """A content that a message had, and when it got it (time.monotonic, seconds)."""

    content: str
    at: float


@dataclass(slots=True)
class Attachment:
    """A file of a message, served by the double as Discord's CDN does."""

    id: str
    filename: str
    content_type: str
    data: bytes
    url: str
    signed: int = 0
    """How often it got a new address."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The message that another one replies to (kind 0) or forwards (kind 1)."""

    message_id: str
    channel_id: str
    guild_id: str | None
    kind: int = 0


@dataclass(slots=True, eq=False)
class Message:
    """A message with everything that happened to it.

    `edits` holds every content it had, the first one included. `pings` holds whom the message or any of its edits
    would have mentioned: ids of users and roles, "everyone" or "here".
    """

    id: str
    channel_id: str
    guild_id: str | None
    author: User
    content: str = ""
    kind: int = MessageKind.DEFAULT
    flags: int = 0
    nonce: str | int | None = None
    parent: Parent | None = None
    embeds: list[Payload] = field(default_factory=list)
    components: list[Payload] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    snapshots: list[Payload] = field(default_factory=list)
    allowed_mentions: list[Payload | None] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    pings: set[str] = field(default_factory=set)
    edits: list[Revision] = field(default_factory=list)
    reactions: list[tuple[str, str]] = field(default_factory=list)
    interaction: Payload | None = None
    created_at: float = field(default_factory=time.time)
    edited_at: float | None = None
    pinned: bool = False
    deleted: bool = False

    @property
    def reference(self) -> str | None:
        """The id of the message that this one answers."""
        return self.parent.message_id if self.parent is not None and self.parent.kind == 0 else None

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & MessageFlag.EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Shown as "is thinking": deferred and not yet filled."""
        return bool(self.flags & MessageFlag.LOADING)


@dataclass(slots=True)
class Request:
    """A REST request as it arrived. `path` begins after the version; `status` is 0 until answered or when reset."""

    method: str
    path: str
    body: Any
    at: float
    status: int = 0
