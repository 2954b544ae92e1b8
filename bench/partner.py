"""The other process of a measurement: it says when something reached it, in nanoseconds of the clock they share.

``python -m bench.partner worker|stream <url> <lease in seconds> <turns at once>``
"""

import asyncio
import sys
from time import monotonic_ns
from typing import Any

from redis.asyncio import Redis

from bench.costs import turns_of
from core.conversation import Turn
from core.hold import Hold
from core.store.connection import connect
from core.store.turns import Turns
from core.worker import Worker

STREAM, GROUP = "bench:stream", "bench"
AT_ONCE = "at once"
"""A question that is answered without a wait; any other one is held until it is stopped."""


def say(word: str) -> None:
    """One line: what happened, and when."""
    sys.stdout.write(f"{word} {monotonic_ns()}\n")
    sys.stdout.flush()


async def work(turns: Turns, lease_s: float, capacity: int) -> None:
    async def answer(hold: Hold) -> None:
        say("claimed")
        claim = hold.claim
        if claim.message.text != AT_ONCE:
            await hold.stopping.wait()
            say("stopped")
        await turns.commit(claim, Turn(claim.message.author, claim.message.text, "Yes."))
        say("committed")

    worker = Worker(turns, answer, capacity=capacity, lease_s=lease_s)
    working = asyncio.create_task(worker.run(asyncio.Event(), drain_s=0))
    say("ready")
    await working


async def read_stream(redis: Any) -> None:
    """``redis`` is a Redis; its streams are not typed."""
    say("ready")
    while True:
        if found := await redis.xreadgroup(GROUP, "partner", {STREAM: ">"}, count=1, block=10_000):
            say("read")
            await redis.xack(STREAM, GROUP, found[0][1][0][0])
            say("acked")


async def main() -> None:
    role, url, lease_s, capacity = sys.argv[1:]
    if role == "stream":
        async with Redis.from_url(url, decode_responses=True) as redis:
            await read_stream(redis)
    else:
        async with connect(url) as connections:
            await work(turns_of(connections, lease_s=float(lease_s)), float(lease_s), int(capacity))


if __name__ == "__main__":
    asyncio.run(main())
