"""Budgets, kept between many workers."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from core.allowance_rules import parse_rules
from core.allowances import ADMIN, Charge, Left, Rule, for_role
from core.conversation import Channel
from core.costs import Cost, Paid
from core.errors import StoreUnavailable
from core.store.allowances import KNOWN_S, Allowances, Granted, Refused
from core.store.connection import Connections, connect

GENERAL, RANDOM = Channel("slack", "T1", "general"), Channel("slack", "T1", "random")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


class Clock:
    """The server's, as far as the script is concerned."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def wait(self, **time: float) -> None:
        self.at += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def allowances(connections: Connections, clock: Clock) -> Allowances:
    return Allowances(connections, now=clock)


def uses(tokens: int, money: str = "", *, currency: str = "CNY") -> Charge:
    """Of a Model Service where there is no money."""
    cost = Cost(Paid.TOKENS, currency, Decimal(money)) if money else Cost(Paid.DEDICATED)
    return Charge(tokens, cost)


async def reserve(
    allowances: Allowances,
    turn: str,
    rules: str | Sequence[Rule],
    charge: Charge | None = None,
    *,
    channel: Channel = GENERAL,
    author: str = "ada",
) -> Granted | Refused:
    found = for_role(parse_rules(rules)) if isinstance(rules, str) else rules
    return await allowances.reserve(allowances.wanted(turn, channel, author, found), charge or uses(10))


async def granted(
    allowances: Allowances,
    turn: str,
    rules: str | Sequence[Rule],
    charge: Charge | None = None,
    *,
    channel: Channel = GENERAL,
    author: str = "ada",
) -> Granted:
    found = await reserve(allowances, turn, rules, charge, channel=channel, author=author)
    assert isinstance(found, Granted), found
    return found


async def refused(
    allowances: Allowances, turn: str, rules: str | Sequence[Rule], charge: Charge | None = None
) -> Left:
    found = await reserve(allowances, turn, rules, charge)
    assert isinstance(found, Refused)
    return found.by


async def sums(
    allowances: Allowances, rules: str, channel: Channel = GENERAL, author: str = "ada"
) -> list[tuple[int, int, int]]:
    """Used, held and left of each budget, workspace first."""
    found = await allowances.left(channel, author, for_role(parse_rules(rules)))
    return [(each.used, each.held, each.left) for each in found]


ALL = "person 100 tokens/day, channel 100 tokens/day, workspace 100 tokens/day"


