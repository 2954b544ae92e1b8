"""A platform in memory that is strict: what a real one would refuse or punish fails the test."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from core.attached import Attached
from core.drawing import drawn
from core.errors import SurfaceError, SurfaceGone
from core.pacing import Budget
from core.surface import FOLDED, NOTICE, OUTAGE, REFUSAL, stands_alone
from tests.fakes.clock import now

Kind = Literal["post", "edit", "withdraw", "mark", "unmark"]


@dataclass(frozen=True, slots=True)
class Write:
    """One call that arrived. Also the refused ones are kept: ``error`` is what they were answered with."""

    at: float
    kind: Kind
    message: str
    text: str = ""
    final: bool = False
    error: SurfaceError | None = None


class RateWindow:
    """The platform's own count: at most ``limit`` arrivals within any ``window_s`` seconds.

    Any window is the strictest reading; windows that begin on the platform's clock or at a first call are among them.
    """

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._recent: deque[float] = deque()
        self.arrivals = 0
        self.violations = 0

    def arrive(self) -> None:
        self.arrivals += 1
        while self._recent and self._recent[0] + self._window_s <= now():
            self._recent.popleft()
        self._recent.append(now())
        self.violations += len(self._recent) > self._limit


@dataclass(slots=True)
class FakeSurface:
    """Where one reply is shown. Make it inside the loop that it is used in.

    ``outcomes`` are those of the next writes, in order: an error to raise, or None; after them all go well.
    ``latency`` is asked twice for each write: the seconds to the platform, and back. While ``gate`` is not set
    the writes that arrived wait at it, in flight.
    """

    limit: int = 2000
    measure: Callable[[str], int] = len
    latency: Callable[[], float] = lambda: 0.0
    window: RateWindow = field(default_factory=lambda: RateWindow(1_000_000, 1.0))
    outcomes: deque[SurfaceError | None] = field(default_factory=deque)
    earlier: Iterable[str] = ()
    """Messages that an earlier attempt left."""
    ghosts: bool = False
    """A post that failed has taken effect all the same."""
    posts: Budget = field(default_factory=lambda: Budget(1_000, 1.0, now=now))
    edits: Budget = field(default_factory=lambda: Budget(1_000, 1.0, now=now))
    marks: Budget = field(default_factory=lambda: Budget(1_000, 1.0, now=now))
    marked: bool = False
    mark_outcomes: deque[SurfaceError | None] = field(default_factory=deque)
    """Those of the next marks: they are no writes of the reply."""
    blind: bool = False
    """It does not let the bot look for its messages."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    writes: list[Write] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    """What each message shows now, in the order in which they were posted."""
    sealed: set[str] = field(default_factory=set)
    """The messages whose final text was written."""
    in_flight: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _parts: dict[int, str] = field(default_factory=dict)
    _bare: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gate.set()
        for part, message in enumerate(self.earlier):
            self.shown[message] = "an earlier attempt ▍"
            self._parts[part] = message

    def size(self, text: str) -> int:
        return self.measure(text)

    def texts(self) -> list[str]:
        return list(self.shown.values())

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits until something was written that makes it ``true``: 60 seconds at most."""
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(true)

    async def post(self, part: int, text: str, *, final: bool) -> str:
        assert part not in self._parts, f"part {part} was posted twice"
        # A notice is the reply's first message, where there was one.
        before = part - 1 in self._parts or (part == 1 and NOTICE in self._parts)
        assert stands_alone(part) or before, f"part {part} was posted before the one before it"
        message = f"m{part}"
        await self._arrive("post", message, text, final=final)
        self._parts[part] = message
        return message

    async def find(self, part: int) -> str | None:
        if self.blind:
            raise SurfaceGone("missing_scope")
        return self._parts.get(part)

    async def edit(self, message: str, text: str, *, final: bool) -> None:
        assert message in self.shown, f"{message} is not there"
        await self._arrive("edit", message, text, final=final)

    async def withdraw(self, message: str) -> None:
        assert message in self.shown, f"{message} is not there"
        await self._arrive("withdraw", message)

    async def fold(self, attached: Attached, *, message: str | None = None) -> str:
        if message is None:
            assert FOLDED not in self._parts, "it was folded to the reply twice"
        shown = f"m{FOLDED}"
        kind: Kind = "post" if message is None else "edit"
        self.sealed.discard(shown)
        await self._arrive(kind, shown, f"[{attached.summary}] {attached.whole}", final=True)
        return shown

    async def mark(self, *, waiting: bool) -> None:
        await asyncio.sleep(self.latency())
        error = self.mark_outcomes.popleft() if self.mark_outcomes else None
        await self._record(Write(now(), "mark" if waiting else "unmark", "question", error=error))
        if error is not None:
            raise error
        self.marked = waiting
        await self._notify()
        await asyncio.sleep(self.latency())

    async def _arrive(self, kind: Kind, message: str, bare: str = "", *, final: bool = False) -> None:
        text = drawn(bare, final=final) if bare else ""
        # A notice is posted and withdrawn by who accepted the question, in another process perhaps.
        beside = kind != "edit" and message in {f"m{part}" for part in (NOTICE, REFUSAL, OUTAGE)}
        assert beside or not self.in_flight, "two writes of one reply are in flight"
        assert message not in self.sealed, f"{message} had its final text already"
        if kind != "withdraw":
            assert text.strip(), "no platform takes an empty message"
            assert message == f"m{FOLDED}" or self.size(text) <= self.limit, f"more than {self.limit}"
            assert self._bare.get(message) != (bare, final), "a write that changes nothing"
        self.in_flight = not beside
        try:
            await asyncio.sleep(self.latency())
            self.window.arrive()
            error = self.outcomes.popleft() if self.outcomes else None
            await self._record(Write(now(), kind, message, text, final, error))
            await self.gate.wait()
            if error is None:
                self._take(kind, message, text, final=final)
                self._bare[message] = bare, final
            elif self.ghosts and kind == "post":
                self._take(kind, message, text, final=False)
                self._parts[int(message[1:])] = message
            await self._notify()
            await asyncio.sleep(self.latency())
        finally:
            self.in_flight = False
        if error is not None:
            raise error

    def _take(self, kind: str, message: str, text: str, *, final: bool) -> None:
        if kind == "withdraw":
            del self.shown[message]
            if message == f"m{FOLDED}":
                del self._parts[FOLDED]
            return
        self.shown[message] = text
        if message == f"m{FOLDED}":
            self._parts[FOLDED] = message
        if final:
            self.sealed.add(message)

    async def _record(self, write: Write) -> None:
        self.writes.append(write)
        await self._notify()

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()
