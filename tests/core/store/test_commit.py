"""The end of a turn."""

import asyncio
from dataclasses import replace

import pytest

from core.conversation import Turn
from core.store.claims import Lease, Nothing
from core.store.connection import Connections
from core.store.turns import TURNS_KEPT, TURNS_READ, Turns
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
)

pytestmark = pytest.mark.every_form


async def test_a_committed_turn_is_read_by_the_next_one_whole(turns: Turns) -> None:
    claim = await ask(turns, "what is 1 < 2?")
    turn = Turn("ada", "what is 1 < 2?", "True, 世界 🙂", complete=False, model="public/deepseek-v3")
    assert await turns.commit(claim, turn)
    assert (await ask(turns, "next")).history == [turn]


async def test_a_commit_without_a_turn_leaves_no_trace(turns: Turns) -> None:
    claim = await ask(turns, "/help")
    assert await turns.commit(claim, None)
    assert read(await ask(turns, "next")) == []


async def test_a_commit_may_be_repeated_when_its_answer_was_lost(
    turns: Turns, connections: Connections
) -> None:
    await turns.accept(said("first"))
    await turns.accept(said("second"))
    claim = await claimed(turns)
    assert await turns.commit(claim, answered(claim))
    assert await turns.commit(claim, answered(claim))
    assert await connections.ask.zcard(f"drun:{{0}}:history:{GENERAL}") == 1
    second = await claimed(turns)
    assert (second.message.text, read(second)) == ("second", ["first"])
    assert await turns.commit(claim, answered(claim)), "also when the next turn has begun"
    assert [lease.name for lease in await turns.renew([second])] == ["KEPT"]


async def test_the_same_said_and_answered_again_is_two_turns(turns: Turns) -> None:
    for _ in range(3):
        claim = await ask(turns, "hi")
        assert await turns.commit(claim, Turn("ada", "hi", "Hello!"))
    assert read(await ask(turns, "next")) == ["hi", "hi", "hi"]


async def test_a_lost_lease_commits_nothing(turns: Turns, connections: Connections) -> None:
    lost = await ask(turns, "hello")
    await expire(connections.ask, ROOM)
    winner = await claimed(turns)
    assert not await turns.commit(lost, answered(lost, "too late"))
    assert await turns.commit(winner, answered(winner, "in time"))
    assert not await turns.commit(lost, answered(lost, "far too late"))
    assert [turn.reply for turn in (await ask(turns, "next")).history] == ["in time"]


async def test_a_lease_that_ran_out_but_was_not_taken_over_still_commits(
    turns: Turns, connections: Connections
) -> None:
    """Nobody else has answered: throwing the reply away would help nobody."""
    claim = await ask(turns, "hello")
    await expire(connections.ask, ROOM)
    assert await turns.commit(claim, answered(claim))
    assert isinstance(await turns.claim(), Nothing)


async def test_a_commit_of_another_sequence_changes_nothing(turns: Turns) -> None:
    claim = await ask(turns, "hello")
    assert not await turns.commit(replace(claim, sequence="7"), answered(claim))
    assert [lease.name for lease in await turns.renew([claim])] == ["KEPT"]
    assert await turns.commit(claim, answered(claim))


async def test_a_renewal_that_was_under_way_does_not_hold_the_next_turn_back(turns: Turns) -> None:
    await turns.accept(said("first"))
    await turns.accept(said("second"))
    first = await claimed(turns)
    assert await turns.commit(first, answered(first))
    assert await turns.renew([first]) == [Lease.LOST]
    assert (await claimed(turns)).message.text == "second", "at once, and not after a lease"


async def test_a_release_after_the_commit_changes_nothing(turns: Turns) -> None:
    """A worker that is told to end may have committed without having heard of it."""
    await turns.accept(said("first"))
    await turns.accept(said("second"))
    first = await claimed(turns)
    assert await turns.commit(first, answered(first))
    assert not await turns.release(first, wait_s=100)
    assert not await turns.stop(ROOM), "nothing is being written"
    second = await claimed(turns)
    assert (second.message.text, second.attempt) == ("second", 1)


async def test_what_an_attempt_left_behind_is_gone_with_its_turn(turns: Turns) -> None:
    await turns.accept(said("first"))
    await turns.accept(said("second"))
    first = await claimed(turns)
    await turns.checkpoint(first, ["p1"])
    await turns.stop(ROOM)
    await turns.commit(first, answered(first))
    second = await claimed(turns)
    assert (list(second.shown), second.stopped, second.attempt) == ([], False, 1)


async def test_the_next_question_wakes_a_worker(turns: Turns) -> None:
    await turns.accept(said("first"))
    await turns.accept(said("second"))
    first = await claimed(turns)
    await turns.claim()
    waiting = asyncio.create_task(turns.wait(30))
    await asyncio.sleep(0)
    await turns.commit(first, None)
    async with asyncio.timeout(5):
        await waiting


async def test_a_claim_brings_the_newest_of_a_long_history(turns: Turns) -> None:
    for number in range(TURNS_READ + 5):
        await exchange(turns, f"{number}")
    assert read(await ask(turns, "next")) == [f"{number}" for number in range(5, TURNS_READ + 5)]


async def test_a_thread_and_its_channel_share_what_a_claim_brings(turns: Turns) -> None:
    for number in range(TURNS_READ):
        await exchange(turns, f"c{number}")
    for number in range(10):
        await exchange(turns, f"t{number}", thread("1"))
    seen = read(await ask(turns, "next", thread("1")))
    assert len(seen) == TURNS_READ
    assert seen[-11:] == ["c99", *(f"t{number}" for number in range(10))]


async def test_only_so_many_turns_are_kept(turns: Turns, connections: Connections) -> None:
    key = f"drun:{{0}}:history:{GENERAL}"
    await connections.ask.zadd(key, {f"{score} old": -score for score in range(TURNS_KEPT)})
    await exchange(turns, "newest")
    assert await connections.ask.zcard(key) == TURNS_KEPT
    assert await connections.ask.zscore(key, f"{TURNS_KEPT - 1} old") is None
