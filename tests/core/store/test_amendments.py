"""What people edit, delete and pin, followed wherever it is."""

from dataclasses import replace

import msgspec
import pytest

from core.changes import Amended, Change, Deleted, Edited, Pinned, Was
from core.conversation import Attachment, Conversation, Turn
from core.store.amendments import REMEMBERED_S
from core.store.claims import Busy, Claim, Lease, Nothing
from core.store.connection import Connections
from core.store.parked import ParkedTurns
from core.store.turns import TURNS_KEPT, Turns
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
INSIDE = thread("1")


def edit(claim: Claim, text: str, *, at: int = 0) -> Edited:
    return Edited(GENERAL, claim.message.message_id, text, claim.conversation.thread, at)


def delete(*ids: str, thread: str | None = None) -> Deleted:
    return Deleted(GENERAL, ids, thread)


async def epoch(connections: Connections, owner: str = f"channel:{GENERAL}") -> int:
    return int(await connections.ask.hget(f"drun:{{0}}:{owner}", "epoch") or 0)


async def shown(turns: Turns, text: str, *messages: str, where: Conversation = ROOM) -> Claim:
    """A whole turn, of which it is known what shows its answer."""
    claim = await ask(turns, text, where)
    assert await turns.commit(claim, replace(answered(claim), messages=messages))
    return claim


async def test_an_edited_question_is_read_as_it_says_now(turns: Turns, connections: Connections) -> None:
    first = await exchange(turns, "my name is Ada")
    amended = await turns.amend(edit(first, "my name is Bob"))
    assert amended == Amended(Was.ANSWERED, True, ROOM, "", last=True)
    assert [(turn.text, turn.reply) for turn in (await ask(turns, "next")).history] == [
        ("my name is Bob", "re: my name is Ada")
    ]
    assert await epoch(connections) == 1


async def test_it_is_the_last_one_until_something_is_asked_after_it(turns: Turns) -> None:
    first = await exchange(turns, "first")
    second = await exchange(turns, "second")
    assert not (await turns.amend(edit(first, "changed"))).last
    assert (await turns.amend(edit(second, "changed"))).last
    await turns.accept(said("waits"))
    assert not (await turns.amend(edit(second, "changed again"))).last


async def test_a_question_that_opened_a_thread_is_the_last_until_the_thread_goes_on(turns: Turns) -> None:
    root = await exchange(turns, "root", INSIDE, opens_thread=True)
    await exchange(turns, "other", thread("2"), opens_thread=True)
    amended = await turns.amend(edit(root, "changed"))
    assert (amended.conversation, amended.last) == (INSIDE, True)
    await exchange(turns, "inside", INSIDE)
    assert not (await turns.amend(edit(root, "changed again"))).last
    assert read(await ask(turns, "next", INSIDE)) == ["changed again", "inside"]


async def test_an_edit_in_a_thread_changes_the_history_of_the_thread(
    turns: Turns, connections: Connections
) -> None:
    await exchange(turns, "root", INSIDE, opens_thread=True)
    inside = await exchange(turns, "inside", INSIDE)
    assert (await turns.amend(edit(inside, "changed"))).changed
    assert read(await ask(turns, "next", INSIDE)) == ["root", "changed"]
    assert await epoch(connections, f"state:{INSIDE}") == 1
    assert await epoch(connections) == 0


async def test_a_deleted_question_is_gone_with_its_answer(turns: Turns, connections: Connections) -> None:
    first = await shown(turns, "a secret", "p1", "p2")
    await exchange(turns, "second")
    amended = await turns.amend(delete(first.message.message_id))
    assert (amended.was, amended.changed, amended.last) == (Was.ANSWERED, True, False)
    assert read(await ask(turns, "next")) == ["second"]
    assert await epoch(connections) == 1
    assert await connections.ask.zrange(f"drun:{{0}}:index:{GENERAL}", 0, -1) != []
    for id_ in (first.message.message_id, "p1", "p2"):
        assert await connections.ask.zscore(f"drun:{{0}}:index:{GENERAL}", id_) is None


