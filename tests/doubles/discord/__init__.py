"""A loopback Discord: REST v10 and gateway on 127.0.0.1, as strict as the real one, with faults on demand."""

from tests.doubles.discord.channel import Channel, Guild
from tests.doubles.discord.faults import Delay, Reset, Status, Throttle
from tests.doubles.discord.interaction import Interaction, NoResponseError
from tests.doubles.discord.model import Attachment, Message, Request, Revision, User
from tests.doubles.discord.permissions import ADMIN, MEMBER, Permission
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.discord.session import Intent

__all__ = [
    "ADMIN",
    "MEMBER",
    "Attachment",
    "Channel",
    "Delay",
    "DiscordDouble",
    "Guild",
    "Intent",
    "Interaction",
    "Message",
    "NoResponseError",
    "Permission",
    "Request",
    "Reset",
    "Revision",
    "Status",
    "Throttle",
    "User",
]
