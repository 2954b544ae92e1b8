"""Real servers on loopback ports."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bots.embedded.store import find_server
from tests.core.store.talk import eventually

_QUICK = (
    "--save",
    "",
    "--appendonly",
    "no",
    "--repl-diskless-sync-delay",
    "0",
    "--repl-ping-replica-period",
    "1",
)


def free_ports(count: int) -> list[int]:
    """Held all at once, so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


@dataclass(slots=True)
class Server:
    """One process, which may be killed and started again at its port."""

    folder: Path
    port: int
    command: Sequence[str]
    password: str = ""
    redis: Redis = field(init=False)
    """For looking inside."""
    _process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        self.redis = self._client()

    def _client(self) -> Redis:
        return Redis(
            port=self.port, password=self.password or None, decode_responses=True, retry=Retry(NoBackoff(), 0)
        )

    async def run(self, *words: str | int) -> Any:
        redis: Any = self.redis  # its methods are not typed
        return await redis.execute_command(*words)

    async def flush(self, *, scripts: bool = False) -> None:
        """Empties it, if it is a master, of its data or its scripts; from any event loop."""
        async with self._client() as redis:
            if (await redis.info("replication"))["role"] == "master":
                await (redis.script_flush() if scripts else redis.flushall())

    async def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            cwd=self.folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await eventually(self._answers)

    async def _answers(self) -> bool:
        assert self._process
        assert self._process.returncode is None, f"the server at {self.port} ended: {self.command}"
        try:
            await self.redis.ping()
        except RedisError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        os.kill(self._process.pid, number)

    async def kill(self) -> None:
        assert self._process
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    @contextmanager
    def paused(self) -> Generator[None, None, None]:
        """It keeps its connections and says nothing."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    async def aclose(self) -> None:
        await self.redis.aclose()
        await self.kill()

    async def info(self, section: str = "replication") -> dict[str, Any]:
        found: dict[str, Any] = await self.redis.info(section)
        return found

    async def is_master(self) -> bool:
        return bool((await self.info())["role"] == "master")

    async def is_synced(self) -> bool:
        """It is a replica, and has all of its master."""
        try:
            return (await self.info()).get("master_link_status") == "up"
        except RedisError:
            return False


async def started(stack: AsyncExitStack, made: Sequence[Server]) -> None:
    for each in made:
        stack.push_async_callback(each.aclose)
    await asyncio.gather(*(each.start() for each in made))


def command(*more: str, port: int, binary: Path | None = None) -> tuple[str, ...]:
    return (str(binary or find_server()), "--port", str(port), "--bind", "127.0.0.1", *_QUICK, *more)


@asynccontextmanager
async def one_server(folder: Path, *more: str, binary: Path | None = None) -> AsyncGenerator[Server, None]:
    (port,) = free_ports(1)
    async with AsyncExitStack() as stack:
        server = Server(folder, port, command(*more, port=port, binary=binary))
        await started(stack, [server])
        yield server
