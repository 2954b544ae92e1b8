"""A worker whose answers take as long as the test wants."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

from core.hold import Hold
from core.store.claims import Claim
from core.store.turns import Turns
from core.worker import Worker
from tests.core.store.talk import answered


class Answering:
    """Answers in the test's own time; what was begun, ended and cancelled is to be seen."""

    def __init__(self, turns: Turns, *, at_once: bool = False) -> None:
        self.turns = turns
        self.go = asyncio.Event()
        if at_once:
            self.go.set()
        self.begun: list[Claim] = []
        self.stopped: list[str] = []
        self.cancelled: list[float] = []
        self.now = 0
        self.most = 0

    async def __call__(self, hold: Hold) -> None:
        claim, stopping = hold.claim, hold.stopping
        self.begun.append(claim)
        self.now += 1
        self.most = max(self.most, self.now)
        going, stop = asyncio.create_task(self.go.wait()), asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({going, stop}, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                self.stopped.append(claim.message.text)
            await self.turns.commit(claim, answered(claim))
        except asyncio.CancelledError:
            self.cancelled.append(monotonic())
            raise
        finally:
            self.now -= 1
            going.cancel()
            stop.cancel()


class Shift:
    """One worker at work."""

    def __init__(self, turns: Turns, answer: Answering, *, capacity: int, lease_s: float) -> None:
        self.answer = answer
        self.stopping = asyncio.Event()
        self.hurrying = asyncio.Event()
        self.worker = Worker(turns, answer, capacity=capacity, lease_s=lease_s)
        self.task: asyncio.Task[None]

    def begin(self, drain_s: float) -> None:
        self.task = asyncio.create_task(
            self.worker.run(self.stopping, drain_s=drain_s, hurrying=self.hurrying)
        )


@asynccontextmanager
async def shift(
    turns: Turns,
    *,
    capacity: int = 10,
    lease_s: float = 100.0,
    drain_s: float = 5.0,
    at_once: bool = False,
) -> AsyncGenerator[Shift, None]:
    working = Shift(turns, Answering(turns, at_once=at_once), capacity=capacity, lease_s=lease_s)
    working.begin(drain_s)
    try:
        yield working
    finally:
        working.stopping.set()
        working.answer.go.set()
        await asyncio.gather(working.task, return_exceptions=True)
