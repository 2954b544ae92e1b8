"""Reading Discord's history over the real wire, with the bounds of age and number."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import discord
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from adapters.discord.app import connected_writer
from adapters.discord.events import DIRECT
from adapters.discord.missed import Missed
from adapters.discord.settings import Settings
from core.conversation import Channel as Place
from core.conversation import SaidTo
from core.lanes import Gap
from core.store.channels import Heard
from tests.doubles.discord import Channel, DiscordDouble, Message, Reset, Status

HOURS = 24.0


class Marks:
    """What the store remembers."""

    def __init__(self, *heard: Heard) -> None:
        self.found = list(heard)
        self.asked: list[tuple[str, float]] = []

    async def __call__(self, platform: str, *, since_s: float) -> list[Heard]:
        self.asked.append((platform, since_s))
        return self.found


@pytest.fixture
async def double() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble(token="bWlzc2VkLW1lc3NhZ2Vz.of-the.discord-double-0000000000000") as made:
        yield made


@pytest.fixture
def general(double: DiscordDouble) -> Channel:
    return double.add_guild("Acme").add_channel("general")


@asynccontextmanager
async def reading(
    double: DiscordDouble, *, most: int = 200, now: datetime | None = None
) -> AsyncGenerator[Missed, None]:
    settings = Settings(discord_token=SecretStr(double.token), discord_api_url=double.api_url)
    async with connected_writer(settings, aiohttp.TraceConfig()) as writer:
        yield Missed(writer, Marks(), hours=HOURS, most=most, now=lambda: now or datetime.now(UTC))


def gap(channel: Channel, start: Message, *, included: bool = False) -> Gap:
    return Gap(Place("discord", channel.guild_id or DIRECT, channel.id), start.id, included=included)


async def texts(missed: Missed, wanted: Gap) -> list[str]:
    """What was written to the bot; the rest is for the inbox to decide."""
    found = [message async for message in missed.missed(wanted)]
    return [message.text for message in found if message.said_to is SaidTo.BOT]


def ms(when: datetime | str) -> int:
    """Milliseconds of Discord's time. The upper bits of an id are the time when it was made."""
    made = discord.utils.time_snowflake(when) if isinstance(when, datetime) else int(when)
    return made >> 22


async def said(double: DiscordDouble, place: Channel, *words: str) -> list[Message]:
    """Some milliseconds apart, as ages are told by the millisecond."""
    ada = double.add_user("ada")
    messages: list[Message] = []
    for word in words:
        while messages and ms(datetime.now(UTC)) < ms(messages[-1].id) + 3:  # noqa: ASYNC110 - the clock tells nobody
            await asyncio.sleep(0)
        messages.append(await place.say(ada, f"<@BOT> {word}"))
    return messages


async def test_a_gap_begins_behind_its_start_or_with_it(double: DiscordDouble, general: Channel) -> None:
    first, *_ = await said(double, general, "one", "two", "three")
    async with reading(double) as missed:
        assert await texts(missed, gap(general, first)) == ["two", "three"]
        assert await texts(missed, gap(general, first, included=True)) == ["one", "two", "three"]


async def test_a_missed_message_is_what_the_gateway_would_have_brought(
    double: DiscordDouble, general: Channel
) -> None:
    first, second = await said(double, general, "one", "two")
    async with reading(double) as missed:
        (found,) = [message async for message in missed.missed(gap(general, first))]
    assert str(found.conversation) == f"discord:{general.guild_id}:{general.id}"
    assert (found.message_id, found.event_id, found.author) == (second.id, second.id, second.author.id)


async def test_what_is_too_old_is_not_answered_and_counted(double: DiscordDouble, general: Channel) -> None:
    start, *_, edge, _, _ = await said(double, general, "start", "old", "old too", "new", "newer")
    await general.say(double.add_user("eve"), "new, and not to the bot")
    now = discord.utils.snowflake_time(int(edge.id) + (1 << 22)) + timedelta(hours=HOURS)
    with capture_logs() as logs:
        async with reading(double, now=now) as missed:
            assert await texts(missed, gap(general, start)) == ["new", "newer"]
    (told,) = logs
    assert (told["count"], told["why"], told["or_more"]) == (2, "too old", False)
    assert told["channel"] == f"discord:{general.guild_id}:{general.id}"


async def test_what_is_too_much_is_not_answered_and_counted(double: DiscordDouble, general: Channel) -> None:
    start, *_ = await said(double, general, *map(str, range(230)))
    with capture_logs() as logs:
        async with reading(double, most=120) as missed:
            assert await texts(missed, gap(general, start)) == [str(number) for number in range(1, 121)]
    assert [(told["count"], told["why"], told["or_more"]) for told in logs] == [(100, "too many", True)]


async def test_a_number_that_fits_exactly_leaves_nothing_to_tell(
    double: DiscordDouble, general: Channel
) -> None:
    start, *_ = await said(double, general, "start", "one", "two")
    with capture_logs() as logs:
        async with reading(double, most=2) as missed:
            assert await texts(missed, gap(general, start)) == ["one", "two"]
    assert logs == []


async def test_a_channel_that_is_gone_is_asked_for_once(double: DiscordDouble, general: Channel) -> None:
    start, *_ = await said(double, general, "start", "one")
    there = gap(general, start)
    gone = Gap(Place("discord", "1", "12345"), start.id)
    with capture_logs() as logs:
        async with reading(double) as missed:
            assert await texts(missed, gone) == []
            assert await texts(missed, there) == ["one"]
    assert [(told["channel"], told["reason"]) for told in logs] == [("discord:1:12345", "404 10003")]
    assert sum(request.path.endswith("/12345/messages") for request in double.requests) == 1


@pytest.mark.parametrize("fault", [Reset(), Status(503), Status(503, html=True)])
async def test_a_page_that_does_not_come_is_asked_for_again(
    double: DiscordDouble, general: Channel, fault: Reset | Status
) -> None:
    start, *_ = await said(double, general, "start", "one")
    double.fail(fault, method="GET", path="/messages$")
    async with reading(double) as missed:
        assert await texts(missed, gap(general, start)) == ["one"]


async def test_channels_are_looked_at_from_the_latest_on(double: DiscordDouble) -> None:
    marks = Marks(*(Heard(Place("discord", "1", last), last) for last in ("99", "1000", "7")))
    missed = Missed(discord.Client(intents=discord.Intents.none()), marks, hours=1, most=1)
    assert [heard.last for heard in await missed.heard()] == ["1000", "99", "7"]
    # A channel may have been quiet for longer than messages are read back.
    assert marks.asked == [("discord", 30 * 24 * 3600)]
