"""What the steps of a turn hand out: a turn that was accepted, claimed, or given up."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Any

import msgspec

from core.cascade import Layers, Level
from core.conversation import Conversation, Turn, UserMessage
from core.store.summaries import NOTHING, Recalled

_message = msgspec.json.Decoder(UserMessage)
_turn = msgspec.json.Decoder(Turn)
_ids = msgspec.json.Decoder(list[str])


class Kind(Enum):
    """What a message is to the queue. The values are accept.lua's."""

    MESSAGE = "m"
    COMMAND = "c"
    STOP = "s"
    """A command that asks the reply that is being written to stop: it must not wait behind it."""


class Busy(Enum):
    """What becomes of a message that comes while a reply is being written in its conversation."""

    QUEUE = "queue"
    """It is answered afterwards, on its own."""
    COLLECT = "collect"
    """All that wait are answered together."""
    INTERRUPT = "interrupt"
    """The reply ends with what is shown, and all that wait are answered together."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a message that was handed in."""

    new: bool
    """False for what was accepted before, and for what was refused."""
    ahead: int = 0
    """The turns of its conversation that come before it."""
    line: int = 0
    """The conversations that were waiting for a worker when it came."""
    sequence: str = ""
    refused: bool = False
    """Too many wait in its conversation: it will not be answered, and may be handed in again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One turn, leased to this worker, with all that answering it needs."""

    messages: Sequence[UserMessage]
    """What is answered: one message, or several that waited."""
    sequence: str
    fence: str
    attempt: int
    shown: Sequence[str]
    """The platform's messages of an earlier attempt, or those that told of the wait: to be written over."""
    ahead: int
    """The turns that came before this one when it was asked."""
    stopped: bool
    settings: Layers
    """Those of the channel and the thread; wider ones are read beside it."""
    failed: str
    """Why the attempt before this one ended; empty when that is not known."""
    history: Sequence[Turn]
    """Oldest first."""
    again: bool = False
    """Somebody had it before, and may have shown more than could be noted."""
    sequences: Sequence[int] = ()
    """The places of ``history``'s turns in the order."""
    recalled: Recalled = NOTHING
    written: Sequence[UserMessage] = ()
    """The messages as their entries have them, where what is asked is not all that they say: a command's."""
    first: bool = False
    """Nothing is kept of this conversation yet, and it is not the bot's: what people said here before is not known."""

    @property
    def message(self) -> UserMessage:
        """What is answered, as one message: the first, saying what they all say."""
        if len(self.messages) == 1:
            return self.messages[0]
        texts = [message.text for message in self.messages if message.text.strip()]
        files = tuple(file for message in self.messages for file in message.attachments)
        return replace(self.messages[0], text="\n\n".join(texts), attachments=files)

    @property
    def conversation(self) -> Conversation:
        return self.messages[0].conversation

    @property
    def waited(self) -> Sequence[UserMessage]:
        """Those of its messages that came while others were before them."""
        return self.messages if self.ahead else self.messages[1:]


class Lease(IntEnum):
    """How a lease stands. The numbers are renew.lua's."""

    LOST = 0
    KEPT = 1
    STOP = 2
    """Kept, and somebody asked for the reply to stop."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No conversation may be claimed now; one comes due in ``due_s`` seconds, if any is known."""

    due_s: float | None


@dataclass(frozen=True, slots=True)
class Parked:
    """A turn that was given up, kept for inspection."""

    conversation: str
    messages: tuple[str, ...]
    """As they were accepted (JSON): a later version may read what this one cannot."""
    shown: tuple[str, ...]
    reason: str

    @property
    def id(self) -> str:
        """Eight letters to name it by."""
        return hashlib.sha256(repr((self.conversation, self.messages)).encode()).hexdigest()[:8]

    def read(self) -> list[UserMessage]:
        """Its messages. Raises ValueError when this version cannot read them."""
        return [_message.decode(message) for message in self.messages]


@dataclass(frozen=True, slots=True)
class RawClaim:
    """What claim.lua returns, not read yet."""

    conversation: Conversation
    fence: str
    attempt: int
    entries: Sequence[str]
    shown: Sequence[str]
    rest: Sequence[Any]

    @classmethod
    def of(cls, found: Sequence[Any]) -> "RawClaim":
        conversation, fence, attempt, entries, shown, *rest = found
        return cls(Conversation.parse(conversation), str(fence), attempt, entries, shown, rest)

    @property
    def sequence(self) -> str:
        return self.entries[0].partition(" ")[0]

    def parked(self, reason: str) -> Parked:
        messages = tuple(_json(entry) for entry in self.entries)
        try:
            shown = tuple(self._shown())
        except ValueError:
            shown = ()  # this may be what cannot be read
        return Parked(str(self.conversation), messages, shown, reason)

    def read(self) -> Claim:
        """Raises ValueError, msgspec's own among them, for what another version wrote."""
        stopped, channel, thread, failed, again, own, shared, made_for = self.rest
        messages = [_message.decode(_json(entry)) for entry in self.entries]
        recalled = Recalled.of(made_for)
        members = [turn.partition(" ") for turn in [*own, *shared][::-1]]
        own_thread = messages[0].opens_thread or any(place == recalled.root for place, _, _ in members)
        return Claim(
            messages=messages,
            sequence=self.sequence,
            fence=self.fence,
            attempt=self.attempt,
            shown=self._shown(),
            ahead=int(self.entries[0].split(" ", 3)[2]),
            stopped=bool(stopped),
            settings={Level.THREAD: _pairs(thread), Level.CHANNEL: _pairs(channel)},
            failed=failed,
            history=[_turn.decode(turn) for _, _, turn in members],
            again=bool(again),
            sequences=[int(place) for place, _, _ in members],
            recalled=recalled,
            first=recalled.mark == "0" and not own_thread and not (own if recalled.root else members),
        )

    def _shown(self) -> list[str]:
        # Whoever wrote over the messages of a wait has noted them as the reply's own: they come twice.
        return list(dict.fromkeys(message for ids in self.shown if ids for message in _ids.decode(ids)))


def _pairs(listed: Sequence[str]) -> dict[str, str]:
    return dict(zip(listed[::2], listed[1::2], strict=True))


def _json(entry: str) -> str:
    """The message of a queue's entry, which is sequence, kind, turns ahead and message: ``7 m 2 {...}``."""
    return entry[entry.find("{") :]
