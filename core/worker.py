"""Taking turns: claims what is runnable, keeps the leases, passes stops on, and lets go in time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import structlog

from core.engine import LeaseLost
from core.errors import StoreUnavailable
from core.store.turns import Claim, Lease, Nothing, Turns

log = structlog.get_logger()

Answering = Callable[[Claim, asyncio.Event], Awaitable[None]]

_LONGEST_WAIT_S = 2.0
"""A wake-up that got lost costs this much at most."""
_STORE_RETRY_S = 1.0


@dataclass(slots=True)
class _Running:
    claim: Claim
    task: asyncio.Task[None]
    stopping: asyncio.Event
    leased_until: float = field(default=0.0)


class Worker:
    """Answers turns, at most ``capacity`` at once, until it is told to stop.

    A turn whose lease may have run out is abandoned before anybody else can take it over: renewals come every
    quarter of a lease, and the last quarter is the margin in which nothing is written any more.
    """

    def __init__(self, turns: Turns, answer: Answering, *, capacity: int, lease_s: float) -> None:
        self._turns = turns
        self._answer = answer
        self._capacity = capacity
        self._lease_s = lease_s
        self._running: dict[str, _Running] = {}
        self._freed = asyncio.Event()

    async def run(self, stopping: asyncio.Event, *, drain_s: float) -> None:
        """Works until ``stopping``; then gives running replies ``drain_s`` to end, and hands on the rest."""
        background = [asyncio.create_task(self._renew()), asyncio.create_task(self._hear_stops())]
        claiming = asyncio.create_task(self._claim())
        try:
            await stopping.wait()
            claiming.cancel()
            # A claim under way must not be thrown away with its lease: _claim finishes the call it is in.
            await asyncio.gather(claiming, return_exceptions=True)
            if tasks := [running.task for running in self._running.values()]:
                await asyncio.wait(tasks, timeout=drain_s)
            await self._hand_on()
        finally:
            for task in (*background, claiming):
                task.cancel()
            await asyncio.gather(*background, claiming, return_exceptions=True)

    async def _claim(self) -> None:
        while True:
            while len(self._running) >= self._capacity:
                self._freed.clear()
                await self._freed.wait()
            began = monotonic()
            call = asyncio.create_task(self._turns.claim())
            try:
                found = await asyncio.shield(call)
            except asyncio.CancelledError:
                with suppress(StoreUnavailable):
                    self._start(await call, began)
                raise
            except StoreUnavailable as error:
                log.warning("Redis does not answer", reason=str(error))
                await asyncio.sleep(_STORE_RETRY_S)
                continue
            if not self._start(found, began):
                assert isinstance(found, Nothing)  # noqa: S101 - the only thing that is not started
                await self._turns.wait(
                    min(_LONGEST_WAIT_S, _LONGEST_WAIT_S if found.due_s is None else found.due_s)
                )

    def _start(self, found: Claim | Nothing, claimed_at: float) -> bool:
        if isinstance(found, Nothing):
            return False
        stopping = asyncio.Event()
        if found.stopped:
            stopping.set()
        key = str(found.conversation)
        task = asyncio.create_task(self._answer_one(found, stopping), name=f"turn {key}")
        self._running[key] = _Running(found, task, stopping, claimed_at + self._lease_s)
        task.add_done_callback(lambda _: self._ended(key, task))
        return True

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        if key in self._running and self._running[key].task is task:
            del self._running[key]
        self._freed.set()

    async def _answer_one(self, claim: Claim, stopping: asyncio.Event) -> None:
        try:
            await self._answer(claim, stopping)
        except LeaseLost:
            log.info("another worker took the turn over", conversation=str(claim.conversation))
        except StoreUnavailable as error:
            log.warning("a turn was not committed; it will be answered again", reason=str(error))
        except Exception:
            # The lease runs out, the turn is tried again, and after three attempts it ends in a notice.
            log.exception("a turn failed in a way nobody foresaw", conversation=str(claim.conversation))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 4)
            running = list(self._running.values())
            asked_at = monotonic()
            try:
                leases = await self._turns.renew([each.claim for each in running]) if running else []
            except StoreUnavailable:
                self._abandon_overdue()
                continue
            for each, lease in zip(running, leases, strict=True):
                each.leased_until = asked_at + self._lease_s
                if lease is Lease.LOST:
                    each.task.cancel()
                elif lease is Lease.STOP:
                    each.stopping.set()

    def _abandon_overdue(self) -> None:
        for each in self._running.values():
            if monotonic() > each.leased_until - self._lease_s / 2:
                each.task.cancel()

    async def _hear_stops(self) -> None:
        while True:
            try:
                async with self._turns.stops() as conversations:
                    async for conversation in conversations:
                        if conversation in self._running:
                            self._running[conversation].stopping.set()
            except StoreUnavailable:
                await asyncio.sleep(_STORE_RETRY_S)  # renew tells of stops as well

    async def _hand_on(self) -> None:
        for each in list(self._running.values()):
            each.task.cancel()
            await asyncio.gather(each.task, return_exceptions=True)
            try:
                await self._turns.release(each.claim)
            except StoreUnavailable:
                log.warning(
                    "a lease was not released; it runs out by itself",
                    conversation=str(each.claim.conversation),
                )
