"""Budgets where turns are answered: held before a model is asked, settled with what it reports."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from core.allowance_rules import parse_rules
from core.allowances import Charge, Rule
from core.books import Books
from core.cascade import Chosen, Level
from core.chores import Chores
from core.commands.command import Call
from core.commands.running import run
from core.conversation import Channel, Conversation
from core.drun.breaker import Breakers
from core.drun.catalog import Catalog
from core.drun.endpoints import Deployment, Endpoint
from core.engine import Engine
from core.errors import StoreUnavailable
from core.hold import Hold, LeaseLost
from core.limits import Limits
from core.people import Person
from core.store.allowances import KNOWN_S, Allowances, Granted, Refused
from core.store.connection import Connections, connect
from core.store.preferences import Place
from core.worker import Worker
from tests.core.drun.talk import maas, model_client, service
from tests.core.scene import FakePlatform, Scene, scene
from tests.core.store.talk import GENERAL, ROOM, claimed, eventually, expire, said, thread
from tests.doubles.drun.refusals import unavailable
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

AT = datetime(2026, 3, 14, 12, 30, tzinfo=UTC)
USED_UP = "Your budget of 2 requests an hour is used up. It resets in 30 minutes."
MINE = "u-1100a15812cc/qwen2"


class Clock:
    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True)
class Counter:
    """A scene whose turns are counted."""

    stage: Scene
    engine: Engine
    limits: Limits
    clock: Clock

    async def answer(self, text: str = "hello", where: Conversation = ROOM) -> list[str]:
        claim = await self.stage.asked(text, where)
        await self.engine.answer(Hold(claim))
        return self.stage.platform.of(claim.message).texts()

    async def left(self, rules: str, author: str = "ada") -> list[tuple[int, int]]:
        """Used and held of each budget."""
        found = await self.limits.allowances.left(GENERAL, author, parse_rules(rules))
        return [(each.used, each.held) for each in found]

    async def until_used(self, rules: str, *used: int) -> None:
        """Nothing is held any more, and so much is counted."""

        async def settled() -> bool:
            return await self.left(rules) == [(each, 0) for each in used]

        await eventually(settled)


def counting(stage: Scene, connections: Connections, chores: Chores, rules: Sequence[Rule]) -> Counter:
    clock = Clock()
    allowances = Allowances(connections, now=clock)
    limits = Limits(allowances, tuple(rules), frozenset({"slack:root"}))
    means = replace(stage.engine.means, limits=limits, books=Books(chores, allowances=allowances))
    desk = replace(stage.desk, limits=limits, admins=limits.admins)
    return Counter(stage, replace(stage.engine, desk=desk, means=means), limits, clock)


@asynccontextmanager
async def counter(
    connections: Connections,
    drun: DrunDouble,
    rules: str = "",
    *,
    endpoints: Sequence[Endpoint] = (),
    lease_s: float = 100.0,
) -> AsyncGenerator[Counter, None]:
    async with (
        scene(connections, drun, endpoints=endpoints, lease_s=lease_s) as stage,
        Chores() as chores,
    ):
        yield counting(stage, connections, chores, parse_rules(rules))


async def test_who_has_used_up_a_budget_is_told_which_one_and_when_it_resets(
    connections: Connections, drun: DrunDouble
) -> None:
    async with counter(connections, drun, "person 2 requests/hour") as counted:
        drun.reply_with("Yes.")
        assert await counted.answer() == ["Yes."]
        assert await counted.answer() == ["Yes."]
        assert await counted.answer("and now?") == [USED_UP]
        told = "您的额度（每小时 2 次请求）已用完，将在 30 分钟后重置。"
        assert await counted.answer("现在呢？") == [told]
        assert len(drun.requests) == 2
        assert [turn.text for turn in await counted.stage.kept()] == ["hello", "hello"]
        counted.clock.at += timedelta(minutes=30)
        assert await counted.answer("and now?") == ["Yes."]


async def test_a_refusal_is_the_only_thing_that_is_shown(connections: Connections, drun: DrunDouble) -> None:
    async with counter(connections, drun, "channel 1 requests/day") as counted:
        await counted.answer()
        claim = await counted.stage.asked("more")
        await counted.engine.answer(Hold(claim))
        writes = counted.stage.platform.of(claim.message).writes
        assert [(write.kind, write.final) for write in writes] == [("post", True)]
        assert writes[0].text.startswith("This channel's budget of 1 request a day is used up.")


async def test_what_the_model_reports_is_counted(connections: Connections, drun: DrunDouble) -> None:
    rules = "person 1000000 tokens/day, workspace 5 USD/day"
    async with counter(connections, drun, rules) as counted:
        drun.script(Script("one two three"))
        await counted.answer("count")
        [turn] = await counted.stage.kept()
        assert turn.usage is not None
        # public/deepseek-v3 is documented at 0.28 and 1.1 USD for a million.
        prompt, completion = turn.usage.prompt_tokens, turn.usage.completion_tokens
        await counted.until_used("person 1000000 tokens/day", prompt + completion)
        await counted.until_used("workspace 5 USD/day", prompt * 280 + completion * 1100)


async def test_while_it_is_written_an_answer_holds_what_it_may_use(
    connections: Connections, drun: DrunDouble
) -> None:
    script = Script("one two", gated=True)
    async with counter(connections, drun, "person 8000 tokens/day") as counted:
        drun.script(script)
        answering = asyncio.create_task(counted.answer())
        await drun.until(lambda: drun.in_flight > 0)
        [(used, held)] = await counted.left("person 8000 tokens/day")
        assert used == 0
        assert 8192 < held < 9000, "its prompt, and the longest reply of that model"
        [told] = await counted.answer("beside it", thread("1"))
        assert told.startswith("The answers I am writing now may take all that is left of your budget")
        await script.finish_up()
        assert await answering == ["one two"]
        await counted.until_used("person 8000 tokens/day", 4)


async def test_a_turn_that_nobody_answered_uses_nothing(connections: Connections, drun: DrunDouble) -> None:
    async with counter(connections, drun, "person 1 requests/hour") as counted:
        drun.reply = unavailable()
        assert (await counted.answer())[0].startswith("⚠️")
        await counted.until_used("person 1 requests/hour", 0)
        drun.reply_with("Now.")
        assert await counted.answer() == ["Now."]


async def test_commands_and_empty_mentions_use_nothing(connections: Connections, drun: DrunDouble) -> None:
    async with counter(connections, drun, "person 1 requests/hour") as counted:
        for text in ("/help", "/usage", "", "/model"):
            await counted.answer(text)
        assert await counted.left("person 1 requests/hour") == [(0, 0)]


async def test_a_turn_that_the_platform_would_not_show_gives_back_what_it_holds(
    connections: Connections, drun: DrunDouble
) -> None:
    async with counter(connections, drun, "person 1 requests/hour") as counted:
        drun.reply_with("Here.")
        claim = await counted.stage.asked("hello")
        broken = RuntimeError("nobody foresaw this")
        surface = counted.stage.platform.of(claim.message)
        surface.outcomes = deque([broken])  # type: ignore[list-item] # what no surface raises
        with pytest.raises(RuntimeError):
            await counted.engine.answer(Hold(claim))
        await counted.until_used("person 1 requests/hour", 0)
        await counted.engine.answer(Hold(claim))
        assert surface.texts() == ["Here."]
        await counted.until_used("person 1 requests/hour", 1)


async def test_two_workers_admit_exactly_as_many_as_there_are_requests(
    connections: Connections, redis_url: str, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    rules = parse_rules("person 3 requests/day")
    async with (
        connect(redis_url) as others,
        scene(connections, drun) as one,
        scene(others, drun) as two,
        Chores() as chores,
    ):
        counters = [counting(one, connections, chores, rules), counting(two, others, chores, rules)]
        stopping, questions = asyncio.Event(), [said("hello", thread(str(number))) for number in range(12)]
        workers = [
            Worker(each.stage.turns, each.engine.answer, capacity=6, lease_s=100.0) for each in counters
        ]
        for question in questions:
            await one.turns.accept(question)
        working = [asyncio.create_task(worker.run(stopping, drain_s=5)) for worker in workers]
        platforms = [one.platform, two.platform]

        async def shown() -> list[str]:
            surfaces = [platform.shown.get(each.turn_id) for each in questions for platform in platforms]
            texts = [text for surface in surfaces if surface for text in surface.texts()]
            return texts if len(texts) == len(questions) and not any("▍" in each for each in texts) else []

        texts = await eventually(shown)
        stopping.set()
        await asyncio.gather(*working)
        assert texts.count("Yes.") == 3
        assert sum("Your budget of 3 requests a day is used up." in text for text in texts) == 9
        assert len(drun.requests) == 3
        await counters[0].until_used("person 3 requests/day", 3)


async def test_a_turn_that_is_taken_over_counts_once(connections: Connections, drun: DrunDouble) -> None:
    script = Script("one two", gated=True)
    async with counter(connections, drun, "person 1 requests/hour") as counted:
        drun.script(script)
        claim = await counted.stage.asked("hello")
        dying = asyncio.create_task(counted.engine.answer(Hold(claim)))
        await drun.until(lambda: drun.in_flight > 0)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert await counted.left("person 1 requests/hour") == [(0, 1)], "it will be answered by somebody"
        await expire(connections.ask, ROOM)
        drun.reply_with("Again.")
        again = await claimed(counted.stage.turns)
        await counted.engine.answer(Hold(again))
        assert counted.stage.platform.of(claim.message).texts()[-1].startswith("Again.")
        await counted.until_used("person 1 requests/hour", 1)


async def test_who_lost_the_lease_takes_nothing_from_whoever_has_it(
    connections: Connections, drun: DrunDouble
) -> None:
    async with counter(connections, drun, "person 1 requests/hour") as counted:
        drun.reply_with("Late.")
        claim = await counted.stage.asked("hello")
        script = Script("one", gated=True)
        drun.script(script)
        hold = Hold(claim)
        late = asyncio.create_task(counted.engine.answer(hold))
        await drun.until(lambda: drun.in_flight > 0)
        hold.until = 0.0
        await script.finish_up()
        with pytest.raises(LeaseLost):
            await late
        assert await counted.left("person 1 requests/hour") == [(0, 1)]


async def test_what_a_killed_worker_held_is_free_after_an_hour(
    connections: Connections, drun: DrunDouble
) -> None:
    script = Script("never", gated=True)
    async with counter(connections, drun, "person 1 requests/day") as counted:
        drun.script(script)
        dying = asyncio.create_task(counted.answer())
        await drun.until(lambda: drun.in_flight > 0)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        drun.reply_with("Yes.")
        assert "is used up" in (await counted.answer("hello", thread("1")))[0]
        counted.clock.at += timedelta(seconds=KNOWN_S + 1)
        assert await counted.answer("hello", thread("2")) == ["Yes."]


async def test_where_the_budgets_cannot_be_asked_the_turn_is_left_to_a_later_attempt(
    connections: Connections, drun: DrunDouble
) -> None:
    async with counter(connections, drun) as counted, connect("redis://127.0.0.1:1/0") as away:
        limits = replace(
            counted.limits, allowances=Allowances(away), operators=parse_rules("person 9 requests/day")
        )
        engine = replace(counted.engine, means=replace(counted.engine.means, limits=limits))
        claim = await counted.stage.asked("hello")
        with pytest.raises(StoreUnavailable):
            await engine.answer(Hold(claim))
        assert not drun.requests
        drun.reply_with("Later.")
        await counted.engine.answer(Hold(claim))
        assert counted.stage.platform.of(claim.message).texts()[-1].startswith("Later.")


class Slow(Allowances):
    """Its answers are never heard."""

    asked: asyncio.Event

    async def reserve(self, wanted: Granted, charge: Charge) -> Granted | Refused:
        await super().reserve(wanted, charge)
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


async def test_a_turn_that_is_stopped_while_it_asks_for_its_budget_holds_nothing(
    connections: Connections, drun: DrunDouble
) -> None:
    async with counter(connections, drun, "person 1 requests/hour") as counted:
        slow = Slow(connections, now=counted.clock)
        slow.asked = asyncio.Event()
        means = replace(counted.engine.means, limits=replace(counted.limits, allowances=slow))
        claim, stopping = await counted.stage.asked("hello"), asyncio.Event()
        answering = asyncio.create_task(replace(counted.engine, means=means).answer(Hold(claim, stopping)))
        await slow.asked.wait()
        assert await counted.left("person 1 requests/hour") == [(0, 1)]
        stopping.set()
        await answering
        assert counted.stage.platform.of(claim.message).texts() == ["_Stopped._"]
        await counted.until_used("person 1 requests/hour", 0)
        assert not drun.requests


async def test_turns_of_the_demo_model_are_not_counted(connections: Connections, drun: DrunDouble) -> None:
    demo = Endpoint(Deployment.DEMO, drun.maas_url, drun.key)
    rules = "person 1 requests/hour, person 1 tokens/day"
    async with counter(connections, drun, rules, endpoints=[demo]) as counted:
        drun.reply_with("I am small.")
        for _ in range(3):
            assert (await counted.answer())[0].startswith("I am small.")
        assert await counted.left(rules) == [(0, 0), (0, 0)]


@asynccontextmanager
async def both_ways(connections: Connections, drun: DrunDouble, rules: str) -> AsyncGenerator[Counter, None]:
    """A service that MaaS stands in for, with a price that is documented."""
    endpoints = [maas(drun), service(drun)]
    drun.service.models[:] = [MINE]
    async with counter(connections, drun, rules, endpoints=endpoints) as counted, model_client() as client:
        catalog = Catalog(client, endpoints, default=MINE, aliases={}, runs={MINE: "DeepSeek-V3"})
        means = replace(counted.engine.means, catalog=catalog)
        yield replace(counted, engine=replace(counted.engine, means=means))
        await catalog.aclose()


async def test_a_model_service_s_turn_uses_tokens_but_no_money(
    connections: Connections, drun: DrunDouble
) -> None:
    rules = "person 0.001 USD/day, person 1000000 tokens/day"
    async with both_ways(connections, drun, rules) as counted:
        drun.reply_with("Mine.")
        for _ in range(2):
            assert await counted.answer("hello") == ["Mine."]
        await eventually(lambda: _held_nothing(counted, rules))
        (tokens, _), (money, _) = sorted(await counted.left(rules), reverse=True)
        assert (tokens > 0, money) == (True, 0)


async def _held_nothing(counted: Counter, rules: str) -> bool:
    return all(held == 0 for _, held in await counted.left(rules))


async def test_a_service_s_turn_that_maas_answered_is_paid_as_maas(
    connections: Connections, drun: DrunDouble
) -> None:
    async with both_ways(connections, drun, "person 0.000001 USD/day") as counted:
        drun.script(unavailable(), times=2)
        drun.script(Script("From MaaS."))
        assert (await counted.answer())[0].startswith("From MaaS.")
        await eventually(lambda: _paid(counted))


async def _paid(counted: Counter) -> bool:
    [(used, held)] = await counted.left("person 0.000001 USD/day")
    return used > 0 and held == 0


async def test_once_the_money_is_used_up_a_service_still_answers_but_nobody_stands_in_for_it(
    connections: Connections, drun: DrunDouble
) -> None:
    rules = "person 0.000001 USD/day"
    async with both_ways(connections, drun, rules) as counted:
        drun.script(unavailable(), times=2)
        drun.script(Script("From MaaS."))
        await counted.answer()
        await eventually(lambda: _paid(counted))
        breakers = Breakers()  # who was down a moment ago is asked again
        means = replace(counted.engine.means, breakers=breakers)
        later = replace(counted, engine=replace(counted.engine, means=means))
        drun.reply_with("Mine.")
        assert await later.answer("hello") == ["Mine."]
        drun.script(unavailable(), times=2)
        told = "Your budget of 0.000001 USD a day is used up. It resets in 11 hours 30 minutes."
        assert await later.answer("hello") == [told]
        assert (await later.left(f"{rules}, person 9 requests/day"))[1] == (2, 0)


@pytest.mark.parametrize(
    ("author", "admin", "answered"),
    [("ada", False, 1), ("ada", None, 1), ("ada", True, 3), ("root", False, 3)],
    ids=["somebody", "somebody unknown", "an admin", "who is named in ADMINS"],
)
async def test_a_role_s_rules_are_for_admins(
    connections: Connections, drun: DrunDouble, author: str, *, admin: bool | None, answered: int
) -> None:
    rules = "person 1 requests/hour, admin person 3 requests/hour"
    async with counter(connections, drun, rules) as counted:
        drun.reply_with("Yes.")
        counted.stage.platform.people[author] = Person("", admin)
        texts = []
        for number in range(4):
            message = replace(said("hello", thread(str(number))), author=author)
            await counted.stage.turns.accept(message)
            await counted.engine.answer(Hold(await claimed(counted.stage.turns)))
            texts += counted.stage.platform.of(message).texts()
        assert texts.count("Yes.") == answered
        assert sum("is used up" in text for text in texts) == 4 - answered


class Unasked(FakePlatform):
    async def person(self, author: str, channel: Channel) -> Person:
        raise AssertionError("nobody asked for a role")


async def test_without_a_rule_for_a_role_nobody_is_asked_who_somebody_is(
    connections: Connections,
) -> None:
    limits = Limits(Allowances(connections), parse_rules("person 1 requests/hour"))
    assert await limits.rules(Chosen(), Unasked(), GENERAL, "ada") == limits.operators


@pytest.mark.parametrize("level", [Level.CHANNEL, Level.WORKSPACE])
async def test_what_admins_add_narrows_and_lifts_nothing(
    connections: Connections, drun: DrunDouble, level: Level
) -> None:
    async with counter(connections, drun, "person 2 requests/hour") as counted:
        drun.reply_with("Yes.")

        async def add(rules: str) -> None:
            place = Place(level, ROOM)
            await counted.stage.desk.preferences.choose(place, "budgets", rules, by="root")

        await add("person 1 requests/hour")
        assert await counted.answer() == ["Yes."]
        assert "budget of 1 request an hour is used up" in (await counted.answer())[0]
        await add("person unlimited requests/hour, person 99 requests/hour")
        assert await counted.answer() == ["Yes."]
        assert await counted.answer() == [USED_UP]
        await add("these were written by another version")
        assert await counted.answer() == [USED_UP]


async def test_a_channel_s_budget_is_its_own(connections: Connections, drun: DrunDouble) -> None:
    elsewhere = Conversation(Channel("slack", "T1", "random"))
    async with counter(connections, drun) as counted:
        drun.reply_with("Yes.")
        place = Place(Level.CHANNEL, ROOM)
        await counted.stage.desk.preferences.choose(place, "budgets", "channel 1 requests/day", by="root")
        assert await counted.answer() == ["Yes."]
        assert "This channel's budget of 1 request a day" in (await counted.answer())[0]
        assert await counted.answer("hello", elsewhere) == ["Yes."]


async def test_usage_tells_what_is_left_of_each_budget(connections: Connections, drun: DrunDouble) -> None:
    async with counter(connections, drun, "person 5 requests/hour, workspace 20 CNY/day") as counted:
        drun.reply_with("Yes.")
        await counted.answer()
        await counted.until_used("person 5 requests/hour", 1)
        call = Call(ROOM, "usage", "", "en", author="ada")
        said_en = (await run(counted.engine.desk, call)).text.split("\n")
        said_zh = (await run(counted.engine.desk, replace(call, language="zh"))).text.split("\n")
        assert said_en[-4:] == [
            "Budgets:",
            "",
            "- This workspace, 20 CNY a day: 0 used, 20 left; resets in 11 hours 30 minutes",
            "- You, 5 requests an hour: 1 used, 4 left; resets in 30 minutes",
        ]
        assert said_zh[-4:] == [
            "额度：",
            "",
            "- 本工作区，每天 20 CNY：已用 0，剩余 20，11 小时 30 分钟后重置",
            "- 您，每小时 5 次请求：已用 1，剩余 4，30 分钟后重置",
        ]
