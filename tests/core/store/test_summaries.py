"""The running summary: whom it is handed to, and when it holds no more."""

from dataclasses import replace

import pytest

from core.changes import Deleted, Edited, Pinned
from core.conversation import Channel, Conversation
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.keys import partition_of
from core.store.summaries import Summaries, summary_of
from core.store.turns import PINS_READ, TURNS_KEPT, TURNS_READ, Turns
from tests.core.store.talk import (
    DAY_S,
    GENERAL,
    ROOM,
    answered,
    ask,
    claimed,
    exchange,
    read,
    said,
    thread,
    turns_of,
)

pytestmark = pytest.mark.every_form
INSIDE = thread("1")


@pytest.fixture
def summaries(connections: Connections) -> Summaries:
    return Summaries(connections, partitions=1)


async def sum_up(
    summaries: Summaries,
    claim: Claim,
    upto: str,
    text: str = "so far",
    owner: Channel | Conversation = GENERAL,
) -> bool:
    """As somebody does who knows what ``claim`` told; up to the turn with that sequence."""
    making = await summaries.begin(owner, claim.recalled)
    assert making is not None
    kept = await summaries.keep(making, summary_of(text, "m"), upto=int(upto))
    await summaries.end(making)
    return kept


def recalled(claim: Claim) -> str:
    return claim.recalled.summary.text if claim.recalled.summary else ""


async def peek(turns: Turns, where: Conversation = ROOM) -> Claim:
    """What somebody reads who asks there now; nothing is left of it."""
    claim = await ask(turns, "and?", where)
    assert await turns.commit(claim, None)
    return claim


async def test_a_summary_comes_with_the_next_claim(turns: Turns, summaries: Summaries) -> None:
    first = await exchange(turns, "first")
    assert recalled(await peek(turns)) == ""
    assert await sum_up(summaries, first, first.sequence)
    found = await peek(turns)
    assert (recalled(found), found.recalled.upto) == ("so far", int(first.sequence))
    assert found.recalled.summary is not None
    assert found.recalled.summary.model == "m"


async def test_an_edit_of_what_is_in_it_ends_it_and_nothing_of_it_stays(
    turns: Turns, summaries: Summaries, connections: Connections
) -> None:
    first = await exchange(turns, "first")
    assert await sum_up(summaries, first, first.sequence)
    await turns.amend(Edited(GENERAL, first.message.message_id, "other words"))
    assert recalled(await peek(turns)) == ""
    assert not await connections.ask.exists(partition_of(GENERAL, 1).memory(GENERAL))


async def test_an_edit_of_what_came_after_it_leaves_it(turns: Turns, summaries: Summaries) -> None:
    first = await exchange(turns, "first")
    assert await sum_up(summaries, first, first.sequence)
    for number in range(3):
        later = await exchange(turns, f"later {number}")
        await turns.amend(Edited(GENERAL, later.message.message_id, "other words"))
        assert recalled(await peek(turns)) == "so far"


async def test_a_pin_changes_no_words(turns: Turns, summaries: Summaries) -> None:
    first = await exchange(turns, "first")
    assert await sum_up(summaries, first, first.sequence)
    assert (await turns.amend(Pinned(GENERAL, first.message.message_id, pinned=True))).changed
    assert recalled(await peek(turns)) == "so far"


async def test_what_is_deleted_while_it_is_summed_up_comes_into_no_summary(
    turns: Turns, summaries: Summaries
) -> None:
    first = await exchange(turns, "a secret")
    making = await summaries.begin(GENERAL, first.recalled)
    assert making is not None
    await turns.amend(Deleted(GENERAL, (first.message.message_id,)))
    await exchange(turns, "next")
    assert not await summaries.keep(making, summary_of("a secret", "m"), upto=int(first.sequence))
    assert recalled(await peek(turns)) == ""


async def test_a_reset_ends_it_and_one_while_it_is_made_too(turns: Turns, summaries: Summaries) -> None:
    first = await exchange(turns, "first")
    assert await sum_up(summaries, first, first.sequence)
    await turns.reset(ROOM)
    second = await exchange(turns, "second")
    assert recalled(second) == ""
    making = await summaries.begin(GENERAL, second.recalled)
    assert making is not None
    await turns.reset(ROOM)
    assert not await summaries.keep(making, summary_of("second", "m"), upto=int(second.sequence))