async def test_a_deleted_question_is_gone_from_its_thread(turns: Turns) -> None:
    root = await exchange(turns, "root", INSIDE, opens_thread=True)
    inside = await exchange(turns, "inside", INSIDE)
    assert (await turns.amend(delete(inside.message.message_id, thread="1"))).changed
    assert read(await ask(turns, "next", INSIDE)) == ["root"]
    assert (await turns.amend(delete(root.message.message_id, thread="1"))).changed


@pytest.mark.parametrize("gone", ["p1", "p2"])
async def test_of_a_deleted_answer_the_question_stays(turns: Turns, gone: str) -> None:
    await shown(turns, "question", "p1", "p2")
    assert (await turns.amend(delete(gone))).changed
    assert [(turn.text, turn.reply) for turn in (await ask(turns, "next")).history] == [("question", "")]


async def test_an_answer_deleted_while_it_is_written_is_not_kept(turns: Turns) -> None:
    claim = await ask(turns, "question")
    assert not (await turns.amend(delete("p1"))).changed
    assert await turns.commit(claim, replace(answered(claim), messages=("p1",)))
    assert [(turn.text, turn.reply) for turn in (await ask(turns, "next")).history] == [("question", "")]


async def test_many_are_deleted_at_once(turns: Turns) -> None:
    first = await shown(turns, "first", "p1")
    second = await shown(turns, "second", "p2")
    third = await shown(turns, "third", "p3")
    gone = delete("unknown", first.message.message_id, "p1", "p2", third.message.message_id)
    assert (await turns.amend(gone)).changed
    assert [(turn.text, turn.reply) for turn in (await ask(turns, "next")).history] == [("second", "")]
    assert not (await turns.amend(gone)).changed
    assert not (await turns.amend(delete())).changed
    assert not (await turns.amend(delete(second.message.message_id + "0"))).changed


async def test_what_is_told_twice_changes_nothing_more(turns: Turns, connections: Connections) -> None:
    first = await exchange(turns, "first")
    second = await exchange(turns, "second")
    changes: list[Change] = [
        edit(first, "changed", at=5),
        Pinned(GENERAL, first.message.message_id, pinned=True),
        delete(second.message.message_id),
    ]
    for change in changes:
        assert (await turns.amend(change)).changed
    for change in changes:
        assert not (await turns.amend(change)).changed
    assert await epoch(connections) == 3
    assert read(await ask(turns, "next")) == ["changed"]


async def test_of_two_edits_the_later_one_counts_whichever_comes_first(turns: Turns) -> None:
    first = await exchange(turns, "one")
    assert (await turns.amend(edit(first, "three", at=30))).changed
    assert not (await turns.amend(edit(first, "two", at=20))).changed
    waiting = said("uno")
    await turns.accept(waiting)
    assert (await turns.amend(Edited(GENERAL, waiting.message_id, "tres", at=30))).changed
    assert not (await turns.amend(Edited(GENERAL, waiting.message_id, "dos", at=20))).changed
    claim = await claimed(turns)
    assert (claim.message.text, read(claim)) == ("tres", ["three"])


async def test_of_a_message_that_nobody_knows_nothing_is_kept(turns: Turns, connections: Connections) -> None:
    amended = [
        await turns.amend(Edited(GENERAL, "other", "to somebody else", at=5)),
        await turns.amend(Pinned(GENERAL, "other", pinned=True)),
    ]
    assert amended == [Amended()] * 2
    assert await connections.ask.dbsize() == 0


async def test_a_waiting_question_is_asked_as_it_says_now(turns: Turns) -> None:
    await turns.accept(said("first"))
    question = said("secnod", INSIDE)
    await turns.accept(question)
    amended = await turns.amend(Edited(GENERAL, question.message_id, "second", "1"))
    assert (amended.was, amended.conversation, amended.last) == (Was.WAITING, INSIDE, True)
    claims = [await claimed(turns), await claimed(turns)]
    assert [claim.message.text for claim in claims] == ["first", "second"]
    assert await turns.commit(claims[1], answered(claims[1]))
    assert read(await ask(turns, "next", INSIDE)) == ["second"]


