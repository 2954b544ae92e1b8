"""How often a platform may be written to, shared by all replies that draw on the same allowance."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from time import monotonic
from types import TracebackType
from typing import Self


class Urgency(IntEnum):
    """Who goes first when there is not room for all: the smaller number."""

    FINAL = 0
    FIRST = 1
    EDIT = 2
    STATUS = 3
    """Says nothing of the reply itself: goes only where room for half a window's writes is left to others."""


class Budget:
    """At most ``limit`` writes within any ``window_s`` seconds, counted at the platform's side.

    A slot is held from before the write is sent until ``window_s`` after its answer came, so that no delay on
    the way can put one write too many into the platform's own window. Edits are spread over the window and
    leave ``reserve`` slots to finals and firsts: the end of a reply never waits behind its own edits.
    """

    def __init__(
        self, limit: int, window_s: float, *, reserve: int = 1, now: Callable[[], float] = monotonic
    ) -> None:
        if limit <= reserve:
            raise ValueError("a budget must leave room for edits beside its reserve")
        self._limit = limit
        self._window_s = window_s
        self._reserve = reserve
        self._now = now
        self._answered: deque[float] = deque()
        self._in_flight = 0
        self._last_edit = float("-inf")
        self._paused_until = float("-inf")
        self._waiting: list[Slot] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing counts any more: a budget like a new one."""
        self._forget()
        return not (self._waiting or self._in_flight or self._answered) and self._now() >= self._paused_until

    def slot(self, urgency: Urgency) -> "Slot":
        """Leave to write once: ``async with budget.slot(Urgency.EDIT): ...``."""
        return Slot(self, urgency)

    def pause(self, seconds: float) -> None:
        """Nobody writes for ``seconds``: the platform said so (429, or an empty bucket in its headers)."""
        self._paused_until = max(self._paused_until, self._now() + seconds)

    def join(self, slot: "Slot") -> None:
        """Called by the slot when it begins to wait."""
        self._waiting.append(slot)
        self.serve()

    def leave(self, slot: "Slot") -> None:
        """Called by the slot when its write was answered, or when it waits no more."""
        if slot in self._waiting:
            self._waiting.remove(slot)
        elif slot.granted.done() and not slot.granted.cancelled():
            self._in_flight -= 1
            self._answered.append(self._now())
        self.serve()

    def serve(self) -> None:
        """Grants every slot that may go now, and wakes again when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # A cancelled task leaves only when it runs next; until then its slot stands here and cannot be granted.
        waiting = [slot for slot in self._waiting if not slot.granted.done()]
        # sorted() is stable: within one urgency the one that has waited longest goes first.
        for slot in sorted(waiting, key=lambda slot: slot.urgency):
            wait = self._wait(slot.urgency)
            if wait is None:
                return  # until an answer comes back: leave serves again
            if wait > 0:
                self._timer = asyncio.get_running_loop().call_later(wait, self.serve)
                return
            self._waiting.remove(slot)
            self._in_flight += 1
            if slot.urgency >= Urgency.EDIT:
                self._last_edit = self._now()
            slot.granted.set_result(None)

    def _wait(self, urgency: Urgency) -> float | None:
        """Seconds until a write of ``urgency`` may go; None while only answers in flight can tell."""
        self._forget()
        now = self._now()
        room = self._limit - self._left_by(urgency)
        missing = self._in_flight + len(self._answered) - room + 1
        if missing > len(self._answered):
            return None
        if missing > 0:
            return self._answered[missing - 1] + self._window_s - now
        pause = max(0.0, self._paused_until - now)
        if urgency >= Urgency.EDIT:
            pause = max(pause, self._last_edit + self._window_s / room - now)
        return pause

    def _left_by(self, urgency: Urgency) -> int:
        """How many slots a write of ``urgency`` leaves to those that are more urgent."""
        if urgency is Urgency.STATUS:
            return max(self._reserve, self._limit // 2)
        return self._reserve if urgency is Urgency.EDIT else 0

    def _forget(self) -> None:
        while self._answered and self._answered[0] + self._window_s <= self._now():
            self._answered.popleft()


class Slot:
    """One write's place in the queue; may become more urgent while it waits."""

    def __init__(self, budget: Budget, urgency: Urgency) -> None:
        self._budget = budget
        self.urgency = urgency
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def urge(self, urgency: Urgency) -> None:
        """The reply ended while its edit was waiting: it now is the final write."""
        if urgency < self.urgency:
            self.urgency = urgency
            self._budget.serve()

    async def __aenter__(self) -> Self:
        self._budget.join(self)
        try:
            await self.granted
        except asyncio.CancelledError:
            self._budget.leave(self)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget.leave(self)
