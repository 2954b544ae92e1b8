from collections.abc import AsyncIterator

import pytest

from tests.bots.settings_of import DISCORD_TOKEN, KEY
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble


@pytest.fixture
async def drun() -> AsyncIterator[DrunDouble]:
    async with DrunDouble(key=KEY) as double:
        yield double


@pytest.fixture
async def slack() -> AsyncIterator[SlackDouble]:
    async with SlackDouble(bot_token="xoxb-cli-token", app_token="xapp-cli-token") as double:
        yield double


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble(token=DISCORD_TOKEN) as double:
        yield double
