"""Sums of what was used."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from core.conversation import Channel, Usage
from core.costs import Cost, Paid
from core.store.connection import Connections
from core.store.scopes import Scope
from core.store.usage import KEPT_S, Spending, Spent, Sums

GENERAL, RANDOM = Channel("slack", "T1", "general"), Channel("slack", "T1", "random")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = date(2026, 3, 14)


def spent(turn: str, channel: Channel = GENERAL, author: str = "ada", at: datetime = NOON) -> Spent:
    cost = Cost(Paid.TOKENS, "CNY", Decimal("0.0042"))
    return Spent(turn, channel, author, Usage(100, 20, reasoning_tokens=5), cost, at)


@pytest.mark.every_form
async def test_a_turn_counts_for_its_workspace_its_channel_and_its_person(connections: Connections) -> None:
    spending = Spending(connections)
    await spending.add(spent("t1"))
    await spending.add(spent("t2", RANDOM))
    await spending.add(spent("t3", RANDOM, "bob"))
    one = Sums(1, 100, 20, 5, costs={"CNY": Decimal("0.0042")})
    assert await spending.of(Scope.channel(GENERAL), 1, until=DAY) == one
    two = Sums(2, 200, 40, 10, costs={"CNY": Decimal("0.0084")})
    assert await spending.of(Scope.channel(RANDOM), 1, until=DAY) == two
    assert await spending.of(Scope.person(GENERAL, "ada"), 1, until=DAY) == two
    assert (await spending.of(Scope.workspace(GENERAL), 1, until=DAY)).turns == 3


@pytest.mark.every_form
async def test_a_turn_that_is_told_of_again_counts_once_also_by_many_at_a_time(
    connections: Connections,
) -> None:
    spending = Spending(connections)
    await asyncio.gather(*(spending.add(spent("t1")) for _ in range(10)))
    # Whoever took it over may have used more: it is still one turn, with what was told first.
    await spending.add(replace(spent("t1"), usage=Usage(999, 999)))
    assert await spending.of(Scope.channel(GENERAL), 1, until=DAY) == Sums(
        1, 100, 20, 5, costs={"CNY": Decimal("0.0042")}
    )


async def test_a_turn_that_is_taken_over_after_midnight_counts_on_the_first_day_alone(
    connections: Connections,
) -> None:
    spending = Spending(connections)
    await spending.add(spent("t1", at=datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC)))
    await spending.add(spent("t1", at=datetime(2026, 3, 15, 0, 0, 5, tzinfo=UTC)))
    channel = Scope.channel(GENERAL)
    assert (await spending.of(channel, 1, until=DAY)).turns == 1
    assert (await spending.of(channel, 1, until=DAY + timedelta(days=1))).turns == 0
    assert (await spending.of(channel, 2, until=DAY + timedelta(days=1))).turns == 1


async def test_days_are_those_of_utc(connections: Connections) -> None:
    spending = Spending(connections)
    await spending.add(spent("t1", at=datetime.fromisoformat("2026-03-15T07:00:00+08:00")))
    assert (await spending.of(Scope.channel(GENERAL), 1, until=DAY)).turns == 1


async def test_what_cannot_be_added_up_is_told_apart(connections: Connections) -> None:
    spending = Spending(connections)
    await spending.add(replace(spent("t1"), cost=Cost(Paid.DEDICATED)))
    await spending.add(replace(spent("t2"), cost=Cost(Paid.UNKNOWN), usage=Usage(7, 3, estimated=True)))
    await spending.add(replace(spent("t3"), cost=Cost(Paid.TOKENS, "USD", Decimal("0.000000280"))))
    sums = await spending.of(Scope.workspace(GENERAL), 30, until=DAY)
    assert (sums.turns, sums.dedicated_turns, sums.unpriced_turns, sums.estimated_turns) == (3, 1, 1, 1)
    assert (sums.prompt_tokens, sums.completion_tokens) == (207, 43)
    assert sums.costs == {"USD": Decimal("0.00000028")}


async def test_nothing_used_is_nothing(connections: Connections) -> None:
    assert await Spending(connections).of(Scope.channel(GENERAL), 7) == Sums()
    assert await Spending(connections).of(Scope.channel(GENERAL), 0) == Sums()


async def test_today_is_where_a_turn_without_a_time_counts(connections: Connections) -> None:
    await Spending(connections).add(replace(spent("t1"), at=None))
    # Two days: the test may run over midnight.
    assert (await Spending(connections).of(Scope.channel(GENERAL), 2)).turns == 1


async def test_every_key_expires_and_names_no_more_than_its_scope(
    connections: Connections, redis_url: str
) -> None:
    await Spending(connections).add(spent("t1"))
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        keys = sorted([key async for key in redis.scan_iter("drun:usage:*")])
        left = [await redis.ttl(key) for key in keys]
    assert keys == [
        "drun:usage:{channel:slack:T1:general}:20260314",
        "drun:usage:{channel:slack:T1:general}:20260314:turns",
        "drun:usage:{person:slack:T1:ada}:20260314",
        "drun:usage:{person:slack:T1:ada}:20260314:turns",
        "drun:usage:{workspace:slack:T1}:20260314",
        "drun:usage:{workspace:slack:T1}:20260314:turns",
    ]
    assert all(0 < seconds <= KEPT_S for seconds in left)
    assert max(left[1::2]) < 4 * 24 * 3600


async def test_a_later_version_s_counts_are_left_out(connections: Connections, redis_url: str) -> None:
    await Spending(connections).add(spent("t1"))
    async with Redis.from_url(redis_url) as redis:
        await redis.hset("drun:usage:{workspace:slack:T1}:20260314", "pictures", "3")
    assert (await Spending(connections).of(Scope.workspace(GENERAL), 1, until=DAY)).turns == 1
