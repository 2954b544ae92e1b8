"""A process ends while Slack is still answering its post."""

import asyncio

from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.faults import Hold
from tests.journeys.running import running
from tests.journeys.stages import SlackStage


async def test_a_post_that_was_under_way_at_the_end_of_a_process_is_found_by_the_next(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    """The turn is handed on without losing an attempt; somebody has had it all the same."""
    drun.script(Script("Just one."), Script("Just one."), Script("Another."))
    answered = asyncio.Event()
    slack.slack.fail("chat.postMessage", Hold(answered))
    async with running(redis_url, drun, slack, settings={"DRAIN_S": "0"}):
        asked = await slack.ask("hello")
        await slack.until(lambda: slack.answers(asked) == ["Just one."])
    answered.set()
    async with running(redis_url, drun, slack):
        await drun.until(lambda: len(drun.requests) == 2)
        following = await slack.ask_on(asked, "and now?")
        await slack.until(lambda: "Another." in slack.answers(following))
    assert slack.answers(asked) == ["Just one.", "Another."]
