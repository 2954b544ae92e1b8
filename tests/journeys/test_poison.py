"""A question that takes down every worker that answers it."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core import texts
from tests.bots.program import Running, ended, running
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import KEY
from tests.journeys.stages import SlackStage


@asynccontextmanager
async def process(
    folder: Path, redis_url: str, drun: DrunDouble, slack: SlackStage
) -> AsyncGenerator[Running, None]:
    """The program as a process of its own, killed at the end of the block."""
    settings = {
        **slack.settings,
        "REDIS_URL": redis_url,
        "DRUN_BASE_URL": drun.maas_url,
        "DRUN_API_KEY": KEY,
        "LEASE_S": "1",
    }
    async with running(folder, "slack", "worker", settings=settings) as up:
        yield up


async def _asked(drun: DrunDouble, times: int) -> None:
    await drun.until(lambda: len(drun.requests) == times)


@pytest.mark.slow
async def test_it_ends_in_a_notice_keeps_nobody_waiting_and_can_be_tried_again(
    tmp_path: Path, redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.script(*(Script("one two three", gated=True) for _ in range(3)))
    drun.reply_with("A calm answer.")
    async with process(tmp_path, redis_url, drun, slack):
        poison = await slack.ask("poison")
        await drun.until(lambda: len(drun.requests) == 1)
        behind = await slack.ask_on(poison, "is anybody there?")
        await slack.until(lambda: all(delivery.acked for delivery in slack.slack.deliveries))
    for attempt in (2, 3):
        async with process(tmp_path, redis_url, drun, slack):
            await _asked(drun, attempt)
    async with process(tmp_path, redis_url, drun, slack) as up:
        await slack.until(lambda: slack.answers(behind) == [texts.GAVE_UP.en, "A calm answer."])
        listed = await ended(tmp_path, "turns", "--json", settings={"REDIS_URL": redis_url})
        [given_up] = json.loads(listed.out)["given_up"]
        assert given_up["questions"] == ["poison"]
        assert given_up["reason"] == "its workers ended without a word"
        tried = await ended(tmp_path, "turns", "requeue", given_up["id"], settings={"REDIS_URL": redis_url})
        assert tried.out == "1 turn is tried again.\n"
        await slack.until(lambda: slack.answers(poison) == ["A calm answer.", "A calm answer."])
        assert json.loads(
            (await ended(tmp_path, "turns", "--json", settings={"REDIS_URL": redis_url})).out
        ) == {
            "given_up": [],
            "conversations_waiting": 0,
            "conversations_answered": 0,
            "turns_waiting": 0,
            "turns_waiting_is_less_than_all": False,
        }
        assert "Traceback" not in up.err
    asked = [request.messages[-1]["content"] for request in drun.requests]
    assert asked == ["poison", "poison", "poison", "is anybody there?", "poison"]
    assert slack.broadcasts() == 0
