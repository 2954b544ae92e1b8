"""Idle workers are woken by what happens, and ask only where something may be."""

import asyncio
from time import monotonic
from typing import Any

import pytest

from core.conversation import Channel, Conversation
from core.store.claims import Claim, Nothing
from core.store.connection import Connections, connect
from core.store.keys import partition_of
from core.store.turns import Turns
from tests.core.store.talk import answered, claimed, eventually, expire, said, turns_of, until

PARTITIONS = 16
ROOMS = [Conversation(Channel("slack", "T1", f"c{number}")) for number in range(40)]


def patient(connections: Connections, **more: float) -> Turns:
    """As the program makes them: what nobody told is looked for every two seconds."""
    return turns_of(connections, partitions=PARTITIONS, look_again_s=more.get("look_again_s", 2.0))


def wake_of(room: Conversation) -> str:
    return partition_of(room.channel, PARTITIONS).wake


async def scripts_run(connections: Connections) -> int:
    stats: Any = await connections.ask.info("commandstats")
    return sum(each["calls"] for name, each in stats.items() if name.startswith("cmdstat_eval"))


async def idle(turns: Turns) -> None:
    assert isinstance(await turns.claim(), Nothing)


async def test_a_hint_costs_one_claim_for_the_turn_and_one_to_see_that_it_was_all(
    connections: Connections,
) -> None:
    turns = patient(connections)
    await idle(turns)
    waiting = asyncio.create_task(turns.wait(30))
    await turns.accept(said("hello", ROOMS[0]))
    async with asyncio.timeout(5):
        await waiting
    before = await scripts_run(connections)
    assert (await claimed(turns)).conversation == ROOMS[0]
    found = await turns.claim()
    assert isinstance(found, Nothing)
    assert found.due_s is not None, "its lease runs out some day"
    assert await scripts_run(connections) == before + 2


async def test_a_wait_that_brought_nothing_looks_nowhere_until_it_is_time(connections: Connections) -> None:
    turns = patient(connections, look_again_s=0.5)
    await idle(turns)
    before = await scripts_run(connections)
    began = monotonic()
    for _ in range(3):
        await turns.wait(0.01)
        await idle(turns)
    assert monotonic() - began < 0.5
    assert await scripts_run(connections) == before
    while await scripts_run(connections) < before + PARTITIONS:
        await turns.wait(0.05)
        await idle(turns)
    assert 0.45 < monotonic() - began < 0.9
    assert await scripts_run(connections) == before + PARTITIONS, "each once"


async def test_what_nobody_told_is_found_when_it_is_looked_for_again(connections: Connections) -> None:
    turns = patient(connections, look_again_s=0.2)
    await idle(turns)
    await turns.accept(said("hello", ROOMS[0]))
    await connections.ask.delete(wake_of(ROOMS[0]))
    began = monotonic()
    while isinstance(found := await turns.claim(), Nothing):
        await turns.wait(0.05)
    assert found.conversation == ROOMS[0]
    assert monotonic() - began < 1


async def test_a_lease_that_ran_out_is_claimed_by_who_saw_it(connections: Connections) -> None:
    turns = turns_of(connections, partitions=PARTITIONS, lease_s=0.3, look_again_s=60)
    await idle(turns)
    waiting = asyncio.create_task(turns.wait(30))
    await turns.accept(said("hello", ROOMS[0]))
    await waiting
    assert (await claimed(turns)).attempt == 1
    async with asyncio.timeout(5):
        while isinstance(found := await turns.claim(), Nothing):
            assert found.due_s is not None
            await turns.wait(found.due_s)
    assert found.attempt == 2


async def test_a_hint_that_a_busy_worker_took_reaches_another(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as other:
        busy, free = patient(one), patient(other)
        await idle(busy)
        await idle(free)
        await busy.wait(0.05)  # what it is blocked on stays blocked, and takes the next hint
        await free.accept(said("hello", ROOMS[0]))
        async with asyncio.timeout(1.5):
            await free.wait(30)
            assert (await claimed(free)).conversation == ROOMS[0]


async def test_waits_that_are_cancelled_lose_no_hint(connections: Connections) -> None:
    turns = patient(connections, look_again_s=60)
    await idle(turns)
    for room in ROOMS:
        waiting = asyncio.create_task(turns.wait(30))
        await asyncio.sleep(0)
        accepting = asyncio.create_task(turns.accept(said("hello", room)))
        waiting.cancel()
        await asyncio.gather(waiting, accepting, return_exceptions=True)
    claims: list[Claim] = []
    async with asyncio.timeout(5):
        while len(claims) < len(ROOMS):
            await turns.wait(0.2)
            while isinstance(found := await turns.claim(), Claim):
                claims.append(found)
    assert {claim.conversation for claim in claims} == set(ROOMS)


async def test_a_worker_that_ends_gives_back_the_hint_it_holds(
    redis_url: str, connections: Connections
) -> None:
    async with connect(redis_url) as ending:
        turns = patient(ending)
        await idle(turns)
        waiting = asyncio.create_task(turns.wait(30))
        await patient(connections).accept(said("hello", ROOMS[0]))
        await waiting
    assert await connections.ask.llen(wake_of(ROOMS[0])) == 1


async def test_nothing_runs_on_when_the_connections_are_closed(redis_url: str) -> None:
    before = asyncio.all_tasks()
    async with connect(redis_url) as connections:
        await patient(connections).wait(0.01)
        assert len(asyncio.all_tasks()) > len(before)
    assert asyncio.all_tasks() == before


@pytest.mark.every_form
async def test_three_workers_are_woken_promptly_by_work_in_any_partition(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as two, connect(redis_url) as three:
        workers = [patient(each) for each in (one, two, three)]
        answers: list[str] = []

        async def work(turns: Turns) -> None:
            while True:
                if isinstance(claim := await turns.claim(), Claim):
                    answers.append(claim.message.text)
                    await turns.commit(claim, answered(claim))
                else:
                    await turns.wait(2.0)

        working = [asyncio.create_task(work(each)) for each in workers]
        desk = patient(one)
        began = monotonic()
        for number, room in enumerate(ROOMS):
            await desk.accept(said(f"{number}", room))
            await until(lambda number=number: f"{number}" in answers)  # type: ignore[misc]  # mypy types no default
        took = monotonic() - began
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        # One that is found only by looking again takes up to two seconds.
        assert took < 4, "forty turns, one after the other"


@pytest.mark.every_form
async def test_partitions_take_turns(connections: Connections) -> None:
    turns = patient(connections)
    for room in ROOMS[:20]:
        for text in ("one", "two", "three"):
            await turns.accept(said(text, room))
    seen: list[str] = []
    while isinstance(claim := await turns.claim(), Claim):
        seen.append(wake_of(claim.conversation))
        await turns.commit(claim, None)
    busy = {wake_of(room) for room in ROOMS[:20]}
    assert set(seen[: len(busy)]) == busy, "each once before any twice"
    assert len(seen) == 60


async def test_an_expired_lease_in_a_partition_that_nobody_told_of_is_found(connections: Connections) -> None:
    dead, alive = patient(connections), patient(connections, look_again_s=0.2)
    await dead.accept(said("hello", ROOMS[0]))
    await claimed(dead)
    await idle(alive)
    await expire(connections.ask, ROOMS[0], partitions=PARTITIONS)

    async def taken_over() -> bool:
        return isinstance(await alive.claim(), Claim)

    await eventually(taken_over, 2)
