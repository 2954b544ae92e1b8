"""What people write to the bot on Discord while nobody listens, or nobody can keep it."""

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pytest
from structlog.testing import capture_logs

from core import texts
from tests.bots import program
from tests.core.store.own_server import own_server
from tests.core.store.talk import until
from tests.doubles.discord import Channel, Permission, Status, Throttle
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import KEY, running
from tests.journeys.stages import DiscordStage


def asked_for(drun: DrunDouble) -> list[str]:
    """The questions that reached the model, in the order in which they did."""
    return [str(request.messages[-1]["content"]) for request in drun.requests]


def answered(place: Channel, *questions: str) -> Callable[[], bool]:
    """The bot has said each of ``questions`` back, in this order, and nothing else but that Redis is away."""

    def so_far() -> list[str]:
        # By the time of its last change: an answer may grow out of a message that told of the line.
        said = [message.content for message in sorted(place.by_bot, key=lambda each: each.edits[-1].at)]
        # The double of d.run says "You asked <model>: <question>".
        return [text.rpartition(": ")[2] for text in said if not texts.OUTAGE.is_said_by(text)]

    return lambda: so_far() == list(questions)


async def ask_all(stage: DiscordStage, words: Sequence[str], *, channel: str = "general") -> None:
    for text in words:
        await stage.ask(text, channel=channel)


def reads_of(stage: DiscordStage, place: Channel) -> int:
    """How often the history of ``place`` was asked for."""
    path = f"/channels/{place.id}/messages"
    return sum(one.method == "GET" and one.path == path for one in stage.discord.requests)


