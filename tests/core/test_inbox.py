"""What comes in from a platform."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from core import texts
from core.chores import Chores
from core.drun.catalog import Catalog
from core.errors import StoreUnavailable
from core.inbox import Inbox
from core.store.claims import Claim, Lease
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.turns import Turns
from core.waiting import CROWD, Waiting
from tests.core.desks import desk_of, preferences_of
from tests.core.drun.talk import model_client
from tests.core.scene import FakePlatform
from tests.core.store.talk import ROOM, answered, ask, channels_of, claimed, said, thread, until


def inbox_on(connections: Connections, catalog: Catalog) -> Inbox:
    return Inbox(desk_of(connections, catalog), Journals(connections, ttl_s=60))


@pytest.fixture
async def catalog() -> AsyncGenerator[Catalog, None]:
    async with model_client() as client:
        yield Catalog(client, [], aliases={}, runs={})


@pytest.fixture
def inbox(connections: Connections, catalog: Catalog) -> Inbox:
    return inbox_on(connections, catalog)


async def test_a_message_becomes_a_turn_once(inbox: Inbox) -> None:
    message = said("hello")
    assert (await inbox.accept(message)).new
    assert not (await inbox.accept(message)).new
    assert (await claimed(inbox.desk.turns)).message == message
    assert not isinstance(await inbox.desk.turns.claim(), Claim)


async def test_half_of_a_surrogate_pair_does_not_keep_a_message_out(inbox: Inbox) -> None:
    await inbox.accept(said("smile \ud83d, 世界 🙂"))
    assert (await claimed(inbox.desk.turns)).message.text == "smile ?, 世界 🙂"


@pytest.mark.parametrize("written", ["/stop", "  /stop \n"])
async def test_a_written_stop_does_not_wait_behind_the_reply_it_means(inbox: Inbox, written: str) -> None:
    turns = inbox.desk.turns
    running, other = await ask(turns, "hello"), await ask(turns, "hello", thread("1"))
    async with turns.stops() as announced:
        await inbox.accept(said(written))
        assert await anext(announced) == str(ROOM)
    assert await turns.renew([running, other]) == [Lease.STOP, Lease.KEPT]


async def test_a_stop_that_is_delivered_again_stops_nothing_more(inbox: Inbox) -> None:
    turns, stop = inbox.desk.turns, said("/stop")
    await inbox.accept(stop)
    claim = await claimed(turns)
    assert not claim.stopped
    await turns.commit(claim, None)
    running = await ask(turns, "next")
    await inbox.accept(stop)
    assert await turns.renew([running]) == [Lease.KEPT]
    await turns.commit(running, answered(running))


@pytest.mark.parametrize("written", ["stop", "/stop it", "please /stop", "/model"])
async def test_what_is_no_stop_stops_nothing(inbox: Inbox, written: str) -> None:
    running = await ask(inbox.desk.turns, "hello")
    await inbox.accept(said(written))
    assert await inbox.desk.turns.renew([running]) == [Lease.KEPT]


async def test_a_store_out_of_reach_accepts_nothing_and_says_so(catalog: Catalog) -> None:
    async with connect("redis://127.0.0.1:1") as connections:
        with pytest.raises(StoreUnavailable):
            await inbox_on(connections, catalog).accept(said("hello"))


async def test_a_turn_that_waits_is_told_of_and_its_answer_written_over_the_notice(
    inbox: Inbox, catalog: Catalog
) -> None:
    """On a real store: the number, the notice that becomes the reply's first message, and a refusal."""
    turns, platform = inbox.desk.turns, FakePlatform()
    async with Chores() as chores:
        waiting = Waiting(
            {"slack": platform}, chores, place=turns.place, busy_of=inbox.desk.preferences.busy_of
        )
        inbox = replace(inbox, waiting=waiting)
        running = await ask(turns, "the running one")
        questions = [said(f"question {number}") for number in range(CROWD)]
        for question in questions:
            assert (await inbox.accept(question)).new
        last = platform.of(questions[-1])
        await last.until(lambda: bool(last.shown))
        assert f"number {CROWD} in line" in last.texts()[0]
        await until(lambda: all(platform.of(question).marked for question in questions))
        await turns.commit(running, answered(running))
        for question in questions:
            claim = await claimed(turns)
            assert claim.message == question
            waiting.begun(claim)
            surface = platform.of(question)
            await surface.until(lambda surface=surface: not surface.marked)  # type: ignore[misc] # bound for the loop
            assert list(claim.shown) == list(surface.shown)
            await turns.commit(claim, answered(claim))


async def test_a_refused_message_is_told_so(connections: Connections, catalog: Catalog) -> None:
    platform = FakePlatform()
    turns = Turns(connections, partitions=1, lease_s=100, history_ttl_s=60, most_waiting=1)
    channels = channels_of(connections)
    async with Chores() as chores:
        waiting = Waiting(
            {"slack": platform}, chores, place=turns.place, busy_of=preferences_of(connections).busy_of
        )
        inbox = Inbox(
            desk_of(connections, catalog, turns=turns, channels=channels),
            Journals(connections, ttl_s=60),
            waiting=waiting,
        )
        await inbox.accept(said("one"))
        refused = said("two")
        assert (await inbox.accept(refused)).refused
        await platform.of(refused).until(lambda: bool(platform.of(refused).sealed))
        assert platform.of(refused).texts() == [texts.REFUSED.say("en", count=1)]


async def test_nobody_is_told_of_a_refusal_that_is_insisted_on(
    connections: Connections, catalog: Catalog
) -> None:
    """It is handed in again until it is taken: people would be asked to repeat what is answered all the same."""
    platform = FakePlatform()
    turns = Turns(connections, partitions=1, lease_s=100, history_ttl_s=60, most_waiting=1)
    channels = channels_of(connections)
    async with Chores() as chores:
        waiting = Waiting(
            {"slack": platform}, chores, place=turns.place, busy_of=preferences_of(connections).busy_of
        )
        inbox = Inbox(
            desk_of(connections, catalog, turns=turns, channels=channels),
            Journals(connections, ttl_s=60),
            waiting=waiting,
        )
        await inbox.accept(said("one"))
        again = said("two")
        before = chores.running
        assert (await inbox.accept(again, insisting=True)).refused
        assert chores.running == before, "nothing is under way that would tell"
    assert platform.of(again).writes == []
