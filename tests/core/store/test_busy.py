"""What becomes of messages that come while others are before them."""

import asyncio

import pytest

from core.store.claims import Busy, Claim, Kind, Lease, Nothing
from core.store.connection import Connections
from core.store.parked import ParkedTurns
from core.store.preferences import Preferences
from core.store.turns import TOGETHER, Turns
from tests.core.desks import choose, preferences_of
from tests.core.store.talk import (
    GENERAL,
    ROOM,
    answered,
    ask,
    channels_of,
    claimed,
    expire,
    read,
    said,
    thread,
    turns_of,
)


@pytest.fixture
def preferences(connections: Connections) -> Preferences:
    return preferences_of(connections)


def texts(claim: Claim) -> list[str]:
    return [message.text for message in claim.messages]


async def test_a_channel_answers_each_message_in_its_turn_unless_it_has_chosen(
    preferences: Preferences,
) -> None:
    assert await preferences.busy_of(GENERAL) is Busy.QUEUE
    await choose(preferences, "busy", Busy.COLLECT)
    assert await preferences.busy_of(GENERAL) is Busy.COLLECT
    await choose(preferences, "busy", None)
    assert await preferences.busy_of(GENERAL) is Busy.QUEUE


async def test_messages_that_waited_are_answered_together(turns: Turns, preferences: Preferences) -> None:
    await choose(preferences, "busy", Busy.COLLECT)
    first = await ask(turns, "one")
    for text in ("two", " ", "three"):
        await turns.accept(said(text))
    assert texts(first) == ["one"]
    await turns.commit(first, answered(first))
    both = await claimed(turns)
    assert texts(both) == ["two", " ", "three"]
    assert both.message.text == "two\n\nthree"
    assert both.message.message_id == both.messages[0].message_id
    assert list(both.waited) == list(both.messages)
    await turns.commit(both, answered(both))
    assert isinstance(await turns.claim(), Nothing)
    assert read(await ask(turns, "four")) == ["one", "two\n\nthree"]


async def test_only_so_many_are_answered_together(turns: Turns, preferences: Preferences) -> None:
    await choose(preferences, "busy", Busy.COLLECT)
    for number in range(TOGETHER + 3):
        await turns.accept(said(str(number)))
    first = await claimed(turns)
    assert len(first.messages) == TOGETHER
    await turns.commit(first, None)
    assert texts(await claimed(turns)) == ["20", "21", "22"]


async def test_a_command_is_never_answered_together_with_others(
    turns: Turns, preferences: Preferences
) -> None:
    await choose(preferences, "busy", Busy.COLLECT)
    for text, kind in (
        ("a", Kind.MESSAGE),
        ("/model x", Kind.COMMAND),
        ("b", Kind.MESSAGE),
        ("c", Kind.MESSAGE),
    ):
        await turns.accept(said(text), kind)
    found = []
    for _ in range(3):
        claim = await claimed(turns)
        found.append(texts(claim))
        await turns.commit(claim, None)
    assert found == [["a"], ["/model x"], ["b", "c"]]


async def test_who_takes_over_answers_the_same_messages(
    turns: Turns, preferences: Preferences, connections: Connections
) -> None:
    """Also those that came meanwhile would change what the first attempt has half shown."""
    await choose(preferences, "busy", Busy.COLLECT)
    await turns.accept(said("one"))
    await turns.accept(said("two"))
    first = await claimed(turns)
    await turns.checkpoint(first, ["p1"])
    await turns.accept(said("three"))
    await choose(preferences, "busy", Busy.QUEUE)
    await expire(connections.ask, ROOM)
    second = await claimed(turns)
    assert (texts(second), second.attempt, second.shown) == (["one", "two"], 2, ["p1"])
    await turns.commit(second, None)
    assert texts(await claimed(turns)) == ["three"]


