"""Who may write, and how they are told to stop."""

import asyncio
from time import monotonic

import pytest

from core.store.claims import Claim, Lease, Nothing
from core.store.connection import Connections, connect
from core.store.turns import Turns
from tests.core.store.talk import ROOM, answered, ask, claimed, expire, said, thread, turns_of

pytestmark = pytest.mark.every_form


async def test_a_lease_that_is_renewed_is_not_taken_over(turns: Turns, connections: Connections) -> None:
    claim = await ask(turns, "hello")
    await expire(connections.ask, ROOM)
    assert await turns.renew([claim]) == [Lease.KEPT]
    found = await turns.claim()
    assert isinstance(found, Nothing)
    assert found.due_s is not None
    assert found.due_s > 99


async def test_a_lost_lease_is_told_and_writes_nothing(turns: Turns, connections: Connections) -> None:
    lost, kept = await ask(turns, "one", thread("1")), await ask(turns, "two", thread("2"))
    await expire(connections.ask, thread("1"))
    winner = await claimed(turns)
    assert await turns.renew([kept, lost]) == [Lease.KEPT, Lease.LOST]
    assert not await turns.checkpoint(lost, ["wrong"])
    assert not await turns.release(lost, wait_s=0)
    assert not await turns.commit(lost, None)
    assert await turns.renew([winner]) == [Lease.KEPT]
    await expire(connections.ask, thread("1"))
    assert list((await claimed(turns)).shown) == []


async def test_nothing_to_renew_is_no_question(turns: Turns) -> None:
    assert await turns.renew([]) == []


async def test_a_released_turn_is_claimed_at_once_and_the_attempt_does_not_count(turns: Turns) -> None:
    claim = await ask(turns, "hello")
    await turns.checkpoint(claim, ["p1"])
    for _ in range(5):
        assert await turns.release(claim)
        assert not await turns.release(claim), "once"
        assert await turns.renew([claim]) == [Lease.LOST]
        claim = await claimed(turns)
        assert (claim.attempt, list(claim.shown)) == (1, ["p1"])


async def test_a_release_wakes_another_worker(turns: Turns) -> None:
    claim = await ask(turns, "hello")
    await turns.claim()
    waiting = asyncio.create_task(turns.wait(30))
    await asyncio.sleep(0)
    await turns.release(claim)
    async with asyncio.timeout(5):
        await waiting


async def test_a_turn_that_is_released_for_later_is_claimed_later(turns: Turns) -> None:
    claim = await ask(turns, "hello")
    assert await turns.release(claim, wait_s=0.05)
    assert isinstance(await turns.claim(), Nothing)
    async with asyncio.timeout(5):
        while isinstance(found := await turns.claim(), Nothing):
            await turns.wait(found.due_s or 0.01)
    assert found.attempt == 1


async def test_a_stop_is_heard_in_another_process_at_once(redis_url: str) -> None:
    async with connect(redis_url) as here, connect(redis_url) as there:
        worker, desk = turns_of(there), turns_of(here)
        await ask(worker, "hello")
        async with worker.stops() as announced:
            began = monotonic()
            assert await desk.stop(ROOM)
            async with asyncio.timeout(0.5):
                assert await anext(announced) == str(ROOM)
            assert monotonic() - began < 0.5


async def test_a_stop_that_nobody_heard_is_told_by_the_next_renewal(turns: Turns) -> None:
    claim = await ask(turns, "hello")
    assert await turns.stop(ROOM)
    assert await turns.renew([claim]) == [Lease.STOP]
    assert await turns.commit(claim, answered(claim))
    following = await ask(turns, "next")
    assert await turns.renew([following]) == [Lease.KEPT], "it was meant for the other one"


async def test_a_stop_outlives_the_worker_that_should_have_obeyed(
    turns: Turns, connections: Connections
) -> None:
    await ask(turns, "hello")
    assert await turns.stop(ROOM)
    await expire(connections.ask, ROOM)
    assert (await claimed(turns)).stopped


async def test_a_stop_outlives_a_release(turns: Turns) -> None:
    claim = await ask(turns, "hello")
    await turns.release(claim)
    assert await turns.stop(ROOM), "it is about to be written on"
    assert (await claimed(turns)).stopped


async def test_there_is_nothing_to_stop_where_nothing_is_written(turns: Turns) -> None:
    assert not await turns.stop(ROOM)
    await turns.accept(said("waiting"))
    assert not await turns.stop(ROOM)
    claim = await claimed(turns)
    await turns.commit(claim, answered(claim))
    assert not await turns.stop(ROOM)


async def test_a_stop_in_one_thread_leaves_the_others_alone(turns: Turns) -> None:
    one, two = await ask(turns, "one", thread("1")), await ask(turns, "two", thread("2"))
    assert await turns.stop(thread("2"))
    assert await turns.renew([one, two]) == [Lease.KEPT, Lease.STOP]


async def test_fences_only_grow(turns: Turns, connections: Connections) -> None:
    await turns.accept(said("a"))
    await turns.accept(said("b"))
    fences = []
    for step in ("expire", "release", "commit", "release", "expire", "commit"):
        claim: Claim = await claimed(turns)
        fences.append(int(claim.fence))
        if step == "expire":
            await expire(connections.ask, ROOM)
        elif step == "release":
            assert await turns.release(claim)
        else:
            assert await turns.commit(claim, None)
    assert fences == sorted(set(fences))


async def test_a_turn_that_was_given_back_is_one_that_somebody_had(turns: Turns) -> None:
    """No attempt is lost by it, but whoever had it may have posted something that nobody noted."""
    first = await ask(turns, "one")
    assert not first.again
    assert await turns.release(first)
    second = await claimed(turns)
    assert (second.attempt, second.again) == (1, True)
    assert await turns.commit(second, None)
    assert not (await ask(turns, "two")).again
