"""Any order of steps by any number of workers, on the real scripts, beside a model of what they promise."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from core.conversation import Channel, Conversation, UserMessage
from core.store.claims import Busy, Claim, Kind, Nothing
from core.store.connection import Connections, connect
from core.store.parked import ParkedTurns
from tests.core.desks import choose, preferences_of
from tests.core.store.reference import PARTITIONS, Reference
from tests.core.store.talk import answered, expire, said, turns_of

T = TypeVar("T")

CHANNELS = (Channel("slack", "T1", "c1"), Channel("slack", "T1", "c2"))
PLACES = (*(Conversation(CHANNELS[0], name) for name in (None, "t1", "t2")), Conversation(CHANNELS[1]))
MOST_WAITING = 5


class Protocol(RuleBasedStateMachine):
    """Three workers on two connections, and people who talk, repeat themselves, stop and reset."""

    messages: "Bundle[UserMessage]" = Bundle("messages")
    claims: "Bundle[Claim]" = Bundle("claims")
    """Also those that were lost, committed and released."""

    def __init__(self, runner: asyncio.Runner, connections: Sequence[Connections]) -> None:
        super().__init__()
        self.runner = runner
        self.ask = connections[0].ask
        self.run(self.ask.flushdb())
        self.workers = [
            turns_of(connections[number % len(connections)], partitions=PARTITIONS, most_waiting=MOST_WAITING)
            for number in range(3)
        ]
        self.preferences = preferences_of(connections[0], partitions=PARTITIONS)
        self.parked = ParkedTurns(connections[1], partitions=PARTITIONS)
        self.model = Reference(most_waiting=MOST_WAITING)

    def run(self, step: Awaitable[T]) -> T:
        async def stepped() -> T:
            return await step

        return self.runner.run(stepped())

    @rule(
        target=messages,
        where=st.sampled_from(PLACES),
        opens=st.booleans(),
        worker=st.integers(0, 2),
        kind=st.sampled_from([*[Kind.MESSAGE] * 4, Kind.COMMAND, Kind.STOP]),
    )
    def accept(
        self, where: Conversation, opens: bool, worker: int, kind: Kind
    ) -> UserMessage | MultipleResults[UserMessage]:
        first = where.thread is not None and self.model.places[where].root is None
        # What people say is often the same.
        message = said("hi", where, opens_thread=opens and first)
        expected = self.model.accept(message, kind)
        assert self.run(self.workers[worker].accept(message, kind)) == expected
        return multiple() if expected.refused else message

    @rule(where=st.sampled_from(CHANNELS), busy=st.sampled_from(Busy))
    def choose(self, where: Channel, busy: Busy) -> None:
        self.model.busy[where] = busy
        self.run(choose(self.preferences, "busy", busy, where))

    @rule(where=st.sampled_from(PLACES), back=st.integers(0, 3), told=st.sampled_from([[], ["w1"], ["w2"]]))
    def place(self, where: Conversation, back: int, told: list[str]) -> None:
        known = self.model.accepted[where]
        if known:
            sequence = known[-1 - back % len(known)]
            expected = self.model.place(where, sequence, told)
            found = self.run(self.workers[0].place(where, str(sequence), told=told))
            assert found == expected or (expected < 0 < found)

    @rule(message=messages, worker=st.integers(0, 2), other_event=st.booleans(), other_message=st.booleans())
    def redeliver(self, message: UserMessage, worker: int, other_event: bool, other_message: bool) -> None:
        if other_event:
            message = replace(message, event_id=f"{message.event_id}-again")
        elif other_message:
            message = replace(message, message_id=f"{message.message_id}-again")
        assert not self.run(self.workers[worker].accept(message)).new

    @rule(target=claims, worker=st.integers(0, 2))
    def claim(self, worker: int) -> Claim | MultipleResults[Claim]:
        found = self.run(self.workers[worker].claim())
        claimable = self.model.claimable()
        if isinstance(found, Nothing):
            assert not claimable
            return multiple()
        self._check_claim(found, claimable)
        return found

    def _check_claim(self, found: Claim, claimable: set[Conversation]) -> None:
        assert found.conversation in claimable
        stopped = self.model.places[found.conversation].stop
        expected = self.model.claim(found.conversation, found.fence)
        assert (int(found.sequence), found.attempt) == (expected.sequence, expected.attempt)
        assert list(found.messages) == expected.messages
        assert (list(found.shown), found.stopped) == (expected.shown, stopped)
        assert (found.ahead, found.failed, found.again) == (expected.ahead, expected.failed, expected.again)
        assert list(found.history) == expected.history

    @rule(claims=st.lists(claims, min_size=1, max_size=4), worker=st.integers(0, 2))
    def renew(self, claims: list[Claim], worker: int) -> None:
        mine = list({claim.conversation: claim for claim in claims}.values())
        expected = [self.model.renew(claim) for claim in mine]
        assert self.run(self.workers[worker].renew(mine)) == expected

    @rule(claim=claims, shown=st.lists(st.sampled_from(["p1", "p2", "p3"]), max_size=3))
    def checkpoint(self, claim: Claim, shown: list[str]) -> None:
        expected = self.model.checkpoint(claim, shown)
        assert self.run(self.workers[0].checkpoint(claim, shown)) is expected

    @rule(
        claim=claims,
        reply=st.sampled_from([None, "hello", ""]),
        gave_up=st.sampled_from(["", "it failed"]),
        worker=st.integers(0, 2),
    )
    def commit(self, claim: Claim, reply: str | None, gave_up: str, worker: int) -> None:
        turn = None if reply is None else answered(claim, reply)
        expected = self.model.commit(claim, turn, gave_up)
        assert self.run(self.workers[worker].commit(claim, turn, gave_up=gave_up)) is expected

    @rule(claim=claims, failed=st.sampled_from(["", "it failed"]), worker=st.integers(0, 2))
    def release(self, claim: Claim, failed: str, worker: int) -> None:
        expected = self.model.release(claim, failed)
        assert self.run(self.workers[worker].release(claim, failed=failed)) is expected

    @rule(at=st.integers(0, 3), twice=st.booleans())
    def requeue(self, at: int, twice: bool) -> None:
        if self.model.parked:
            parked = self.model.parked[at % len(self.model.parked)]
            for _ in range(1 + twice):
                expected = self.model.requeue(parked)
                assert self.run(self.parked.requeue(parked)) is expected

    @rule(where=st.sampled_from(PLACES))
    def stop(self, where: Conversation) -> None:
        expected = self.model.stop(where)
        assert self.run(self.workers[0].stop(where)) is expected

    @rule(where=st.sampled_from(PLACES))
    def reset(self, where: Conversation) -> None:
        self.model.reset(where, None)
        self.run(self.workers[0].reset(where))

    @rule(claim=claims)
    def reset_in_a_turn(self, claim: Claim) -> None:
        self.model.reset(claim.conversation, int(claim.sequence))
        self.run(self.workers[0].reset(claim.conversation, turn=claim.sequence))

    @rule(claim=claims)
    def let_the_lease_run_out(self, claim: Claim) -> None:
        place = self.model.places[claim.conversation]
        if place.leased:
            place.leased = False
            self.run(expire(self.ask, claim.conversation, partitions=PARTITIONS))

    @rule()
    def forget_the_scripts(self) -> None:
        self.run(self.ask.script_flush())

    @invariant()
    def turns_end_in_the_order_in_which_they_were_accepted(self) -> None:
        for where, place in self.model.places.items():
            assert place.finished == self.model.accepted[where][: len(place.finished)]

    def teardown(self) -> None:
        """Whatever happened, everything that was accepted is answered in the end."""
        for where, place in self.model.places.items():
            if place.leased:
                place.leased = False
                self.run(expire(self.ask, where, partitions=PARTITIONS))
        while isinstance(found := self.run(self.workers[0].claim()), Claim):
            self._check_claim(found, self.model.claimable())
            turn = answered(found, "at last")
            assert self.model.commit(found, turn)
            assert self.run(self.workers[1].commit(found, turn))
        for where, place in self.model.places.items():
            assert place.finished == self.model.accepted[where]
        kept = [given_up.turn for given_up in self.run(self.parked.all())]
        assert sorted(map(repr, kept)) == sorted(map(repr, self.model.parked))


def test_nothing_is_lost_doubled_or_out_of_order(redis_url: str) -> None:
    async def open_two(stack: AsyncExitStack) -> list[Connections]:
        return [await stack.enter_async_context(connect(redis_url)) for _ in range(2)]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        connections = runner.run(open_two(stack))
        try:
            run_state_machine_as_test(
                lambda: Protocol(runner, connections),  # type: ignore[arg-type]  # it calls what it is given
                settings=settings(
                    max_examples=120,
                    stateful_step_count=60,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow],
                ),
            )
        finally:
            runner.run(stack.aclose())
