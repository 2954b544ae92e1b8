"""Taking turns and letting go of them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import pytest
from structlog.testing import capture_logs

from core import texts
from core.hold import Hold
from core.store.claims import Claim, Lease, Nothing
from core.store.connection import Connections, connect
from core.store.turns import Turns
from core.worker import Worker
from tests.core.scene import Scene
from tests.core.shift import shift
from tests.core.store.own_server import own_server
from tests.core.store.talk import (
    GENERAL,
    ROOM,
    claimed,
    eventually,
    expire,
    read,
    said,
    thread,
    turns_of,
    until,
)


@pytest.fixture
def turns(connections: Connections) -> Turns:
    return turns_of(connections)


async def test_what_is_accepted_is_answered(turns: Turns) -> None:
    async with shift(turns, at_once=True) as working:
        for number in range(20):
            await turns.accept(said(f"{number}", thread(str(number % 4))))
        await until(lambda: len(working.answer.begun) == 20)
    for name in range(4):
        await turns.accept(said("next", thread(str(name))))
        assert read(await claimed(turns)) == [f"{number}" for number in range(20) if number % 4 == name]


async def test_only_so_many_turns_are_answered_at_once(turns: Turns) -> None:
    async with shift(turns, capacity=2) as working:
        for number in range(5):
            await turns.accept(said("hello", thread(str(number))))
        await until(lambda: working.answer.now == 2)
        assert isinstance(await turns.claim(), Claim), "the others are left to other workers"
        working.answer.go.set()
        await until(lambda: len(working.answer.begun) == 4)
    assert working.answer.most == 2


async def test_a_worker_that_is_told_to_end_finishes_what_it_began_and_begins_nothing(turns: Turns) -> None:
    async with shift(turns) as working:
        await turns.accept(said("begun"))
        await until(lambda: working.answer.now == 1)
        working.stopping.set()
        done, _ = await asyncio.wait({working.task}, timeout=0.1)
        await turns.accept(said("too late", thread("1")))
        assert not done
        working.answer.go.set()
        async with asyncio.timeout(2):
            await working.task
    assert [claim.message.text for claim in working.answer.begun] == ["begun"]
    assert (await claimed(turns)).message.text == "too late"
    await turns.accept(said("next"))
    assert read(await claimed(turns)) == ["begun"]


async def test_what_does_not_end_in_time_is_handed_on_at_once_and_not_counted(turns: Turns) -> None:
    async with shift(turns, drain_s=0.05) as working:
        for name in ("1", "2", "3"):
            await turns.accept(said("long", thread(name)))
        await until(lambda: working.answer.now == 3)
        working.stopping.set()
        async with asyncio.timeout(2):
            await working.task
        assert len(working.answer.cancelled) == 3
    claims = [await claimed(turns) for _ in range(3)]
    assert [claim.attempt for claim in claims] == [1, 1, 1]


async def test_who_is_in_a_hurry_hands_on_at_once_although_there_is_time(turns: Turns) -> None:
    async with shift(turns, drain_s=60) as working:
        await turns.accept(said("long"))
        await until(lambda: working.answer.now == 1)
        working.stopping.set()
        await asyncio.wait({working.task}, timeout=0.1)
        assert working.answer.now == 1
        working.hurrying.set()
        async with asyncio.timeout(2):
            await working.task
    assert (await claimed(turns)).attempt == 1


async def test_an_outage_is_told_once_and_so_is_its_end(tmp_path: Path) -> None:
    with capture_logs() as told:
        async with own_server(tmp_path) as server, connect(server.url) as connections:
            turns = turns_of(connections)
            async with shift(turns, at_once=True, lease_s=1) as working:
                await turns.accept(said("before"))
                await until(lambda: len(working.answer.begun) == 1 and not working.answer.now)
                server.kill()
                began = monotonic()
                await until(lambda: monotonic() - began > 2.5)
                async with own_server(tmp_path):
                    await turns.accept(said("after"))
                    await until(lambda: len(working.answer.begun) == 2 and not working.answer.now)
                    await until(lambda: [line["event"] for line in told].count("Redis answers again") == 1)
    assert [line["event"] for line in told] == [
        "Redis does not answer; it is asked until it does",
        "Redis answers again",
    ]


async def test_a_claim_under_way_is_not_lost_when_the_worker_is_told_to_end(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server, connect(server.url) as ours, connect(server.url) as theirs:
        turns = turns_of(ours)
        await turns.accept(said("hello"))
        with server.paused():
            async with shift(turns_of(theirs), at_once=True) as working:
                # It hangs in its first claim, or in connecting to make it.
                await asyncio.wait({working.task}, timeout=0.1)
                working.stopping.set()
                await asyncio.wait({working.task}, timeout=0.1)
                assert not working.task.done()
                server.resume()
                await working.task
        assert [claim.message.text for claim in working.answer.begun] == ["hello"]
        assert not isinstance(await turns.claim(), Claim), "answered, not left to its lease"


async def test_a_stop_reaches_a_reply_in_another_process_within_half_a_second(
    turns: Turns, redis_url: str
) -> None:
    async with connect(redis_url) as theirs, shift(turns_of(theirs)) as working:
        for name in ("1", "2"):
            await turns.accept(said(f"in {name}", thread(name)))
        await until(lambda: working.answer.now == 2)
        began = monotonic()
        assert await turns.stop(thread("2"))
        await until(lambda: working.answer.stopped)
        assert monotonic() - began < 0.5
        assert working.answer.stopped == ["in 2"]
        assert working.answer.now == 1


async def test_a_stop_that_was_not_heard_comes_with_the_next_renewal(connections: Connections) -> None:
    turns = turns_of(connections, lease_s=0.8)
    async with shift(turns, lease_s=0.8) as working:
        await turns.accept(said("hello"))
        await until(lambda: working.answer.now == 1)
        # As turns.stop does it, but for the announcement.
        await connections.ask.hset(f"drun:{{0}}:state:{GENERAL}", "stop", "1")
        await until(lambda: working.answer.stopped, seconds=1)


async def test_stops_are_heard_again_after_the_connection_was_lost(
    turns: Turns, connections: Connections
) -> None:
    async with shift(turns) as working:
        await turns.accept(said("hello"))
        await until(lambda: working.answer.now == 1)
        await eventually(lambda: connections.ask.client_kill_filter(_type="pubsub"))
        await eventually(lambda: connections.ask.publish("drun:stops", "nobody"))
        assert await turns.stop(ROOM)
        await until(lambda: working.answer.stopped, seconds=0.5)


async def test_a_turn_that_was_stopped_before_it_was_taken_over_begins_stopped(
    turns: Turns, connections: Connections
) -> None:
    await turns.accept(said("hello"))
    await claimed(turns)
    assert await turns.stop(ROOM)
    await expire(connections.ask, ROOM)
    async with shift(turns) as working:
        await until(lambda: working.answer.stopped == ["hello"])


async def test_who_lost_a_lease_stops_at_the_next_renewal(connections: Connections) -> None:
    turns, thief = turns_of(connections, lease_s=0.8), turns_of(connections)
    async with shift(turns, capacity=1, lease_s=0.8) as working:
        await turns.accept(said("hello"))
        await until(lambda: working.answer.now == 1)
        await expire(connections.ask, ROOM)
        stolen = await claimed(thief)
        await until(lambda: working.answer.cancelled, seconds=1)
        assert await thief.renew([stolen]) == [Lease.KEPT]


async def test_a_turn_that_comes_back_to_its_own_worker_is_answered_by_one_task_alone(
    turns: Turns, connections: Connections
) -> None:
    """As in a process that was stopped for longer than its leases last."""
    async with shift(turns) as working:
        await turns.accept(said("hello"))
        await until(lambda: working.answer.now == 1)
        await expire(connections.ask, ROOM)
        await turns.accept(said("wakes the worker", thread("1")))
        await until(lambda: len(working.answer.begun) == 3)
        await until(lambda: len(working.answer.cancelled) == 1)
        assert working.answer.now == 2
        working.answer.go.set()
        await until(lambda: working.answer.now == 0)
    await turns.accept(said("next"))
    assert read(await claimed(turns)) == ["hello"]


async def test_the_next_turn_of_a_conversation_cuts_off_nothing_of_the_one_before(turns: Turns) -> None:
    kept, begun, going = [], [], asyncio.Event()

    async def answer(hold: Hold) -> None:
        begun.append(hold.claim.message.text)
        await turns.commit(hold.claim, None)
        await going.wait()
        kept.append(hold.claim.message.text)

    stopping = asyncio.Event()
    working = asyncio.create_task(Worker(turns, answer, capacity=5, lease_s=10.0).run(stopping, drain_s=1))
    await turns.accept(said("one"))
    await turns.accept(said("two"))
    await until(lambda: begun == ["one", "two"])
    going.set()
    await until(lambda: kept == ["one", "two"])
    stopping.set()
    await working


async def test_leases_are_kept_as_long_as_the_answer_takes(connections: Connections) -> None:
    turns = turns_of(connections, lease_s=0.2)
    async with shift(turns, lease_s=0.2) as working, shift(turns, lease_s=0.2) as other:
        await turns.accept(said("slow"))
        await until(lambda: working.answer.now + other.answer.now == 1)
        until_then = monotonic() + 0.8
        await until(lambda: monotonic() > until_then)
        working.answer.go.set()
        other.answer.go.set()
        await until(lambda: working.answer.now + other.answer.now == 0)
    assert len(working.answer.begun + other.answer.begun) == 1
    assert working.answer.cancelled + other.answer.cancelled == []


async def test_a_turn_that_always_fails_ends_in_a_notice_after_three_attempts(
    stage: Scene, connections: Connections
) -> None:
    turns = turns_of(connections, lease_s=0.25)
    attempts: list[int] = []
    over = asyncio.Event()

    async def answer(hold: Hold) -> None:
        attempts.append(hold.claim.attempt)
        if hold.claim.attempt <= 3:
            raise RuntimeError("nobody foresaw this")
        await stage.engine.answer(hold)
        over.set()

    message = said("hello")
    await turns.accept(message)
    stopping = asyncio.Event()
    working = asyncio.create_task(Worker(turns, answer, capacity=2, lease_s=0.25).run(stopping, drain_s=5))
    async with asyncio.timeout(10):
        await over.wait()
    stopping.set()
    await working
    assert attempts == [1, 2, 3, 4]
    assert stage.platform.of(message).texts() == [texts.GAVE_UP.en]
    assert isinstance(await turns.claim(), Nothing)


async def test_replies_are_abandoned_before_their_leases_end_when_redis_hangs(tmp_path: Path) -> None:
    """The store may be reached by others: they would take the turn over while it is still being written here."""
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns = turns_of(connections, lease_s=1.2)
        async with shift(turns, lease_s=1.2) as working:
            await turns.accept(said("hello"))
            await until(lambda: working.answer.now == 1)
            with server.paused():
                began = monotonic()
                await until(lambda: working.answer.cancelled, seconds=5)
                assert working.answer.cancelled[0] - began < 1.2
            # And the same worker goes on when it is back.
            await until(lambda: working.answer.now == 1)
            assert working.answer.begun[-1].attempt == 2


async def test_a_claim_that_came_too_late_is_given_back_and_costs_no_attempt(tmp_path: Path) -> None:
    """Nobody knows how long its lease still lasts; left to run out, three hangs of Redis would end the turn."""
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns = turns_of(connections, lease_s=1.2)
        await turns.accept(said("hello"))
        with server.paused():
            async with shift(turns, lease_s=1.2) as working:
                await asyncio.wait({working.task}, timeout=1.2)
                server.resume()
                await until(lambda: working.answer.now == 1, seconds=5)
                assert working.answer.begun[-1].attempt == 1
                working.answer.go.set()
                await until(lambda: not working.answer.now)


async def test_a_worker_ends_in_time_when_redis_hangs(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns = turns_of(connections)
        async with shift(turns, drain_s=0) as working:
            for number in range(8):
                await turns.accept(said("hello", thread(str(number))))
            await until(lambda: working.answer.now == 8)
            with server.paused():
                working.stopping.set()
                async with asyncio.timeout(12):  # a claim under way, and all releases at once
                    await working.task
        assert len(working.answer.cancelled) == 8


async def test_a_worker_survives_a_redis_that_is_restarted(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns = turns_of(connections)
        async with shift(turns, at_once=True) as working:
            await turns.accept(said("before"))
            await until(lambda: len(working.answer.begun) == 1 and not working.answer.now)
            server.kill()
            async with own_server(tmp_path):
                await turns.accept(said("after"))
                await until(lambda: len(working.answer.begun) == 2)
                await until(lambda: working.answer.now == 0)
                assert read(working.answer.begun[1]) == ["before"]


class Broken(Turns):
    async def renew(self, claims: Sequence[Claim]) -> list[Lease]:
        raise RuntimeError("nobody foresaw this")


async def test_a_worker_that_cannot_keep_its_leases_ends_and_says_why(connections: Connections) -> None:
    turns = Broken(connections, partitions=1, lease_s=0.8, history_ttl_s=60)
    async with shift(turns, lease_s=0.8, drain_s=0) as working:
        await turns.accept(said("hello"))
        with pytest.raises(RuntimeError, match="nobody foresaw"):
            await working.task
        assert (await claimed(turns)).attempt == 1, "handed on"


async def test_a_worker_whose_own_task_is_cancelled_leaves_nothing_running(turns: Turns) -> None:
    async with shift(turns) as working:
        await turns.accept(said("hello"))
        await until(lambda: working.answer.now == 1)
        working.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working.task
        assert working.answer.now == 0
