"""A store of a test's own, to be paused and killed."""

import os
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from bots.embedded.store import private_store


@dataclass(frozen=True, slots=True)
class OwnServer:
    url: str
    pid: int

    @contextmanager
    def paused(self) -> Generator[None, None, None]:
        """It keeps its connections and says nothing, as behind a network that is gone."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            self.resume()

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@asynccontextmanager
async def own_server(folder: Path) -> AsyncGenerator[OwnServer, None]:
    """Started a second time in the same ``folder`` it has the same address, and what was kept."""
    async with private_store(folder) as url:
        async with Redis.from_url(url) as redis:
            pid = int((await redis.info("server"))["process_id"])
        yield OwnServer(url, pid)
