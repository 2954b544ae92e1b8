"""From a message in Slack to the model and back, over the real wire."""

from collections.abc import AsyncIterator

import pytest

from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import KEY, asking, on_slack, running


@pytest.fixture
async def slack() -> AsyncIterator[SlackDouble]:
    async with SlackDouble(bot_token="xoxb-journey", app_token="xapp-journey") as double:
        yield double


@pytest.fixture
async def drun() -> AsyncIterator[DrunDouble]:
    async with DrunDouble(key=KEY) as double:
        yield double


async def test_a_mention_in_a_channel_is_answered_in_its_thread(
    redis_url: str, slack: SlackDouble, drun: DrunDouble
) -> None:
    drun.reply_with("Hello from d.run.")
    channel, ada = slack.add_channel("general"), slack.add_user("ada")
    async with running(redis_url, asking(drun), on_slack(slack), only=("slack", "worker")):
        asked = await channel.say(ada, f"<@{slack.bot_user_id}> hi &amp; hello")
        await slack.until(lambda: [m.text for m in channel.thread(asked.ts)] == ["Hello from d.run."])
    assert drun.requests[-1].messages[-1] == {"role": "user", "content": "hi & hello"}
    assert slack.throttled == 0
