"""Slack's event payloads, read into the core's values. Pure."""

from collections.abc import Mapping
from typing import Any

from adapters.slack.files import read_file
from adapters.slack.markup import said
from core.changes import Change, Deleted, Edited, Pinned
from core.conversation import Channel, Conversation, SaidTo, UserMessage

_SPOKEN = {None, "file_share", "thread_broadcast"}
"""The subtypes of message events that a person wrote; all others tell of changes."""
_SLACKBOT = "USLACKBOT"


def read_event(body: Mapping[str, Any], bot_user_id: str) -> UserMessage | None:
    """The message that an ``event_callback`` body brings, to the bot or to everybody; None when it is none.

    A mention in a channel comes twice, as ``app_mention`` and as ``message``, with two event ids and one ts: the
    first is read, the second is not.
    """
    event = body.get("event") or {}
    mentions = event.get("type") == "app_mention"
    if not (mentions or event.get("type") == "message") or not _from_person(event, bot_user_id):
        return None
    in_channel = event.get("channel_type") != "im"
    ts, thread = event["ts"], event.get("thread_ts")
    said_to = SaidTo.BOT
    if in_channel and not mentions:
        if f"<@{bot_user_id}" in (event.get("text") or ""):
            return None
        said_to = SaidTo.THREAD if thread else SaidTo.CHANNEL
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
        said_to=said_to,
    )


def _from_person(event: Mapping[str, Any], bot_user_id: str) -> bool:
    if event.get("bot_id") or event.get("hidden") or event.get("subtype") not in _SPOKEN:
        return False
    return event.get("user") not in {None, _SLACKBOT, bot_user_id}


def read_change(body: Mapping[str, Any], bot_user_id: str) -> Change | None:
    """What an ``event_callback`` body tells of a message that was said before; None when that is nothing.

    Nothing: what the bot and other bots did to their own messages, and a ``message_changed`` that left the text as it
    was (Slack sends one for each unfurled link, each reply in a thread, each file that was taken away).
    """
    event = body.get("event") or {}
    match event.get("type"), event.get("subtype"):
        case (("pin_added" | "pin_removed"), _):
            return _pinned(body["team_id"], event)
        case "message", "message_changed":
            return _changed(Channel("slack", body["team_id"], event["channel"]), event, bot_user_id)
        case "message", "message_deleted":
            before = event.get("previous_message") or {}
            if _anothers(before, bot_user_id):
                return None
            where = Channel("slack", body["team_id"], event["channel"])
            return Deleted(where, (event["deleted_ts"],), before.get("thread_ts"))
        case _:
            return None


def _changed(where: Channel, event: Mapping[str, Any], bot_user_id: str) -> Change | None:
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    thread = message.get("thread_ts")
    if message.get("subtype") == "tombstone":
        # Slack: a deleted message that has replies stays as a tombstone, so that its thread has a root.
        return None if _anothers(before, bot_user_id) else Deleted(where, (message["ts"],), thread)
    edited, text = message.get("edited") or {}, message.get("text") or ""
    if not (edited and _from_person(message, bot_user_id)) or text == before.get("text"):
        return None
    return Edited(
        where,
        message["ts"],
        said(text, bot_user_id),
        thread,
        at=_microseconds(edited.get("ts") or "0"),
        to_bot=event.get("channel_type") == "im" or f"<@{bot_user_id}" in text,
    )


def _pinned(team: str, event: Mapping[str, Any]) -> Change | None:
    item = event.get("item") or {}
    message = item.get("message") or {}
    if item.get("type") != "message" or "ts" not in message:
        return None
    where = Channel("slack", team, event.get("channel_id") or item["channel"])
    return Pinned(where, message["ts"], event["type"] == "pin_added", message.get("thread_ts"))


def read_leaving(body: Mapping[str, Any], bot_user_id: str) -> str | None:
    """The workspace that an ``event_callback`` body says the bot was removed from; None when it says something else.

    Slack: app_uninstalled and tokens_revoked come in any order, and in the latter ``tokens.bot`` has ids of bot users.
    """
    event = body.get("event") or {}
    kind = event.get("type")
    revoked = kind == "tokens_revoked" and bot_user_id in ((event.get("tokens") or {}).get("bot") or ())
    return str(body["team_id"]) if revoked or kind == "app_uninstalled" else None


def _anothers(message: Mapping[str, Any], bot_user_id: str) -> bool:
    """It was another bot's: neither a question nor an answer of ours."""
    return bool(message.get("bot_id")) and message.get("user") != bot_user_id


def _microseconds(ts: str) -> int:
    """Slack's ``1732300000.000100``; 0 for what is none."""
    seconds, _, rest = ts.partition(".")
    digits = seconds + f"{rest:0<6}"[:6]
    return int(digits) if digits.isdigit() else 0
