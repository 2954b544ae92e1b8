"""What Slack sends, and what the core is told of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.events import read_event
from adapters.slack.names import Names
from core.conversation import Attachment, Channel, Conversation, SaidTo, UserMessage

BOT = "U0LAN0Z89"
TEAM, ADA, EVENT, TS, LATER = (
    "T024BE7LD",
    "U061F7AUR",
    "Ev0PV52K25",
    "1732300000.000100",
    "1732300009.000200",
)
BODIES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "events.json").read_text(encoding="utf-8")
)


LOG = Attachment(
    "trace.log", "text/plain", 1234, "https://files.slack.com/files-pri/T024BE7LD-F05ABCDEF/trace.log"
)


def said(
    text: str,
    channel: str,
    thread: str | None,
    *files: Attachment,
    ts: str = TS,
    opens_thread: bool = False,
) -> UserMessage:
    place = Conversation(Channel("slack", TEAM, channel), thread)
    return UserMessage(place, EVENT, ts, ADA, text, opens_thread=opens_thread, attachments=files)


READ = {
    "mention in a channel": said("what does this error mean?", "C0LAN2Q65", TS, opens_thread=True),
    "mention in a thread": said("and  now?", "C0LAN2Q65", TS, ts=LATER),
    "mention in a private channel": said("psst", "G0LAN2Q65", TS, opens_thread=True),
    "mention with a label": said("hello", "C0LAN2Q65", TS, opens_thread=True),
    "mention alone": said("", "C0LAN2Q65", TS, opens_thread=True),
    "mention with a file": said("look", "C0LAN2Q65", TS, LOG, opens_thread=True),
    "direct message": said("is 1 < 2 && 2 > 1?", "D024BE91L", None),
    "direct message in a thread": said("go on", "D024BE91L", TS, ts=LATER),
    "direct message with a file": said("", "D024BE91L", None, LOG),
    "direct reply that is shown outside its thread": said(
        "all should see this", "D024BE91L", "1732299000.000100"
    ),
}


@pytest.mark.parametrize("what", READ)
def test_what_is_meant_for_the_bot_becomes_a_message(what: str) -> None:
    assert read_event(BODIES[what], BOT) == READ[what]


SAID_TO_ALL = {"message in a channel", "message in a group of people"}


@pytest.mark.parametrize("what", sorted(BODIES.keys() - READ.keys() - SAID_TO_ALL))
def test_what_nobody_wrote_or_a_mention_brings_as_well_is_left_alone(what: str) -> None:
    assert read_event(BODIES[what], BOT) is None


@pytest.mark.parametrize("what", sorted(SAID_TO_ALL))
def test_what_was_said_to_everybody_says_so(what: str) -> None:
    body = BODIES[what]
    found = read_event(body, BOT)
    assert found is not None
    assert (found.said_to, found.opens_thread) == (SaidTo.CHANNEL, True)
    in_thread = read_event({**body, "event": {**body["event"], "thread_ts": "1700000000.000001"}}, BOT)
    assert in_thread is not None
    assert (in_thread.said_to, in_thread.opens_thread) == (SaidTo.THREAD, False)
    assert in_thread.conversation.thread == "1700000000.000001"


def test_every_expectation_has_its_payload() -> None:
    assert READ.keys() <= BODIES.keys()
    assert len(BODIES) - len(READ) >= 12


def test_a_mention_and_the_message_beside_it_are_one_turn() -> None:
    """Slack sends both under ids of their own; where both are read, the message's ts makes them one."""
    mention = read_event(BODIES["mention in a channel"], BOT)
    beside = BODIES["the message beside a mention"]
    again = read_event({**beside, "event": {**beside["event"], "type": "app_mention"}}, BOT)
    assert mention is not None
    assert again is not None
    assert mention.event_id != again.event_id
    assert mention.turn_id == again.turn_id


@pytest.mark.parametrize("what", READ)
def test_a_redelivery_is_the_same_message(what: str) -> None:
    again = {**BODIES[what], "event_time": 1732300300, "event_context": "another"}
    assert read_event(again, BOT) == READ[what]


@pytest.mark.parametrize("body", [{}, {"event": None}, {"type": "event_callback", "event": {}}])
def test_a_body_without_an_event_is_left_alone(body: dict[str, Any]) -> None:
    assert read_event(body, BOT) is None


@pytest.mark.parametrize(
    ("command", "text", "name", "argument"),
    [
        ("model", "", "model", ""),
        ("model", "  public/deepseek-r1 ", "model", "public/deepseek-r1"),
        ("drun", "", "help", ""),
        ("drun", "   ", "help", ""),
        ("drun", "model public/deepseek-r1", "model", "public/deepseek-r1"),
        ("drun", " reset ", "reset", ""),
        ("drun", "sing a song", "sing", "a song"),
    ],
)
def test_a_slash_command_is_a_word_of_its_own_or_one_behind_the_umbrella(
    command: str, text: str, name: str, argument: str
) -> None:
    assert Names().typed(command, text) == (name, argument)
