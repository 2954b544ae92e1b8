"""What the doubles tell when people change what they said."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from adapters.slack.manifest import manifest
from adapters.slack.names import Names
from tests.doubles.discord import DiscordDouble
from tests.doubles.slack import SlackDouble
from tests.doubles.test_discord_double import connected


@pytest.fixture
async def slack() -> AsyncIterator[SlackDouble]:
    async with SlackDouble(
        events=manifest(Names())["settings"]["event_subscriptions"]["bot_events"]
    ) as double:
        yield double


async def told(slack: SlackDouble, ws: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    event: dict[str, Any] = (await ws.receive_json())["payload"]["event"]
    return event


async def test_slack_leaves_a_tombstone_where_a_deleted_message_has_replies(slack: SlackDouble) -> None:
    ada, channel = slack.add_user("ada"), slack.add_channel("general")
    async with aiohttp.ClientSession() as http:
        opened = await http.post(
            f"{slack.api_url}apps.connections.open", headers={"Authorization": f"Bearer {slack.app_token}"}
        )
        async with http.ws_connect((await opened.json())["url"]) as ws:
            assert (await ws.receive_json())["type"] == "hello"
            root = await channel.say(ada, "root")
            reply = await channel.say(ada, "reply", thread=root.ts)
            await slack.acts.pin(ada, root)
            await slack.acts.pin(ada, root, pinned=False)
            await channel.remove(root)
            await channel.remove(reply)
            events = [await told(slack, ws) for _ in range(6)]
    kinds = [(event["type"], event.get("subtype")) for event in events[2:]]
    assert kinds == [
        ("pin_added", None),
        ("pin_removed", None),
        ("message", "message_changed"),
        ("message", "message_deleted"),
    ]
    assert events[2]["item"]["message"]["ts"] == root.ts
    assert (events[4]["message"]["subtype"], events[4]["message"]["ts"]) == ("tombstone", root.ts)
    assert events[4]["previous_message"]["text"] == "root"


async def test_discord_tells_of_pins_links_and_many_deletions() -> None:
    async with DiscordDouble() as double:
        guild, ada = double.add_guild("Acme"), double.add_user("ada")
        channel = guild.add_channel("general")
        heard: list[Any] = []
        async with connected(double) as bot:

            async def on_raw_message_edit(raw: discord.RawMessageUpdateEvent) -> None:
                heard.append((raw.message.pinned, len(raw.message.embeds), raw.message.edited_at))
                double.recheck()

            async def on_raw_bulk_message_delete(raw: discord.RawBulkMessageDeleteEvent) -> None:
                heard.append(raw.message_ids)
                double.recheck()

            bot.event(on_raw_message_edit)
            bot.event(on_raw_bulk_message_delete)
            first, second = await channel.say(ada, "<@BOT> one"), await channel.say(ada, "<@BOT> two")
            await channel.pin(first)
            await channel.resolve_links(second)
            await channel.purge(first, second)
            await double.until(lambda: len(heard) == 3)
        assert heard == [(True, 0, None), (False, 1, None), {int(first.id), int(second.id)}]
        assert first.deleted
        assert second.deleted