async def test_a_new_message_interrupts_where_the_channel_wants_that(
    turns: Turns, preferences: Preferences
) -> None:
    await choose(preferences, "busy", Busy.INTERRUPT)
    first = await ask(turns, "one")
    async with turns.stops() as conversations:
        await turns.accept(said("two"))
        async with asyncio.timeout(5):
            assert await anext(conversations) == str(ROOM)
    assert await turns.renew([first]) == [Lease.STOP]
    await turns.commit(first, answered(first))
    second = await claimed(turns)
    assert (texts(second), second.stopped) == (["two"], False)


async def test_a_message_interrupts_nothing_elsewhere(turns: Turns, preferences: Preferences) -> None:
    await choose(preferences, "busy", Busy.INTERRUPT)
    first = await ask(turns, "one", thread("1"))
    await turns.accept(said("two", thread("2")))
    await turns.accept(said("/help", thread("1")), Kind.COMMAND)
    assert await turns.renew([first]) == [Lease.KEPT]


async def test_a_redelivered_message_interrupts_nothing(turns: Turns, preferences: Preferences) -> None:
    await choose(preferences, "busy", Busy.INTERRUPT)
    message = said("one")
    await turns.accept(message)
    claim = await claimed(turns)
    assert not (await turns.accept(message)).new
    assert await turns.renew([claim]) == [Lease.KEPT]


async def test_the_operators_choice_holds_where_a_channel_has_none(connections: Connections) -> None:
    turns = Turns(connections, partitions=1, lease_s=100, history_ttl_s=60, busy=Busy.COLLECT)
    await turns.accept(said("one"))
    await turns.accept(said("two"))
    assert texts(await claimed(turns)) == ["one", "two"]


async def test_more_than_may_wait_are_refused_and_may_come_again(connections: Connections) -> None:
    turns = turns_of(connections, most_waiting=2)
    await turns.accept(said("one"))
    await turns.accept(said("two"))
    late = said("three")
    refused = await turns.accept(late)
    assert (refused.refused, refused.new, refused.ahead) == (True, False, 2)
    assert (await turns.accept(said("elsewhere", thread("1")))).new
    first = await claimed(turns)
    await turns.commit(first, None)
    assert (await turns.accept(late)).new
    assert not (await turns.accept(late)).new


async def test_a_stop_is_heard_also_where_too_many_wait(connections: Connections) -> None:
    turns = turns_of(connections, most_waiting=1)
    claim = await ask(turns, "one")
    assert (await turns.accept(said("/stop"), Kind.STOP)).refused
    assert await turns.renew([claim]) == [Lease.STOP]


async def test_who_waits_knows_the_place_in_the_line(turns: Turns) -> None:
    running = await ask(turns, "one")
    waiting = [await turns.accept(said(text)) for text in ("two", "three")]
    assert [await turns.place(ROOM, each.sequence) for each in waiting] == [1, 2]
    assert await turns.place(ROOM, running.sequence) == 0
    await turns.commit(running, None)
    assert [await turns.place(ROOM, each.sequence) for each in waiting] == [1, 1]
    assert await turns.place(ROOM, "77") == 0


@pytest.mark.parametrize("partitions", [1, 16])
async def test_the_line_before_the_workers_is_one_for_all_partitions(
    connections: Connections, partitions: int
) -> None:
    turns = turns_of(connections, partitions=partitions)
    accepted = [await turns.accept(said("hello", thread(str(number)))) for number in range(3)]
    assert [each.line for each in accepted] == [0, 1, 2]
    assert await turns.place(thread("2"), accepted[2].sequence) == 3
    await claimed(turns)
    assert await turns.place(thread("2"), accepted[2].sequence) == 2


