"""One interaction: a person used a command, typed into an option, clicked, or sent a form."""

import time
from dataclasses import dataclass, field

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.model import Message, User
from tests.doubles.discord.places import Place


class InteractionKind:
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback:
    """Discord's interaction response types."""

    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


class NoResponseError(AssertionError):
    """The person reads "The application did not respond"."""


@dataclass(slots=True, eq=False, kw_only=True)
class Interaction:
    """`response` is the body of the first response, `original` the message that it made or (6, 7) updates."""

    id: str
    token: str
    kind: int
    user: User
    place: Place
    data: Payload
    message: Message | None = None
    created: float = field(default_factory=time.monotonic)
    response: Payload | None = None
    responded_at: float | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        return self.original is not None and self.original.ephemeral

    @property
    def choices(self) -> list[Payload]:
        """The answer to an autocomplete."""
        data = (self.response or {}).get("data") or {}
        return list(data.get("choices", []))

    @property
    def modal(self) -> Payload | None:
        """The form that the response opens."""
        opens = self.response is not None and self.response["type"] == Callback.MODAL
        return self.response["data"] if self.response is not None and opens else None
