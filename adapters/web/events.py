"""What the browser sends, as the core's values. Pure; raises Refusal with the sentence for whoever sent it."""

import re
from typing import TypeVar

import msgspec

from adapters.web.refusals import NO_TEXT, NO_TITLE, NOT_JSON, TEXT_TOO_LONG, Refusal
from core.conversation import Channel, Conversation, UserMessage
from core.texts import Text

PLATFORM = "web"
WORKSPACE = "local"
AUTHOR = "you"
LONGEST_TEXT = 100_000
LONGEST_TITLE = 60

_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class _Posted(msgspec.Struct):
    id: str
    text: str


class _Named(msgspec.Struct):
    title: str


def conversation_of(channel: str) -> Conversation:
    """Answers go where the question was written: the page has no threads."""
    return Conversation(Channel(PLATFORM, WORKSPACE, channel))


def read_message(channel: str, body: bytes) -> UserMessage:
    """``{"id", "text"}``. The browser makes the id, so that trying again is no second message."""
    posted = _decoded(body, _Posted)
    if not _MESSAGE_ID.fullmatch(posted.id):
        raise Refusal(400, NOT_JSON)
    if not posted.text.strip():
        raise Refusal(400, NO_TEXT)
    if len(posted.text) > LONGEST_TEXT:
        raise Refusal(413, _with(TEXT_TOO_LONG, f"{LONGEST_TEXT:,}"))
    return UserMessage(conversation_of(channel), posted.id, posted.id, AUTHOR, posted.text)


def read_title(body: bytes) -> str:
    """``{"title"}`` of a new channel, on one line."""
    title = " ".join("".join(letter if letter.isprintable() else " " for letter in _named(body)).split())
    if not 0 < len(title) <= LONGEST_TITLE:
        raise Refusal(400, _with(NO_TITLE, str(LONGEST_TITLE)))
    return title


def _named(body: bytes) -> str:
    return _decoded(body, _Named).title


S = TypeVar("S", bound=msgspec.Struct)


def _decoded(body: bytes, shape: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal(400, NOT_JSON) from None


def _with(text: Text, most: str) -> Text:
    return Text(text.say("en", most=most), text.say("zh", most=most))
