"""Turns that survive: each step of a turn is one atomic script, and every write names the fence of its lease.

accept → claim → (renew, checkpoint) → commit. A sorted set holds the conversations by the time each may next be
claimed: now when it is ready, the end of its lease while it is being answered. So a dead worker needs no sweeper:
its conversation simply comes due again. The wake list is a hint and never the truth.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from core.conversation import Channel, Conversation, Turn, UserMessage
from core.store.connection import ANSWER_TIMEOUT_S, Connections, translated, translating
from core.store.keys import PARTITIONS, STOPS, Partition, partition_of

SEEN_S = 24 * 3600
"""Slack redelivers for up to 24 hours (Delayed Events)."""
TURNS_READ = 100
"""Turns of history that come with a claim; the window rarely holds more."""
TURNS_KEPT = 1000

log = structlog.get_logger()

_message = msgspec.json.Decoder(UserMessage)
_turn = msgspec.json.Decoder(Turn)
_ids = msgspec.json.Decoder(list[str])


@dataclass(frozen=True, slots=True)
class Accepted:
    """``new`` is False for what was accepted before; ``ahead`` counts the conversation's turns before this one."""

    new: bool
    ahead: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One turn, leased to this worker, with all that answering it needs."""

    message: UserMessage
    sequence: str
    fence: str
    attempt: int
    shown: Sequence[str]
    """The platform's messages of an earlier attempt, to be written over."""
    stopped: bool
    model: str
    """The channel's own choice; empty when it has none."""
    history: Sequence[Turn]
    """Oldest first."""

    @property
    def conversation(self) -> Conversation:
        return self.message.conversation


class Lease(IntEnum):
    """How a lease stands. The numbers are renew.lua's."""

    LOST = 0
    KEPT = 1
    STOP = 2
    """Kept, and somebody asked for the reply to stop."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No conversation may be claimed now; one comes due in ``due_s`` seconds, if any is known."""

    due_s: float | None


