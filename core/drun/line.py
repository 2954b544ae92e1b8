"""The requests of one bucket in this process, in the order in which they go."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from core.drun.bucket import Bucket, Rule
from core.errors import ModelBusy


@dataclass(slots=True)
class Permit:
    """Leave to ask once."""

    line: "Line | None" = None
    """None: nobody counts."""

    def worked(self) -> None:
        """The model took the request. Its answer may yet take minutes."""
        if self.line is not None:
            self.line.worked += 1


@dataclass(slots=True)
class Refusal:
    pause_ms: float | None
    at: float
    """When its request was sent."""
    jitter: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request. ``until`` is the last moment at which its turn is of use."""

    turn: asyncio.Future[None]
    until: float


@dataclass(slots=True)
class Line:
    """The requests of one bucket in this process."""

    bucket: str
    rule: Rule
    own: Bucket = field(default_factory=Bucket)
    free: bool = False
    waiting: deque[Waiting] = field(default_factory=deque)
    shut_until: float = float("-inf")
    """Nobody goes before, as far as was known when it was last asked."""
    promised: int = 0
    under_way: int = 0
    worked: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    looked_at: float = float("-inf")
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    pump: asyncio.Task[None] | None = None

    @property
    def wanted(self) -> int:
        return max(0, sum(not each.turn.done() for each in self.waiting) - self.promised)

    def let_one_go(self) -> None:
        """A request's time has come; its place is lost when nobody waits any more."""
        self.promised -= 1
        while self.waiting:
            first = self.waiting.popleft().turn
            if not first.done():
                self.under_way += 1
                first.set_result(None)
                return

    def shut(self, until: float) -> None:
        """Nobody goes before ``until``: whoever has no use for a turn that late is told now, not when it has waited."""
        self.shut_until = until
        for each in self.waiting:
            if each.until < until and not each.turn.done():
                each.turn.set_exception(self.too_late())
        self.waiting = deque(each for each in self.waiting if not each.turn.done())

    def too_late(self) -> ModelBusy:
        left_s = self.shut_until - asyncio.get_running_loop().time()
        return ModelBusy(f"its turn did not come: nobody goes for {left_s:.0f} s", retry_after=left_s)
