import time
from dataclasses import dataclass, field

from tests.doubles.slack.channel import Channel, ChannelKind, Parts
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Json, User


@dataclass(slots=True, eq=False)
class View:
    """A modal or an App Home, as it is shown now. Slack's `hash` guards against lost updates."""

    id: str
    user: str
    view: Json
    hash: str

    def wire(self, parts: Parts) -> Json:
        me = parts.identity
        fixed = {
            "id": self.id,
            "team_id": me.team_id,
            "app_id": me.app_id,
            "bot_id": me.bot_id,
            "hash": self.hash,
        }
        return {"private_metadata": "", "callback_id": "", "state": {"values": {}}, **self.view, **fixed}


LARGEST_PAGE, LARGEST_RESTRICTED_PAGE = 1_000, 15
"""Slack: messages of conversations.history and conversations.replies; the second for restricted apps."""


@dataclass(slots=True)
class Workspace:
    """People, channels and views: what the Web API reads and writes."""

    parts: Parts
    scopes: set[str]
    stream_s: float
    restricted: bool = False
    """The app is distributed commercially, and not in the Marketplace."""
    page: int = LARGEST_PAGE
    """Messages that are given at once. Slack: there may be fewer than were asked for."""
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    prompts: dict[str, list[Json]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        me = self.parts.identity
        self.users[me.bot_user_id] = User(me.bot_user_id, me.bot_name, is_bot=True)

    @property
    def largest_page(self) -> int:
        return min(self.page, LARGEST_RESTRICTED_PAGE) if self.restricted else self.page

    def add_user(self, user: User) -> User:
        """A person joins, and with them every channel there is."""
        self.users[user.id] = user
        for channel in self.channels.values():
            if channel.kind in {"channel", "group"}:
                channel.members.append(user.id)
        return user

    def add_channel(self, name: str, kind: ChannelKind, members: list[str]) -> Channel:
        prefix = {"channel": "C", "group": "C", "im": "D", "mpim": "G"}[kind]
        channel = Channel(self.parts.stamps.id(prefix), name, kind, members, self.parts)
        self.channels[channel.id] = channel
        return channel

    def open_dm(self, *users: str) -> Channel:
        """The direct message of the bot with these people, made when there is none."""
        if unknown := [user for user in users if user not in self.users]:
            raise SlackError("user_not_found", messages=tuple(unknown))
        members = sorted({*users, self.parts.identity.bot_user_id})
        for channel in self.channels.values():
            if channel.kind in {"im", "mpim"} and channel.members == members:
                return channel
        return self.add_channel("", "im" if len(users) == 1 else "mpim", members)

    def channel(self, channel_id: str, *, write: bool = False) -> Channel:
        """Raises channel_not_found; for writing also not_in_channel."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise SlackError("channel_not_found")
        if write and not channel.has_bot:
            # Slack: a private channel without the app does not exist for it.
            raise SlackError("not_in_channel" if channel.kind == "channel" else "channel_not_found")
        return channel

    def user(self, user_id: str) -> User:
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def require(self, scope: str) -> None:
        """Raises missing_scope, which names what is needed and what the token has."""
        if scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def keep_view(self, user: str, view: Json, view_id: str | None = None) -> View:
        number = view_id or self.parts.stamps.id("V")
        digest = f"{int(time.time())}.{self.parts.stamps.number('hash')}"
        return View(number, user, view, digest)
