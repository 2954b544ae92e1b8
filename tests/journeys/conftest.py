from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import KEY
from tests.journeys.stages import DiscordStage, SlackStage, Stage, WebStage


@pytest.fixture
async def drun() -> AsyncIterator[DrunDouble]:
    async with DrunDouble(key=KEY) as double:
        yield double


@pytest.fixture
async def slack() -> AsyncIterator[SlackStage]:
    async with SlackDouble(bot_token="xoxb-journey-token", app_token="xapp-journey-token") as double:
        yield SlackStage(double)


@pytest.fixture
async def discord() -> AsyncIterator[DiscordStage]:
    async with DiscordDouble(
        token="am91cm5leS1ib3QtaWQtMDAw.journe.y-token-of-the-discord-double-00"
    ) as double:
        yield DiscordStage(double)


@pytest.fixture
async def web() -> AsyncIterator[WebStage]:
    async with aiohttp.ClientSession() as http:
        stage = WebStage(http)
        yield stage
        await stage.leave()


@pytest.fixture(params=["slack", "discord", "web"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Every platform, one after the other."""
    if request.param == "slack":
        async with SlackDouble(bot_token="xoxb-journey-token", app_token="xapp-journey-token") as slack:
            yield SlackStage(slack)
    elif request.param == "discord":
        async with DiscordDouble(
            token="am91cm5leS1ib3QtaWQtMDAw.journe.y-token-of-the-discord-double-00"
        ) as discord:
            yield DiscordStage(discord)
    else:
        async with aiohttp.ClientSession() as http:
            web = WebStage(http)
            yield web
            await web.leave()
