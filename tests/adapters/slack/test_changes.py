"""What Slack tells of messages that were said before, and what the core is told of it."""

from typing import Any

import pytest

from adapters.slack.events import read_change, read_event
from core.changes import Change, Deleted, Edited, Pinned
from core.conversation import Channel

BOT, BOT_ID, TEAM, GENERAL, DM = "U0LAN0Z89", "B0LAN0Z89", "T024BE7LD", "C0LAN2Q65", "D024BE91L"
TS, THREAD, EDITED_TS = "1732300009.000200", "1732300000.000100", "1732300042.000000"
EDITED_AT = 1_732_300_042_000_000
WHERE = Channel("slack", TEAM, GENERAL)


def body(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "token": "verification-token",
        "team_id": TEAM,
        "api_app_id": "A0MDYCDME",
        "event": {"event_ts": "1732300043.000300", **event},
        "type": "event_callback",
        "event_id": "Ev0PV52K25",
        "event_time": 1732300043,
    }


def message(text: str, **known: Any) -> dict[str, Any]:
    made = {"type": "message", "user": "U061F7AUR", "ts": TS, "text": text, "team": TEAM, **known}
    return {name: value for name, value in made.items() if value is not None}


EDIT = {"user": "U061F7AUR", "ts": EDITED_TS}


def changed(now: dict[str, Any], before: dict[str, Any] | None, channel: str = GENERAL) -> dict[str, Any]:
    event = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": channel,
        "channel_type": "im" if channel == DM else "channel",
        "ts": "1732300043.000300",
        "message": now,
        "previous_message": before,
    }
    return body({name: value for name, value in event.items() if value is not None})


def deleted(before: dict[str, Any] | None) -> dict[str, Any]:
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": GENERAL,
        "channel_type": "channel",
        "ts": "1732300043.000300",
        "deleted_ts": TS,
        "previous_message": before,
    }
    return body({name: value for name, value in event.items() if value is not None})


def pinned(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    return body({"type": kind, "user": "U061F7AUR", "channel_id": GENERAL, "item": item})


def of_bot(text: str, **known: Any) -> dict[str, Any]:
    return message(text, user=BOT, bot_id=BOT_ID, thread_ts=THREAD, **known)


TOMBSTONE = {
    "type": "message",
    "subtype": "tombstone",
    "text": "This message was deleted.",
    "user": "USLACKBOT",
    "hidden": True,
    "thread_ts": TS,
    "reply_count": 1,
    "ts": TS,
}
ITEM = {"type": "message", "channel": GENERAL, "created": 1732300043, "created_by": "U061F7AUR"}
FORM = message("hi", user="U0OTHER", bot_id="B0OTHER")

CHANGES: dict[str, tuple[dict[str, Any], Change]] = {
    "an edit": (
        changed(message(f"<@{BOT}> 1 &lt; 2?", edited=EDIT), message(f"<@{BOT}> 1 &lt; 1?")),
        Edited(WHERE, TS, "1 < 2?", at=EDITED_AT, to_bot=True),
    ),
    "an edit in a thread": (
        changed(
            message(f"<@{BOT}> b", edited=EDIT, thread_ts=THREAD), message(f"<@{BOT}> a", thread_ts=THREAD)
        ),
        Edited(WHERE, TS, "b", THREAD, EDITED_AT, to_bot=True),
    ),
    "an edit that takes the mention away": (
        changed(message("never mind", edited=EDIT), message(f"<@{BOT}> a")),
        Edited(WHERE, TS, "never mind", at=EDITED_AT),
    ),
    "an edit in a direct message": (
        changed(message("b", edited=EDIT), message("a"), DM),
        Edited(Channel("slack", TEAM, DM), TS, "b", at=EDITED_AT, to_bot=True),
    ),
    "an edit of what stood beside a file": (
        changed(message("b", edited=EDIT, subtype="file_share"), message("a", subtype="file_share")),
        Edited(WHERE, TS, "b", at=EDITED_AT),
    ),
    "an edit without what was before": (
        changed(message("b", edited={"ts": "odd"}), None),
        Edited(WHERE, TS, "b"),
    ),
    "a deletion": (deleted(message("a")), Deleted(WHERE, (TS,))),
    "a deletion in a thread": (deleted(message("a", thread_ts=THREAD)), Deleted(WHERE, (TS,), THREAD)),
    "a deletion without what was before": (deleted(None), Deleted(WHERE, (TS,))),
    "a deleted answer": (deleted(of_bot("re")), Deleted(WHERE, (TS,), THREAD)),
    "a deletion that leaves a tombstone": (
        changed(TOMBSTONE, message("a", thread_ts=TS)),
        Deleted(WHERE, (TS,), TS),
    ),
    "a pin": (pinned("pin_added", ITEM | {"message": message("a")}), Pinned(WHERE, TS, pinned=True)),
    "a pinned answer": (
        pinned("pin_added", ITEM | {"message": of_bot("re")}),
        Pinned(WHERE, TS, pinned=True, thread=THREAD),
    ),
    "a pin that is taken off": (
        pinned("pin_removed", ITEM | {"message": message("a")}),
        Pinned(WHERE, TS, pinned=False),
    ),
}
ATTACHED = [{"from_url": "https://example.com", "title": "Example", "id": 1}]
NOTHING = {
    "an unfurled link": changed(
        message("https://example.com", attachments=ATTACHED), message("https://example.com")
    ),
    "an unfurled link of an edited message": changed(
        message("a", edited=EDIT, attachments=ATTACHED), message("a", edited=EDIT)
    ),
    "a reply in its thread": changed(message("a", reply_count=1, thread_ts=TS), message("a")),
    "the bot's own edit": changed(of_bot("one two", edited=EDIT), of_bot("one")),
    "another bot's edit": changed(
        message("b", user="U0OTHER", bot_id="B0OTHER", edited=EDIT), message("a", user="U0OTHER")
    ),
    "another bot's deletion": deleted(FORM),
    "another bot's tombstone": changed(TOMBSTONE, FORM),
    "a pinned file": pinned("pin_added", {"type": "file", "file": {"id": "F1"}, "channel": GENERAL}),
    "a channel's new topic": changed(
        message("set the topic", subtype="channel_topic", edited=EDIT), message("topic")
    ),
    "a message": body({**message("a"), "channel": GENERAL, "channel_type": "channel"}),
    "another event": body({"type": "app_home_opened", "user": "U061F7AUR", "channel": DM}),
    "no event": {"type": "event_callback"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_people_did_to_a_message_becomes_a_change(what: str) -> None:
    payload, expected = CHANGES[what]
    assert read_change(payload, BOT) == expected
    assert read_event(payload, BOT) is None


@pytest.mark.parametrize("what", NOTHING)
def test_what_changes_nothing_that_was_said_is_left_alone(what: str) -> None:
    assert read_change(NOTHING[what], BOT) is None
