"""The whole program in this process, on doubles: every object is the real one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bots.configuration import configure
from bots.run import Serving, serving
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble

KEY = "sk-journey-key-0123456789"


def on_slack(slack: SlackDouble) -> dict[str, str]:
    return {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
    }


def on_discord(discord: DiscordDouble) -> dict[str, str]:
    return {
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "DISCORD_TOKEN": discord.token,
    }


def asking(drun: DrunDouble) -> dict[str, str]:
    return {"DRUN_BASE_URL": drun.maas_url, "DRUN_SERVICE_BASE_URL": drun.service_url, "DRUN_API_KEY": KEY}


@asynccontextmanager
async def running(
    redis_url: str, *parts: dict[str, str], only: tuple[str, ...] = ()
) -> AsyncGenerator[Serving, None]:
    """The program with the settings of ``parts``, until the block ends."""
    environment = {"REDIS_URL": redis_url, "WEB_PORT": "0", "DRAIN_S": "5"}
    for part in parts:
        environment |= part
    async with serving(configure(only, environment)) as up:
        yield up