async def test_a_waiting_question_that_is_deleted_is_never_answered(
    turns: Turns, connections: Connections
) -> None:
    running = await ask(turns, "running")
    questions = [said(text) for text in ("a", "b", "c")]
    accepted = [await turns.accept(each) for each in questions]
    assert await turns.place(ROOM, accepted[1].sequence, told=["w1"]) == 2
    amended = await turns.amend(delete(questions[1].message_id))
    assert (amended.was, amended.shown) == (Was.WAITING, ("w1",))
    assert amended.withdrawn is not None
    assert (amended.withdrawn.message_id, amended.withdrawn.text) == (questions[1].message_id, "b")
    assert await turns.place(ROOM, accepted[1].sequence) == 0
    assert await turns.place(ROOM, accepted[2].sequence) == 2, "who is behind it moves up"
    assert not (await turns.accept(questions[1])).new
    assert await turns.commit(running, answered(running))
    for text in ("a", "c"):
        claim = await claimed(turns)
        assert claim.message.text == text
        assert await turns.commit(claim, answered(claim))
    assert isinstance(await turns.claim(), Nothing)
    assert set(await connections.ask.hkeys(f"drun:{{0}}:state:{ROOM}")) == {"fence", "done"}


async def test_where_the_only_one_is_deleted_nothing_is_left_to_claim(
    turns: Turns, connections: Connections
) -> None:
    question = said("never mind")
    await turns.accept(question)
    assert (await turns.amend(delete(question.message_id))).last
    assert await connections.ask.zcard("drun:{0}:schedule") == 0
    assert isinstance(await turns.claim(), Nothing)


async def test_a_question_deleted_while_it_is_answered_stops_its_reply_and_leaves_nothing(
    turns: Turns,
) -> None:
    claim = await ask(turns, "a secret")
    async with turns.stops() as announced:
        amended = await turns.amend(delete(claim.message.message_id))
        assert await anext(announced) == str(ROOM)
    assert (amended.was, amended.changed, amended.withdrawn) == (Was.ANSWERING, True, None)
    assert await turns.renew([claim]) == [Lease.STOP]
    assert await turns.commit(claim, answered(claim, "so fa"))
    assert await turns.commit(claim, answered(claim, "so fa")), "also when the answer was lost"
    after = await ask(turns, "next")
    assert (read(after), after.stopped) == ([], False)


async def test_who_takes_over_a_deleted_question_is_told_to_stop(
    turns: Turns, connections: Connections
) -> None:
    claim = await ask(turns, "a secret")
    await turns.amend(delete(claim.message.message_id))
    await expire(connections.ask, ROOM)
    second = await claimed(turns)
    assert second.stopped
    assert await turns.commit(second, None, gave_up="no reason")
    assert await ParkedTurns(connections, partitions=1).all() == [], "what is deleted is kept nowhere"


async def test_a_question_edited_while_it_is_answered_is_kept_as_it_says_now(
    turns: Turns, connections: Connections
) -> None:
    claim = await ask(turns, "first")
    amended = await turns.amend(edit(claim, "second", at=5))
    assert (amended.was, amended.last) == (Was.ANSWERING, True)
    await expire(connections.ask, ROOM)
    again = await claimed(turns)
    assert again.message.text == "second", "who takes over reads it anew"
    assert (await turns.amend(edit(claim, "third", at=6))).changed
    assert await turns.commit(again, answered(again, "done"))
    assert [(turn.text, turn.reply) for turn in (await ask(turns, "next")).history] == [("third", "done")]


async def test_a_question_emptied_by_an_edit_is_no_question_any_more(turns: Turns) -> None:
    first = await exchange(turns, "first")
    assert (await turns.amend(edit(first, " "))).changed
    running = await ask(turns, "running")
    assert (await turns.amend(edit(running, ""))).changed
    assert await turns.commit(running, answered(running))
    assert read(await ask(turns, "next")) == []


async def collected(turns: Turns, connections: Connections, *texts: str) -> Claim:
    running = await ask(turns, "running")
    for text in texts:
        await turns.accept(said(text))
    assert await turns.commit(running, None)
    claim = await claimed(turns)
    assert [message.text for message in claim.messages] == list(texts)
    return claim


