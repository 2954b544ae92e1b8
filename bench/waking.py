"""How soon another process hears: of a question, of a stop, and of a worker that is dead."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns
from typing import Any

from bench.costs import place, turns_of
from bench.figures import Row, spread
from bench.partner import AT_ONCE, STREAM
from core.conversation import UserMessage
from core.store.connection import Connections

_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Partner:
    """Another process, which says when something reached it."""

    process: Process

    async def says(self, word: str) -> int:
        """When it said ``word``, which must be the next thing that it says. Raises TimeoutError and ValueError."""
        assert self.process.stdout  # noqa: S101 - it was started with a pipe
        async with asyncio.timeout(_PATIENCE_S):
            said, _, at = (await self.process.stdout.readline()).decode().partition(" ")
        if said != word:
            raise ValueError(f"the other process said {said!r} and not {word!r}")
        return int(at)

    async def kill(self) -> int:
        """Ends it without a word; when that was."""
        at = monotonic_ns()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        return at


@asynccontextmanager
async def partner(
    role: str, url: str, lease_s: float = 10.0, *, capacity: int = 64
) -> AsyncGenerator[Partner, None]:
    root = Path(__file__).parent.parent
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.partner", role, url, str(lease_s), str(capacity)),
        stdout=PIPE,
        env=environment,
        cwd=root,
    )
    found = Partner(process)
    try:
        await found.says("ready")
        yield found
    finally:
        await found.kill()


async def wake_ups(connections: Connections, worker: Partner, samples: int) -> Row:
    """From accept to the claimed turn in the other process, which waits for it; microseconds."""
    turns, times = turns_of(connections), []
    for number in range(samples):
        name = f"wake.{monotonic_ns()}"
        began = monotonic_ns()
        await turns.accept(UserMessage(place(number), name, name, "U0ADA", AT_ONCE))
        times.append((await worker.says("claimed") - began) / 1000)
        await worker.says("committed")
    return spread(times)


async def stream_reads(connections: Connections, reader: Partner, samples: int) -> Row:
    """From XADD to the entry in the other process, which blocks in XREADGROUP; microseconds."""
    redis: Any = connections.ask  # its streams are not typed
    times = []
    for _ in range(samples):
        began = monotonic_ns()
        await redis.xadd(STREAM, {"text": AT_ONCE})
        times.append((await reader.says("read") - began) / 1000)
        await reader.says("acked")
    return spread(times)


async def stops(connections: Connections, worker: Partner, samples: int) -> Row:
    """From stop to the event in the other process, which answers the turn; microseconds."""
    turns, times = turns_of(connections), []
    for number in range(samples):
        name = f"stop.{monotonic_ns()}"
        await turns.accept(UserMessage(place(number), name, name, "U0ADA", "a long answer, please"))
        await worker.says("claimed")
        began = monotonic_ns()
        await turns.stop(place(number))
        times.append((await worker.says("stopped") - began) / 1000)
        await worker.says("committed")
    return spread(times)


async def take_overs(connections: Connections, url: str, *, lease_s: float, victims: int) -> list[float]:
    """From the death of a worker to the claim of its turn in another process; seconds."""
    turns = turns_of(connections, lease_s=lease_s)
    async with AsyncExitStack() as stack:
        free = [
            await stack.enter_async_context(partner("worker", url, lease_s, capacity=1))
            for _ in range(victims)
        ]
        busy = []
        for number in range(victims):
            name = f"death.{lease_s}.{number}"
            await turns.accept(UserMessage(place(number), name, name, "U0ADA", "a long answer, please"))
            busy.append(await _who_claims(free))
            free.remove(busy[-1])
        # Only now, and long before the first lease can end: it must not find a turn that is free.
        heir = await stack.enter_async_context(partner("worker", url, lease_s))
        died = [await each.kill() for each in busy]
        claimed = [await heir.says("claimed") for _ in died]
    return [(at - since) / 1e9 for since, at in zip(died, claimed, strict=True)]


async def _who_claims(partners: list[Partner]) -> Partner:
    """The one of ``partners`` that says so first."""
    saying = {asyncio.create_task(each.says("claimed")): each for each in partners}
    done, pending = await asyncio.wait(saying, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    first = done.pop()
    first.result()
    return saying[first]
