"""Redis goes while people ask and answers are written, in every way in which it can."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.core.store.own_server import own_server
from tests.core.store.talk import eventually, until
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble
from tests.journeys.outages import (
    AWAY,
    BACK,
    after,
    asked_then,
    assert_told_once,
    becomes_ready,
    comes_again,
    operator,
    replies,
    serving,
    statuses,
    warnings,
)
from tests.journeys.stages import SlackStage, WebStage


@pytest.fixture
async def slack() -> AsyncIterator[SlackStage]:
    """It delivers again soon."""
    async with SlackDouble(bot_token="xoxb-faults-token", app_token="xapp-faults-token", ack_s=1.0) as double:
        yield SlackStage(double)


@pytest.mark.slow
async def test_a_pause_longer_than_a_lease_doubles_nothing(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    hanging = Script("one two three", gated=True)
    drun.script(hanging)
    drun.reply_with("one two three")
    async with own_server(tmp_path) as server, serving(server, drun, slack, web) as (up, log):
        assert await statuses(up) == (200, 200)
        asked = await slack.ask("count")
        await hanging.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one ▍"])
        with server.paused():
            meanwhile = await slack.ask("is it there?", channel="random")
            assert await statuses(up) == (200, 503)
            await slack.until(lambda: slack.slack.deliveries[-1].attempt > 0)
            assert not replies(slack, meanwhile)
        await becomes_ready(up)
        await slack.until(lambda: replies(slack, asked) == ["one two three"])
        await slack.until(lambda: replies(slack, meanwhile) == ["one two three"])
        await comes_again(slack, meanwhile)
        await asked_then(slack, drun, asked, "one two three")
        assert replies(slack, meanwhile) == ["one two three"]
        await assert_told_once(log)
    said = [request.messages[-1]["content"] for request in drun.requests]
    assert sorted(said) == ["and now?", "count", "count", "is it there?"]


@pytest.mark.slow
async def test_a_restart_in_the_middle_of_a_reply_leaves_it_in_its_message(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    async with own_server(tmp_path) as server, serving(server, drun, slack, web, "4") as (up, log):
        asked = await slack.ask("count")
        await script.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one ▍"])
        await script.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one two ▍"])
        server.kill()
        await until(lambda: AWAY in str(log))
        async with own_server(tmp_path):
            await script.finish_up()
            await slack.until(lambda: replies(slack, asked) == ["one two three"])
            await becomes_ready(up)
            await asked_then(slack, drun, asked, "one two three")
            assert len(drun.requests) == 2
            await assert_told_once(log)


@pytest.mark.slow
async def test_while_it_is_out_of_memory_nothing_is_acked_and_nothing_is_lost(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    first = Script("one two three", gated=True)
    drun.script(first)
    drun.reply_with("one two three")
    async with (
        own_server(tmp_path) as server,
        operator(server) as redis,
        serving(server, drun, slack, web) as (_, log),
    ):
        asked = await slack.ask("count")
        await first.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one ▍"])
        await redis.config_set("maxmemory", 1)
        meanwhile = await slack.ask("is there room?", channel="random")
        # Its lease cannot be renewed, so the reply is abandoned, and taken up when there is memory again.
        await until(lambda: "a lease could not be renewed in time" in str(log))
        await slack.until(lambda: slack.slack.deliveries[-1].attempt > 0)
        assert not any(each.acked for each in slack.slack.deliveries[1:])
        await redis.config_set("maxmemory", 0)
        await comes_again(slack, meanwhile)
        await slack.until(lambda: replies(slack, meanwhile) == ["one two three"])
        await slack.until(lambda: replies(slack, asked) == ["one two three"])
        await asked_then(slack, drun, asked, "one two three")
        await assert_told_once(log)


@pytest.mark.slow
async def test_a_reply_that_ends_while_it_is_out_of_memory_is_kept(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    """A script that removes before it adds is let through: so a commit needs no room."""
    script = Script("one two three", gated=True)
    drun.script(script)
    async with (
        own_server(tmp_path) as server,
        operator(server) as redis,
        serving(server, drun, slack, web, "30") as (_, log),
    ):
        asked = await slack.ask("count")
        await script.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one ▍"])
        await redis.config_set("maxmemory", 1)
        await script.finish_up()
        await slack.until(lambda: replies(slack, asked) == ["one two three"])
        await eventually(lambda: _ended(redis))
        await redis.config_set("maxmemory", 0)
        await asked_then(slack, drun, asked, "one two three")
        assert len(drun.requests) == 2
    assert not [line for line in log if line["log_level"] == "error"]


async def _ended(redis: Redis) -> bool:
    return not await redis.exists("drun:{0}:schedule")


@pytest.mark.slow
async def test_a_replica_that_takes_no_writes_is_waited_for(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    drun.reply_with("one two three")
    async with (
        own_server(tmp_path) as server,
        operator(server) as redis,
        serving(server, drun, slack, web) as (_, log),
    ):
        asked = await slack.ask("count")
        await script.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one ▍"])
        await redis.replicaof("127.0.0.1", "1")
        meanwhile = await slack.ask("may I write?", channel="random")
        await until(lambda: "a lease could not be renewed in time" in str(log))
        assert not slack.slack.deliveries[-1].acked
        await redis.replicaof("NO", "ONE")
        await comes_again(slack, meanwhile)
        await slack.until(lambda: replies(slack, meanwhile) == ["one two three"])
        await slack.until(lambda: replies(slack, asked) == ["one two three"])
        await asked_then(slack, drun, asked, "one two three")
        await assert_told_once(log)


async def test_scripts_that_the_server_forgot_are_sent_again(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    async with (
        own_server(tmp_path) as server,
        operator(server) as redis,
        serving(server, drun, slack, web) as (_, log),
    ):
        asked = await slack.ask("count")
        await script.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one ▍"])
        await redis.script_flush()
        await script.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one two ▍"])
        await redis.script_flush()
        await script.finish_up()
        await slack.until(lambda: replies(slack, asked) == ["one two three"])
        await redis.script_flush()
        await asked_then(slack, drun, asked, "one two three")
    assert warnings(log) == []


@pytest.mark.slow
async def test_a_script_of_somebody_else_that_does_not_end_is_waited_for(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    """Meanwhile the server answers BUSY."""
    script = Script("one two three", gated=True)
    drun.script(script)
    drun.reply_with("one two three")
    async with (
        own_server(tmp_path) as server,
        operator(server) as redis,
        operator(server) as another,
        serving(server, drun, slack, web) as (up, log),
    ):
        asked = await slack.ask("count")
        await script.release(1)
        await slack.until(lambda: replies(slack, asked) == ["one ▍"])
        await redis.config_set("busy-reply-threshold", 50)
        looping = asyncio.create_task(_loop(another))
        await eventually(lambda: _refuses(redis))
        assert await statuses(up) == (200, 503)
        meanwhile = await slack.ask("are you busy?", channel="random")
        await until(lambda: "a lease could not be renewed in time" in str(log))
        await redis.script_kill()
        with pytest.raises(RedisError):
            await looping
        await comes_again(slack, meanwhile)
        await slack.until(lambda: replies(slack, meanwhile) == ["one two three"])
        await slack.until(lambda: replies(slack, asked) == ["one two three"])
        await asked_then(slack, drun, asked, "one two three")
        await assert_told_once(log)


async def _loop(redis: Any) -> None:
    await redis.eval("while true do end", 0)


async def _refuses(redis: Redis) -> bool:
    try:
        await redis.get("any")
    except RedisError:
        return True
    return False


@pytest.mark.slow
async def test_a_longer_outage_costs_a_line_and_no_work(
    tmp_path: Path, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    drun.reply_with("Back.")
    async with own_server(tmp_path) as server, serving(server, drun, slack, web) as (up, log):
        server.kill()
        await until(lambda: AWAY in str(log))
        began = process_time()
        await after(5)
        assert process_time() - began < 2.5, "a loop that does not wait"
        async with own_server(tmp_path):
            await becomes_ready(up)
            asked = await slack.ask("are you back?")
            await slack.until(lambda: replies(slack, asked) == ["Back."])
            await assert_told_once(log)
    assert warnings(log) == [AWAY, BACK]
