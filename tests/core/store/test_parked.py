"""Turns that were given up: kept, tried again, forgotten."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from core import texts
from core.hold import Hold
from core.store.claims import Claim, Nothing
from core.store.connection import Connections
from core.store.keys import Partition
from core.store.parked import ParkedTurns
from core.store.standing import Standing, settled_partitions, standing
from core.store.turns import PARKED_KEPT, Turns
from core.worker import Worker
from tests.core.scene import Scene, scene
from tests.core.store.talk import (
    DAY_S,
    GENERAL,
    ROOM,
    answered,
    ask,
    claimed,
    exchange,
    expire,
    read,
    said,
    thread,
    turns_of,
)
from tests.doubles.drun.server import DrunDouble

REASON = "SurfaceFailed: the platform was away"


@pytest.fixture
def parked(connections: Connections) -> ParkedTurns:
    return ParkedTurns(connections, partitions=1)


@pytest.fixture
async def stage(connections: Connections) -> AsyncIterator[Scene]:
    async with DrunDouble() as drun, scene(connections, drun) as found:
        yield found


async def give_up(turns: Turns, text: str, *, shown: Sequence[str] = ()) -> Claim:
    claim = await ask(turns, text)
    assert await turns.commit(replace(claim, shown=shown), None, gave_up=REASON)
    return claim


async def members(connections: Connections) -> list[str]:
    return [str(member) for member in await connections.ask.zrange(Partition(0).parked, 0, -1)]


async def questions(parked: ParkedTurns) -> list[str]:
    return [each.turn.read()[0].text for each in await parked.all()]


async def test_what_is_given_up_is_kept_with_its_reason_oldest_first(
    turns: Turns, parked: ParkedTurns
) -> None:
    for text in ("first", "second", "third"):
        await give_up(turns, text)
    assert await questions(parked) == ["first", "second", "third"]
    found = await parked.all()
    assert {each.turn.reason for each in found} == {REASON}
    assert len({each.turn.id for each in found}) == 3
    assert all(len(each.turn.id) == 8 for each in found)


async def test_a_turn_that_is_tried_again_comes_after_what_was_asked_since(
    turns: Turns, parked: ParkedTurns
) -> None:
    await give_up(turns, "poison")
    await exchange(turns, "between")
    await turns.accept(said("waits"))
    [given_up] = await parked.all()
    assert await parked.requeue(given_up.turn)
    waits = await claimed(turns)
    assert waits.message.text == "waits"
    assert await turns.commit(waits, None)
    again = await claimed(turns)
    assert (again.message.text, again.attempt, again.failed) == ("poison", 1, "")
    assert read(again) == ["between"]
    assert await parked.all() == []


async def test_a_turn_that_is_tried_again_twice_is_one_turn(turns: Turns, parked: ParkedTurns) -> None:
    await give_up(turns, "poison")
    [given_up] = await parked.all()
    assert [await parked.requeue(given_up.turn) for _ in range(2)] == [True, False]
    assert await turns.commit(await claimed(turns), None)
    assert isinstance(await turns.claim(), Nothing)


async def test_a_turn_that_is_dropped_is_gone_and_the_others_stay(turns: Turns, parked: ParkedTurns) -> None:
    for text in ("goes", "stays"):
        await give_up(turns, text)
    goes = (await parked.all())[0].turn
    assert [await parked.drop(goes) for _ in range(2)] == [True, False]
    assert not await parked.requeue(goes)
    assert await questions(parked) == ["stays"]
    assert isinstance(await turns.claim(), Nothing)


async def test_it_writes_over_the_message_that_showed_the_notice(turns: Turns, parked: ParkedTurns) -> None:
    await give_up(turns, "poison", shown=["notice"])
    await parked.requeue((await parked.all())[0].turn)
    assert (await claimed(turns)).shown == ["notice"]


async def test_a_thread_whose_first_turn_was_tried_again_knows_it(turns: Turns, parked: ParkedTurns) -> None:
    """That turn is said in the channel, which the thread reads up to its root."""
    claim = await ask(turns, "opens", thread("1"), opens_thread=True)
    assert await turns.commit(claim, None, gave_up=REASON)
    await exchange(turns, "elsewhere")
    await parked.requeue((await parked.all())[0].turn)
    again = await claimed(turns)
    assert read(again) == ["elsewhere"]
    assert await turns.commit(again, answered(again))
    assert read(await ask(turns, "inside", thread("1"))) == ["elsewhere", "opens"]


async def test_a_turn_of_a_thread_that_redis_forgot_does_not_read_past_a_reset(
    turns: Turns, parked: ParkedTurns, connections: Connections
) -> None:
    await exchange(turns, "forgotten")
    await turns.reset(ROOM)
    claim = await ask(turns, "inside", thread("1"))
    assert await turns.commit(claim, None, gave_up=REASON)
    await connections.ask.delete(Partition(0).state(thread("1")))  # as after HISTORY_TTL_DAYS
    await parked.requeue((await parked.all())[0].turn)
    assert read(await claimed(turns)) == []


async def test_only_the_last_thousand_are_kept(
    turns: Turns, parked: ParkedTurns, connections: Connections
) -> None:
    await give_up(turns, "the first")
    earlier = (await parked.all())[0].at.timestamp() * 1000 - PARKED_KEPT
    others = {f'{{"old": {number}}}': earlier + number for number in range(PARKED_KEPT - 1)}
    await connections.ask.zadd(Partition(0).parked, others)
    assert await connections.ask.zcard(Partition(0).parked) == PARKED_KEPT
    for text in ("one more", "another"):
        await give_up(turns, text)
    kept = await members(connections)
    assert len(kept) == PARKED_KEPT
    assert '{"old": 0}' not in kept
    assert '{"old": 1}' not in kept
    assert '{"old": 2}' in kept
    assert all(text in "".join(kept[-3:]) for text in ("the first", "one more", "another"))


async def test_what_was_given_up_goes_after_the_time_that_histories_have(
    turns: Turns, parked: ParkedTurns, connections: Connections
) -> None:
    await give_up(turns, "old")
    assert DAY_S - 60 < await connections.ask.ttl(Partition(0).parked) <= DAY_S
    [member] = await members(connections)
    await connections.ask.zincrby(Partition(0).parked, -DAY_S * 1000, member)
    await exchange(turns, "somebody speaks")
    assert await parked.all() == []


async def test_a_poison_turn_ends_parked_with_its_last_reason_and_lets_the_next_one_pass(
    stage: Scene, parked: ParkedTurns, connections: Connections
) -> None:
    turns, worker = turns_of(connections), Failing(stage)
    stage.drun.reply_with("Here I am.")
    poison, behind = said("poison"), said("waits behind it")
    await turns.accept(poison)
    await turns.accept(behind)
    for number in (1, 2, 3):
        await worker.take(await claimed(turns), f"failure {number}")
        await expire(connections.ask, ROOM)
    last = await claimed(turns)
    assert (last.attempt, last.failed) == (4, "RuntimeError: failure 3")
    await stage.engine.answer(Hold(last))
    assert stage.platform.of(poison).texts() == [texts.GAVE_UP.en]
    await stage.engine.answer(Hold(await claimed(turns)))
    assert stage.platform.of(behind).texts() == ["Here I am."]
    [given_up] = await parked.all()
    assert given_up.turn.reason == "RuntimeError: failure 3"
    await parked.requeue(given_up.turn)
    stage.platform.of(poison).sealed.clear()  # the notice was final, until the operator had it tried again
    await stage.engine.answer(Hold(await claimed(turns)))
    assert stage.platform.of(poison).texts() == ["Here I am."], "in the message that showed the notice"


class Failing:
    """The real worker around an answer that always fails."""

    def __init__(self, stage: Scene) -> None:
        self._reason = ""
        self._worker = Worker(stage.turns, self._fail, capacity=1, lease_s=10)

    async def take(self, claim: Claim, reason: str) -> None:
        self._reason = reason
        await self._worker._answer_one(Hold(claim))

    async def _fail(self, hold: Hold) -> None:
        raise RuntimeError(self._reason)


async def test_what_waits_and_what_is_answered_is_counted(turns: Turns, connections: Connections) -> None:
    assert await settled_partitions(connections) is None
    await turns.settled_partitions()
    assert await settled_partitions(connections) == 1
    for name in ("1", "2", "2", "3"):
        await turns.accept(said("hello", thread(name, GENERAL)))
    for name in ("1", "2"):
        assert (await claimed(turns)).conversation == thread(name)
    await turns.accept(said("one more", thread("3")))
    assert await standing(connections, 1) == Standing(waiting=1, answered=2, turns=3, more_turns=False)


async def test_the_count_is_bounded_and_says_so(turns: Turns, connections: Connections) -> None:
    await connections.ask.zadd(Partition(0).schedule, {f"slack:T:C:{number}": 1 for number in range(1001)})
    assert await standing(connections, 1) == Standing(waiting=1001, answered=0, turns=0, more_turns=True)
