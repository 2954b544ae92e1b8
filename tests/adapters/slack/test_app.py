"""Slack's clock: what has to be answered within three seconds, and what a start does about a socket that fails."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.faults import HttpError
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import KEY, running
from tests.journeys.stages import SlackStage


@pytest.fixture
async def drun() -> AsyncIterator[DrunDouble]:
    async with DrunDouble(key=KEY) as double:
        yield double


@pytest.fixture
async def slack() -> AsyncIterator[SlackStage]:
    async with SlackDouble(bot_token="xoxb-app-token", app_token="xapp-app-token") as double:
        yield SlackStage(double)


async def test_a_command_that_takes_longer_is_acked_in_time_and_answered_later(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    channel = slack.channel("general")
    async with running(redis_url, drun, slack), Redis.from_url(redis_url) as redis:
        await redis.client_pause(3500)
        shown = await channel.slash(slack.ada, "/model")
        assert shown.acked, "Slack tells people after 3 s that the command failed"
        await slack.until(lambda: shown.responses)
    assert "`public/deepseek-v3` answers" in shown.texts[0]
    assert shown.responses[0]["response_type"] == "ephemeral"


@pytest.mark.slow
async def test_a_refused_handshake_is_tried_again_at_a_new_address(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    """Also later, when a socket is replaced: an address that was used once is refused for ever."""
    drun.reply_with("Here I am.")
    slack.slack.fail("socket.connect", HttpError(503))
    async with running(redis_url, drun, slack):
        asked = await slack.ask("hello")
        await slack.until(lambda: slack.answers(asked) == ["Here I am."])
        slack.slack.fail("socket.connect", HttpError(503))
        await slack.slack.disconnect("reset")
        await slack.slack.until(lambda: len(slack.slack.links) == 0)
        await slack.slack.connected(1)
        again = await slack.ask("and now?")
        await slack.until(lambda: slack.answers(again) == ["Here I am."])