@pytest.mark.every_form
async def test_fifty_at_once_against_ten_requests_admit_exactly_ten(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as other:
        # Each with the server's own clock, as in a deployment.
        workers = [Allowances(one), Allowances(other)]
        found = await asyncio.gather(
            *(reserve(workers[number % 2], f"t{number}", "person 10 requests/day") for number in range(50))
        )
        admitted = [each for each in found if isinstance(each, Granted)]
        assert len(admitted) == 10
        assert await sums(workers[0], "person 10 requests/day") == [(0, 10, 0)]
        await asyncio.gather(*(workers[0].settle(each, uses(10)) for each in admitted for _ in range(3)))
        assert await sums(workers[0], "person 10 requests/day, person 500 tokens/day") == [
            (10, 0, 0),
            (100, 0, 400),
        ]
        assert isinstance(await reserve(workers[1], "late", "person 10 requests/day"), Refused)


@pytest.mark.every_form
async def test_a_turn_holds_what_it_may_use_until_it_is_settled_with_what_it_used(
    allowances: Allowances,
) -> None:
    found = await granted(allowances, "t1", ALL, uses(80))
    assert await sums(allowances, ALL) == [(0, 80, 20)] * 3
    await allowances.settle(found, uses(30))
    assert await sums(allowances, ALL) == [(30, 0, 70)] * 3
    assert await sums(allowances, ALL, RANDOM) == [(30, 0, 70), (0, 0, 100), (30, 0, 70)]
    assert await sums(allowances, ALL, RANDOM, "bob") == [(30, 0, 70), (0, 0, 100), (0, 0, 100)]


@pytest.mark.every_form
async def test_where_one_budget_refuses_the_others_hold_nothing(allowances: Allowances) -> None:
    rules = "person 100 tokens/day, channel 100 tokens/day, workspace 2 requests/hour"
    for turn in ("t1", "t2"):
        await granted(allowances, turn, rules, channel=RANDOM, author="bob")
    by = await refused(allowances, "t3", rules)
    assert str(by.rule) == "workspace 2 requests/hour"
    assert await sums(allowances, rules) == [(0, 2, 0), (0, 0, 100), (0, 0, 100)]


async def test_a_first_question_is_not_refused_because_a_long_answer_might_come(
    allowances: Allowances,
) -> None:
    rules = "person 100 tokens/day"
    found = await granted(allowances, "t1", rules, uses(5000))
    await allowances.settle(found, uses(99))
    # One token is left: it is still asked, and may pass the limit.
    found = await granted(allowances, "t2", rules, uses(5000))
    await allowances.settle(found, uses(50))
    assert await sums(allowances, rules) == [(149, 0, 0)]
    assert not (await refused(allowances, "t3", rules)).only_held


async def test_what_answers_still_hold_is_told_apart_from_what_is_used(allowances: Allowances) -> None:
    rules = "person 100 tokens/day, person 9 requests/hour"
    first = await granted(allowances, "t1", rules, uses(5000))
    by = await refused(allowances, "t2", rules)
    assert (by.only_held, by.used, by.held) == (True, 0, 5000)
    await allowances.settle(first, uses(5))
    await granted(allowances, "t2", rules)


async def test_a_turn_that_is_taken_over_holds_and_counts_once(allowances: Allowances) -> None:
    rules = "person 1 requests/hour, person 100 tokens/hour"
    first = await granted(allowances, "t1", rules)
    again = await granted(allowances, "t1", rules)
    assert await sums(allowances, rules) == [(0, 1, 0), (0, 10, 90)]
    await allowances.settle(first, uses(7))
    await allowances.settle(again, uses(8))
    await allowances.give_back(again)
    assert await sums(allowances, rules) == [(1, 0, 0), (7, 0, 93)], "the first word counts"
    # Its worker died between counting and committing: it may be answered once more.
    await allowances.settle(await granted(allowances, "t1", rules), uses(9))
    assert await sums(allowances, rules) == [(1, 0, 0), (7, 0, 93)]


async def test_a_turn_without_a_call_gives_everything_back_also_told_twice(allowances: Allowances) -> None:
    found = await granted(allowances, "t1", ALL)
    await allowances.give_back(found)
    await allowances.give_back(found)
    assert await sums(allowances, ALL) == [(0, 0, 100)] * 3
    await granted(allowances, "t1", ALL)


async def test_a_refused_turn_that_comes_again_is_asked_about_again(allowances: Allowances) -> None:
    first = await granted(allowances, "t1", "person 1 requests/hour")
    await refused(allowances, "t2", "person 1 requests/hour")
    await allowances.give_back(first)
    await granted(allowances, "t2", "person 1 requests/hour")


async def test_what_is_never_settled_is_held_for_an_hour_at_most(
    allowances: Allowances, clock: Clock
) -> None:
    rules = "person 1 requests/day"
    lost = await granted(allowances, "lost", rules)
    clock.wait(seconds=KNOWN_S - 1)
    await refused(allowances, "t2", rules)
    clock.wait(seconds=1)
    found = await granted(allowances, "t2", rules)
    await allowances.give_back(found)
    # Somebody did answer it after all: that counts.
    await allowances.settle(lost, uses(5))
    assert await sums(allowances, rules) == [(1, 0, 0)]


async def test_a_taken_over_turn_is_held_anew(allowances: Allowances, clock: Clock) -> None:
    rules = "person 1 requests/day"
    await granted(allowances, "t1", rules)
    clock.wait(seconds=KNOWN_S - 1)
    await granted(allowances, "t1", rules)
    clock.wait(seconds=KNOWN_S - 1)
    await refused(allowances, "t2", rules)


async def test_a_turn_over_the_hour_s_end_counts_in_the_hour_in_which_it_began(
    allowances: Allowances, clock: Clock
) -> None:
    rules = "person 1 requests/hour, person 100 tokens/day"
    clock.wait(minutes=59)
    first = await granted(allowances, "t1", rules)
    clock.wait(minutes=2)
    assert await sums(allowances, rules) == [(0, 0, 1), (0, 10, 90)]
    second = await granted(allowances, "t2", rules)
    await allowances.settle(first, uses(7))
    assert await sums(allowances, rules) == [(0, 1, 0), (7, 10, 83)], "the day is the same"
    await allowances.give_back(second)
    assert await sums(allowances, rules) == [(0, 0, 1), (7, 0, 93)]


async def test_a_window_that_is_over_is_forgotten_and_never_comes_back(
    allowances: Allowances, clock: Clock
) -> None:
    rules = "person 5 requests/hour, person 5 requests/day"
    await allowances.settle(await granted(allowances, "t1", rules), uses(1))
    clock.wait(hours=12)
    assert await sums(allowances, rules) == [(0, 0, 5), (0, 0, 5)]
    found = await granted(allowances, "t2", rules)
    # Another server's clock, after a failover.
    clock.wait(minutes=-5)
    assert await sums(allowances, rules) == [(0, 1, 4), (0, 1, 4)]
    await allowances.settle(found, uses(1))
    assert await sums(allowances, rules) == [(1, 0, 4), (1, 0, 4)]


async def test_when_a_budget_resets_is_when_the_clock_s_hour_or_day_ends(
    allowances: Allowances, clock: Clock
) -> None:
    clock.wait(minutes=37)
    rules = "person 1 requests/hour, channel 1 requests/day"
    found = await allowances.left(GENERAL, "ada", parse_rules(rules))
    assert [each.resets_s for each in found] == [11 * 3600 + 23 * 60, 23 * 60]
    await granted(allowances, "t1", rules)
    assert str((await refused(allowances, "t2", rules)).rule) == "channel 1 requests/day", "it takes longer"


async def test_a_budget_that_is_used_up_is_told_before_one_that_answers_hold(allowances: Allowances) -> None:
    rules = "person 1 requests/hour, channel 100 tokens/day"
    await granted(allowances, "t1", rules, uses(5000))
    by = await refused(allowances, "t2", rules)
    assert (str(by.rule), by.only_held) == ("person 1 requests/hour", False)


async def test_money_is_that_of_maas_alone(allowances: Allowances) -> None:
    rules = "person 0.5 CNY/day, person 1000 tokens/day"
    found = await granted(allowances, "t1", rules, uses(10, "0.7"))
    await allowances.settle(found, uses(10, "0.5"))
    assert str((await refused(allowances, "t2", rules, uses(10, "0.001"))).rule) == "person 0.5 CNY/day"
    unknown = Charge(10, Cost(Paid.UNKNOWN))
    assert isinstance(await reserve(allowances, "t3", rules, unknown), Refused)
    # A Model Service and another currency are not what that budget is for; their tokens count.
    await allowances.settle(await granted(allowances, "t4", rules, uses(10)), uses(10))
    await allowances.settle(await granted(allowances, "t5", rules, uses(10, "5", currency="USD")), uses(10))
    assert await sums(allowances, rules) == [(500_000_000, 0, 0), (30, 0, 970)]


async def test_a_reply_that_came_from_the_other_deployment_counts_as_it_was_paid(
    allowances: Allowances,
) -> None:
    rules = "person 1 CNY/day"
    held = await granted(allowances, "t1", rules, uses(10, "0.7"))
    await allowances.settle(held, uses(10))
    assert await sums(allowances, rules) == [(0, 0, 10**9)]
    held = await granted(allowances, "t2", rules, uses(10))
    await allowances.settle(held, uses(10, "0.25"))
    assert await sums(allowances, rules) == [(250_000_000, 0, 750_000_000)]


async def test_a_role_without_limit_is_neither_refused_nor_counted(allowances: Allowances) -> None:
    rules = parse_rules("channel 1 requests/day, channel 50 tokens/day, admin channel unlimited requests/day")
    for number in range(3):
        found = await granted(allowances, f"t{number}", for_role(rules, ADMIN), uses(1))
        await allowances.settle(found, uses(10))
    assert await sums(allowances, "channel 1 requests/day, channel 50 tokens/day") == [(0, 0, 1), (30, 0, 20)]
    assert len(await allowances.left(GENERAL, "ada", for_role(rules, ADMIN))) == 1


async def test_a_budget_that_is_made_in_the_middle_of_a_day_knows_what_was_used(
    allowances: Allowances,
) -> None:
    found = await granted(allowances, "t1", "channel 5 requests/hour", uses(40, "0.5"))
    await allowances.settle(found, uses(40, "0.5"))
    assert await sums(allowances, "channel 100 tokens/day, channel 1 CNY/day") == [
        (40, 0, 60),
        (500_000_000, 0, 500_000_000),
    ]


async def test_nobody_s_questions_have_no_person_s_budget(allowances: Allowances) -> None:
    found = await granted(allowances, "t1", "person 1 requests/day", author="")
    assert found == Granted("t1")


async def test_without_rules_redis_is_not_asked() -> None:
    async with connect("redis://127.0.0.1:1") as nowhere:
        allowances = Allowances(nowhere)
        found = await granted(allowances, "t1", "")
        await allowances.settle(found, uses(1))
        await allowances.give_back(found)
        assert await allowances.left(GENERAL, "ada", ()) == []
        assert await granted(allowances, "t1", "admin person 5 requests/day") == found
        with pytest.raises(StoreUnavailable):
            await reserve(allowances, "t1", "person 5 requests/day")


async def test_many_old_turns_are_forgotten_a_few_at_a_time(
    allowances: Allowances, clock: Clock, redis_url: str
) -> None:
    rules = "person 10000 requests/day"
    await asyncio.gather(*(granted(allowances, f"t{number}", rules) for number in range(120)))
    clock.wait(seconds=KNOWN_S)
    async with Redis.from_url(redis_url) as redis:
        for left in (70, 20, 0):
            assert await sums(allowances, rules) == [(0, left, 10_000 - left)]
            assert await redis.hlen("drun:allowance:{person:slack:T1:ada}:turns") == left


async def test_an_old_turn_that_is_not_yet_forgotten_is_held_anew(
    allowances: Allowances, clock: Clock
) -> None:
    rules = "person 10000 requests/hour"
    names = sorted(f"t{number}" for number in range(120))
    await asyncio.gather(*(granted(allowances, name, rules) for name in names))
    clock.wait(seconds=KNOWN_S)
    await granted(allowances, names[-1], rules)
    assert await sums(allowances, rules) == [(0, 1, 9_999)]


async def test_every_key_expires_and_holds_no_words(allowances: Allowances, redis_url: str) -> None:
    await granted(allowances, "t1", ALL)
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        keys = sorted([key async for key in redis.scan_iter("drun:*")])
        left = [await redis.ttl(key) for key in keys]
        assert await redis.hgetall("drun:allowance:{channel:slack:T1:general}:turns") == {
            "t1": "492636 20526 h:requests 1 h:tokens 10 d:requests 1 d:tokens 10"
        }
    assert keys == [
        f"drun:allowance:{{{scope}}}{kind}"
        for scope in ("channel:slack:T1:general", "person:slack:T1:ada", "workspace:slack:T1")
        for kind in ("", ":deadlines", ":turns")
    ]
    assert all(24 * 3600 < seconds <= 25 * 3600 for seconds in left)
