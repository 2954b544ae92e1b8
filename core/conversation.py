"""The values everything else speaks in: where people talk, what they said, what was answered."""

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from core.people import Remark

Role = Literal["system", "user", "assistant"]

NO_WORKSPACE = "dm"
"""The workspace of channels that belong to none, as direct messages of Discord: what was set there would be everybody's."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A platform's channel or direct message: the owner of one history.

    The parts are the platform's own ids and hold no colon.
    """

    platform: str
    workspace: str
    channel: str

    def __post_init__(self) -> None:
        for part in (self.platform, self.workspace, self.channel):
            if not part or ":" in part:
                raise ValueError(f"an id must be text without a colon, not {part!r}")

    def __str__(self) -> str:
        return f"{self.platform}:{self.workspace}:{self.channel}"


@dataclass(frozen=True, slots=True)
class Conversation:
    """The place where answers go, and the unit of order: a channel answered in place, a thread, a DM."""

    channel: Channel
    thread: str | None = None

    def __str__(self) -> str:
        return str(self.channel) if self.thread is None else f"{self.channel}:{self.thread}"

    @classmethod
    def parse(cls, key: str) -> "Conversation":
        """The inverse of ``str``."""
        platform, workspace, channel, *thread = key.split(":", 3)
        return cls(Channel(platform, workspace, channel), thread[0] if thread else None)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message. Its bytes are read when the question is answered, and never kept."""

    name: str
    """Safe to be shown: short, one line, without backticks."""
    media_type: str
    """What the platform says; what it is, its bytes tell."""
    size: int
    """In bytes, as the platform says."""
    ref: str
    """What the platform needs to read it later, in its own form."""

    @classmethod
    def of(cls, name: str, media_type: str, size: int, ref: str) -> "Attachment":
        """Of what a platform tells, which people have written in part."""
        # JSON can carry half of a surrogate pair, and neither Redis nor a model can be sent one.
        shown = " ".join(_sound(name).replace("`", "'").split())
        if len(shown) > _NAME:
            shown = f"{shown[: _NAME // 2]}…{shown[-_NAME // 2 :]}"
        return cls(shown or "?", _sound(media_type)[:_NAME], size, _sound(ref))


_NAME = 80
"""Characters of a file's name that are shown."""


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class SaidTo(Enum):
    """Whom a message was written to."""

    BOT = "bot"
    """It mentions the bot, replies to it, or was written to it directly."""
    THREAD = "thread"
    """Everybody in a thread."""
    CHANNEL = "channel"
    """Everybody in a channel."""


@dataclass(frozen=True, slots=True)
class UserMessage:
    """One message that somebody wrote to the bot, or where it reads along; the same from every platform."""

    conversation: Conversation
    event_id: str
    """The platform's id of the delivery; a redelivery may repeat it."""
    message_id: str
    """The platform's id of the message; one message may come in several events."""
    author: str
    text: str
    """What was said to the bot: without the mention of it, unescaped. May be empty."""
    opens_thread: bool = False
    """The answer opens ``conversation.thread`` under this very message."""
    attachments: tuple[Attachment, ...] = ()
    said_to: SaidTo = SaidTo.BOT
    in_thread: bool = False
    """Its channel is itself a thread, as on a platform whose threads are channels of their own (Discord)."""
    models: tuple[str, ...] = ()
    """Who shall answer it, whoever is chosen here; several: one beside the other."""
    replaces: str = ""
    """It asks for a new answer to an earlier question: the ``turn_id`` of that one."""

    @property
    def turn_id(self) -> str:
        """25 characters that name this message's turn for ever: short enough for Discord's nonce."""
        name = f"{self.conversation.channel}:{self.message_id}"
        return hashlib.sha256(name.encode()).hexdigest()[:25]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int | None = None
    """Those of ``completion_tokens`` that were thought; None when there were none that are known of."""
    estimated: bool = False
    """The model reported nothing, as it does of a stopped reply: these are estimates."""
    reasoning_estimated: bool = False
    """The model reported the rest: ``reasoning_tokens`` alone is an estimate, of a part of ``completion_tokens``."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who said one of several messages that were answered together."""

    author: str
    name: str
    """Harmless in a prompt; empty where it is not known."""
    id: str = ""
    """The platform's id of the message."""
    length: int = 0
    """Characters of the turn's text that are its own: one after the other, a blank line between."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One user message with its reply, as history keeps it."""

    author: str
    text: str
    reply: str
    complete: bool = True
    """False when the reply was stopped or cut: ``reply`` is then what was shown."""
    id: str = ""
    """The ``turn_id`` of its message."""
    model: str = ""
    usage: Usage | None = None
    """None when the model said nothing."""
    messages: tuple[str, ...] = ()
    """The platform's messages that show the reply."""
    pinned: bool = False
    """One of its messages is pinned on the platform."""
    name: str = ""
    """Its author's, harmless in a prompt; empty where it is not known."""
    voices: tuple[Voice, ...] = ()
    """Where several people were answered together: theirs, in order."""
    before: tuple[Remark, ...] = ()
    """What had been said in its thread when the bot was first asked there."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of what is sent to a model."""

    role: Role
    content: str
    pictures: tuple[str, ...] = ()
    """What is shown with it, as data URIs: only the question has some, as history keeps none."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One streamed piece of a reply. Any field may be empty."""

    text: str = ""
    reasoning: str = ""
    finish: str | None = None
    """Why the reply ended, in the engine's word: ``stop``, ``length``, ``content_filter`` or another."""
    usage: Usage | None = None
    retracted: bool = False
    """Nothing that this reply has said so far holds, neither text nor thought: this and what follows say it anew."""
