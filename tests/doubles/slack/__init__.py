"""A loopback Slack: the Web API and Socket Mode over real sockets, as strict as the real one is documented to be."""

from tests.doubles.slack.channel import Channel, SlashResult
from tests.doubles.slack.faults import ApiError, ConnectionReset, Delay, Hold, HttpError, RateLimited
from tests.doubles.slack.files import File
from tests.doubles.slack.model import Message, User, Version
from tests.doubles.slack.server import SlackDouble
from tests.doubles.slack.socket_mode import Delivery

__all__ = [
    "ApiError",
    "Channel",
    "ConnectionReset",
    "Delay",
    "Delivery",
    "File",
    "Hold",
    "HttpError",
    "Message",
    "RateLimited",
    "SlackDouble",
    "SlashResult",
    "User",
    "Version",
]
