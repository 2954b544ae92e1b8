"""Where people talk, on either platform."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from core.conversation import Channel, Conversation, UserMessage
from tests.chaos.evidence import Shown, Version
from tests.chaos.plan import Kind
from tests.doubles.discord.channel import Channel as DiscordChannel
from tests.doubles.discord.channel import Guild
from tests.doubles.discord.model import Message as DiscordMessage
from tests.doubles.discord.model import User as DiscordUser
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.slack.channel import Channel as SlackChannel
from tests.doubles.slack.model import Message as SlackMessage
from tests.doubles.slack.model import User as SlackUser
from tests.doubles.slack.server import SlackDouble

_THREADS_A_CHANNEL = 3
_NONCE_TURN = 22


@dataclass(frozen=True, slots=True)
class Said:
    """A question that stands in the platform: its message, and what its answer will stand under."""

    message: str
    turn: str
    place: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for a story."""

    at: float
    what: str


class Place(Protocol):
    """One conversation."""

    @property
    def conversation(self) -> Conversation:
        """As the program names it. Known when something was said."""
        ...

    async def say(self, text: str) -> Said:
        """A person asks the bot."""
        ...

    async def repeat(self, message: str) -> None:
        """The platform delivers ``message`` once more."""
        ...

    def orderly(self, message: str) -> bool:
        """Whether the platform delivered ``message`` before whatever was said after it."""
        ...

    def marked(self, message: str) -> bool:
        """Whether the bot's mark of a wait stands on ``message``."""
        ...

    def delivered(self, message: str) -> list[Event]:
        """How the platform told the app of ``message``, as far as it knows."""
        ...

    def shown(self) -> list[Shown]:
        """The bot's messages that are there, in the order in which they stand."""
        ...


@dataclass(slots=True)
class SlackPlace:
    slack: SlackDouble
    channel: SlackChannel
    person: SlackUser
    in_thread: bool
    root: str = ""
    said: dict[str, SlackMessage] = field(default_factory=dict)

    @property
    def conversation(self) -> Conversation:
        channel = Channel("slack", self.slack.team_id, self.channel.id)
        return Conversation(channel, self.root if self.in_thread else None)

    async def say(self, text: str) -> Said:
        mention = f"<@{self.slack.bot_user_id}> " if self.in_thread else ""
        before = len(self.channel.messages)
        # While nobody is connected the message stands there, and is delivered when somebody is.
        with suppress(TimeoutError):
            await self.channel.say(self.person, mention + text, thread=self.root or None)
        message = next(one for one in self.channel.messages[before:] if text in one.text)
        if self.in_thread and not self.root:
            self.root = message.ts
        self.said[message.ts] = message
        return Said(message.ts, _turn(self.conversation, message.ts), self.root)

    async def repeat(self, message: str) -> None:
        """The same event again, and the same message under an event id of its own."""
        said = self.said[message]
        if said.deliveries:
            await self.slack.redeliver(said)
            self.channel.parts.events.posted(said, self.channel.kind)

    def orderly(self, message: str) -> bool:
        """Slack promises no order: what is delivered again, or over another socket, may be overtaken."""
        first = self.said[message].deliveries[0]
        later = [said.deliveries[0] for ts, said in self.said.items() if ts > message]
        return first.acked_at is not None and all(
            other.sent_at is None or other.link == first.link or other.sent_at > first.acked_at
            for other in later
        )

    def marked(self, message: str) -> bool:
        return any(self.slack.bot_user_id in who for who in self.said[message].reactions.values())

    def delivered(self, message: str) -> list[Event]:
        payloads = [first.payload for first in self.said[message].deliveries]
        told = [one for one in self.slack.deliveries if one.payload in payloads]
        sent = [
            Event(one.sent_at, f"{one.envelope_id} goes to socket {one.link}") for one in told if one.sent_at
        ]
        acked = [Event(one.acked_at, f"{one.envelope_id} is acked") for one in told if one.acked_at]
        return [*sent, *acked]

    def shown(self) -> list[Shown]:
        there = self.channel.thread(self.root) if self.in_thread else self.channel.messages
        return [
            _slack_shown(one) for one in there if one.author == self.slack.bot_user_id and not one.deleted
        ]


def _slack_shown(message: SlackMessage) -> Shown:
    payload = (message.metadata or {}).get("event_payload", {})
    versions = [Version(version.text, version.at) for version in message.versions]
    return Shown(
        message.ts, payload.get("turn", ""), payload.get("part", 0), message.thread_ts or "", versions
    )


@dataclass(slots=True)
class DiscordPlace:
    discord: DiscordDouble
    channel: DiscordChannel
    person: DiscordUser
    said: dict[str, DiscordMessage] = field(default_factory=dict)
    turns: dict[str, str] = field(default_factory=dict)
    """By the beginning that a nonce has room for."""

    @property
    def conversation(self) -> Conversation:
        return Conversation(Channel("discord", self.channel.guild_id or "dm", self.channel.id))

    async def say(self, text: str) -> Said:
        mention = "" if self.channel.guild_id is None else "<@BOT> "
        message = await self.channel.say(self.person, mention + text)
        self.said[message.id] = message
        turn = _turn(self.conversation, message.id)
        self.turns[turn[:_NONCE_TURN]] = turn
        return Said(message.id, turn, message.id)

    async def repeat(self, message: str) -> None:
        await self.discord.redeliver(self.said[message])

    def orderly(self, message: str) -> bool:
        return True

    def marked(self, message: str) -> bool:
        return any(who == self.discord.bot_id for who, _ in self.said[message].reactions)

    def delivered(self, message: str) -> list[Event]:
        return []

    def shown(self) -> list[Shown]:
        return [self._shown(message) for message in self.channel.by_bot]

    def _shown(self, message: DiscordMessage) -> Shown:
        nonce = str(message.nonce or "")
        turn = self.turns.get(nonce[:_NONCE_TURN], "")
        versions = [Version(edit.content, edit.at) for edit in message.edits]
        return Shown(message.id, turn, int(nonce[_NONCE_TURN:] or 0), message.reference or "", versions)


def _turn(conversation: Conversation, message: str) -> str:
    return UserMessage(conversation, "", message, "", "").turn_id


@dataclass(slots=True)
class Town:
    """Opens places: a new channel or person for each conversation, so that none waits for another's bucket."""

    slack: SlackDouble
    discord: DiscordDouble
    guild: Guild
    opened: int = 0
    _threads: int = 0
    _channel: SlackChannel | None = None

    def open(self, kind: Kind) -> Place:
        self.opened += 1
        name = f"n{self.opened}"
        match kind:
            case Kind.SLACK_THREAD:
                if self._channel is None or self._threads % _THREADS_A_CHANNEL == 0:
                    self._channel = self.slack.add_channel(name)
                self._threads += 1
                return SlackPlace(self.slack, self._channel, self.slack.add_user(name), in_thread=True)
            case Kind.SLACK_DM:
                person = self.slack.add_user(name)
                return SlackPlace(self.slack, self.slack.open_dm(person), person, in_thread=False)
            case Kind.DISCORD_CHANNEL:
                return DiscordPlace(self.discord, self.guild.add_channel(name), self.discord.add_user(name))
            case Kind.DISCORD_DM:
                user = self.discord.add_user(name)
                return DiscordPlace(self.discord, self.discord.open_dm(user), user)
