"""Nothing is read that is older than HISTORY_TTL_DAYS, however much is said in a channel that never rests."""

from typing import Any

import pytest

from core.conversation import Channel, Conversation
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.keys import partition_of
from core.store.summaries import Summaries, summary_of
from core.store.turns import Turns
from tests.core.store.talk import (
    DAY_S,
    GENERAL,
    ROOM,
    answered,
    ask,
    channels_of,
    claimed,
    exchange,
    read,
    said,
    thread,
    turns_of,
)

KEYS = partition_of(GENERAL, 1)
pytestmark = pytest.mark.every_form


@pytest.fixture
def turns(connections: Connections) -> Turns:
    return turns_of(connections)


async def pass_by(connections: Connections, seconds: float, owner: Channel | Conversation = GENERAL) -> None:
    """As if so much time had passed since all that was said so far: Redis has no clock that could be moved."""
    index, memory = KEYS.index(owner), KEYS.memory(owner)
    for mark, sequence in await marks(connections, owner):
        at = int(mark[1:].split(" ")[0]) - int(seconds * 1000)
        await connections.ask.zadd(index, {f"@{at} {sequence}": sequence})
        await connections.ask.zrem(index, mark)
    if ends := await connections.ask.hget(memory, "too_old"):
        await connections.ask.hset(memory, "too_old", str(int(ends) - int(seconds * 1000)))


async def marks(connections: Connections, owner: Channel | Conversation = GENERAL) -> list[tuple[str, int]]:
    # redis-py types replies for all protocols and encodings at once; these are pairs.
    found: Any = await connections.ask.zrange(KEYS.index(owner), 0, -1, withscores=True)
    return [(str(id_), int(score)) for id_, score in found if str(id_).startswith("@")]


async def test_what_is_too_old_is_read_by_no_claim_although_the_channel_never_rests(
    turns: Turns, connections: Connections
) -> None:
    seen = []
    for number in range(6):
        claim = await exchange(turns, f"day {number}")
        seen.append(read(claim))
        await pass_by(connections, DAY_S / 3)
    assert seen[3] == ["day 1", "day 2"]
    assert seen[5] == ["day 3", "day 4"]
    kept = await connections.ask.zcard(KEYS.history(GENERAL))
    assert kept == len(await marks(connections)) == 3, "and it is not there any more"


async def test_what_is_too_old_is_in_no_export_and_no_answer_is_found_in_it(
    turns: Turns, connections: Connections
) -> None:
    claim = await ask(turns, "old", thread("1"), opens_thread=True)
    await turns.commit(claim, answered(claim))
    await exchange(turns, "old inside", thread("1"))
    await pass_by(connections, DAY_S + 1)
    await pass_by(connections, DAY_S + 1, thread("1"))
    assert (await channels_of(connections).records.of(ROOM)).turns == []
    assert await turns.answers.last(thread("1")) is None
    assert await turns.answers.find(ROOM, claim.message.turn_id) is None
    assert await turns.answers.shown_by(ROOM, claim.message.message_id) is None


async def test_an_answer_that_came_late_does_not_keep_what_was_asked_after_it(
    turns: Turns, connections: Connections
) -> None:
    slow = await ask(turns, "slow", thread("1"), opens_thread=True)
    await exchange(turns, "fast", thread("2"), opens_thread=True)
    await pass_by(connections, DAY_S / 2)
    await turns.commit(slow, answered(slow))
    assert read(await _next(turns)) == ["slow", "fast"]
    await pass_by(connections, DAY_S / 2)
    assert read(await _next(turns)) == []


async def test_what_an_older_version_has_kept_goes_with_what_was_said_after_it(
    turns: Turns, connections: Connections
) -> None:
    await exchange(turns, "unmarked")
    for mark, _ in await marks(connections):
        await connections.ask.zrem(KEYS.index(GENERAL), mark)
    await exchange(turns, "marked")
    assert read(await _next(turns)) == ["unmarked", "marked"]
    await pass_by(connections, DAY_S)
    assert read(await _next(turns)) == []


async def test_a_turn_with_many_messages_hides_nothing_from_those_who_look_for_the_oldest(
    turns: Turns, connections: Connections
) -> None:
    await exchange(turns, "old")
    many = {f"message {number}": 1 for number in range(250)}
    await connections.ask.zadd(KEYS.index(GENERAL), many)
    await pass_by(connections, DAY_S)
    await exchange(turns, "new")
    assert read(await _next(turns)) == ["new"]
    assert await connections.ask.zcount(KEYS.index(GENERAL), 1, 1) == 0


async def test_what_is_kept_for_ever_has_no_end(connections: Connections) -> None:
    turns = turns_of(connections, ttl_s=0)
    await exchange(turns, "hello")
    assert await marks(connections) == []
    assert read(await _next(turns)) == ["hello"]


async def test_a_summary_is_made_anew_after_the_same_time(turns: Turns, connections: Connections) -> None:
    summaries = Summaries(connections, partitions=1)
    first = told = await exchange(turns, "hello")
    for text in ("one", "two"):
        making = await summaries.begin(GENERAL, (await _next(turns)).recalled)
        assert making is not None
        assert await summaries.keep(making, summary_of(text, "m"), upto=int(first.sequence))
        await summaries.end(making)
        await pass_by(connections, DAY_S / 2 - 60)
        told = await _next(turns)
        assert told.recalled.summary is not None
        first = await exchange(turns, "and?")
    late = await summaries.begin(GENERAL, (await _next(turns)).recalled)
    assert late is not None
    await pass_by(connections, 240)
    assert (await _next(turns)).recalled.summary is None, "made anew once, it began with the first one"
    assert not await summaries.keep(late, summary_of("three", "m"), upto=int(first.sequence))
    assert await summaries.begin(GENERAL, told.recalled) is None
    assert await summaries.begin(GENERAL, (await _next(turns)).recalled) is not None


async def _next(turns: Turns) -> Claim:
    """What the next turn reads; it leaves nothing."""
    await turns.accept(said("what now?"))
    claim = await claimed(turns)
    await turns.commit(claim, None)
    return claim
