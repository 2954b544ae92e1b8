"""Taking turns: claims what is runnable, keeps the leases, passes stops on, and lets go in time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from core.away import Away
from core.errors import StoreUnavailable, SurfaceError
from core.hold import Hold, LeaseLost
from core.store.claims import Claim, Lease, Nothing
from core.store.turns import Turns

log = structlog.get_logger()

Answering = Callable[[Hold], Awaitable[None]]

_LONGEST_WAIT_S = 2.0
"""A wake-up that got lost costs this much at most."""
_STORE_RETRY_S = 1.0
_REASON = 300  # characters of it that are kept


@dataclass(slots=True)
class _Running:
    hold: Hold
    task: asyncio.Task[None]
    deadline: asyncio.TimerHandle
    """Ends the task when its lease was not renewed in time."""


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
        self._leaving: set[asyncio.Task[None]] = set()  # of turns that are committed
        self._freed = asyncio.Event()
        # Without renewals a lease ends in less than this after the last of them failed, and is claimed again.
        self._away = Away(settle_s=lease_s * 3 / 4)

    async def run(
        self, stopping: asyncio.Event, *, drain_s: float, hurrying: asyncio.Event | None = None
    ) -> None:
        """Works until ``stopping``; then gives running replies ``drain_s`` to end, and hands on the rest.

        ``hurrying`` hands on at once, before or after ``stopping``.
        """
        claiming = asyncio.create_task(self._claim())
        # None of the three ends by itself. Should one fail all the same, so does the worker: one that no longer
        # renews or claims, and nobody knows, is worse than none.
        loops = [claiming, asyncio.create_task(self._renew()), asyncio.create_task(self._hear_stops())]
        told = asyncio.create_task(stopping.wait())
        hurry = asyncio.create_task((hurrying or asyncio.Event()).wait())
        try:
            await asyncio.wait({told, hurry, *loops}, return_when=asyncio.FIRST_COMPLETED)
            claiming.cancel()
            # A claim under way must not be thrown away with its lease: _claim finishes the call it is in.
            await asyncio.gather(claiming, return_exceptions=True)
            await self._drain(hurry, drain_s)
            await asyncio.gather(*map(self._hand_on, list(self._running.values())))
        finally:
            running = [each.task for each in self._running.values()]
            ending = [told, hurry, *loops, *running, *self._leaving]
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)
        for loop in loops:
            if not loop.cancelled():
                loop.result()

    async def _drain(self, hurry: asyncio.Task[bool], drain_s: float) -> None:
        """Lets running replies end, for ``drain_s`` at most, and no longer than until ``hurry``."""
        until = asyncio.get_running_loop().time() + drain_s
        while running := {each.task for each in self._running.values()}:
            left = until - asyncio.get_running_loop().time()
            done, _ = await asyncio.wait({hurry, *running}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if hurry in done or not done:
                return

    async def _claim(self) -> None:
        while True:
            while len(self._running) >= self._capacity:
                self._freed.clear()
                await self._freed.wait()
            began = asyncio.get_running_loop().time()
            call = asyncio.create_task(self._turns.claim())
            try:
                found = await asyncio.shield(call)
            except asyncio.CancelledError:
                with suppress(StoreUnavailable):
                    await self._take(await call, began)
                raise
            except StoreUnavailable as error:
                self._away.failed("claim", error)
                await asyncio.sleep(_STORE_RETRY_S)
                continue
            self._away.worked("claim")
            await self._take(found, began)
            if isinstance(found, Nothing):
                await self._turns.wait(
                    min(_LONGEST_WAIT_S, _LONGEST_WAIT_S if found.due_s is None else found.due_s)
                )

    async def _take(self, found: Claim | Nothing, claimed_at: float) -> None:
        if isinstance(found, Claim) and self._is_over(claimed_at):
            await self._return_unbegun(found)
        elif isinstance(found, Claim):
            self._start(found, claimed_at)

    def _is_over(self, leased_at: float) -> bool:
        return asyncio.get_running_loop().time() >= leased_at + self._lease_s * 3 / 4

    async def _return_unbegun(self, claim: Claim) -> None:
        """Gives back what was claimed too long ago: Redis hung, and nobody knows how long the lease still lasts.

        Left to run out, it would have cost the turn one of its attempts, though nothing was tried.
        """
        with suppress(StoreUnavailable):  # then it runs out by itself
            await self._turns.release(claim)

    def _start(self, found: Claim, claimed_at: float) -> None:
        hold = Hold(found)
        if found.stopped:
            hold.stopping.set()
        key = str(found.conversation)
        before = self._running.get(key)
        if before is not None and before.hold.claim.sequence == found.sequence:
            # Its lease ran out unnoticed, as in a process that was stopped for a while, and came back to us.
            before.task.cancel()
        elif before is not None:
            # The turn before this one is committed: its task keeps what belongs to it, such as thoughts, and ends.
            self._leaving.add(before.task)
            before.task.add_done_callback(self._leaving.discard)
        task = asyncio.create_task(self._answer_one(hold), name=f"turn {key}")
        each = _Running(hold, task, self._deadline(hold, task, claimed_at))
        self._running[key] = each
        task.add_done_callback(lambda _: self._ended(key, each))

    def _ended(self, key: str, each: _Running) -> None:
        each.deadline.cancel()
        if self._running.get(key) is each:
            del self._running[key]
        self._freed.set()

    def _deadline(self, hold: Hold, task: asyncio.Task[None], leased_at: float) -> asyncio.TimerHandle:
        def overdue() -> None:
            log.warning("a lease could not be renewed in time", conversation=str(hold.claim.conversation))
            task.cancel()

        # The store counts the lease from a moment after ``leased_at``: ours always ends first.
        hold.until = leased_at + self._lease_s * 3 / 4
        return asyncio.get_running_loop().call_at(hold.until, overdue)

    async def _answer_one(self, hold: Hold) -> None:
        where = str(hold.claim.conversation)
        try:
            await self._answer(hold)
        except LeaseLost:
            log.info("another worker took the turn over", conversation=where)
        except StoreUnavailable as error:
            # Nothing can be told to Redis now; the lease runs out by itself.
            log.warning("a turn was not ended; it will be answered again", reason=str(error))
        except SurfaceError as error:
            log.warning("a turn was not ended; it will be answered again", reason=str(error))
            await self._give_back(hold, f"{type(error).__name__}: {error}")
        except Exception as error:
            # It is tried again, and after three attempts it ends in a notice.
            log.exception("a turn failed in a way nobody foresaw", conversation=where)
            await self._give_back(hold, f"{type(error).__name__}: {error}")

    async def _give_back(self, hold: Hold, reason: str) -> None:
        # Longer each time: what failed at once may well fail at once again.
        wait_s = self._lease_s / 10 * 2 ** (hold.claim.attempt - 1)
        with suppress(StoreUnavailable):  # then its lease runs out by itself
            await self._turns.release(hold.claim, wait_s=wait_s, failed=reason[:_REASON])

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 4)
            running = list(self._running.values())
            asked_at = asyncio.get_running_loop().time()
            try:
                # A store that hangs must not keep us from asking again while the leases last.
                async with asyncio.timeout(self._lease_s / 4):
                    leases = await self._turns.renew([each.hold.claim for each in running]) if running else []
            except (StoreUnavailable, TimeoutError) as error:
                self._away.failed("renew", error)
                continue
            self._away.worked("renew")
            for each, lease in zip(running, leases, strict=True):
                self._renewed(each, lease, asked_at)

    def _renewed(self, each: _Running, lease: Lease, asked_at: float) -> None:
        if lease is Lease.LOST:
            each.task.cancel()
            return
        if lease is Lease.STOP:
            each.hold.stopping.set()
        if not each.task.done():
            each.deadline.cancel()
            each.deadline = self._deadline(each.hold, each.task, asked_at)

    async def _hear_stops(self) -> None:
        while True:
            try:
                async with self._turns.stops() as conversations:
                    self._away.worked("stops")
                    async for conversation in conversations:
                        if conversation in self._running:
                            self._running[conversation].hold.stopping.set()
            except StoreUnavailable as error:
                self._away.failed("stops", error)
                await asyncio.sleep(_STORE_RETRY_S)  # renew tells of stops as well

    async def _hand_on(self, each: _Running) -> None:
        each.task.cancel()
        await asyncio.gather(each.task, return_exceptions=True)
        try:
            await self._turns.release(each.hold.claim)
        except StoreUnavailable:
            log.warning(
                "a lease was not released; it runs out by itself",
                conversation=str(each.hold.claim.conversation),
            )
