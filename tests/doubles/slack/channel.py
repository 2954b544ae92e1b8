from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tests.doubles.slack import mentions
from tests.doubles.slack.content import Args, Content, read
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.events import Events
from tests.doubles.slack.files import File, Files
from tests.doubles.slack.hooks import Hooks
from tests.doubles.slack.identity import Identity, Stamps
from tests.doubles.slack.model import Ephemeral, Json, Message, User
from tests.doubles.slack.socket_mode import Delivery, SocketMode
from tests.doubles.slack.watch import Watch

ChannelKind = Literal["channel", "group", "im", "mpim"]

# How long an act of a person waits for a live socket, in seconds.
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What all channels of a workspace share."""

    identity: Identity
    stamps: Stamps
    watch: Watch
    sockets: SocketMode
    events: Events
    hooks: Hooks
    files: Files

    async def sent(self, deliveries: Iterable[Delivery]) -> None:
        """Returns when all of them went out. Raises TimeoutError when no app is connected."""
        waiting = tuple(deliveries)
        if not await self.watch.until(lambda: all(one.sent_at is not None for one in waiting), PATIENCE_S):
            raise TimeoutError(f"no live socket took the event within {PATIENCE_S:g} s")


@dataclass(frozen=True, slots=True)
class SlashResult:
    """What came back for a slash command; `responses` grows with every post to its response_url."""

    delivery: Delivery
    responses: list[Json]

    @property
    def acked(self) -> bool:
        return self.delivery.acked

    @property
    def ack_payload(self) -> Json | None:
        return self.delivery.ack_payload

    @property
    def texts(self) -> list[str]:
        """Everything the person was shown, in order."""
        first = [self.ack_payload] if self.ack_payload else []
        return [
            read(Args(part)).shown() for part in [*first, *self.responses] if not part.get("delete_original")
        ]


@dataclass(slots=True, eq=False)
class Channel:
    """A channel or a direct message, and what people do in it."""

    id: str
    name: str
    kind: ChannelKind
    members: list[str]
    parts: Parts
    has_bot: bool = True
    """Off: posting gives not_in_channel, and the app hears nothing from here."""
    messages: list[Message] = field(default_factory=list)
    ephemerals: list[Ephemeral] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    """What assistant.threads.setStatus shows now, by thread."""
    _by_ts: dict[str, Message] = field(default_factory=dict)

    async def say(
        self, user: User, text: str, *, thread: str | None = None, also_in_channel: bool = False
    ) -> Message:
        """A person writes; `<@U..>` in `text` is a mention, everything else is what was typed.

        Waits for a live socket when the app is to hear of it.
        """
        subtype = "thread_broadcast" if also_in_channel else None
        return await self._say(user, mentions.typed(text), thread, subtype, [])

    async def share(self, user: User, *files: File, text: str = "", thread: str | None = None) -> Message:
        """A person uploads files, with or without a word."""
        described = [self.parts.files.share(file, user.id) for file in files]
        return await self._say(user, mentions.typed(text), thread, "file_share", described)

    async def edit(self, message: Message, text: str) -> list[Delivery]:
        """A person edits a message of theirs."""
        before, wire = message.wire(), mentions.typed(text)
        message.edited = {"user": message.author, "ts": self.parts.stamps.ts()}
        message.blocks = [_rich_text(wire)]
        message.show(wire, [wire])
        return await self._told(self.changed(message, before))

    async def remove(self, message: Message) -> list[Delivery]:
        """A person deletes a message."""
        return await self._told(self.delete(message))

    async def slash(self, user: User, command: str, text: str = "", thread: str | None = None) -> SlashResult:
        """A person enters a slash command; returns when it was acked or its time ran out."""
        if thread is not None:
            # Slack: "slash commands are not supported in threads".
            raise ValueError(f"{command} is not supported in threads")
        parts = self.parts
        url, responses = parts.hooks.response_url(lambda body: self.answer(user.id, body, None))
        payload = {
            "token": "verification-token",
            "team_id": parts.identity.team_id,
            "team_domain": "double",
            "channel_id": self.id,
            "channel_name": "directmessage" if self.kind == "im" else self.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": parts.identity.app_id,
            "is_enterprise_install": "false",
            "response_url": url,
            "trigger_id": parts.hooks.trigger_id(user.id),
        }
        delivery = parts.sockets.send("slash_commands", payload, accepts_payload=True)
        await parts.sent([delivery])
        await parts.watch.until(lambda: delivery.acked or delivery.expired, parts.sockets.ack_s + PATIENCE_S)
        if delivery.ack_payload:
            self.answer(user.id, delivery.ack_payload, None)
        return SlashResult(delivery, responses)

    def thread(self, ts: str) -> list[Message]:
        """The replies in a thread, without its root."""
        return [one for one in self.messages if one.thread_ts == ts and not one.deleted]

    def find(self, ts: str, code: str = "message_not_found") -> Message:
        """Raises `code` when there is no such message, or it was deleted."""
        message = self._by_ts.get(ts)
        if message is None or message.deleted:
            raise SlackError(code)
        return message

    def root(self, ts: str, code: str = "thread_not_found") -> str | None:
        """The thread a reply belongs to, None for an empty `ts`. Raises `code`.

        Slack advises against the ts of a reply here; the double refuses it.
        """
        if not ts:
            return None
        if self.thread(ts):
            return ts
        if self.find(ts, code).thread_ts is not None:
            raise SlackError(code)
        return ts

    def post(self, content: Content, thread_ts: str | None = None, *, subtype: str | None = None) -> Message:
        """The bot writes."""
        message = self.draft(thread_ts)
        message.subtype = subtype
        content.put(message)
        self.add(message)
        return message

    def draft(self, thread_ts: str | None) -> Message:
        me = self.parts.identity
        return Message(self.parts.stamps.ts(), self.id, me.bot_user_id, thread_ts, bot_id=me.bot_id)

    def add(self, message: Message) -> None:
        """A message appears; the app hears of it if it is a member here."""
        self.messages.append(message)
        self._by_ts[message.ts] = message
        if message.thread_ts and message.author == self.parts.identity.bot_user_id:
            # Slack: a reply clears the status.
            self.statuses.pop(message.thread_ts, None)
        if self.has_bot:
            self.parts.events.posted(message, self.kind)

    def changed(self, message: Message, before: Json) -> list[Delivery]:
        return self.parts.events.changed(message, before, self.kind) if self.has_bot else []

    def delete(self, message: Message) -> list[Delivery]:
        message.deleted = True
        if not self.has_bot:
            return []
        if self.thread(message.ts):
            return self.parts.events.buried(message, message.wire(), self.kind)
        return self.parts.events.deleted(message, message.wire(), self.kind)

    def answer(self, user: str, body: Json, original: Message | None) -> None:
        """An ack payload, or a post to a response_url, takes effect."""
        if original is not None and body.get("delete_original"):
            self.delete(original)
            return
        if body.get("delete_original"):
            return
        content = read(Args(body))
        if original is not None and body.get("replace_original"):
            before = original.wire()
            content.put(original)
            self.changed(original, before)
        elif body.get("response_type") == "in_channel":
            self.post(content, self.root(str(body.get("thread_ts") or "")))
        else:
            self.ephemerals.append(
                Ephemeral(user, content.shown(), body.get("thread_ts"), tuple(content.blocks or []))
            )

    async def _say(
        self, user: User, text: str, thread: str | None, subtype: str | None, files: list[Json]
    ) -> Message:
        stamps = self.parts.stamps
        message = Message(
            stamps.ts(), self.id, user.id, self.root(thread or ""), subtype=subtype, files=files
        )
        message.client_msg_id = f"00000000-0000-4000-8000-{stamps.number('client'):012d}"
        if user.is_bot:
            message.bot_id = f"B{user.id[1:]}"
            message.bot_profile = {"id": message.bot_id, "name": user.name, "deleted": False}
        message.show(text, [text])
        if text:
            message.blocks = [_rich_text(text)]
        self.add(message)
        await self._told(message.deliveries)
        return message

    async def _told(self, deliveries: list[Delivery]) -> list[Delivery]:
        await self.parts.sent(deliveries)
        return deliveries


def _rich_text(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "block_id": "typed", "elements": [section]}
