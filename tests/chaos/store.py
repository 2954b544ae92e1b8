"""A Redis of the suite's own, to be killed and frozen.

With ``appendfsync always`` a write is on the disk before it is answered: a killed server loses nothing that it has
acknowledged, so whatever is missing afterwards was lost by the program.
"""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bots.embedded.store import find_server
from tests.core.store.talk import eventually

_ARGUMENTS = ("--port", "0", "--unixsocket", "store.sock", "--save", "", "--logfile", "store.log")
_DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


@dataclass(slots=True)
class Store:
    folder: Path
    process: Process | None = None
    outages: list[tuple[float, float]] = field(default_factory=list)
    """From when to when it did not answer, by time.monotonic()."""

    @property
    def url(self) -> str:
        return f"unix://{self.folder / 'store.sock'}"

    async def start(self) -> None:
        command = (str(find_server()), *_ARGUMENTS, *_DURABLE)
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        async with Redis.from_url(self.url) as redis:
            await eventually(lambda: _answers(redis))

    async def kill(self, down_s: float) -> None:
        """Kills it and starts it again ``down_s`` seconds later."""
        assert self.process is not None
        began = monotonic()
        self.process.kill()
        await self.process.wait()
        await asyncio.sleep(down_s)
        await self.start()
        self.outages.append((began, monotonic()))

    async def freeze(self, seconds: float) -> None:
        """It keeps its connections and says nothing."""
        assert self.process is not None
        began = monotonic()
        self.process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.process.send_signal(signal.SIGCONT)
        self.outages.append((began, monotonic()))


@asynccontextmanager
async def store(folder: Path) -> AsyncGenerator[Store, None]:
    """The path of ``folder`` is short: a socket's address holds about a hundred bytes."""
    made = Store(folder)
    await made.start()
    try:
        yield made
    finally:
        assert made.process is not None
        if made.process.returncode is None:
            made.process.kill()
        await made.process.wait()


async def _answers(redis: Redis) -> bool:
    try:
        return bool(await redis.ping())
    except RedisError:  # nobody listens yet, or the data is still being loaded
        return False
