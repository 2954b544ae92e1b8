"""What people do to messages that were already said, the same from every platform."""

from dataclasses import dataclass
from enum import Enum

from core.conversation import Channel, Conversation, UserMessage


@dataclass(frozen=True, slots=True)
class Edited:
    """A person has written a message anew. ``text`` is what it says to the bot now, without the mention of it."""

    channel: Channel
    message_id: str
    text: str
    thread: str | None = None
    """The thread it stands in, where the platform tells: threads keep a history of their own."""
    at: int = 0
    """When it was edited, in microseconds on the platform's clock; 0 where it does not tell.

    Two edits may come in the wrong order: the later one counts.
    """
    to_bot: bool = False
    """As it reads now it is meant for the bot: it is remembered in case the message itself is still to come."""
    pinned: bool | None = None
    """Whether it is pinned, where the platform tells it with every edit."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages are gone, whoever wrote them: questions, answers, and many that nobody here knows."""

    channel: Channel
    message_ids: tuple[str, ...]
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Pinned:
    """A message was pinned, or is pinned no more. Platforms tell it of messages that never were as well."""

    channel: Channel
    message_id: str
    pinned: bool
    thread: str | None = None


Change = Edited | Deleted | Pinned


class Was(Enum):
    """What a changed message was to the bot."""

    UNKNOWN = "unknown"
    """Not said to the bot, older than its history, or ended without a trace."""
    WAITING = "waiting"
    ANSWERING = "answering"
    """It is a question of the turn that is being answered now, or will be answered again."""
    ANSWERED = "answered"
    """Its turn is in a history: it was a question, or showed the reply."""


@dataclass(frozen=True, slots=True)
class Amended:
    """What became of a change. Of several deleted messages: of the newest that changed something."""

    was: Was = Was.UNKNOWN
    changed: bool = False
    """False also for what is told twice, and for an edit that came after a newer one."""
    conversation: Conversation | None = None
    turn: str = ""
    """The ``turn_id`` of the first question of its turn."""
    last: bool = False
    """Nothing was asked after it in its conversation: it may be answered again."""
    withdrawn: UserMessage | None = None
    """The message that waited and will not be answered now."""
    shown: tuple[str, ...] = ()
    """The platform's messages that told of its wait."""
