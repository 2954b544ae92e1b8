"""Whose history: what a turn reads of what was said before."""

import pytest

from core.conversation import Channel, Conversation
from core.store.turns import Turns
from tests.core.store.talk import GENERAL, ROOM, answered, ask, claimed, exchange, read, said, thread

pytestmark = pytest.mark.every_form


async def test_a_channel_answered_in_place_reads_all_its_turns(turns: Turns) -> None:
    for text in ("a", "b", "c"):
        await exchange(turns, text)
    assert read(await ask(turns, "d")) == ["a", "b", "c"]


async def test_another_channel_knows_nothing_of_it(turns: Turns) -> None:
    await exchange(turns, "a secret")
    for channel in (Channel("slack", "T1", "random"), Channel("slack", "T2", "general")):
        assert read(await ask(turns, "hello", Conversation(channel))) == []


async def test_what_was_said_in_one_thread_is_known_in_the_next(turns: Turns) -> None:
    await exchange(turns, "my name is Ada", thread("1"), opens_thread=True)
    assert read(await ask(turns, "what is my name?", thread("2"), opens_thread=True)) == ["my name is Ada"]


async def test_a_thread_reads_the_channel_up_to_its_root_and_then_its_own(turns: Turns) -> None:
    await exchange(turns, "before")
    await exchange(turns, "root", thread("1"), opens_thread=True)
    await exchange(turns, "later in the channel")
    await exchange(turns, "inside", thread("1"))
    assert read(await ask(turns, "next", thread("1"))) == ["before", "root", "inside"]


async def test_a_channel_reads_the_root_of_a_thread_and_nothing_more_of_it(turns: Turns) -> None:
    await exchange(turns, "root", thread("1"), opens_thread=True)
    await exchange(turns, "inside", thread("1"))
    await exchange(turns, "after")
    assert read(await ask(turns, "next")) == ["root", "after"]


async def test_a_thread_that_people_opened_keeps_all_its_turns(turns: Turns) -> None:
    await exchange(turns, "before")
    await exchange(turns, "first mention inside", thread("1"))
    assert read(await ask(turns, "second", thread("1"))) == ["before", "first mention inside"]
    assert read(await ask(turns, "in the channel")) == ["before"]


async def test_two_threads_do_not_read_each_other(turns: Turns) -> None:
    for name in ("1", "2"):
        await exchange(turns, f"root {name}", thread(name), opens_thread=True)
        await exchange(turns, f"inside {name}", thread(name))
    assert read(await ask(turns, "next", thread("1"))) == ["root 1", "inside 1"]
    assert read(await ask(turns, "next", thread("2"))) == ["root 1", "root 2", "inside 2"]


async def test_turns_stand_at_the_place_of_their_question(turns: Turns) -> None:
    slow = await ask(turns, "slow", thread("1"), opens_thread=True)
    await exchange(turns, "quick", thread("2"), opens_thread=True)
    assert await turns.commit(slow, answered(slow))
    assert read(await ask(turns, "next")) == ["slow", "quick"]


async def test_a_thread_reads_its_root_also_when_others_were_asked_meanwhile(turns: Turns) -> None:
    root = await ask(turns, "root", thread("1"), opens_thread=True)
    await turns.accept(said("inside", thread("1")))
    await exchange(turns, "elsewhere", thread("2"), opens_thread=True)
    assert await turns.commit(root, answered(root))
    inside = await claimed(turns)
    assert (inside.message.text, read(inside)) == ("inside", ["root"])


async def test_a_question_asked_before_does_not_read_what_was_asked_after(turns: Turns) -> None:
    await turns.accept(said("first"))
    first = await claimed(turns)
    await turns.accept(said("second"))
    await exchange(turns, "root", thread("1"), opens_thread=True)
    await turns.commit(first, answered(first))
    second = await claimed(turns)
    assert read(second) == ["first"], "the thread was opened after this question"


async def test_a_reset_in_the_channel_is_where_new_turns_and_threads_begin(turns: Turns) -> None:
    await exchange(turns, "before", thread("old"), opens_thread=True)
    await turns.reset(ROOM)
    assert read(await ask(turns, "in the channel")) == []
    await exchange(turns, "root", thread("new"), opens_thread=True)
    assert read(await ask(turns, "inside", thread("new"))) == ["root"]


async def test_a_reset_in_the_channel_leaves_older_threads_alone(turns: Turns) -> None:
    await exchange(turns, "root", thread("old"), opens_thread=True)
    await exchange(turns, "inside", thread("old"))
    await turns.reset(ROOM)
    assert read(await ask(turns, "next", thread("old"))) == ["root", "inside"]


async def test_a_reset_in_a_thread_is_for_that_thread_alone(turns: Turns) -> None:
    await exchange(turns, "before")
    await exchange(turns, "root", thread("1"), opens_thread=True)
    await exchange(turns, "inside", thread("1"))
    await turns.reset(thread("1"))
    await exchange(turns, "afresh", thread("1"))
    assert read(await ask(turns, "next", thread("1"))) == ["afresh"]
    assert read(await ask(turns, "in the channel")) == ["before", "root"]


async def test_an_answer_that_is_being_written_is_forgotten_by_a_reset_as_well(turns: Turns) -> None:
    running = await ask(turns, "running")
    await turns.reset(ROOM)
    await turns.commit(running, answered(running))
    assert read(await ask(turns, "next")) == []


async def test_what_waits_behind_a_written_reset_is_remembered(turns: Turns) -> None:
    for text in ("before", "/reset", "my name is Ada", "what is my name?"):
        await turns.accept(said(text))
    before = await claimed(turns)
    await turns.commit(before, answered(before))
    written = await claimed(turns)
    await turns.reset(ROOM, turn=written.sequence)
    await turns.commit(written, None)
    name = await claimed(turns)
    assert read(name) == []
    await turns.commit(name, answered(name))
    assert read(await claimed(turns)) == ["my name is Ada"]


async def test_a_reset_that_is_run_again_takes_no_later_one_back(turns: Turns) -> None:
    first = await ask(turns, "/reset", thread("1"))
    await turns.reset(thread("1"), turn=first.sequence)
    await turns.commit(first, None)
    await exchange(turns, "secret", thread("1"))
    await turns.reset(thread("1"))
    await turns.reset(thread("1"), turn=first.sequence)
    assert read(await ask(turns, "next", thread("1"))) == []


async def test_a_reset_of_nothing_is_harmless(turns: Turns) -> None:
    await turns.reset(ROOM)
    await turns.reset(Conversation(GENERAL, "never spoken in"))
    await exchange(turns, "first")
    assert read(await ask(turns, "second")) == ["first"]