async def test_what_was_written_while_the_program_was_down_is_answered_once_and_in_order(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general, dm = discord.channel("general"), discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await dm.say(discord.ada, "hello in private")
        await discord.until(answered(general, "first"))
        await discord.until(answered(dm, "hello in private"))
    await general.say(discord.ada, "not to the bot")
    await ask_all(discord, ["second", "third"])
    await dm.say(discord.ada, "are you there?")
    await general.say(discord.ada, "go on", reply_to=general.by_bot[0], ping=False)
    gone = await general.say(discord.ada, "<@BOT> never mind")
    await general.delete(gone)
    async with running(redis_url, drun, discord):
        await discord.until(answered(general, "first", "second", "third", "go on"))
        await discord.until(answered(dm, "hello in private", "are you there?"))
    # Nothing is left to find, and what is found again is not answered again.
    async with running(redis_url, drun, discord):
        await discord.ask("fourth")
        await discord.until(answered(general, "first", "second", "third", "go on", "fourth"))
    assert sorted(asked_for(drun)) == sorted(
        ["first", "hello in private", "second", "third", "go on", "are you there?", "fourth"]
    )
    assert discord.throttled == 0


async def test_a_reply_to_a_missed_message_points_at_it(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
    missed = await discord.ask("second")
    async with running(redis_url, drun, discord):
        await discord.until(answered(general, "first", "second"))
    assert general.by_bot[-1].reference == missed.id


async def test_what_was_written_in_a_thread_is_found_too(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    thread = await discord.channel("general").start_thread(discord.ada, "a thread")
    async with running(redis_url, drun, discord):
        await thread.say(discord.ada, "<@BOT> first")
        await discord.until(answered(thread, "first"))
    await thread.say(discord.ada, "<@BOT> second")
    async with running(redis_url, drun, discord):
        await discord.until(answered(thread, "first", "second"))


@pytest.mark.parametrize("kind", ["invalid", "lost"])
async def test_what_was_written_between_two_sessions_is_answered(
    redis_url: str, discord: DiscordStage, drun: DrunDouble, kind: Literal["invalid", "lost"]
) -> None:
    general, dm = discord.channel("general"), discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await dm.say(discord.ada, "in private")
        await discord.until(answered(general, "first"))
        await discord.until(answered(dm, "in private"))
        await discord.discord.disconnect(kind)
        await ask_all(discord, ["second", "third"])
        await dm.say(discord.ada, "and again")
        await discord.discord.until(answered(general, "first", "second", "third"), timeout=25)
        await discord.until(answered(dm, "in private", "and again"))
        await discord.ask("fourth")
        await discord.until(answered(general, "first", "second", "third", "fourth"))
    assert discord.discord.gateway.identifies == 2


async def test_a_gateway_that_is_down_for_a_while_loses_nothing(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
        async with discord.discord.gateway_down():
            await ask_all(discord, ["second", "third"])
        await discord.discord.until(answered(general, "first", "second", "third"), timeout=25)


async def test_a_session_that_is_resumed_reads_no_history(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
        await discord.discord.disconnect("abort")
        await discord.ask("second")
        await discord.until(answered(general, "first", "second"))
    assert discord.discord.gateway.resumes == 1
    assert reads_of(discord, general) == 0


async def test_a_live_message_waits_behind_the_missed_ones_and_other_channels_do_not(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general, other = discord.channel("general"), discord.channel("other")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
    await ask_all(discord, ["second", "third"])
    # Discord does not answer for as long as this is planned.
    path = rf"^/channels/{general.id}/messages$"
    discord.discord.fail(Status(503), method="GET", path=path, times=100)
    async with running(redis_url, drun, discord):
        await discord.until(lambda: reads_of(discord, general))
        await discord.ask("fourth")
        await discord.ask("elsewhere", channel="other")
        await discord.until(answered(other, "elsewhere"))
        assert answered(general, "first")()
        discord.discord.faults.clear()
        await discord.until(answered(general, "first", "second", "third", "fourth"))
    assert asked_for(drun)[-3:] == ["second", "third", "fourth"]


async def test_a_history_that_answers_late_is_asked_again(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
    await discord.ask("second")
    path = rf"^/channels/{general.id}/messages$"
    for fault in (Status(503), Status(503, html=True), Throttle(0.05)):
        discord.discord.fail(fault, method="GET", path=path)
    async with running(redis_url, drun, discord):
        await discord.until(answered(general, "first", "second"))
    assert reads_of(discord, general) == 4


async def test_a_history_that_never_answers_is_given_up_and_told_of(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
    await discord.ask("second")
    path = rf"^/channels/{general.id}/messages$"
    discord.discord.fail(Status(503), method="GET", path=path, times=100)
    with capture_logs() as logs:
        async with running(redis_url, drun, discord):
            await discord.ask("third")
            await discord.discord.until(answered(general, "first", "third"), timeout=25)
    told = [line for line in logs if line["event"].startswith("a channel was not read")]
    assert [(line["channel"].endswith(general.id), line["reason"]) for line in told] == [(True, "503 0")]


@pytest.mark.parametrize("denied", [Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY])
async def test_a_channel_that_may_not_be_read_disturbs_nothing(
    redis_url: str, discord: DiscordStage, drun: DrunDouble, denied: Permission
) -> None:
    general, closed = discord.channel("general"), discord.channel("closed")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.ask("inside", channel="closed")
        await discord.until(answered(general, "first"))
        await discord.until(answered(closed, "inside"))
    closed.deny(denied)
    await discord.ask("nobody may read this", channel="closed")
    await discord.ask("second")
    with capture_logs() as logs:
        async with running(redis_url, drun, discord):
            await discord.until(answered(general, "first", "second"))
            await discord.until(lambda: reads_of(discord, closed))
    refused = [line["reason"] for line in logs if line["event"].startswith("a channel was not read")]
    # Discord answers with an empty list to a bot that sees the channel and may not read its history.
    assert refused == (["403 50001"] if denied is Permission.VIEW_CHANNEL else [])
    assert reads_of(discord, closed) == 1


async def test_more_than_the_bound_is_left_alone_and_counted(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
    for number in range(4):
        await discord.ask(f"missed {number}")
        await general.say(discord.ada, "said to others")
    few = {"DISCORD_CATCH_UP_MESSAGES": "4"}
    with capture_logs() as logs:
        async with running(redis_url, drun, discord, settings=few):
            await discord.until(answered(general, "first", "missed 0", "missed 1"))
            await discord.ask("now")
            await discord.until(answered(general, "first", "missed 0", "missed 1", "now"))
    told = [line for line in logs if line["event"].startswith("messages that were missed")]
    assert [(line["count"], line["why"]) for line in told] == [(2, "too many")]
    assert told[0]["channel"].endswith(f":{general.id}")


async def test_hundreds_of_messages_are_read_in_pages(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
    for number in range(240):
        await general.say(discord.ada, f"chatter {number}")
    await discord.ask("at last")
    many = {"DISCORD_CATCH_UP_MESSAGES": "300"}
    async with running(redis_url, drun, discord, settings=many):
        await discord.until(answered(general, "first", "at last"))
    assert reads_of(discord, general) == 3
    assert discord.throttled == 0


async def test_catching_up_can_be_switched_off(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    off = {"DISCORD_CATCH_UP_HOURS": "0"}
    async with running(redis_url, drun, discord, settings=off):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
    await discord.ask("missed")
    async with running(redis_url, drun, discord, settings=off):
        await discord.ask("second")
        await discord.until(answered(general, "first", "second"))
    assert reads_of(discord, general) == 0


async def test_many_channels_are_read_without_a_429(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    # More than are read in one second. The first answers and the next start may fall into the same second, of which
    # Discord allows 50 requests: few enough for both together.
    names = [f"c{number}" for number in range(22)]
    drun.reply = Script("Yes.")
    async with running(redis_url, drun, discord):
        for name in names:
            await discord.ask("first", channel=name)
        places = [discord.channel(name) for name in names]
        await discord.discord.until(lambda: all(answered(place, "Yes.")() for place in places), timeout=20)
    for name in names:
        await discord.ask("second", channel=name)
    async with running(redis_url, drun, discord):
        await discord.discord.until(
            lambda: all(answered(place, "Yes.", "Yes.")() for place in places), timeout=25
        )
    assert discord.throttled == 0


async def test_what_is_written_while_redis_hangs_is_answered_when_it_is_back(
    tmp_path: Path, discord: DiscordStage, drun: DrunDouble
) -> None:
    general, other = discord.channel("general"), discord.channel("other")
    async with own_server(tmp_path) as server, running(server.url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
        with server.paused(), capture_logs() as logs:
            await ask_all(discord, ["second", "third"])
            await discord.ask("elsewhere", channel="other")
            # The program has given up a call: what it holds now was refused once.
            await until(lambda: any("held in memory" in line["event"] for line in logs))
            await discord.ask("fourth")
        await discord.discord.until(answered(general, "first", "second", "third", "fourth"), timeout=25)
        await discord.until(answered(other, "elsewhere"))


async def test_what_is_written_while_redis_is_dead_is_answered_when_it_is_back(
    tmp_path: Path, discord: DiscordStage, drun: DrunDouble
) -> None:
    general, other = discord.channel("general"), discord.channel("other")
    async with own_server(tmp_path) as server, running(server.url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
        server.kill()
        with capture_logs() as logs:
            await ask_all(discord, ["second", "third"])
            await discord.ask("elsewhere", channel="other")
            await until(lambda: any("held in memory" in line["event"] for line in logs))
        async with own_server(tmp_path):
            await discord.discord.until(answered(general, "first", "second", "third"), timeout=25)
            await discord.until(answered(other, "elsewhere"))


async def test_what_does_not_fit_into_memory_is_read_again(
    tmp_path: Path, discord: DiscordStage, drun: DrunDouble
) -> None:
    """A gateway that is lost meanwhile, too: what was held and what was missed come in the order of writing."""
    general, other = discord.channel("general"), discord.channel("other")
    small = {"DISCORD_BUFFER": "3"}
    many = [f"question {number}" for number in range(8)]
    async with own_server(tmp_path) as server, running(server.url, drun, discord, settings=small):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
        server.kill()
        with capture_logs() as logs:
            await ask_all(discord, many)
            # Nothing was ever accepted here.
            await ask_all(discord, ["a", "b"], channel="other")
            await until(lambda: any("too many messages wait" in line["event"] for line in logs))
        async with own_server(tmp_path):
            await discord.discord.until(answered(general, "first", *many), timeout=25)
            await discord.until(answered(other, "a", "b"))


async def test_redis_and_the_gateway_may_be_away_at_once(
    tmp_path: Path, discord: DiscordStage, drun: DrunDouble
) -> None:
    general = discord.channel("general")
    async with own_server(tmp_path) as server, running(server.url, drun, discord):
        await discord.ask("first")
        await discord.until(answered(general, "first"))
        server.kill()
        await discord.ask("held")
        async with discord.discord.gateway_down():
            await discord.ask("missed")
        await discord.discord.until(lambda: discord.discord.connected, timeout=25)
        await discord.ask("live")
        async with own_server(tmp_path):
            await discord.discord.until(answered(general, "first", "held", "missed", "live"), timeout=25)


async def test_a_program_that_was_killed_answers_what_was_asked_meanwhile(
    tmp_path: Path, redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    general, dm = discord.channel("general"), discord.discord.open_dm(discord.ada)
    settings: Mapping[str, str] = {
        **discord.settings,
        "REDIS_URL": redis_url,
        "DRUN_BASE_URL": drun.maas_url,
        "DRUN_SERVICE_BASE_URL": drun.service_url,
        "DRUN_API_KEY": KEY,
        "WEB_PORT": "0",
        # What was shown and not yet committed when the process died is written over by the next one, after a lease.
        "LEASE_S": "2",
    }
    async with program.running(tmp_path, settings=settings) as up:
        await discord.until(lambda: discord.discord.connected)
        await discord.ask("first")
        await dm.say(discord.ada, "in private")
        await discord.until(answered(general, "first"))
        await discord.until(answered(dm, "in private"))
        up.signal(signal.SIGKILL)
        await up.end()
    await discord.until(lambda: not discord.discord.connected)
    await ask_all(discord, ["second", "third"])
    await dm.say(discord.ada, "and again")
    for _ in range(2):
        async with program.running(tmp_path, settings=settings) as up:
            await discord.discord.until(answered(general, "first", "second", "third"), timeout=20)
            await discord.until(answered(dm, "in private", "and again"))
            up.signal(signal.SIGTERM)
            assert await up.end() == 0
    assert answered(general, "first", "second", "third")()
    assert answered(dm, "in private", "and again")()
