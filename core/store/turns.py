"""Turns that survive: each step of a turn is one atomic script, and every write names the fence of its lease.

accept → claim → (renew, checkpoint) → commit. A sorted set holds the conversations by the time each may next be
claimed: now when it is ready, the end of its lease while it is being answered. So a dead worker needs no sweeper:
its conversation simply comes due again. The wake list is a hint and never the truth.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog

from core.changes import Amended, Change
from core.conversation import Channel, Conversation, Turn, UserMessage
from core.store.amendments import Amendments
from core.store.answers import Answers
from core.store.claims import Accepted, Busy, Claim, Kind, Lease, Nothing, Parked, RawClaim
from core.store.commits import Commits
from core.store.connection import Connections, translating
from core.store.keys import PARTITIONS, STOPS, Partition, partition_of
from core.store.sealing import StoreSealed
from core.store.wakes import LOOK_AGAIN_S, Wakes

SEEN_S = 24 * 3600
"""Slack redelivers for up to 24 hours (Delayed Events)."""
TURNS_READ = 100
"""Turns of history that come with a claim; the window rarely holds more."""
TURNS_KEPT = 1000
PINS_READ = 20
"""Pinned turns that come beside them."""

_SEALED_MS = 10_000
"""How often a turn is looked at that is sealed with a key that is not here."""

TOGETHER = 20
"""Messages that are answered together, where a channel wants that."""
PARKED_KEPT = 1000
CHANNEL_LISTED_S = 31 * 24 * 3600
"""Channels that were silent for longer are not read for what was missed."""

log = structlog.get_logger()


class Turns:
    """All conversations of a deployment. Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(
        self,
        connections: Connections,
        *,
        partitions: int,
        lease_s: float,
        history_ttl_s: int,
        busy: Busy = Busy.QUEUE,
        most_waiting: int = 100,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._connections = connections
        self._redis = connections.ask
        self._seal = connections.seal
        self._wakes = Wakes(connections, partitions, look_again_s=look_again_s)
        self._partitions = [Partition(number) for number in range(partitions)]
        self._lease_ms = int(lease_s * 1000)
        self._ttl = history_ttl_s
        self._busy = busy
        self._most_waiting = most_waiting
        self._accept = connections.script("accept")
        self._claim = connections.script("claim", "age")
        self._checkpoint = connections.script("checkpoint")
        self._commits = Commits(
            connections, ttl_s=history_ttl_s, turns_kept=TURNS_KEPT, parked_kept=PARKED_KEPT
        )
        self._amendments = Amendments(connections, partitions=partitions)
        self.answers = Answers(connections, partitions=partitions, ttl_s=history_ttl_s)
        self._renew = connections.script("renew")
        self._release = connections.script("release")
        self._stop = connections.script("stop")
        self._stop_all = connections.script("stop_all")
        self._reset = connections.script("reset")
        self._place = connections.script("place")

    def _partition(self, channel: Channel) -> Partition:
        return partition_of(channel, len(self._partitions))

    @translating
    async def settled_partitions(self) -> int:
        """How many partitions this Redis has: the number of whoever came first, which this call writes."""
        await self._redis.set(PARTITIONS, len(self._partitions), nx=True)
        return int(await self._redis.get(PARTITIONS) or 0)

    @translating
    async def accept(self, message: UserMessage, kind: Kind = Kind.MESSAGE) -> Accepted:
        """Takes ``message`` in, once: by its event and by its own id, each remembered for 24 hours."""
        conversation, channel = message.conversation, message.conversation.channel
        keys = self._partition(channel)
        state, *found = await self._accept(
            [
                keys.seen(channel, f"event:{message.event_id}"),
                keys.seen_message(channel, message.message_id),
                keys.queue(conversation),
                keys.state(conversation),
                keys.channel(channel),
                keys.schedule,
                keys.wake,
                keys.channels,
                keys.settings(channel),
                keys.edited(channel, message.message_id),
            ],
            [
                str(conversation),
                self._seal.close(msgspec.json.encode(message).decode()),
                SEEN_S,
                int(conversation.thread is not None),
                self._ttl,
                STOPS,
                kind.value,
                message.message_id,
                self._busy.value,
                self._most_waiting,
                str(channel),
                CHANNEL_LISTED_S * 1000,
            ],
            kept=True,
        )
        if state == 1:
            ahead, line, sequence, noted = found
            if noted:
                await self._amendments.catch_up(message, noted)
            return Accepted(new=True, ahead=ahead, line=line, sequence=str(sequence))
        return Accepted(new=False, ahead=found[0], refused=True) if found else Accepted(new=False)

    async def amend(self, change: Change) -> Amended:
        """Follows what somebody did to a message that was said before, wherever it is kept."""
        return await self._amendments.amend(change)

    @translating
    async def claim(self) -> Claim | Nothing:
        """The oldest runnable turn. Partitions are visited in turn; "oldest" holds within one.

        Only those that may have something are asked, see ``Wakes``: of what nobody told it hears ``look_again_s`` later.
        """
        for looking in self._wakes.looks():
            keys = looking.known.keys
            found = await self._claim(
                [keys.schedule, keys.wake],
                [keys.prefix, self._lease_ms, TURNS_READ, self._busy.value, TOGETHER, PINS_READ],
            )
            if len(found) > 1:
                self._wakes.found(looking)
                try:
                    raw = RawClaim.of(self._seal.opened(found))
                except StoreSealed as error:
                    return await self._return_sealed(keys, found, error)
                try:
                    return raw.read()
                except ValueError as error:
                    # Written by another version: that one may requeue it, and nobody waits behind it meanwhile.
                    log.exception("a turn cannot be read", conversation=str(raw.conversation))
                    parked = raw.parked(f"cannot be read: {error}")
                    await self._end(raw, None, raw.conversation, parked, len(raw.entries))
                    return Nothing(0.0)
            self._wakes.nothing(looking, found[0] / 1000 if found[0] >= 0 else None)
        return Nothing(self._wakes.due_s())

    async def _return_sealed(self, keys: Partition, found: Sequence[Any], error: StoreSealed) -> Nothing:
        """Gives a turn back that no key here opens: whoever has the key answers it, and no attempt is lost."""
        conversation, fence, *_ = found
        log.error("a turn cannot be opened", conversation=conversation, reason=str(error))
        state = keys.state(Conversation.parse(conversation))
        await self._release([state, keys.schedule, keys.wake], [conversation, fence, _SEALED_MS, ""])
        return Nothing(0.0)

    async def wait(self, at_most_s: float) -> None:
        """Returns when something was accepted or given back, or after ``at_most_s``; a hint, never the truth."""
        await self._wakes.wait(max(0.01, at_most_s))

    @translating
    async def renew(self, claims: Sequence[Claim]) -> list[Lease]:
        """Prolongs the leases of ``claims`` with one call a partition, and tells how each stands."""
        shares: dict[Partition, list[Claim]] = {}
        for claim in claims:
            shares.setdefault(self._partition(claim.conversation.channel), []).append(claim)
        told = await asyncio.gather(*(self._renew_share(*share) for share in shares.items()))
        leases = {name: lease for share in told for name, lease in share.items()}
        return [leases[str(claim.conversation)] for claim in claims]

    async def _renew_share(self, keys: Partition, claims: Sequence[Claim]) -> dict[str, Lease]:
        named = [value for claim in claims for value in (str(claim.conversation), claim.fence)]
        states = await self._renew([keys.schedule], [keys.prefix, self._lease_ms, *named])
        names = [str(claim.conversation) for claim in claims]
        return {name: Lease(state) for name, state in zip(names, states, strict=True)}

    @translating
    async def checkpoint(self, claim: Claim, shown: Sequence[str]) -> bool:
        """Remembers the platform's messages of the running reply. False: the lease was lost."""
        keys = self._partition(claim.conversation.channel)
        ids = msgspec.json.encode(list(shown)).decode()
        state = keys.state(claim.conversation)
        return bool(await self._checkpoint([state], [claim.fence, claim.sequence, ids]))

    @translating
    async def commit(self, claim: Claim, turn: Turn | None, *, gave_up: str = "") -> bool:
        """Ends the turn; ``turn`` joins the history of its owner, None leaves no trace. False: the lease was lost.

        ``gave_up``: why it was not answered; then it is kept for inspection.
        """
        conversation = claim.conversation
        # The turn that opens a thread is said in the channel, and read by the thread as its root.
        in_channel = conversation.thread is None or claim.message.opens_thread
        parked = None
        if gave_up:
            said = tuple(msgspec.json.encode(message).decode() for message in claim.messages)
            parked = Parked(str(conversation), said, tuple(claim.shown), gave_up)
        return await self._end(
            claim, turn, conversation.channel if in_channel else conversation, parked, len(claim.messages)
        )

    @translating
    async def release(self, claim: Claim, *, wait_s: float = 0, failed: str = "") -> bool:
        """Gives the turn back unfinished, to be claimed again after ``wait_s``. False: the lease was lost.

        ``failed`` says why; without it nothing has failed, and the attempt does not count.
        """
        keys = self._partition(claim.conversation.channel)
        state = keys.state(claim.conversation)
        arguments: list[str | int] = [str(claim.conversation), claim.fence, int(wait_s * 1000), failed]
        return bool(await self._release([state, keys.schedule, keys.wake], arguments))

    @translating
    async def place(self, conversation: Conversation, sequence: str, *, told: Sequence[str] = ()) -> int:
        """The number in line of a turn that waits, 1 for who is next; 0 when it is being answered, or was.

        ``told`` are messages that tell of the wait: they become the reply's, unless 0 is returned.
        """
        keys = self._partition(conversation.channel)
        ids = msgspec.json.encode(list(told)).decode() if told else ""
        before, *since = await self._place(
            [keys.queue(conversation), keys.state(conversation), keys.schedule],
            [str(conversation), sequence, ids],
        )
        if before != 0:
            return max(0, int(before))
        # Nothing of its own is before it, so it waits for a worker, like all that became runnable earlier.
        waiting = await asyncio.gather(
            *(self._redis.zcount(each.schedule, "-inf", since[0]) for each in self._partitions)
        )
        return max(1, sum(waiting))

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
        async with self._connections.subscribe(STOPS) as announced:
            yield announced

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

    async def _end(
        self,
        claim: Claim | RawClaim,
        turn: Turn | None,
        owner: Channel | Conversation,
        parked: Parked | None,
        messages: int,
    ) -> bool:
        keys = self._partition(claim.conversation.channel)
        return await self._commits.end(keys, claim, turn, owner, parked, messages=messages)
