"""Answers that are found again, on every form of Redis."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from core.changes import Deleted
from core.conversation import Channel, Conversation
from core.feedback import Feedback
from core.store.connection import Connections
from core.store.kept import Kept
from core.store.turns import Turns
from tests.core.store.talk import (
    DAY_S,
    GENERAL,
    ROOM,
    answered,
    ask,
    claimed,
    exchange,
    said,
    thread,
    turns_of,
)

pytestmark = pytest.mark.every_form

GOOD = Feedback("U1", "good", "q", at=1)


async def last(turns: Turns, where: Conversation) -> str:
    found = await turns.answers.last(where)
    return found.turn.text if found else ""


async def test_the_last_answer_of_a_place_is_its_own(turns: Turns) -> None:
    assert await last(turns, ROOM) == ""
    await exchange(turns, "in the channel")
    await exchange(turns, "root", thread("1"), opens_thread=True)
    assert await last(turns, ROOM) == "root"
    assert await last(turns, thread("1")) == "root"
    await exchange(turns, "inside", thread("1"))
    assert await last(turns, ROOM) == "root"
    assert await last(turns, thread("1")) == "inside"
    await exchange(turns, "in a thread that others opened", thread("2"))
    assert await last(turns, thread("2")) == "in a thread that others opened"
    assert await last(turns, thread("3")) == ""


async def test_a_reset_hides_what_was_before_it(turns: Turns) -> None:
    await exchange(turns, "root", thread("1"), opens_thread=True)
    await exchange(turns, "inside", thread("1"))
    await turns.reset(thread("1"))
    assert await last(turns, thread("1")) == ""
    assert await last(turns, ROOM) == "root"
    await turns.reset(ROOM)
    assert await last(turns, ROOM) == ""


async def test_a_turn_is_found_by_its_id_where_it_is_read(turns: Turns) -> None:
    root = await ask(turns, "root", thread("1"), opens_thread=True)
    await turns.commit(root, replace(answered(root), id=root.message.turn_id))
    inside = await ask(turns, "inside", thread("1"))
    await turns.commit(inside, replace(answered(inside), id=inside.message.turn_id))
    for claim in (root, inside):
        found = await turns.answers.find(thread("1"), claim.message.turn_id)
        assert found is not None
        assert (found.turn.text, found.conversation) == (claim.message.text, thread("1"))
    assert await turns.answers.find(ROOM, inside.message.turn_id) is None


async def test_a_place_is_busy_while_something_waits_there(turns: Turns) -> None:
    assert not await turns.answers.busy(ROOM)
    claim = await ask(turns, "why?", thread("1"), opens_thread=True)
    assert await turns.answers.busy(ROOM)
    assert await turns.answers.busy(thread("1"))
    assert not await turns.answers.busy(thread("11"))
    assert not await turns.answers.busy(Conversation(Channel("slack", "T1", "gen")))
    await turns.commit(claim, answered(claim))
    assert not await turns.answers.busy(ROOM)


async def test_messages_of_a_new_version_belong_to_the_turn(turns: Turns) -> None:
    await exchange(turns, "why?")
    found = await turns.answers.last(ROOM)
    assert found is not None
    new = replace(found.turn, reply="Two.", messages=("p1", "p2"))
    await turns.answers.answer_anew(found, lambda turn: turn.anew(new, by="r", at=1))
    shown = await turns.answers.shown_by(ROOM, "p2")
    assert shown is not None
    assert shown.turn.reply == "Two."
    await turns.amend(Deleted(GENERAL, ("p2",)))
    after = await turns.answers.last(ROOM)
    assert after is not None
    assert (after.turn.reply, after.turn.versions) == ("", ())


async def test_changes_of_one_turn_at_the_same_time_all_hold(turns: Turns) -> None:
    await exchange(turns, "why?")
    found = await turns.answers.last(ROOM)
    assert found is not None
    opinions = [replace(GOOD, author=f"U{number}") for number in range(8)]
    new = replace(found.turn, reply="Two.")
    await asyncio.gather(
        turns.answers.answer_anew(found, lambda turn: turn.anew(new, by="r", at=1)),
        *(turns.answers.rate(found, partial(Kept.rated, feedback=each)) for each in opinions),
    )
    after = await turns.answers.last(ROOM)
    assert after is not None
    assert (after.turn.reply, len(after.turn.feedback)) == ("Two.", 8)


async def test_an_answer_that_was_deleted_since_it_was_found_is_not_brought_back(turns: Turns) -> None:
    claim = await ask(turns, "why?")
    await turns.commit(claim, replace(answered(claim), messages=("p1",)))
    found = await turns.answers.last(ROOM)
    assert found is not None
    await turns.amend(Deleted(GENERAL, ("p1",)))
    new = replace(found.turn, reply="Two.")
    assert await turns.answers.answer_anew(found, lambda turn: turn.anew(new, by="r", at=1)) is None
    after = await turns.answers.last(ROOM)
    assert after is not None
    assert after.turn.reply == ""


@pytest.mark.parametrize("partitions", [1, 16])
async def test_opinions_are_found_in_all_histories_and_go_when_they_do(
    connections: Connections, partitions: int
) -> None:
    turns = turns_of(connections, partitions=partitions)
    places = [Conversation(Channel("slack", "T1", f"c{number}")) for number in range(5)]
    places.append(thread("1"))
    for where in places:
        await turns.accept(said(f"of {where}", where))
        claim = await claimed(turns)
        await turns.commit(claim, answered(claim))
        found = await turns.answers.last(where)
        assert found is not None
        await turns.answers.rate(found, partial(Kept.rated, feedback=GOOD))
    kept = [found async for found in turns.answers.with_feedback()]
    assert sorted(str(found.owner) for found in kept) == sorted(map(str, places))
    async for key in connections.ask.scan_iter("*:rated"):
        assert DAY_S - 60 < await connections.ask.ttl(key) <= DAY_S
