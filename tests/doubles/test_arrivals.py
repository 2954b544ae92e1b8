"""The doubles tell of the bot's coming as the platforms do."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.permissions import Permission
from tests.doubles.slack import SlackDouble
from tests.doubles.slack.clients import call
from tests.doubles.slack.methods import ALL_SCOPES
from tests.doubles.test_discord_double import point_library_at

JOINED = "member_joined_channel"


@asynccontextmanager
async def slack_with(*missing: str) -> AsyncGenerator[SlackDouble, None]:
    """A workspace with one socket, whose app lacks the scopes ``missing``."""
    async with SlackDouble(events={JOINED, "message.channels"}, scopes=ALL_SCOPES - set(missing)) as slack:
        url = (await call(slack, "apps.connections.open", token=slack.app_token)).body["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(url):
            await slack.connected()
            yield slack


def told(slack: SlackDouble, kind: str) -> list[dict[str, Any]]:
    events = [delivery.payload["event"] for delivery in slack.deliveries]
    return [event for event in events if event["type"] == kind]


async def test_slack_tells_the_app_of_its_own_coming_with_who_invited_it() -> None:
    async with slack_with() as slack:
        ada, channel = slack.add_user("ada"), slack.add_channel("new")
        channel.has_bot = False
        channel.members.remove(slack.bot_user_id)
        await slack.acts.invite(channel, by=ada)
        [event] = told(slack, JOINED)
        assert (event["user"], event["channel"], event["channel_type"], event["inviter"]) == (
            slack.bot_user_id,
            channel.id,
            "C",
            ada.id,
        )
        [notice] = told(slack, "message")
        assert (notice["subtype"], notice["user"]) == ("channel_join", slack.bot_user_id)
        assert (await call(slack, "chat.postMessage", channel=channel.id, text="hello")).body["ok"]


async def test_slack_tells_of_others_only_where_the_app_is_and_of_kinds_that_it_may_read() -> None:
    async with slack_with("groups:read") as slack:
        bob, away = slack.add_user("bob"), slack.add_channel("away")
        away.has_bot = False
        for channel in (away, slack.add_channel("private", kind="group")):
            await slack.acts.join(bob, channel)
        assert told(slack, JOINED) == []
        await slack.acts.join(bob, slack.add_channel("open"))
        [event] = told(slack, JOINED)
        assert event["user"] == bob.id
        assert "inviter" not in event


async def test_slack_nobody_joins_a_direct_message() -> None:
    async with SlackDouble() as slack:
        ada = slack.add_user("ada")
        with pytest.raises(AssertionError, match="has the members that it has"):
            await slack.acts.join(slack.add_user("bob"), slack.open_dm(ada))


class Listener(discord.AutoShardedClient):
    """Remembers what the library makes of GUILD_CREATE and GUILD_DELETE."""

    def __init__(self, double: DiscordDouble) -> None:
        super().__init__(shard_count=1, intents=discord.Intents(guilds=True), guild_ready_timeout=0.05)
        self.double = double
        self.seen: list[tuple[str, str]] = []
        self.guilds_seen: list[discord.Guild] = []
        self.is_heard = False

    async def on_ready(self) -> None:
        self.is_heard = True
        self.double.recheck()

    def _see(self, what: str, guild: discord.Guild) -> None:
        self.seen.append((what, guild.name))
        self.guilds_seen.append(guild)
        self.double.recheck()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._see("join", guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        self._see("available", guild)

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self._see("unavailable", guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self._see("remove", guild)


@asynccontextmanager
async def listener(double: DiscordDouble) -> AsyncGenerator[Listener, None]:
    point_library_at(double)
    async with Listener(double) as client:
        running = asyncio.create_task(client.start(double.token))
        await double.until(lambda: client.is_heard)
        yield client
        await client.close()
        await running


async def test_discord_a_guild_that_was_there_becomes_available_and_a_new_one_is_joined() -> None:
    async with DiscordDouble() as double:
        old = double.add_guild("Old")
        async with listener(double) as client:
            await double.until(lambda: client.seen == [("available", "Old")])
            double.add_guild("New")
            await double.until(lambda: client.seen[1:] == [("join", "New")])
            old.go_out()
            old.come_back()
            await double.until(lambda: client.seen[2:] == [("unavailable", "Old"), ("available", "Old")])
            old.remove_bot()
            await double.until(lambda: client.seen[4:] == [("remove", "Old")])


@pytest.mark.parametrize("denied", [(), (Permission.SEND_MESSAGES,), (Permission.VIEW_CHANNEL,)])
async def test_discord_the_system_channel_comes_with_the_guild_and_with_what_is_denied_there(
    denied: tuple[Permission, ...],
) -> None:
    async with DiscordDouble() as double, listener(double) as client:
        double.add_guild("New", system_channel="welcome", denied=denied)
        await double.until(lambda: client.seen == [("join", "New")])
        [guild] = client.guilds_seen
        assert guild.system_channel is not None
        assert guild.system_channel.name == "welcome"
        may = guild.system_channel.permissions_for(guild.me)
        # discord.py: who may not see a channel may do nothing there.
        assert may.send_messages is not bool(denied)
        assert may.view_channel is (Permission.VIEW_CHANNEL not in denied)
