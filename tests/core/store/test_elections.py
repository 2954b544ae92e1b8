"""Masters die, fall silent and are replaced, while people talk."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from core.conversation import Channel, Conversation, UserMessage
from core.errors import StoreUnavailable
from core.store.claims import Claim, Nothing
from core.store.connection import connect
from core.store.keys import partition_of
from core.store.turns import Turns
from tests.core.store.clusters import Clustered, clustered
from tests.core.store.sentinels import Watched, watched
from tests.core.store.talk import ROOM, answered, claimed, eventually, said, turns_of, until

PARTITIONS = 16
ROOMS = [Conversation(Channel("slack", "T1", f"c{number}")) for number in range(12)]


class Talk:
    """Messages that are accepted one after the other in many rooms, and what became of them."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.accepted: list[UserMessage] = []

    @asynccontextmanager
    async def going_on(self) -> AsyncGenerator[None, None]:
        talking = [asyncio.create_task(self._talk(room)) for room in ROOMS]
        try:
            yield
        finally:
            for task in talking:
                task.cancel()
            await asyncio.gather(*talking, return_exceptions=True)

    async def _talk(self, room: Conversation) -> None:
        while True:
            message = said("hello", room)
            while True:
                try:
                    await self._turns.accept(message)
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.02)
            self.accepted.append(message)
            await asyncio.sleep(0.04)

    async def goes_on(self) -> None:
        """In each room two more messages are accepted: the second was said after this was called."""
        before = len(self.accepted)
        await until(lambda: set(rooms(self.accepted[before:], twice=True)) == set(ROOMS), 30)

    async def all_are_there_once(self) -> None:
        found: list[str] = []
        while isinstance(claim := await self._turns.claim(), Claim):
            found += [message.message_id for message in claim.messages]
            await self._turns.commit(claim, None)
        assert len(found) == len(set(found))
        assert {message.message_id for message in self.accepted} <= set(found)


def rooms(messages: list[UserMessage], *, twice: bool) -> list[Conversation]:
    said_in = [message.conversation for message in messages]
    return [room for room in ROOMS if said_in.count(room) > int(twice)]


@asynccontextmanager
async def with_sentinels(folder: Path, *, wait_replicas: int) -> AsyncGenerator[tuple[Watched, Turns], None]:
    async with watched(folder) as servers, connect(servers.url, wait_replicas=wait_replicas) as connections:
        yield servers, turns_of(connections, most_waiting=10_000)


@asynccontextmanager
async def on_a_cluster(folder: Path, *, wait_replicas: int) -> AsyncGenerator[tuple[Clustered, Turns], None]:
    async with clustered(folder) as cluster, connect(cluster.url, wait_replicas=wait_replicas) as connections:
        yield cluster, turns_of(connections, partitions=PARTITIONS, most_waiting=10_000)


async def test_with_sentinels_nothing_accepted_is_lost_with_a_killed_master(tmp_path: Path) -> None:
    async with with_sentinels(tmp_path, wait_replicas=1) as (servers, turns):
        talk = Talk(turns)
        async with talk.going_on():
            await talk.goes_on()
            killed = await servers.master()
            await killed.kill()
            assert await servers.master_but(killed) is not killed
            await killed.start()
            await talk.goes_on()
        await talk.all_are_there_once()


async def test_on_a_cluster_nothing_accepted_is_lost_with_a_killed_master(tmp_path: Path) -> None:
    async with on_a_cluster(tmp_path, wait_replicas=1) as (cluster, turns):
        talk = Talk(turns)
        async with talk.going_on():
            await talk.goes_on()
            killed = await cluster.master_of(partition_of(ROOMS[0].channel, PARTITIONS).wake)
            replica = await cluster.replica_of(killed)
            await killed.kill()
            await eventually(replica.is_master)
            await killed.start()
            await talk.goes_on()
        await talk.all_are_there_once()


async def test_with_sentinels_a_silent_master_is_left_and_listeners_follow(tmp_path: Path) -> None:
    async with with_sentinels(tmp_path, wait_replicas=0) as (servers, turns):
        await hears_and_goes_on(turns, ROOM)
        silent = await servers.master()
        with silent.paused():
            began = monotonic()
            talk = Talk(turns)
            async with talk.going_on():
                await talk.goes_on()
            assert monotonic() - began < 15
            await hears_and_goes_on(turns, ROOM)
        await eventually(silent.is_synced)
        await hears_and_goes_on(turns, ROOM)


async def test_on_a_cluster_a_silent_master_is_left(tmp_path: Path) -> None:
    async with on_a_cluster(tmp_path, wait_replicas=0) as (cluster, turns):
        silent = await cluster.master_of(partition_of(ROOMS[0].channel, PARTITIONS).wake)
        with silent.paused():
            talk = Talk(turns)
            async with talk.going_on():
                await talk.goes_on()
        await eventually(cluster.is_well)
        await hears_and_goes_on(turns, ROOMS[0])


async def hears_and_goes_on(turns: Turns, room: Conversation) -> None:
    """An idle worker is woken, and a stop is heard; calls that fail are repeated, as by those who make them."""
    while True:
        try:
            async with turns.stops() as announced, asyncio.timeout(10):
                waiting = asyncio.create_task(turns.wait(60))
                await turns.accept(said("hello", room))
                await waiting
                while (claim := await claimed(turns)).conversation != room:
                    await turns.commit(claim, None)
                assert await turns.stop(room)
                while await anext(announced) != str(room):
                    pass
                assert await turns.commit(claim, None)
                return
        except StoreUnavailable:
            await asyncio.sleep(0.05)


async def test_with_sentinels_a_demoted_master_is_left_while_it_lives(tmp_path: Path) -> None:
    async with with_sentinels(tmp_path, wait_replicas=1) as (servers, turns):
        talk = Talk(turns)
        async with talk.going_on():
            await talk.goes_on()
            demoted = await servers.master()
            await servers.sentinels[0].run("SENTINEL", "FAILOVER", "drun")
            await eventually(demoted.is_synced)
            await talk.goes_on()
        await talk.all_are_there_once()
        await hears_and_goes_on(turns, ROOMS[0])


async def test_on_a_cluster_a_demoted_master_is_left_while_it_lives(tmp_path: Path) -> None:
    async with on_a_cluster(tmp_path, wait_replicas=1) as (cluster, turns):
        talk = Talk(turns)
        async with talk.going_on():
            await talk.goes_on()
            demoted = await cluster.master_of(partition_of(ROOMS[0].channel, PARTITIONS).wake)
            await (await cluster.replica_of(demoted)).run("CLUSTER FAILOVER")
            await eventually(demoted.is_synced)
            await talk.goes_on()
        await talk.all_are_there_once()
        await hears_and_goes_on(turns, ROOMS[0])


async def test_what_no_replica_has_is_not_accepted_and_not_ended_until_one_has_it(tmp_path: Path) -> None:
    async with with_sentinels(tmp_path, wait_replicas=1) as (servers, turns):
        message = said("hello")
        master = await servers.master()
        (replica,) = [each for each in servers.servers if each is not master]
        with replica.paused():
            # Also the second time, when the master has it already.
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match=r"^0 of 1 replicas had it after 1000 ms"):
                    await turns.accept(message)
        assert not (await turns.accept(message)).new
        claim = await claimed(turns)
        assert claim.message == message
        with replica.paused():
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
                    await turns.commit(claim, answered(claim))
        assert await turns.commit(claim, answered(claim))
        assert await turns.claim() == Nothing(None), "accepted once, answered once"
