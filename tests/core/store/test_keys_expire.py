"""What is left in Redis when nobody says anything any more."""

from collections.abc import AsyncIterator

import pytest

from core.conversation import Channel, Conversation
from core.store.connection import Connections
from core.store.keys import Partition, partition_of
from core.store.turns import CHANNEL_LISTED_S, SEEN_S, Turns
from tests.core.desks import choose, preferences_of
from tests.core.store.talk import (
    DAY_S,
    GENERAL,
    ROOM,
    ask,
    claimed,
    exchange,
    said,
    thread,
    turns_of,
)

pytestmark = pytest.mark.every_form


async def lifetimes(connections: Connections) -> dict[str, int]:
    """Every key but those of channels (their settings, reset and place in the order stay), with its seconds."""
    stay = {"channel", "settings", "audit"}
    keys: AsyncIterator[str] = connections.ask.scan_iter("*")
    return {key: await connections.ask.ttl(key) async for key in keys if key.split(":")[2] not in stay}


async def whole_conversations(turns: Turns, connections: Connections) -> None:
    await exchange(turns, "hello")
    await exchange(turns, "root", thread("1"), opens_thread=True)
    await exchange(turns, "inside", thread("1"))
    claim = await ask(turns, "stopped", thread("2"), opens_thread=True)
    await turns.checkpoint(claim, ["p1"])
    await turns.renew([claim])
    await turns.stop(thread("2"))
    await turns.release(claim)
    claim = await claimed(turns)
    await turns.commit(claim, None)
    await turns.reset(thread("1"))
    await turns.reset(thread("never spoken in"))
    await turns.reset(ROOM)
    await choose(preferences_of(connections), "model", "public/deepseek-r1")
    # Nothing is left to do: what wakes workers goes with the next look.
    await turns.claim()


async def test_every_key_that_a_turn_leaves_behind_goes_by_itself(connections: Connections) -> None:
    await whole_conversations(turns_of(connections), connections)
    left = await lifetimes(connections)
    assert {kind.split(":")[2] for kind in left} == {"seen", "state", "history", "index", "channels"}
    for key, seconds in left.items():
        most = {"seen": SEEN_S, "channels": CHANNEL_LISTED_S}.get(key.split(":")[2], DAY_S)
        assert most - 60 < seconds <= most, key


async def test_where_history_is_kept_for_ever_only_the_seen_marks_go(connections: Connections) -> None:
    await whole_conversations(turns_of(connections, ttl_s=0), connections)
    left = await lifetimes(connections)
    kinds = {key.split(":")[2] for key, seconds in left.items() if seconds == -1}
    assert kinds == {"state", "history", "index"}
    assert all(seconds > 0 for key, seconds in left.items() if ":seen:" in key)


async def test_each_turn_prolongs_the_life_of_what_it_reads(turns: Turns, connections: Connections) -> None:
    await exchange(turns, "hello", thread("1"))
    for kind in ("state", "history", "index"):
        assert await connections.ask.expire(f"drun:{{0}}:{kind}:{GENERAL}:1", 5)
    await exchange(turns, "again", thread("1"))
    for kind in ("state", "history", "index"):
        assert await connections.ask.ttl(f"drun:{{0}}:{kind}:{GENERAL}:1") > DAY_S - 60


async def test_what_waits_to_be_answered_never_goes(turns: Turns, connections: Connections) -> None:
    await turns.accept(said("hello"))
    for name in (f"queue:{GENERAL}", "schedule"):
        assert await connections.ask.ttl(f"drun:{{0}}:{name}") == -1


@pytest.mark.parametrize("partitions", [1, 16])
def test_a_channel_and_its_threads_share_one_hash_slot(partitions: int) -> None:
    for number in range(50):
        channel = Channel("slack", "T1", f"c{number}")
        keys = partition_of(channel, partitions)
        inside = Conversation(channel, "1.5")
        names = [
            keys.schedule,
            keys.wake,
            keys.seen(channel, "event:{x}"),
            keys.queue(inside),
            keys.state(inside),
            keys.channel(channel),
            keys.history(inside),
            keys.index(inside),
            keys.edited(channel, "{1}"),
            keys.history(channel),
        ]
        assert len(set(names)) == len(names)
        # Redis Cluster hashes what stands between the first pair of braces.
        assert {name[name.index("{") + 1 : name.index("}")] for name in names} == {str(keys.number)}
        assert 0 <= keys.number < partitions


def test_partitions_are_the_same_in_every_process_and_release() -> None:
    """Another answer here would lose every conversation of a deployment at its next start."""
    assert partition_of(Channel("slack", "T1", "general"), 16) == Partition(10)
    assert partition_of(Channel("discord", "1", "2"), 16) == Partition(4)
