"""`drun-chat run` as a process: what starts, what is said of the rest, and how it ends."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.bots.program import ended, running, still_there
from tests.bots.settings_of import DISCORD_TOKEN, lines_of, of_discord, of_drun, of_slack
from tests.core.store.talk import until
from tests.doubles.discord import faults as discord_faults
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.faults import HttpError
from tests.doubles.slack.server import SlackDouble


async def test_a_platform_that_refuses_the_bot_leaves_the_others_running(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, discord: DiscordDouble, redis_url: str
) -> None:
    wrong = {"SLACK_BOT_TOKEN": "xoxb-s3cret", "DISCORD_TOKEN": DISCORD_TOKEN.replace("cli-to", "s3cret")}
    settings = {**of_drun(drun), **of_slack(slack), **of_discord(discord), "WEB_PORT": "0", **wrong}
    async with running(tmp_path, settings={**settings, "REDIS_URL": redis_url}, wait_for="Off: ") as up:
        assert up.address.startswith("http://127.0.0.1:")
        up.signal(signal.SIGTERM)
        assert await up.end() == 0
    off = lines_of(up.out, "Off:")
    discord_is_off = "discord (Discord refuses DISCORD_TOKEN: it does not know this token)"
    assert off == [f"Off: {discord_is_off}; slack (Slack refuses SLACK_BOT_TOKEN: invalid_auth)"]
    assert "s3cret" not in up.out + up.err
    assert "Traceback" not in up.err


async def test_when_nothing_can_be_started_the_program_says_why_and_ends(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, redis_url: str
) -> None:
    settings = {**of_drun(drun), **of_slack(slack), "SLACK_BOT_TOKEN": "xoxb-s3cret", "REDIS_URL": redis_url}
    found = await ended(tmp_path, "run", "slack", "worker", settings=settings)
    assert found.code == 1
    assert found.err.splitlines()[-1] == (
        "Nothing could be started: Slack refuses SLACK_BOT_TOKEN: invalid_auth"
    )
    assert "s3cret" not in found.all
    assert "Traceback" not in found.all


async def test_a_redis_that_does_not_answer_stops_the_start_with_a_sentence(
    tmp_path: Path, drun: DrunDouble
) -> None:
    settings = {**of_drun(drun), "REDIS_URL": "redis://me:s3cret@127.0.0.1:1/0", "WEB_PORT": "0"}
    found = await ended(tmp_path, "run", settings=settings)
    assert (found.code, found.out) == (1, "")
    last = found.err.splitlines()[-1]
    assert last.startswith("The store does not answer, see REDIS_URL: ConnectionError: Error 111 connecting")
    assert '"event": "waiting for the store"' in found.err.splitlines()[0]
    assert "s3cret" not in found.err
    assert "Traceback" not in found.err


async def test_another_number_of_partitions_than_the_redis_has_stops_the_start(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    settings = {**of_drun(drun), "REDIS_URL": redis_url, "WEB_PORT": "0"}
    async with running(tmp_path, settings=settings) as up:
        up.signal(signal.SIGTERM)
        assert await up.end() == 0
    found = await ended(tmp_path, "run", settings={**settings, "REDIS_PARTITIONS": "4"})
    assert found.code == 1
    assert "REDIS_PARTITIONS: this Redis was set up with 1, and keeps them (it is 4)" in found.err
    assert "Traceback" not in found.err


async def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path, drun: DrunDouble, redis_url: str) -> None:
    port = drun.maas_url.split(":")[2].split("/")[0]
    settings = {**of_drun(drun), "WEB_PORT": port, "REDIS_URL": redis_url}
    found = await ended(tmp_path, "run", "web", "worker", settings=settings)
    assert found.code == 1
    assert found.err.splitlines()[-1].startswith(
        f"Nothing could be started: Port {port} on 127.0.0.1 is taken"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
async def test_a_running_answer_may_end_before_the_program_does(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, number: signal.Signals
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    channel, ada = slack.add_channel("general"), slack.add_user("ada")
    settings = {**of_drun(drun), **of_slack(slack), "WEB_PORT": "0", "DRAIN_S": "10"}
    async with running(tmp_path, settings=settings) as up:
        await channel.say(ada, f"<@{slack.bot_user_id}> count")
        await script.release(1)
        assert still_there(tmp_path), "the private store runs beside the program"
        up.signal(number)
        await up.says("Stopping")
        await slack.until(lambda: not slack.links)
        await script.finish_up()
        assert await up.end() == 0
    answers = [message.text for message in channel.messages if message.author == slack.bot_user_id]
    assert answers == ["one two three"]
    assert still_there(tmp_path) == []
    assert "Traceback" not in up.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
async def test_the_second_signal_hands_a_running_answer_over_at_once(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, redis_url: str, number: signal.Signals
) -> None:
    drun.script(Script("one two three", gated=True))
    drun.reply_with("one two three")
    channel, ada = slack.add_channel("general"), slack.add_user("ada")
    settings = {**of_drun(drun), **of_slack(slack), "REDIS_URL": redis_url, "WEB_PORT": "0"}
    settings |= {"DRAIN_S": "60", "LEASE_S": "60"}
    async with running(tmp_path, settings=settings) as up:
        await channel.say(ada, f"<@{slack.bot_user_id}> count")
        await drun.until(lambda: drun.in_flight)
        up.signal(number)
        await up.says("Stopping; running answers may end first. Press Ctrl-C again to hand them over now.")
        await slack.until(lambda: not slack.links)
        assert up.process.returncode is None
        up.signal(number)
        async with asyncio.timeout(5):
            assert await up.end() == 0
    assert "Traceback" not in up.err
    async with running(tmp_path, settings=settings):
        # Not after the sixty seconds of a lease that nobody released.
        await slack.until(lambda: slack.calls("chat.update") or slack.calls("chat.postMessage"))
        await slack.until(lambda: [m.text for m in channel.messages][-1] == "one two three")
    assert len(drun.requests) == 2


@pytest.mark.parametrize("drain_s", ["0", "1"])
async def test_an_answer_that_does_not_end_keeps_the_program_no_longer_than_it_may(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, drain_s: str
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    channel, ada = slack.add_channel("general"), slack.add_user("ada")
    settings = {**of_drun(drun), **of_slack(slack), "WEB_PORT": "0", "DRAIN_S": drain_s}
    async with running(tmp_path, settings=settings) as up:
        await channel.say(ada, f"<@{slack.bot_user_id}> count")
        await script.release(1)
        up.signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await up.end() == 0
    assert still_there(tmp_path) == []
    assert "Traceback" not in up.err


async def test_a_start_that_waits_for_a_platform_can_be_ended(
    tmp_path: Path, drun: DrunDouble, discord: DiscordDouble
) -> None:
    discord.fail(discord_faults.Status(503), method="WS", times=1000)
    settings = {**of_drun(drun), **of_discord(discord)}
    async with running(tmp_path, "discord", settings=settings, wait_for="") as up:
        await discord.until(lambda: discord.commands)
        assert still_there(tmp_path)
        up.signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await up.end() == 0
    assert still_there(tmp_path) == []
    assert "Traceback" not in up.err


@pytest.mark.slow
async def test_platforms_whose_sockets_fail_at_first_keep_nobody_waiting_and_come_later(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, discord: DiscordDouble, redis_url: str
) -> None:
    discord.fail(discord_faults.Delay(11), method="WS")
    slack.fail("socket.connect", HttpError(503))
    settings = {**of_drun(drun), **of_slack(slack), **of_discord(discord), "WEB_PORT": "0"}
    async with running(tmp_path, settings={**settings, "REDIS_URL": redis_url}) as up:
        assert "discord: still connecting" in up.out
        assert up.address
        await slack.connected(1)
        await discord.until(lambda: discord.connected)
        up.signal(signal.SIGTERM)
        assert await up.end() == 0


async def test_one_process_hears_and_another_answers(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, redis_url: str
) -> None:
    drun.reply_with("From the other process.")
    channel, ada = slack.add_channel("general"), slack.add_user("ada")
    settings = {**of_drun(drun), **of_slack(slack), "REDIS_URL": redis_url, "WEB_PORT": "0"}
    async with (
        running(tmp_path, "slack", settings=settings) as ears,
        running(tmp_path, "worker", settings=settings, wait_for="Working") as worker,
    ):
        asked = await channel.say(ada, f"<@{slack.bot_user_id}> who answers?")
        await slack.until(
            lambda: [m.text for m in channel.thread(asked.ts)][-1:] == ["From the other process."]
        )
        for each in (ears, worker):
            each.signal(signal.SIGTERM)
            assert await each.end() == 0


@pytest.mark.slow
async def test_platforms_that_were_down_at_the_start_are_heard_and_shown_when_they_come_up(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, discord: DiscordDouble, redis_url: str
) -> None:
    slack.fail("auth.test", HttpError(503))
    discord.fail(discord_faults.Status(403), path="/users/@me")
    drun.reply_with("Here I am.")
    channel, ada = slack.add_channel("general"), slack.add_user("ada")
    settings = {**of_drun(drun), **of_slack(slack), **of_discord(discord), "REDIS_URL": redis_url}
    async with running(tmp_path, "slack", "discord", "worker", settings=settings) as up:
        assert "Listening on nothing yet" in up.out
        await up.says("slack (Slack cannot be reached: HTTP 503; it is tried again)")
        await until(lambda: up.err.count('"event": "a platform is up"') == 2, seconds=20)
        await channel.say(ada, f"<@{slack.bot_user_id}> hello")
        await slack.until(lambda: channel.messages[-1].text == "Here I am.")
        up.signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await up.end() == 0
    for name in ("slack", "discord"):
        assert len([line for line in up.err.splitlines() if f'"platform": "{name}"' in line]) == 2
    assert "Traceback" not in up.err


async def test_a_program_that_still_waits_for_its_platform_ends_when_it_is_told_to(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, redis_url: str
) -> None:
    slack.fail("auth.test", *(HttpError(503) for _ in range(100)))
    settings = {**of_drun(drun), **of_slack(slack), "REDIS_URL": redis_url}
    async with running(tmp_path, "slack", settings=settings) as up:
        up.signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await up.end() == 0
    assert "Traceback" not in up.err