async def test_what_told_of_the_wait_becomes_the_reply(turns: Turns, connections: Connections) -> None:
    running = await ask(turns, "one")
    waiting = await turns.accept(said("two"))
    assert await turns.place(ROOM, waiting.sequence, told=["notice"]) == 1
    await turns.commit(running, answered(running))
    claim = await claimed(turns)
    assert (claim.shown, claim.attempt, claim.ahead) == (["notice"], 1, 1)
    await turns.checkpoint(claim, ["notice", "p2"])
    await expire(connections.ask, ROOM)
    assert (await claimed(turns)).shown == ["notice", "p2"]


async def test_messages_that_told_of_a_wait_are_all_handed_over(
    turns: Turns, preferences: Preferences, connections: Connections
) -> None:
    """The second one's notice is left over when both are answered together: whoever answers takes it away."""
    running = await ask(turns, "one")
    for text, notice in (("two", "n2"), ("three", "n3")):
        waiting = await turns.accept(said(text))
        await turns.place(ROOM, waiting.sequence, told=[notice])
    await choose(preferences, "busy", Busy.COLLECT)
    await turns.commit(running, None)
    claim = await claimed(turns)
    assert claim.shown == ["n2", "n3"]
    await turns.checkpoint(claim, ["n2", "n3"])
    await expire(connections.ask, ROOM)
    again = await claimed(turns)
    assert again.shown == ["n2", "n3"]
    await turns.commit(again, None)
    state = await connections.ask.hkeys(f"drun:{{0}}:state:{ROOM}")
    assert not [name for name in state if "shown" in str(name)]


async def test_nobody_is_told_of_a_wait_that_is_over(
    turns: Turns, preferences: Preferences, connections: Connections
) -> None:
    await choose(preferences, "busy", Busy.COLLECT)
    both = [await turns.accept(said(text)) for text in ("one", "two")]
    await claimed(turns)
    for accepted in both:
        assert await turns.place(ROOM, accepted.sequence, told=["late"]) == 0
    await expire(connections.ask, ROOM)
    assert (await claimed(turns)).shown == []


async def test_a_channel_is_listed_with_what_was_heard_last(turns: Turns, connections: Connections) -> None:
    channels = channels_of(connections)
    for message in ("9", "1000000000000000001", "1000000000000000000", "99999"):
        await turns.accept(said("hello", message=message))
    await turns.accept(said("in a thread", thread("5"), message="17"))
    [heard] = await channels.heard("slack", since_s=60)
    assert (heard.channel, heard.last) == (GENERAL, "1000000000000000001")
    assert await channels.heard("discord", since_s=60) == []
    assert await channels.heard("slack", since_s=-60) == []


@pytest.mark.parametrize("busy", [Busy.COLLECT, Busy.INTERRUPT])
async def test_a_turn_that_was_given_back_takes_in_no_later_message(
    turns: Turns, preferences: Preferences, busy: Busy
) -> None:
    """It may be half shown, or about to be stopped: what came after it would be ended with it, unanswered."""
    await choose(preferences, "busy", busy)
    first = await ask(turns, "one")
    await turns.release(first)
    await turns.accept(said("two"))
    again = await claimed(turns)
    assert texts(again) == ["one"]
    await turns.commit(again, answered(again))
    assert texts(await claimed(turns)) == ["two"]


async def test_a_message_that_is_not_taken_interrupts_nothing(
    connections: Connections, preferences: Preferences
) -> None:
    turns = turns_of(connections, most_waiting=1)
    await choose(preferences, "busy", Busy.INTERRUPT)
    claim = await ask(turns, "one")
    assert (await turns.accept(said("two"))).refused
    assert await turns.renew([claim]) == [Lease.KEPT]


async def test_a_turn_of_which_nothing_can_be_read_is_parked_all_the_same(
    turns: Turns, connections: Connections
) -> None:
    await turns.accept(said("one"))
    await connections.ask.hset(f"drun:{{0}}:state:{ROOM}", "shown:1", "no list")
    assert await turns.claim() == Nothing(0.0)
    [given_up] = await ParkedTurns(connections, partitions=1).all()
    assert given_up.turn.shown == ()
