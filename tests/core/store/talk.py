"""Short words for tests of what is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from redis.asyncio import Redis

from core.conversation import Channel, Conversation, Turn, UserMessage
from core.store.channels import Channels
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.keys import partition_of
from core.store.turns import Turns

T = TypeVar("T")

GENERAL = Channel("slack", "T1", "general")
ROOM = Conversation(GENERAL)
LEASE_S = 100.0
DAY_S = 86_400
_numbers = count(1)


def turns_of(
    connections: Connections,
    *,
    partitions: int = 1,
    lease_s: float = LEASE_S,
    ttl_s: int = DAY_S,
    look_again_s: float = 0.0,
    most_waiting: int = 100,
) -> Turns:
    """Every claim looks into all partitions, unless ``look_again_s`` is given: tests do not wait for hints."""
    return Turns(
        connections,
        partitions=partitions,
        lease_s=lease_s,
        history_ttl_s=ttl_s,
        look_again_s=look_again_s,
        most_waiting=most_waiting,
    )


def channels_of(connections: Connections, *, partitions: int = 1) -> Channels:
    return Channels(connections, partitions=partitions)


def thread(name: str, channel: Channel = GENERAL) -> Conversation:
    return Conversation(channel, name)


def said(
    text: str,
    where: Conversation = ROOM,
    *,
    event: str = "",
    message: str = "",
    opens_thread: bool = False,
) -> UserMessage:
    """A message like no other, unless its ids are given."""
    number = next(_numbers)
    return UserMessage(
        where, event or f"e{number}", message or f"m{number}", "ada", text, opens_thread=opens_thread
    )


async def claimed(turns: Turns) -> Claim:
    found = await turns.claim()
    assert isinstance(found, Claim), "there was nothing to claim"
    return found


def answered(claim: Claim, reply: str = "") -> Turn:
    return Turn(claim.message.author, claim.message.text, reply or f"re: {claim.message.text}")


async def ask(turns: Turns, text: str, where: Conversation = ROOM, *, opens_thread: bool = False) -> Claim:
    """Says it, and claims it: nothing else may be waiting."""
    await turns.accept(said(text, where, opens_thread=opens_thread))
    claim = await claimed(turns)
    assert claim.message.text == text
    return claim


async def exchange(
    turns: Turns, text: str, where: Conversation = ROOM, *, opens_thread: bool = False
) -> Claim:
    """A whole turn; returns its claim as it was."""
    claim = await ask(turns, text, where, opens_thread=opens_thread)
    assert await turns.commit(claim, answered(claim))
    return claim


def read(claim: Claim) -> list[str]:
    """The questions of the history that came with ``claim``."""
    return [turn.text for turn in claim.history]


async def expire(redis: Redis, conversation: Conversation, *, partitions: int = 1) -> None:
    """Lets the lease of ``conversation`` run out now."""
    keys = partition_of(conversation.channel, partitions)
    assert await redis.zadd(keys.schedule, {str(conversation): 1}, xx=True, ch=True) == 1


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = 15.0) -> T:
    """What ``look`` finds, once it finds something."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110 - Redis does not tell
            await asyncio.sleep(0.005)
    return found


async def until(condition: Callable[[], T], seconds: float = 10.0) -> T:
    """Waits for what nobody announces."""
    async with asyncio.timeout(seconds):
        while not (found := condition()):  # noqa: ASYNC110 - what is waited for announces nothing
            await asyncio.sleep(0.005)
    return found
