"""The whole program, told nothing but another REDIS_URL."""

from core.store.keys import PARTITIONS
from tests.core.store.clusters import Clustered
from tests.core.store.sentinels import Watched
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import SlackStage, Stage, WebStage


async def is_answered(stage: Stage, channel: str, answer: str) -> None:
    asked = await stage.ask("hello", channel=channel)
    await stage.until(lambda: stage.answers(asked) == [answer])
    further = await stage.ask_on(asked, "and again")
    await stage.until(lambda: stage.answers(further) == [answer])


async def test_the_page_answers_on_a_cluster(cluster: Clustered, web: WebStage, drun: DrunDouble) -> None:
    await cluster.flush()
    drun.reply_with("Hello from a Cluster.")
    async with running(cluster.url, drun, web):
        for channel in ("general", "random", "help"):
            await is_answered(web, channel, "Hello from a Cluster.")
    async with cluster.newly() as fresh:
        assert await (await fresh.master_of(PARTITIONS)).redis.get(PARTITIONS) == "16"


async def test_slack_is_answered_with_sentinels(
    sentinels: Watched, slack: SlackStage, drun: DrunDouble
) -> None:
    await sentinels.flush()
    drun.reply_with("Hello from a master.")
    async with running(sentinels.url, drun, slack):
        await is_answered(slack, "general", "Hello from a master.")
