"""Everything that exists in the double, by id."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.doubles.discord.errors import Payload, unknown_channel
from tests.doubles.discord.interaction import Interaction
from tests.doubles.discord.model import Attachment, Message, Request, Snowflakes, User
from tests.doubles.discord.places import Place, Server
from tests.doubles.discord.pulse import Pulse


class Dispatch(Protocol):
    def __call__(
        self, event: str, payload: Callable[[bool], Payload], *, intent: int, guild_id: str | None
    ) -> None:
        """Sends an event to every session whose intents ask for it; `intent` 0 needs none.

        `payload` is called with whether the session may read the content of every message.
        """


def nobody_listens(
    event: str, payload: Callable[[bool], Payload], *, intent: int, guild_id: str | None
) -> None:
    """Stands in until a gateway is there."""


@dataclass(slots=True, eq=False, repr=False, kw_only=True)
class World:
    """`base_url` is set when the server listens, `dispatch` by the gateway."""

    token: str
    privileged_intents: int
    interaction_deadline: float
    interaction_lifetime: float
    bot: User
    application_id: str
    snowflakes: Snowflakes
    base_url: str = ""
    pulse: Pulse = field(default_factory=Pulse)
    dispatch: Dispatch = nobody_listens
    users: dict[str, User] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    nonces: dict[str, Message] = field(default_factory=dict)
    interactions: dict[str, Interaction] = field(default_factory=dict)
    commands: list[Payload] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    defects: list[Exception] = field(default_factory=list)

    def place_of(self, message: Message) -> Place:
        return self.places[message.channel_id]

    def place(self, channel_id: str) -> Place:
        """Raises Unknown Channel."""
        if (place := self.places.get(channel_id)) is None:
            raise unknown_channel()
        return place

    def attach(self, channel_id: str, filename: str, content_type: str, data: bytes) -> Attachment:
        """Stores a file. Discord: its address is signed, and without the signature there is no file."""
        made = self.snowflakes.make()
        url = self._signed(channel_id, made, filename)
        attachment = Attachment(made, filename, content_type, data, url)
        self.attachments[made] = attachment
        return attachment

    def expire(self, attachment: Attachment) -> None:
        """The address that was given out is good no more. Discord: the message has a new one, when it is fetched."""
        channel_id = attachment.url.split("/attachments/")[1].split("/")[0]
        renewed = self.attachments[attachment.id]
        renewed.signed += 1
        renewed.url = self._signed(channel_id, attachment.id, attachment.filename, renewed.signed)

    def _signed(self, channel_id: str, number: str, filename: str, times: int = 0) -> str:
        signature = hashlib.sha256(f"{number}/{filename}/{times}".encode()).hexdigest()
        return f"{self.base_url}/attachments/{channel_id}/{number}/{filename}?ex=7fffffff&is=0&hm={signature}"