async def test_only_one_worker_makes_it_and_whoever_comes_late_is_refused(
    turns: Turns, summaries: Summaries
) -> None:
    first = await exchange(turns, "first")
    making = await summaries.begin(GENERAL, first.recalled)
    assert making is not None
    assert await summaries.begin(GENERAL, first.recalled) is None
    assert await summaries.keep(making, summary_of("so far", "m"), upto=int(first.sequence))
    await summaries.end(making)
    assert await summaries.begin(GENERAL, first.recalled) is None, "it was made since that claim"
    assert not await summaries.keep(making, summary_of("late", "m"), upto=int(first.sequence))
    assert recalled(await peek(turns)) == "so far"


async def test_a_turn_that_ends_after_later_ones_were_summed_up_ends_the_summary(
    turns: Turns, summaries: Summaries
) -> None:
    slow = await ask(turns, "slow", thread("1"), opens_thread=True)
    quick = await exchange(turns, "quick", thread("2"), opens_thread=True)
    assert await sum_up(summaries, quick, quick.sequence)
    making = await summaries.begin(GENERAL, (await peek(turns)).recalled)
    assert making is not None
    assert await turns.commit(slow, answered(slow))
    found = await peek(turns)
    assert (read(found), recalled(found)) == (["slow", "quick"], "")
    assert not await summaries.keep(making, summary_of("quick", "m"), upto=int(quick.sequence))


async def test_a_thread_reads_its_channels_summary_up_to_its_root(turns: Turns, summaries: Summaries) -> None:
    first = await exchange(turns, "first")
    root = await exchange(turns, "root", INSIDE, opens_thread=True)
    assert await sum_up(summaries, first, first.sequence)
    assert recalled(await peek(turns, INSIDE)) == "so far"
    later = await exchange(turns, "later")
    assert await sum_up(summaries, later, later.sequence, "later too")
    assert recalled(await peek(turns)) == "later too"
    assert recalled(await peek(turns, INSIDE)) == "", f"it goes beyond {root.sequence}"


async def test_a_thread_that_was_open_before_a_reset_keeps_its_channels_summary(
    turns: Turns, summaries: Summaries
) -> None:
    first = await exchange(turns, "first")
    await exchange(turns, "root", INSIDE, opens_thread=True)
    assert await sum_up(summaries, first, first.sequence)
    await turns.reset(ROOM)
    assert recalled(await peek(turns, INSIDE)) == "so far"
    assert recalled(await peek(turns)) == ""


async def test_a_threads_own_summary_holds_all_that_it_reads(turns: Turns, summaries: Summaries) -> None:
    first = await exchange(turns, "first")
    await exchange(turns, "root", INSIDE, opens_thread=True)
    inside = await exchange(turns, "inside", INSIDE)
    making = await summaries.begin(INSIDE, inside.recalled)
    assert making is not None
    turns_read = await summaries.turns(making, after=0, until=int(inside.sequence), most=10)
    assert [each.turn.text for each in turns_read] == ["first", "root", "inside"]
    assert [
        each.turn.text for each in await summaries.turns(making, after=int(first.sequence), until=99, most=1)
    ] == ["root"]
    await summaries.end(making)
    assert await sum_up(summaries, inside, inside.sequence, owner=INSIDE)
    assert recalled(await peek(turns, INSIDE)) == "so far"
    assert recalled(await peek(turns)) == ""
    await turns.amend(Edited(GENERAL, first.message.message_id, "other words"))
    assert recalled(await peek(turns, INSIDE)) == "", "it was made of the channel's turns too"


async def test_a_reset_in_a_thread_ends_its_summary(turns: Turns, summaries: Summaries) -> None:
    await exchange(turns, "root", INSIDE, opens_thread=True)
    inside = await exchange(turns, "inside", INSIDE)
    assert await sum_up(summaries, inside, inside.sequence, owner=INSIDE)
    await turns.reset(INSIDE)
    assert recalled(await peek(turns, INSIDE)) == ""


async def test_it_lives_as_long_as_its_history(
    turns: Turns, summaries: Summaries, connections: Connections
) -> None:
    first = await exchange(turns, "first")
    keys = partition_of(GENERAL, 1)
    assert await connections.ask.expire(keys.history(GENERAL), 50)
    assert await sum_up(summaries, first, first.sequence)
    assert 0 < await connections.ask.ttl(keys.memory(GENERAL)) <= 50
    await exchange(turns, "second")
    assert await connections.ask.ttl(keys.memory(GENERAL)) > DAY_S - 60
    await connections.ask.delete(keys.history(GENERAL), keys.memory(GENERAL))
    assert not await sum_up(summaries, first, first.sequence), "there is no history any more"


