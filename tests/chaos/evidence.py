"""What a person in the platform can see afterwards, and what the program remembers of it: plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.conversation import Turn
from core.surface import OUTAGE, REFUSAL
from tests.chaos.plan import Speech


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was written."""

    marker: str
    turn: str
    """The turn's id, by which the program marks its messages."""
    place: str
    """What the answer stands under: the thread in Slack, the question itself in Discord."""
    speech: Speech
    calls: int
    """How often the model was asked."""
    leases_lost: int = 0
    """How often a process that lived could not renew a lease here: Redis was away, or the machine had no time for it."""
    orderly: bool = True
    """The platform delivered it before the next one; False when it had to be delivered again."""


@dataclass(frozen=True, slots=True)
class Version:
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot that is there in the end."""

    id: str
    turn: str
    """What the message says itself, out of people's sight, of the turn it belongs to."""
    part: int
    place: str
    versions: Sequence[Version]

    @property
    def text(self) -> str:
        return self.versions[-1].text

    @property
    def is_reply(self) -> bool:
        """What tells of an outage stands for itself."""
        return self.part not in {REFUSAL, OUTAGE}


@dataclass(frozen=True, slots=True)
class Heard:
    """One conversation. ``shown`` is in the order in which the platform shows it."""

    name: str
    asked: Sequence[Asked]
    shown: Sequence[Shown]
    history: Sequence[Turn]
    """The turns that are remembered of it, oldest first."""

    def reply(self, asked: Asked) -> list[Shown]:
        """The messages that answer ``asked``."""
        return [shown for shown in self.shown if shown.turn == asked.turn and shown.is_reply]


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be."""

    kind: str
    conversation: str
    detail: str
