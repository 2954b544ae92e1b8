"""One server, Sentinel and Cluster are the same to whoever uses the store."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.cascade import Level
from core.conversation import Channel, Conversation
from core.errors import StoreUnavailable
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.keys import partition_of
from tests.core.desks import choose, preferences_of
from tests.core.store.clusters import Clustered
from tests.core.store.servers import one_server
from tests.core.store.talk import answered, claimed, read, said, turns_of

PARTITIONS = 16
ROOMS = [Conversation(Channel("slack", "T1", f"c{number}")) for number in range(40)]


@pytest.mark.every_form
async def test_whole_turns_in_all_partitions(connections: Connections) -> None:
    turns = turns_of(connections, partitions=PARTITIONS)
    assert await turns.settled_partitions() == PARTITIONS
    for text in ("hello", "again"):
        for room in ROOMS:
            await turns.accept(said(text, room))
        claims = [await claimed(turns) for _ in ROOMS]
        assert {claim.conversation for claim in claims} == set(ROOMS)
        assert all(read(claim) == (["hello"] if text == "again" else []) for claim in claims)
        assert [lease.name for lease in await turns.renew(claims)] == ["KEPT"] * len(ROOMS)
        for claim in claims:
            assert await turns.checkpoint(claim, ["p1"])
            assert await turns.commit(claim, answered(claim))
    assert len({partition_of(room.channel, PARTITIONS) for room in ROOMS}) == PARTITIONS


@pytest.mark.every_form
async def test_many_calls_at_once_in_all_partitions_wait_for_a_connection(connections: Connections) -> None:
    turns = turns_of(connections, partitions=PARTITIONS)
    accepted = await asyncio.gather(*(turns.accept(said("hello", room)) for room in ROOMS * 10))
    assert all(each.new for each in accepted)


@pytest.mark.every_form
async def test_many_followers_wait_at_once(connections: Connections) -> None:
    journals = Journals(connections, ttl_s=60)
    names = [f"page{number}" for number in range(100)]
    following = [asyncio.create_task(journals.follow(name, at_most_s=10)) for name in names]
    for name in names:
        await journals.append(name, name)
    heard = await asyncio.gather(*following)
    assert [[entry.text for entry in entries] for entries in heard] == [[name] for name in names]


async def test_a_server_that_forgot_the_scripts_is_given_them_again(cluster: Clustered) -> None:
    await cluster.flush()
    async with connect(cluster.url, wait_replicas=1) as connections:
        turns = turns_of(connections, partitions=PARTITIONS)
        for room in ROOMS:
            await turns.accept(said("hello", room))
        await cluster.flush(scripts=True)
        for room in ROOMS:
            assert (await turns.accept(said("again", room))).new
        assert len([await claimed(turns) for _ in ROOMS]) == len(ROOMS)


async def test_a_partition_that_moves_to_another_server_is_followed(cluster: Clustered) -> None:
    await cluster.flush()
    room = ROOMS[0]
    async with connect(cluster.url, wait_replicas=1) as connections:
        turns = turns_of(connections, partitions=PARTITIONS)
        preferences = preferences_of(connections, partitions=PARTITIONS)
        await turns.accept(said("before", room))
        await choose(preferences, "model", "m", room.channel)
        async with moving(cluster, partition_of(room.channel, PARTITIONS).wake):
            during = asyncio.create_task(turns.accept(said("during", room)))
            # One key is found where it is; a script with several, some of them new, has to wait for the end.
            assert await preferences.of_channel(room.channel, "model") == "m"
        assert (await during).new
        for text in ("before", "during"):
            claim = await claimed(turns)
            assert (claim.message.text, claim.settings[Level.CHANNEL]["model"]) == (text, "m")
            assert await turns.commit(claim, answered(claim))


@asynccontextmanager
async def moving(cluster: Clustered, key: str) -> AsyncGenerator[None, None]:
    """The slot of ``key`` goes to another master, in the steps of the Redis Cluster specification."""
    async with cluster.newly() as fresh:
        source = await fresh.master_of(key)
        target, *_ = [each for each in fresh.servers if each is not source and await each.is_master()]
        slot = await source.run("CLUSTER KEYSLOT", key)
        names = {each.port: await each.run("CLUSTER MYID") for each in (source, target)}
        await target.run("CLUSTER SETSLOT", slot, "IMPORTING", names[source.port])
        await source.run("CLUSTER SETSLOT", slot, "MIGRATING", names[target.port])
        keys = await source.run("CLUSTER GETKEYSINSLOT", slot, 1000)
        await source.run("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        yield
        for each in (target, source):
            await each.run("CLUSTER SETSLOT", slot, "NODE", names[target.port])


async def test_masters_that_nobody_tells_are_told_in_one_sentence(tmp_path: Path) -> None:
    async def told(url: str) -> str:
        async with connect(url) as connections:
            with pytest.raises(StoreUnavailable) as error:
                await turns_of(connections).settled_partitions()
            return str(error.value)

    async with one_server(tmp_path / "one") as server:
        nobody, no_sentinel, no_cluster = await asyncio.gather(
            told("redis+cluster://127.0.0.1:1,127.0.0.1:2"),
            told("redis+sentinel://127.0.0.1:1/drun/0"),
            told(f"redis+cluster://127.0.0.1:{server.port}"),
        )
    assert "no server of the Cluster tells who has which slots (ConnectionError: Error 111" in nobody
    assert "no sentinel tells where 'drun' is (ConnectionError: Error 111" in no_sentinel
    assert "cluster support disabled" in no_cluster
