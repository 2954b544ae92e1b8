"""The real program as a process of its own, with an environment and a working directory that hold nothing else."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program left behind."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


async def ended(folder: Path, *words: str, settings: Mapping[str, str] | None = None) -> Ended:
    """``drun-chat <words>``, run to its end in ``folder``."""
    process = await _start(folder, words, settings or {})
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    finally:
        await _kill(process)
    return Ended(process.returncode or 0, out.decode(), err.decode())


@dataclass(slots=True)
class Running:
    """``drun-chat run``, which has said that it is up unless it was not waited for."""

    process: Process
    out: str = ""
    err: str = ""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the page is."""
        found = re.search(r"web: (http://\S+?)(?:;|\s|$)", self.out)
        assert found, self.out
        return found[1]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def says(self, words: str) -> None:
        """Waits for ``words`` on standard output. Raises TimeoutError and AssertionError."""
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.out:
                assert not all(reader.done() for reader in self._readers), self.out + self.err
                self._news.clear()
                await self._news.wait()

    async def end(self) -> int:
        """Waits for the end; the exit code. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*self._readers)
            return await self.process.wait()

    def read(self) -> None:
        self._readers += [asyncio.create_task(self._follow(name)) for name in ("stdout", "stderr")]

    async def _follow(self, name: str) -> None:
        stream: asyncio.StreamReader = getattr(self.process, name)
        while line := await stream.readline():
            if name == "stdout":
                self.out += line.decode()
            else:
                self.err += line.decode()
            self._news.set()
        self._news.set()


@asynccontextmanager
async def running(
    folder: Path, *names: str, settings: Mapping[str, str], wait_for: str = "Listening on"
) -> AsyncGenerator[Running, None]:
    """``drun-chat run <names>`` in ``folder``; killed at the end of the block unless it has ended."""
    process = await _start(folder, ("run", *names), settings)
    found = Running(process)
    found.read()
    try:
        if wait_for:
            await found.says(wait_for)
        yield found
    finally:
        await _kill(process)
        await found.end()


def still_there(folder: Path) -> list[int]:
    """The processes that work in ``folder`` or below it. Linux: /proc tells each one's working directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = (entry / "cwd").readlink()
            except OSError:
                continue  # it has ended meanwhile, or is somebody else's
            if where.is_relative_to(folder.resolve()):
                found.append(int(entry.name))
    return found


async def _start(folder: Path, words: tuple[str, ...], settings: Mapping[str, str]) -> Process:
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "100", **settings}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots", *words), cwd=folder, env=environment, stdout=PIPE, stderr=PIPE
    )


async def _kill(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