async def test_where_history_is_kept_for_ever_the_summary_is_too(connections: Connections) -> None:
    turns, summaries = turns_of(connections, ttl_s=0), Summaries(connections, partitions=1)
    first = await exchange(turns, "first")
    assert await sum_up(summaries, first, first.sequence)
    assert await connections.ask.ttl(partition_of(GENERAL, 1).memory(GENERAL)) == -1


async def test_a_summary_that_this_version_cannot_read_is_none(
    turns: Turns, summaries: Summaries, connections: Connections
) -> None:
    first = await exchange(turns, "first")
    assert await sum_up(summaries, first, first.sequence)
    await connections.ask.hset(partition_of(GENERAL, 1).memory(GENERAL), "said", "no JSON")
    found = await peek(turns)
    assert (recalled(found), found.recalled.upto) == ("", 0)


async def test_a_pinned_turn_comes_however_old_it_is(turns: Turns, connections: Connections) -> None:
    pinned = await exchange(turns, "pinned")
    assert (await turns.amend(Pinned(GENERAL, pinned.message.message_id, pinned=True))).changed
    for number in range(TURNS_READ + 1):
        await exchange(turns, f"{number}")
    found = await peek(turns)
    assert read(found)[:2] == ["pinned", "1"]
    assert len(found.history) == len(found.sequences) == TURNS_READ + 1
    assert (await turns.amend(Pinned(GENERAL, pinned.message.message_id, pinned=False))).changed
    assert read(await peek(turns))[0] == "1"


async def test_a_pin_goes_with_its_turn(turns: Turns, connections: Connections) -> None:
    pins = partition_of(GENERAL, 1).pins(GENERAL)
    first = await exchange(turns, "first")
    await turns.amend(Pinned(GENERAL, first.message.message_id, pinned=True))
    assert await connections.ask.zrange(pins, 0, -1) == [first.sequence]
    assert 0 < await connections.ask.ttl(pins) <= DAY_S
    await turns.amend(Deleted(GENERAL, (first.message.message_id,)))
    assert not await connections.ask.exists(pins)


async def test_a_message_that_was_pinned_while_it_was_answered_is_pinned_in_the_history(turns: Turns) -> None:
    claim = await ask(turns, "keep this")
    await turns.amend(Pinned(GENERAL, claim.message.message_id, pinned=True))
    assert await turns.commit(claim, answered(claim))
    for number in range(TURNS_READ):
        await exchange(turns, f"{number}")
    assert read(await peek(turns))[0] == "keep this"


async def test_no_more_than_some_pinned_turns_come_beside_the_newest(turns: Turns) -> None:
    for number in range(PINS_READ + 2):
        claim = await exchange(turns, f"pin {number}")
        await turns.amend(Pinned(GENERAL, claim.message.message_id, pinned=True))
    for number in range(TURNS_READ):
        await exchange(turns, f"{number}")
    found = read(await peek(turns))
    assert found[:2] == ["pin 2", "pin 3"]
    assert len(found) == TURNS_READ + PINS_READ


async def test_what_is_known_of_the_beginning_of_a_conversation(turns: Turns) -> None:
    assert (await peek(turns, thread("people's"))).first
    assert (await exchange(turns, "hello", thread("people's"))).first, "a command leaves nothing behind"
    assert not (await peek(turns, thread("people's"))).first
    assert not (await exchange(turns, "root", INSIDE, opens_thread=True)).first
    assert not (await peek(turns, INSIDE)).first
    await turns.reset(thread("people's"))
    assert not (await peek(turns, thread("people's"))).first, "what was forgotten is not read again"


async def test_each_turn_knows_its_place(turns: Turns) -> None:
    first = await exchange(turns, "first")
    await turns.accept(said("second"))
    second = await claimed(turns)
    assert await turns.commit(second, replace(answered(second), name="Ada"))
    found = await peek(turns)
    assert list(found.sequences) == [int(first.sequence), int(second.sequence)]
    assert found.history[1].name == "Ada"
    assert TURNS_KEPT > TURNS_READ