@pytest.fixture
def collecting(connections: Connections) -> Turns:
    return Turns(connections, partitions=1, lease_s=100, history_ttl_s=60, busy=Busy.COLLECT, look_again_s=0)


async def test_of_several_that_are_answered_together_one_is_changed(
    collecting: Turns, connections: Connections
) -> None:
    claim = await collected(collecting, connections, "a", "b", " ", "c")
    a, b, _, c = (message.message_id for message in claim.messages)
    assert (await collecting.amend(Edited(GENERAL, b, "B"))).was is Was.ANSWERING
    assert await collecting.commit(claim, answered(claim))
    assert read(await ask(collecting, "next")) == ["a\n\nB\n\nc"]
    assert (await collecting.amend(Edited(GENERAL, c, "C"))).was is Was.ANSWERED
    assert (await collecting.amend(delete(a))).changed
    assert (await collecting.amend(delete(b))).changed
    await expire(connections.ask, ROOM)
    assert read(await claimed(collecting)) == ["C"]
    assert (await collecting.amend(delete(c))).changed
    await expire(connections.ask, ROOM)
    assert read(await claimed(collecting)) == []


async def test_of_several_one_is_deleted_while_they_are_answered(
    collecting: Turns, connections: Connections
) -> None:
    claim = await collected(collecting, connections, "a", "b", "c")
    a, b, c = (message.message_id for message in claim.messages)
    assert (await collecting.amend(delete(a))).was is Was.ANSWERING
    assert await collecting.renew([claim]) == [Lease.KEPT], "the others are answered"
    await expire(connections.ask, ROOM)
    again = await claimed(collecting)
    assert again.message.text == "b\n\nc"
    assert (await collecting.amend(delete(b, c))).changed
    assert await collecting.renew([again]) == [Lease.STOP]
    assert await collecting.commit(again, answered(again))
    assert read(await ask(collecting, "next")) == []


async def test_of_several_the_history_has_what_is_left(collecting: Turns, connections: Connections) -> None:
    claim = await collected(collecting, connections, "a", "b", "c")
    assert (await collecting.amend(delete(claim.messages[1].message_id))).changed
    assert await collecting.commit(claim, answered(claim))
    assert read(await ask(collecting, "next")) == ["a\n\nc"]


async def test_what_is_quoted_of_files_stays_with_an_edit_and_goes_with_the_message(turns: Turns) -> None:
    file = Attachment("a.txt", "text/plain", 1, "ref")
    question = replace(said(" look \n"), attachments=(file,))
    await turns.accept(question)
    claim = await claimed(turns)
    assert await turns.commit(claim, Turn("ada", "look\n\n`a.txt`:\nx", "yes"))
    assert (await turns.amend(edit(claim, "see"))).changed
    assert (await turns.amend(edit(claim, ""))).changed
    assert (await turns.amend(edit(claim, "read it"))).changed
    assert read(await ask(turns, "next")) == ["read it\n\n`a.txt`:\nx"]
    assert (await turns.amend(delete(question.message_id))).changed


async def test_a_pin_is_noted_wherever_the_message_is(turns: Turns) -> None:
    await shown(turns, "first", "p1")
    second = await ask(turns, "second")
    third = said("third")
    await turns.accept(third)
    for id_ in ("p1", second.message.message_id, third.message_id):
        assert (await turns.amend(Pinned(GENERAL, id_, pinned=True))).changed
    assert await turns.commit(second, answered(second))
    claim = await claimed(turns)
    assert await turns.commit(claim, answered(claim))
    pinned = [turn.pinned for turn in (await ask(turns, "next")).history]
    assert pinned == [True, True, True]


async def test_a_turn_is_pinned_until_none_of_its_messages_is(turns: Turns, connections: Connections) -> None:
    first = await shown(turns, "first", "p1")

    async def pinned() -> bool:
        await expire(connections.ask, ROOM)
        return (await claimed(turns)).history[0].pinned

    await turns.accept(said("next"))
    for id_ in (first.message.message_id, "p1"):
        await turns.amend(Pinned(GENERAL, id_, pinned=True))
    # Discord tells with each edit whether the message is pinned.
    await turns.amend(replace(edit(first, "changed"), pinned=False))
    assert await pinned()
    await turns.amend(Pinned(GENERAL, "p1", pinned=False))
    assert not await pinned()


