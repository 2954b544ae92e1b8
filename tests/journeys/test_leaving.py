"""The bot is removed from a workspace: what it kept of it goes."""

from collections.abc import AsyncIterator

from redis.asyncio import Redis

from tests.core.store.talk import eventually
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage, SlackStage

EVENTS = {"app_mention", "message.im", "app_uninstalled", "tokens_revoked"}


async def kept_of(redis_url: str, workspace: str) -> list[str]:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        names: AsyncIterator[str] = redis.scan_iter(f"*{workspace}*")
        return [name async for name in names]


async def test_slack_uninstalls_the_app(redis_url: str, drun: DrunDouble) -> None:
    drun.reply_with("Hello.")
    async with SlackDouble(bot_token="xoxb-left-token", app_token="xapp-left-token", events=EVENTS) as double:
        slack = SlackStage(double)
        async with running(redis_url, drun, slack):
            asked = await slack.ask("hello")
            await slack.until(lambda: slack.answers(asked) == ["Hello."])
            assert await kept_of(redis_url, double.team_id)
            told = double.removed(tokens=True)
            await slack.until(lambda: told.acked)
            assert await kept_of(redis_url, double.team_id) == []
            # The other event of the same removal, in whatever order they come.
            told = double.removed()
            await slack.until(lambda: told.acked)
        assert await kept_of(redis_url, double.team_id) == []


async def test_tokens_of_somebody_else_are_no_removal(redis_url: str, drun: DrunDouble) -> None:
    drun.reply_with("Hello.")
    async with SlackDouble(bot_token="xoxb-left-token", app_token="xapp-left-token", events=EVENTS) as double:
        slack = SlackStage(double)
        async with running(redis_url, drun, slack):
            asked = await slack.ask("hello")
            await slack.until(lambda: slack.answers(asked) == ["Hello."])
            told = double.removed(tokens=True, of="U0SOMEBODY")
            await slack.until(lambda: told.acked)
            assert await kept_of(redis_url, double.team_id)


async def test_discord_removes_the_bot(redis_url: str, discord: DiscordStage, drun: DrunDouble) -> None:
    drun.reply_with("Hello.")
    async with running(redis_url, drun, discord):
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked) == ["Hello."])
        guild = discord.guild
        assert await kept_of(redis_url, str(guild.id))
        guild.remove_bot()

        async def forgotten() -> bool:
            return await kept_of(redis_url, str(guild.id)) == []

        await eventually(forgotten)
    assert await kept_of(redis_url, str(guild.id)) == []


async def test_a_server_that_is_only_away_is_not_forgotten(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Hello.")
    double: DiscordDouble = discord.discord
    async with running(redis_url, drun, discord):
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked) == ["Hello."])
        discord.guild.tell("GUILD_DELETE", {"id": discord.guild.id, "unavailable": True})
        again = await discord.ask("still there?")
        await discord.until(lambda: discord.answers(again) == ["Hello."])
        assert await kept_of(redis_url, str(discord.guild.id))
    assert double.requests
