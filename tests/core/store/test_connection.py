"""Redis pauses, dies, forgets its clients and comes back."""

import asyncio
from pathlib import Path
from time import monotonic

import pytest
from redis.asyncio import Redis

from core.errors import StoreUnavailable
from core.store.claims import Claim
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.turns import Turns
from tests.core.desks import choose, chosen, preferences_of
from tests.core.store.own_server import own_server
from tests.core.store.talk import (
    GENERAL,
    ROOM,
    ask,
    claimed,
    eventually,
    exchange,
    read,
    said,
    thread,
    turns_of,
)


async def test_nothing_is_sent_before_the_first_command() -> None:
    async with connect("redis://127.0.0.1:1") as connections:
        began = monotonic()
        with pytest.raises(StoreUnavailable):
            await preferences_of(connections).busy_of(GENERAL)
        assert monotonic() - began < 1


async def test_a_store_that_hangs_is_reported_within_seconds_by_everything(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns, journals = turns_of(connections), Journals(connections, ttl_s=60)
        held = await ask(turns, "hello")
        await journals.append("page", "line")
        with server.paused():
            began = monotonic()
            calls = (
                turns.accept(said("lost")),
                turns.claim(),
                turns.renew([held]),
                turns.checkpoint(held, ["p1"]),
                turns.commit(held, None),
                turns.release(held),
                turns.stop(ROOM),
                turns.reset(ROOM),
                preferences_of(connections).busy_of(GENERAL),
                choose(preferences_of(connections), "model", "m"),
                journals.append("page", "lost"),
                journals.read("page"),
                journals.remove("page", ["1-1"]),
                journals.follow("page", "9-9", at_most_s=0.1),
                turns.wait(0.1),
            )
            *outcomes, waited = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * len(outcomes)
            assert waited is None, "a hint: the next claim reports what is wrong"
            assert monotonic() - began < 6.5
        async with asyncio.timeout(5):
            assert (await exchange(turns, "after", thread("1"))).message.text == "after"
            await journals.append("page", "after")
            assert "after" in [entry.text for entry in await journals.read("page")]


async def test_a_store_that_is_killed_is_reported_at_once_and_found_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns = turns_of(connections)
        await exchange(turns, "before")
        waiting = asyncio.create_task(turns.wait(30))
        await asyncio.sleep(0)
        server.kill()
        began = monotonic()
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await turns.accept(said("not accepted"))
        await waiting
        assert monotonic() - began < 3
        async with own_server(tmp_path):
            assert read(await ask(turns, "after")) == ["before"]


async def test_an_accept_whose_answer_never_came_may_be_repeated(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns = turns_of(connections)
        await exchange(turns, "first")
        message = said("hello")
        with server.paused():
            lost = asyncio.create_task(turns.accept(message))
            # Into the socket's buffer; nobody is there to answer.
            await asyncio.wait({lost}, timeout=0.1)
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
        async with Redis.from_url(server.url) as other:
            await eventually(lambda: other.exists(f"drun:{{0}}:queue:{GENERAL}"))
        assert not (await turns.accept(message)).new, "it has been taken in already"
        claim = await claimed(turns)
        assert (claim.message, read(claim)) == (message, ["first"])
        assert not isinstance(await turns.claim(), Claim)


async def test_an_answer_that_nobody_waited_for_is_given_to_nobody_else(
    turns: Turns, connections: Connections
) -> None:
    await choose(preferences_of(connections), "model", "mine")
    for _ in range(30):
        call = asyncio.create_task(turns.claim())
        waiting = asyncio.create_task(turns.wait(30))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        waiting.cancel()
        await asyncio.gather(call, waiting, return_exceptions=True)
        assert await chosen(preferences_of(connections), "model") == "mine"
        assert (await turns.accept(said("hello"))).new


async def test_more_calls_at_once_than_connections_all_get_their_turn(
    turns: Turns, connections: Connections
) -> None:
    rooms = [thread(str(number)) for number in range(300)]
    accepted = await asyncio.gather(*(turns.accept(said("hello", room)) for room in rooms))
    assert all(each.new for each in accepted)
    claims = await asyncio.gather(*(turns.claim() for _ in rooms))
    assert {claim.conversation for claim in claims if isinstance(claim, Claim)} == set(rooms)
    assert (await connections.ask.info("clients"))["connected_clients"] < 100


async def test_who_hears_of_stops_is_told_when_the_connection_is_lost(
    turns: Turns, connections: Connections
) -> None:
    async def listen() -> None:
        async with turns.stops() as announced:
            async for _ in announced:
                heard.set()

    heard = asyncio.Event()
    listening = asyncio.create_task(listen())
    while not heard.is_set():
        await connections.ask.publish("drun:stops", "here")
    await connections.ask.client_kill_filter(_type="pubsub")
    with pytest.raises(StoreUnavailable):
        await listening


async def test_a_wait_ends_when_its_time_is_over(turns: Turns) -> None:
    began = monotonic()
    await turns.wait(0.05)
    assert 0.04 < monotonic() - began < 5


async def test_an_error_of_the_server_is_one_of_ours(turns: Turns, connections: Connections) -> None:
    """Redis refuses a command for many reasons: full memory, a read-only replica, data of another kind."""
    await connections.ask.set(f"drun:{{0}}:queue:{GENERAL}", "not a list")
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        await turns.accept(said("hello"))
    await connections.ask.delete(f"drun:{{0}}:queue:{GENERAL}")
    assert (await turns.accept(said("hello"))).new


async def test_a_call_that_is_cancelled_is_cancelled_at_whatever_point_it_is(turns: Turns) -> None:
    """Whoever lost a lease is cancelled, and a cancellation that is swallowed is waited for for ever."""
    claim = await ask(turns, "hello")

    async def work() -> None:
        await turns.checkpoint(claim, ["p1"])
        await asyncio.Event().wait()

    for steps in range(200):
        working = asyncio.create_task(work())
        for _ in range(steps % 20):
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.wait({working}, timeout=1)
        assert working.cancelled()
    assert await turns.checkpoint(claim, ["p1"])
