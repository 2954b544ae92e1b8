"""What Discord sends, and what the core is told of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from adapters.discord.events import DIRECT, place, read_message
from core.conversation import Attachment, Channel, Conversation, SaidTo, UserMessage

BOT, ADA = 1090000000000000001, "80351110224678912"
GUILD, CHANNEL, THREAD, DM = (
    "290926798626357999",
    "290926798999357250",
    "290926798999357300",
    "319674150115610528",
)
MESSAGE = "1309000000000000001"
PAYLOADS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "messages.json").read_text(encoding="utf-8")
)
THREAD_PAYLOAD = {
    "id": THREAD,
    "type": 11,
    "guild_id": GUILD,
    "parent_id": CHANNEL,
    "owner_id": ADA,
    "name": "a thread",
    "message_count": 1,
    "member_count": 1,
    "thread_metadata": {
        "archived": False,
        "auto_archive_duration": 1440,
        "archive_timestamp": "2026-11-22T18:00:00.000000+00:00",
        "locked": False,
    },
}
GUILD_PAYLOAD = {
    "id": GUILD,
    "name": "Acme",
    "channels": [{"id": CHANNEL, "type": 0, "name": "general", "position": 0, "permission_overwrites": []}],
    "threads": [THREAD_PAYLOAD],
}


def received(payload: dict[str, Any]) -> discord.Message:
    """The object that discord.py makes of a MESSAGE_CREATE, without a connection."""
    # Any: discord.py's payload types ask for more than Discord sends.
    state: Any = discord.Client(intents=discord.Intents.default())._connection
    channel: Any
    if "guild_id" in payload:
        guild_payload: Any = GUILD_PAYLOAD
        guild = discord.Guild(data=guild_payload, state=state)
        state._add_guild(guild)
        channel = guild.get_channel_or_thread(int(payload["channel_id"]))
    else:
        direct: Any = {"id": DM, "type": 1, "recipients": [payload["author"]]}
        me: Any = None
        channel = discord.DMChannel(me=me, state=state, data=direct)
    assert channel is not None
    data: Any = payload
    return discord.Message(state=state, channel=channel, data=data)


LOG = Attachment(
    "trace.log",
    "text/plain; charset=utf-8",
    1234,
    f"{CHANNEL} {MESSAGE} 1309000000000000009 "
    "https://cdn.discordapp.com/attachments/1/2/trace.log?ex=1&is=2&hm=3&",
)


def said(text: str, *files: Attachment, workspace: str = GUILD, channel: str = CHANNEL) -> UserMessage:
    where = Conversation(Channel("discord", workspace, channel))
    return UserMessage(where, MESSAGE, MESSAGE, ADA, text, attachments=files)


READ = {
    "mention": said("what does this error mean?"),
    "mention by nickname": said("hello"),
    "mention in a thread": replace(said("and now?", channel=THREAD), in_thread=True),
    "mention of somebody besides": said("greet @Bob and <@1>"),
    "mention alone": said(""),
    "mention with a file": said("look", LOG),
    "reply that pings": said("go on"),
    "reply that does not ping": said("go on"),
    "direct message": said("is 1 < 2 && 2 > 1?", workspace=DIRECT, channel=DM),
    "direct message with a mention": said("hi", workspace=DIRECT, channel=DM),
    "direct reply": said("go on", workspace=DIRECT, channel=DM),
}


@pytest.mark.parametrize("what", READ)
async def test_what_is_meant_for_the_bot_becomes_a_message(what: str) -> None:
    assert read_message(received(PAYLOADS[what]), BOT) == READ[what]


SAID_TO_ALL = {
    "mention of another",
    "reply to what is gone",
    "the bot's name in words",
    "reply to another",
    "mention of a role",
    "message to everyone",
    "message in a channel",
}


@pytest.mark.parametrize("what", sorted(PAYLOADS.keys() - READ.keys() - SAID_TO_ALL))
async def test_what_nobody_wrote_is_left_alone(what: str) -> None:
    assert read_message(received(PAYLOADS[what]), BOT) is None


@pytest.mark.parametrize("what", sorted(SAID_TO_ALL))
async def test_what_was_said_to_others_says_so(what: str) -> None:
    found = read_message(received(PAYLOADS[what]), BOT)
    assert found is not None
    assert found.said_to is SaidTo.CHANNEL


def test_every_expectation_has_its_payload() -> None:
    assert READ.keys() <= PAYLOADS.keys()
    assert len(PAYLOADS) - len(READ) >= 14


async def test_a_replayed_message_is_the_same_turn() -> None:
    """After a fresh identify Discord sends nothing again; who reads forward makes the same message of it."""
    first = read_message(received(PAYLOADS["mention"]), BOT)
    again = read_message(received({**PAYLOADS["mention"], "nonce": None}), BOT)
    assert first is not None
    assert again is not None
    assert first.turn_id == again.turn_id
    assert len(first.turn_id) <= 25, "Discord: a nonce holds 25 characters"


@pytest.mark.parametrize("what", sorted(PAYLOADS))
async def test_a_message_read_over_rest_is_the_same_as_over_the_gateway(what: str) -> None:
    """Discord: a message in a channel's history names no guild and no members."""
    payload = PAYLOADS[what]
    bare = {name: value for name, value in payload.items() if name not in {"guild_id", "member"}}
    bare["mentions"] = [
        {name: value for name, value in user.items() if name != "member"} for user in payload["mentions"]
    ]
    state: Any = discord.Client(intents=discord.Intents.default())._connection
    data: Any = bare
    read = discord.Message(
        state=state, channel=discord.PartialMessageable(state, int(payload["channel_id"])), data=data
    )
    where = place(discord.Object(GUILD) if "guild_id" in payload else None, int(payload["channel_id"]))
    heard = read_message(received(payload), BOT)
    # Discord: nor whether its channel is a thread.
    expected = replace(heard, in_thread=False) if heard else None
    assert read_message(read, BOT, where) == expected


def test_a_direct_message_has_a_workspace_that_no_guild_can_have() -> None:
    assert place(None, 1) == Channel("discord", DIRECT, "1")
    assert not DIRECT.isdigit()
