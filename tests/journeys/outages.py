"""The whole program on a store of the test's own that goes and comes back, and what may be seen of that."""

from collections.abc import AsyncGenerator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import aiohttp
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from bots.run import Serving
from core import texts
from tests.core.store.own_server import OwnServer
from tests.core.store.talk import eventually, until
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import Asked, SlackStage, WebStage

Log = Sequence[MutableMapping[str, Any]]
AWAY = "Redis does not answer; it is asked until it does"
BACK = "Redis answers again"


@asynccontextmanager
async def serving(
    server: OwnServer, drun: DrunDouble, slack: SlackStage, web: WebStage, lease_s: str = "1"
) -> AsyncGenerator[tuple[Serving, Log], None]:
    with capture_logs() as log:
        async with running(server.url, drun, slack, web, settings={"LEASE_S": lease_s}) as up:
            yield up, log


def replies(slack: SlackStage, asked: Asked) -> list[str]:
    """What answers, without the sentence that tells of an outage."""
    return [text for text in slack.answers(asked) if text != texts.OUTAGE.en]


async def statuses(up: Serving) -> tuple[int, int]:
    """Of /healthz and /readyz."""
    async with aiohttp.ClientSession() as http:
        found = []
        for path in ("/healthz", "/readyz"):
            async with http.get(up.heard["web"] + path) as response:
                found.append(response.status)
    return found[0], found[1]


async def becomes_ready(up: Serving) -> None:
    async def ready() -> bool:
        return await statuses(up) == (200, 200)

    await eventually(ready)


def operator(server: OwnServer) -> Redis:
    return Redis.from_url(server.url, retry=Retry(NoBackoff(), 0))


async def after(seconds: float) -> None:
    until_then = monotonic() + seconds
    await until(lambda: monotonic() > until_then, seconds + 5)


def warnings(log: Log) -> list[str]:
    return [str(line["event"]) for line in log if line["log_level"] != "info"]


async def assert_told_once(log: Log) -> None:
    """One line when it went and one when it came back, and nothing that nobody foresaw."""
    await until(lambda: BACK in str(log))
    events = warnings(log)
    assert events.count(AWAY) == 1, events
    assert events.count(BACK) == 1, events
    assert not [line for line in log if "exc_info" in line or line["log_level"] == "error"]
    assert len(events) < 30, events


async def comes_again(slack: SlackStage, asked: Asked) -> None:
    """What was not acked comes again, which Slack does a minute later. It may be known by then."""
    again = await slack.slack.redeliver(slack.channel(asked.channel).find(asked.id))
    await slack.until(lambda: again.acked)


async def asked_then(slack: SlackStage, drun: DrunDouble, asked: Asked, reply: str) -> None:
    """The history is right: the next question in the thread is asked with exactly one turn before it."""
    drun.reply_with("Next.")
    again = await slack.ask_on(asked, "and now?")
    await slack.until(lambda: replies(slack, again) == ["Next."])
    said = [message["content"] for message in drun.requests[-1].messages[1:]]
    assert said[-3:] == ["count", reply, "and now?"]
    assert said.count("count") == 1
