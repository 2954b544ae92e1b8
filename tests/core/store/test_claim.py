"""Who answers what, and in which order."""

import asyncio

import pytest

from core.conversation import Channel, Conversation
from core.store.claims import Claim, Nothing
from core.store.connection import Connections, connect
from core.store.keys import partition_of
from core.store.parked import ParkedTurns
from core.store.turns import Turns
from tests.core.store.talk import (
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

pytestmark = pytest.mark.every_form


async def test_questions_of_one_conversation_come_one_at_a_time_in_their_order(turns: Turns) -> None:
    for text in ("a", "b", "c"):
        await turns.accept(said(text))
    seen = []
    for _ in range(3):
        claim = await claimed(turns)
        assert isinstance(await turns.claim(), Nothing), "one at a time"
        seen.append(claim.message.text)
        await turns.commit(claim, answered(claim))
    assert seen == ["a", "b", "c"]
    assert isinstance(await turns.claim(), Nothing)


async def test_the_conversation_that_waits_longest_comes_first(turns: Turns) -> None:
    rooms = [thread(str(number)) for number in (3, 1, 5, 2, 4)]
    for room in rooms:
        await turns.accept(said("hello", room))
    assert [(await claimed(turns)).conversation for _ in rooms] == rooms


async def test_a_busy_conversation_does_not_hold_up_the_others(
    turns: Turns, connections: Connections
) -> None:
    for text in ("a1", "a2", "a3"):
        await turns.accept(said(text, thread("a")))
    await turns.accept(said("b1", thread("b")))
    first = await claimed(turns)
    assert first.message.text == "a1"
    # It has waited since long before the commit makes the other one ready.
    await expire(connections.ask, thread("b"))
    await turns.commit(first, None)
    assert [(await claimed(turns)).message.text for _ in range(2)] == ["b1", "a2"]


async def test_two_workers_never_hold_the_same_conversation(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as other:
        workers = [turns_of(one), turns_of(other)]
        for number in range(30):
            await workers[0].accept(said(f"{number}", thread(str(number % 10))))
        found = await asyncio.gather(*(worker.claim() for worker in workers * 10))
        held = [str(claim.conversation) for claim in found if isinstance(claim, Claim)]
        assert len(held) == len(set(held)) == 10


async def test_two_conversations_are_answered_side_by_side_and_do_not_read_each_other(turns: Turns) -> None:
    one = await ask(turns, "one", thread("1"), opens_thread=True)
    two = await ask(turns, "two", thread("2"), opens_thread=True)
    assert read(one) == read(two) == []
    assert await turns.commit(two, answered(two))
    assert await turns.commit(one, answered(one))
    assert read(await ask(turns, "three")) == ["one", "two"], "in the order in which they were asked"


async def test_nothing_to_claim_tells_when_something_comes_due(turns: Turns) -> None:
    assert await turns.claim() == Nothing(None)
    await ask(turns, "hello")
    found = await turns.claim()
    assert isinstance(found, Nothing)
    assert found.due_s is not None
    assert 99 < found.due_s <= 100


async def test_a_lease_that_ran_out_is_claimed_by_the_next_with_a_higher_fence(
    turns: Turns, connections: Connections
) -> None:
    first = await ask(turns, "hello")
    assert await turns.checkpoint(first, ["p1", "p2"])
    await expire(connections.ask, ROOM)
    second = await claimed(turns)
    assert second.message == first.message
    assert int(second.fence) > int(first.fence)
    assert (second.attempt, list(second.shown)) == (2, ["p1", "p2"])


async def test_a_lease_runs_out_by_itself(connections: Connections) -> None:
    turns = turns_of(connections, lease_s=0.05)
    first = await ask(turns, "hello")
    async with asyncio.timeout(5):
        while isinstance(found := await turns.claim(), Nothing):
            assert found.due_s is not None
            await turns.wait(found.due_s)
    assert (found.message, found.attempt) == (first.message, 2)


@pytest.mark.parametrize("partitions", [2, 16])
async def test_every_partition_is_visited(connections: Connections, partitions: int) -> None:
    turns = turns_of(connections, partitions=partitions)
    rooms = [Conversation(Channel("slack", "T1", f"c{number}")) for number in range(40)]
    for room in rooms:
        await turns.accept(said("hello", room))
        await turns.accept(said("again", room))
    for text in ("hello", "again"):
        claims = [await claimed(turns) for _ in rooms]
        assert {claim.conversation for claim in claims} == set(rooms)
        assert {claim.message.text for claim in claims} == {text}
        leases = await turns.renew(claims)
        assert [lease.name for lease in leases] == ["KEPT"] * len(rooms)
        for claim in claims:
            assert await turns.commit(claim, answered(claim))
    assert await turns.claim() == Nothing(None)
    kept = [partition_of(room.channel, partitions).history(room.channel) for room in rooms]
    assert all([await connections.ask.exists(key) for key in kept])
    assert read(await ask(turns, "third", rooms[0])) == ["hello", "again"]


async def test_a_worker_is_woken_by_any_partition(connections: Connections) -> None:
    turns = turns_of(connections, partitions=16)
    async with asyncio.timeout(10):
        for number in range(20):
            waiting = asyncio.create_task(turns.wait(30))
            await turns.accept(said("hello", Conversation(Channel("slack", "T1", f"c{number}"))))
            await waiting
            await claimed(turns)
            await turns.claim()


async def test_the_next_due_time_is_that_of_all_partitions(connections: Connections) -> None:
    turns = turns_of(connections, partitions=4)
    rooms = [Conversation(Channel("slack", "T1", f"c{number}")) for number in range(12)]
    for room in rooms:
        await turns.accept(said("hello", room))
    claims = [await claimed(turns) for _ in rooms]
    for claim in claims[1:]:
        await turns.commit(claim, None)
    await turns.release(claims[0], wait_s=7)
    for _ in range(4):
        found = await turns.claim()
        assert isinstance(found, Nothing)
        assert found.due_s is not None
        assert 6 < found.due_s <= 7


async def test_a_turn_that_cannot_be_read_does_not_stop_the_others(
    turns: Turns, connections: Connections
) -> None:
    """As after a step back to an older version: it is kept until somebody can read it again."""
    await turns.accept(said("broken", thread("a")))
    await connections.ask.lset(f"drun:{{0}}:queue:{GENERAL}:a", 0, '1 {"no": "message"}')
    await turns.accept(said("sound", thread("b")))
    assert await turns.claim() == Nothing(0.0), "come back at once"
    assert (await claimed(turns)).message.text == "sound"
    [given_up] = await ParkedTurns(connections, partitions=1).all()
    assert given_up.turn.messages == ('{"no": "message"}',)
    assert "cannot be read" in given_up.turn.reason


async def test_the_scripts_outlive_a_server_that_forgets_them(turns: Turns, connections: Connections) -> None:
    claim = await exchange(turns, "before")
    await connections.ask.script_flush()
    again = await ask(turns, "after")
    assert read(again) == [claim.message.text]
    await connections.ask.script_flush()
    assert await turns.stop(ROOM)
    await connections.ask.script_flush()
    assert [lease.name for lease in await turns.renew([again])] == ["STOP"]
    await connections.ask.script_flush()
    assert await turns.checkpoint(again, ["p1"])
    await connections.ask.script_flush()
    assert await turns.release(again)
    again = await claimed(turns)
    await connections.ask.script_flush()
    assert await turns.commit(again, answered(again))
    await connections.ask.script_flush()
    await turns.reset(ROOM)
    assert read(await ask(turns, "afresh")) == []


async def test_a_conversation_whose_state_was_lost_is_still_answered(
    turns: Turns, connections: Connections
) -> None:
    """Redis drops what has a time to live first when its memory is full."""
    await turns.accept(said("hello", thread("1")))
    await connections.ask.delete(f"drun:{{0}}:state:{GENERAL}:1")
    claim = await claimed(turns)
    assert claim.message.text == "hello"
    assert await turns.commit(claim, answered(claim))