async def test_a_deletion_that_comes_before_its_message_is_not_forgotten(turns: Turns) -> None:
    question = said("never mind")
    assert await turns.amend(delete(question.message_id)) == Amended()
    assert await turns.amend(delete(question.message_id)) == Amended()
    assert not (await turns.accept(question)).new
    assert isinstance(await turns.claim(), Nothing)


async def test_an_edit_that_comes_before_its_message_is_not_forgotten(turns: Turns) -> None:
    question = said("waht?", INSIDE)
    early = Edited(GENERAL, question.message_id, "what?", "1", at=20, to_bot=True)
    assert await turns.amend(early) == Amended()
    assert await turns.amend(replace(early, text="older", at=10)) == Amended()
    assert (await turns.accept(question)).new
    assert not (await turns.amend(early)).changed
    assert (await claimed(turns)).message.text == "what?"


async def test_a_command_that_is_changed_after_it_was_run_changes_nothing(turns: Turns) -> None:
    claim = await ask(turns, "/help")
    await turns.commit(claim, None)
    assert await turns.amend(edit(claim, "/model")) == Amended()
    assert await turns.amend(delete(claim.message.message_id)) == Amended()


async def test_an_edit_after_the_deletion_brings_nothing_back(turns: Turns) -> None:
    first = await exchange(turns, "first")
    await turns.amend(delete(first.message.message_id))
    assert not (await turns.amend(edit(first, "still here?"))).changed
    running = await ask(turns, "running")
    await turns.amend(delete(running.message.message_id))
    assert not (await turns.amend(edit(running, "still here?"))).changed
    assert await turns.commit(running, answered(running))
    assert read(await ask(turns, "next")) == []


async def test_what_has_left_the_history_leaves_the_index(connections: Connections) -> None:
    turns = turns_of(connections, ttl_s=60)
    first = await exchange(turns, "first")
    index = f"drun:{{0}}:index:{GENERAL}"
    assert 0 < await connections.ask.ttl(index) <= 60
    old = msgspec.json.encode(Turn("ada", "old", "")).decode()
    many = {f"{number} {old}": number for number in range(-TURNS_KEPT, 0)}
    await connections.ask.zadd(f"drun:{{0}}:history:{GENERAL}", many)
    await connections.ask.zadd(index, {"old": 1 - TURNS_KEPT, "newer": -1})
    await exchange(turns, "second")
    left = await connections.ask.zrange(index, 0, -1)
    assert "old" not in left
    assert {"newer", first.message.message_id} <= set(left)


async def test_a_turn_that_is_all_there_is_keeps_its_time_to_live(connections: Connections) -> None:
    turns = turns_of(connections, ttl_s=60)
    first = await exchange(turns, "first")
    await turns.amend(edit(first, "changed"))
    assert 0 < await connections.ask.ttl(f"drun:{{0}}:history:{GENERAL}") <= 60


async def test_a_turn_of_another_version_is_left_alone(turns: Turns, connections: Connections) -> None:
    await connections.ask.zadd(f"drun:{{0}}:history:{GENERAL}", {"1 no turn": 1})
    await connections.ask.zadd(f"drun:{{0}}:index:{GENERAL}", {"m": 1})
    assert await turns.amend(delete("m")) == Amended()


async def test_the_moment_of_an_edit_is_remembered_for_a_day(turns: Turns, connections: Connections) -> None:
    first = await exchange(turns, "first")
    early = said("early")
    await turns.amend(edit(first, "changed", at=5))
    await turns.amend(Edited(GENERAL, early.message_id, "too early", at=5, to_bot=True))
    for id_, noted in ((first.message.message_id, "5"), (early.message_id, '5 "too early"')):
        key = f"drun:{{0}}:edited:{GENERAL}:{id_}"
        assert await connections.ask.get(key) == noted
        assert REMEMBERED_S - 60 < await connections.ask.ttl(key) <= REMEMBERED_S
    await turns.accept(early)
    assert await connections.ask.get(f"drun:{{0}}:edited:{GENERAL}:{early.message_id}") == "5"