class Turns:
    """All conversations of a deployment. Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(
        self, connections: Connections, *, partitions: int, lease_s: float, history_ttl_s: int
    ) -> None:
        self._redis = connections.ask
        self._waiting = connections.wait
        self._partitions = [Partition(number) for number in range(partitions)]
        self._lease_ms = int(lease_s * 1000)
        self._ttl = history_ttl_s
        self._next = 0
        self._accept = connections.script("accept")
        self._claim = connections.script("claim")
        self._checkpoint = connections.script("checkpoint")
        self._commit = connections.script("commit")
        self._renew = connections.script("renew")
        self._release = connections.script("release")
        self._stop = connections.script("stop")
        self._stop_all = connections.script("stop_all")
        self._reset = connections.script("reset")

    def _partition(self, channel: Channel) -> Partition:
        return partition_of(channel, len(self._partitions))

    @translating
    async def settled_partitions(self) -> int:
        """How many partitions this Redis has: the number of whoever came first, which this call writes."""
        await self._redis.set(PARTITIONS, len(self._partitions), nx=True)
        return int(await self._redis.get(PARTITIONS) or 0)

    @translating
    async def accept(self, message: UserMessage, *, stops: bool = False) -> Accepted:
        """Takes ``message`` in, once: by its event and by its own id, each remembered for 24 hours.

        ``stops``: it asks the reply that is being written here to stop.
        """
        conversation, channel = message.conversation, message.conversation.channel
        keys = self._partition(channel)
        new, ahead = await self._accept(
            [
                keys.seen(channel, f"event:{message.event_id}"),
                keys.seen(channel, f"message:{message.message_id}"),
                keys.queue(conversation),
                keys.state(conversation),
                keys.channel(channel),
                keys.schedule,
                keys.wake,
            ],
            [
                str(conversation),
                msgspec.json.encode(message).decode(),
                SEEN_S,
                int(conversation.thread is not None),
                self._ttl,
                STOPS if stops else "",
            ],
        )
        return Accepted(bool(new), ahead)

    @translating
    async def claim(self) -> Claim | Nothing:
        """The oldest runnable turn. Partitions are visited in turn; "oldest" holds within one."""
        due: float | None = None
        for _ in self._partitions:
            keys = self._partitions[self._next]
            self._next = (self._next + 1) % len(self._partitions)
            found = await self._claim([keys.schedule, keys.wake], [keys.prefix, self._lease_ms, TURNS_READ])
            if len(found) > 1:
                try:
                    return _read_claim(found)
                except msgspec.MsgspecError:
                    # Written by another version. Its lease runs out, and no other conversation waits for it.
                    log.exception("a turn cannot be read", conversation=found[0])
                    due = 0.0
            elif found[0] >= 0:
                due = found[0] / 1000 if due is None else min(due, found[0] / 1000)
        return Nothing(due)

    async def wait(self, at_most_s: float) -> None:
        """Returns when something was accepted or given back, or after ``at_most_s``; a hint, never the truth."""
        try:
            # BLPOP 0 would wait for ever; and so would a client whose server went away without a word.
            async with asyncio.timeout(at_most_s + ANSWER_TIMEOUT_S):
                await self._waiting.blpop(
                    [keys.wake for keys in self._partitions], timeout=max(0.01, at_most_s)
                )
        except (RedisError, OSError):
            await asyncio.sleep(min(1.0, at_most_s))  # the claim that follows reports it

    @translating
    async def renew(self, claims: Sequence[Claim]) -> list[Lease]:
        """Prolongs the leases of ``claims`` with one call a partition, and tells how each stands."""
        leases: dict[str, Lease] = {}
        for keys in self._partitions:
            mine = [claim for claim in claims if self._partition(claim.conversation.channel) == keys]
            if mine:
                named = [value for claim in mine for value in (str(claim.conversation), claim.fence)]
                states = await self._renew([keys.schedule], [keys.prefix, self._lease_ms, *named])
                for claim, state in zip(mine, states, strict=True):
                    leases[str(claim.conversation)] = Lease(state)
        return [leases[str(claim.conversation)] for claim in claims]

    @translating
    async def checkpoint(self, claim: Claim, shown: Sequence[str]) -> bool:
        """Remembers the platform's messages of the running reply. False: the lease was lost."""
        keys = self._partition(claim.conversation.channel)
        ids = msgspec.json.encode(list(shown)).decode()
        return bool(await self._checkpoint([keys.state(claim.conversation)], [claim.fence, ids]))

    @translating
    async def commit(self, claim: Claim, turn: Turn | None) -> bool:
        """Ends the turn; ``turn`` joins the history of its owner, None leaves no trace. False: the lease was lost."""
        conversation = claim.conversation
        keys = self._partition(conversation.channel)
        # The turn that opens a thread is said in the channel, and read by the thread as its root.
        in_channel = conversation.thread is None or claim.message.opens_thread
        owner = conversation.channel if in_channel else conversation
        done = await self._commit(
            [
                keys.state(conversation),
                keys.queue(conversation),
                keys.history(owner),
                keys.schedule,
                keys.wake,
            ],
            [
                str(conversation),
                claim.fence,
                claim.sequence,
                msgspec.json.encode(turn).decode() if turn else "",
                TURNS_KEPT,
                self._ttl,
            ],
        )
        return bool(done)

    @translating
    async def release(self, claim: Claim, *, wait_s: float = 0) -> bool:
        """Gives the turn back unfinished, to be claimed again after ``wait_s``. False: the lease was lost."""
        keys = self._partition(claim.conversation.channel)
        state = keys.state(claim.conversation)
        arguments: list[str | int] = [str(claim.conversation), claim.fence, int(wait_s * 1000)]
        return bool(await self._release([state, keys.schedule, keys.wake], arguments))

    @translating
    async def stop(self, conversation: Conversation) -> bool:
        """Asks the worker that writes here to stop, wherever it runs. False: nothing is being written."""
        state = self._partition(conversation.channel).state(conversation)
        return bool(await self._stop([state], [str(conversation), STOPS]))

    @translating
    async def stop_all(self, channel: Channel) -> int:
        """As ``stop``, for the channel and all its threads; returns how many replies are being written."""
        keys = self._partition(channel)
        return int(await self._stop_all([keys.schedule], [keys.prefix, str(channel), STOPS]))

    @asynccontextmanager
    async def stops(self) -> AsyncGenerator[AsyncIterator[str], None]:
        """The conversations whose reply shall stop, as they are announced; ``renew`` tells what was missed."""
        with translated():
            async with self._waiting.pubsub(ignore_subscribe_messages=True) as announcements:
                await announcements.subscribe(STOPS)
                yield (message["data"] async for message in announcements.listen())

    @translating
    async def reset(self, conversation: Conversation, *, turn: str = "") -> None:
        """Later turns here, and in a channel later threads, do not read what was said before.

        ``turn`` is the sequence of the turn that says so: what waits behind it is not forgotten with the rest.
        """
        keys = self._partition(conversation.channel)
        channel = keys.channel(conversation.channel)
        if conversation.thread is None:
            await self._reset([channel, channel], [turn, 0])
        else:
            await self._reset([channel, keys.state(conversation)], [turn, self._ttl])

    @translating
    async def model_of(self, channel: Channel) -> str:
        """The model chosen for ``channel``; empty when none was."""
        return str(await self._redis.hget(self._partition(channel).channel(channel), "model") or "")

    @translating
    async def choose_model(self, channel: Channel, model: str) -> None:
        """Switches ``channel`` to ``model`` from the next claimed turn on; empty forgets the choice."""
        key = self._partition(channel).channel(channel)
        if model:
            await self._redis.hset(key, "model", model)
        else:
            await self._redis.hdel(key, "model")


def _read_claim(found: list[Any]) -> Claim:
    _, fence, attempt, entry, shown, stopped, model, own, shared = found
    sequence, _, message = entry.partition(" ")
    return Claim(
        message=_message.decode(message),
        sequence=sequence,
        fence=str(fence),
        attempt=attempt,
        shown=_ids.decode(shown) if shown else [],
        stopped=bool(stopped),
        model=model,
        history=[_turn.decode(turn.partition(" ")[2]) for turn in [*own, *shared][::-1]],
    )
