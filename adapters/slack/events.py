"""Slack's event payloads, read into the core's values. Pure."""

from collections.abc import Mapping
from typing import Any

from adapters.slack.files import read_file
from adapters.slack.markup import said
from core.conversation import Channel, Conversation, UserMessage

_SPOKEN = {None, "file_share", "thread_broadcast"}
"""The subtypes of message events that a person wrote; all others tell of changes."""
_SLACKBOT = "USLACKBOT"


def read_event(body: Mapping[str, Any], bot_user_id: str) -> UserMessage | None:
    """The message to the bot that an ``event_callback`` body brings; None when it is none.

    A mention in a channel comes twice, as ``app_mention`` and as ``message``, with two event ids and one ts: the
    first is read, the second is not.
    """
    event = body.get("event") or {}
    in_channel = event.get("type") == "app_mention"
    direct = event.get("type") == "message" and event.get("channel_type") == "im"
    if not (in_channel or direct) or not _from_person(event, bot_user_id):
        return None
    ts, thread = event["ts"], event.get("thread_ts")
    return UserMessage(
        conversation=Conversation(
            Channel("slack", body["team_id"], event["channel"]),
            # In a channel the answer opens a thread; a direct message is answered in place.
            thread or (ts if in_channel else None),
        ),
        event_id=body["event_id"],
        message_id=ts,
        author=event["user"],
        text=said(event.get("text") or "", bot_user_id),
        opens_thread=in_channel and thread is None,
        attachments=tuple(read_file(file) for file in event.get("files") or ()),
    )


def _from_person(event: Mapping[str, Any], bot_user_id: str) -> bool:
    if event.get("bot_id") or event.get("hidden") or event.get("subtype") not in _SPOKEN:
        return False
    return event.get("user") not in {None, _SLACKBOT, bot_user_id}
