"""What was thought, as it is kept beside the conversations."""

from dataclasses import replace

import pytest

from core.conversation import Channel, Conversation
from core.errors import StoreUnavailable
from core.store.connection import Connections, connect
from core.store.keys import partition_of
from core.store.thoughts import KEPT_S, Thought, Thoughts
from tests.core.store.talk import GENERAL, ROOM, thread

THOUGHT = Thought("let me see", 0, 14, "public/deepseek-r1", "what is 6 * 7?")


@pytest.fixture
def thoughts(connections: Connections) -> Thoughts:
    return Thoughts(connections, partitions=1)


@pytest.mark.every_form
async def test_the_last_thoughts_of_each_conversation_are_kept(thoughts: Thoughts) -> None:
    second = replace(THOUGHT, text="once more")
    await thoughts.keep(thread("1"), THOUGHT)
    await thoughts.keep(thread("2"), THOUGHT)
    await thoughts.keep(thread("1"), second)
    assert await thoughts.last(thread("1")) == second
    assert await thoughts.last(thread("2")) == THOUGHT
    assert await thoughts.last(thread("3")) is None


async def test_a_channel_knows_what_was_thought_last_in_it_or_its_threads(thoughts: Thoughts) -> None:
    inside, outside = replace(THOUGHT, text="inside"), replace(THOUGHT, text="outside")
    assert await thoughts.last(ROOM) is None
    await thoughts.keep(ROOM, outside)
    assert await thoughts.last(ROOM) == outside
    await thoughts.keep(thread("1"), inside)
    assert await thoughts.last(ROOM) == inside
    assert await thoughts.last(Conversation(Channel("slack", "T1", "random"))) is None


async def test_what_is_forgotten_is_gone(thoughts: Thoughts) -> None:
    await thoughts.keep(ROOM, THOUGHT)
    await thoughts.keep(thread("1"), THOUGHT)
    await thoughts.forget(ROOM)
    assert await thoughts.last(ROOM) is None
    assert await thoughts.last(thread("1")) == THOUGHT
    await thoughts.forget(thread("1"))
    assert await thoughts.last(thread("1")) is None


async def test_thoughts_go_by_themselves_after_a_day(thoughts: Thoughts, connections: Connections) -> None:
    await thoughts.keep(thread("1"), THOUGHT)
    keys = [key async for key in connections.ask.scan_iter("*")]
    assert len(keys) == 2
    for key in keys:
        assert key.startswith(partition_of(GENERAL, 1).prefix)
        assert KEPT_S - 60 < await connections.ask.ttl(key) <= KEPT_S


async def test_a_store_out_of_reach_is_told() -> None:
    async with connect("redis://127.0.0.1:1") as connections:
        away = Thoughts(connections, partitions=1)
        for call in (away.keep(ROOM, THOUGHT), away.last(ROOM), away.forget(ROOM)):
            with pytest.raises(StoreUnavailable):
                await call
