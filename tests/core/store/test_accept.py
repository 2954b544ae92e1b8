"""Taking a message in, once."""

import asyncio

import pytest

from core.cascade import Level
from core.conversation import Channel, Conversation
from core.store.claims import Accepted, Nothing
from core.store.connection import Connections, connect
from core.store.turns import Turns
from tests.core.desks import choose, chosen, preferences_of
from tests.core.store.talk import GENERAL, ROOM, ask, claimed, exchange, said, thread, turns_of

pytestmark = pytest.mark.every_form


async def test_a_message_becomes_one_turn_with_all_it_said(turns: Turns) -> None:
    message = said("hello, 世界 🙂\n\x00\"'", thread("1.5"), opens_thread=True)
    assert await turns.accept(message) == Accepted(new=True, ahead=0, line=0, sequence="1")
    claim = await claimed(turns)
    assert claim.message == message
    assert (claim.attempt, claim.stopped, list(claim.shown)) == (1, False, [])


async def test_the_same_event_again_is_no_second_turn(turns: Turns) -> None:
    message = said("once", event="E1", message="M1")
    assert (await turns.accept(message)).new
    assert not (await turns.accept(message)).new
    assert not (await turns.accept(said("once", event="E1", message="M2"))).new
    await claimed(turns)
    assert isinstance(await turns.claim(), Nothing)


async def test_the_same_message_under_another_event_is_no_second_turn(turns: Turns) -> None:
    assert (await turns.accept(said("once", event="E1", message="M1"))).new
    assert not (await turns.accept(said("once", event="E2", message="M1"))).new
    assert not (await turns.accept(said("once", event="E1", message="M1"))).new
    await claimed(turns)
    assert isinstance(await turns.claim(), Nothing)


async def test_a_message_that_was_answered_is_not_taken_in_again(turns: Turns) -> None:
    message = said("once")
    await turns.accept(message)
    await turns.commit(await claimed(turns), None)
    assert not (await turns.accept(message)).new
    assert isinstance(await turns.claim(), Nothing)


@pytest.mark.parametrize("same", ["event", "message"])
async def test_two_processes_that_accept_the_same_at_once_make_one_turn(redis_url: str, same: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as other:
        doors = [turns_of(one), turns_of(other)]
        for number in range(50):
            event, message = (f"same-{number}" if same == kind else "" for kind in ("event", "message"))
            taken = await asyncio.gather(
                *(door.accept(said(f"{number}", event=event, message=message)) for door in doors * 3)
            )
            assert sum(accepted.new for accepted in taken) == 1
        claim = await claimed(doors[0])
        assert claim.message.text == "0"
        assert (await doors[0].accept(said("last"))).ahead == 50


async def test_an_accept_whose_answer_was_lost_may_be_repeated(turns: Turns) -> None:
    """The platform delivers again when nobody told it that the event has arrived."""
    message = said("hello")
    lost = asyncio.create_task(turns.accept(message))
    await asyncio.sleep(0)
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
    await turns.accept(message)
    assert (await claimed(turns)).message == message
    assert isinstance(await turns.claim(), Nothing)


async def test_the_turns_ahead_are_those_of_the_same_conversation(turns: Turns) -> None:
    assert (await turns.accept(said("a"))).ahead == 0
    assert (await turns.accept(said("b"))).ahead == 1
    await claimed(turns)
    assert (await turns.accept(said("c"))).ahead == 2, "the one being answered comes before it, too"
    assert (await turns.accept(said("d", thread("9")))).ahead == 0


async def test_the_same_ids_in_two_channels_are_two_messages(turns: Turns) -> None:
    other = Conversation(Channel("slack", "T1", "random"))
    assert (await turns.accept(said("here", event="E", message="M"))).new
    assert (await turns.accept(said("there", other, event="E", message="M"))).new


async def test_an_event_and_a_message_of_the_same_name_are_not_mistaken(turns: Turns) -> None:
    assert (await turns.accept(said("one", event="X", message="Y"))).new
    assert (await turns.accept(said("two", event="Y", message="X"))).new


async def test_a_waiting_worker_is_woken(turns: Turns) -> None:
    waiting = asyncio.create_task(turns.wait(30))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await turns.accept(said("hello"))
        await waiting


async def test_hints_that_were_not_needed_do_not_pile_up(turns: Turns, connections: Connections) -> None:
    """Each would wake a worker for nothing, a thousand times after a busy hour."""
    for number in range(20):
        await exchange(turns, f"{number}")
    assert isinstance(await turns.claim(), Nothing)
    left = asyncio.create_task(turns.wait(30))
    done, _ = await asyncio.wait({left}, timeout=0.1)
    assert not done
    await turns.accept(said("hello"))
    await left
    assert await connections.ask.exists("drun:{0}:wake") == 0


async def test_a_channel_and_its_threads_are_accepted_side_by_side(turns: Turns) -> None:
    for name in ("1", "2"):
        await turns.accept(said(f"in {name}", thread(name)))
    await turns.accept(said("in the channel"))
    found = [str((await claimed(turns)).conversation) for _ in range(3)]
    assert found == [f"{GENERAL}:1", f"{GENERAL}:2", f"{ROOM}"]


async def test_a_claim_knows_the_model_that_the_channel_chose(turns: Turns, connections: Connections) -> None:
    await choose(preferences_of(connections), "model", "public/deepseek-r1")
    assert await chosen(preferences_of(connections), "model") == "public/deepseek-r1"
    first = await ask(turns, "in a thread", thread("1"))
    assert first.settings[Level.CHANNEL] == {"model": "public/deepseek-r1"}
    await choose(preferences_of(connections), "model", "")
    assert (await ask(turns, "in the channel")).settings[Level.CHANNEL] == {}
    assert await chosen(preferences_of(connections), "model") == ""
