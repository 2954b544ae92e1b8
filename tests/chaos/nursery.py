"""Real processes of the real program, cheap enough to kill a thousand of them."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import msgspec

from tests.chaos.nursery_process import Birth, Blow, News
from tests.core.store.talk import until

_START_S = 30.0
_END_S = 20.0
_UP = ("Listening on", "Working")
_news = msgspec.json.Decoder(News)


@dataclass(slots=True, eq=False)
class Child:
    """One ``drun-chat run ...``. ``key`` is its own d.run key, by which its calls of the model are known."""

    number: int
    words: Sequence[str]
    key: str
    folder: Path
    send: Callable[[signal.Signals], None]
    pid: int = 0
    born_at: float = field(default_factory=monotonic)
    code: int | None = None
    doomed: bool = False
    """It was told to end, or was killed: its end surprises nobody."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def signal(self, number: signal.Signals) -> None:
        """Nothing happens to one that has ended."""
        self.send(number)

    def kill(self) -> None:
        self.doomed = True
        self.signal(signal.SIGKILL)

    async def end(self) -> int:
        """Ends it in order; the exit code. Raises TimeoutError."""
        self.doomed = True
        self.signal(signal.SIGTERM)
        async with asyncio.timeout(_END_S):
            await self.ended.wait()
        assert self.code is not None
        return self.code

    @property
    def up(self) -> bool:
        return any(word in self.said("out") for word in _UP)

    async def until_up(self) -> bool:
        """False when it has ended before it was."""
        await until(lambda: self.up or self.ended.is_set(), _START_S)
        return self.up

    def said(self, where: str) -> str:
        """What it wrote to ``out`` or ``err``."""
        file = self.folder / where
        return file.read_text() if file.exists() else ""


@dataclass(slots=True)
class Nursery:
    """Bears children; ``keys`` is told every child's d.run key."""

    process: Process
    folder: Path
    settings: Mapping[str, str]
    keys: set[str]
    children: dict[int, Child] = field(default_factory=dict)

    async def bear(self, *words: str) -> Child:
        """Starts ``drun-chat run <words>``; it is not up yet."""
        number = len(self.children) + 1
        key, folder = f"sk-chaos-child-{number:06d}", self.folder / f"{number:05d}"
        child = Child(number, words, key, folder, lambda each: self._order(Blow(number, each)))
        child.folder.mkdir()
        self.children[number] = child
        self.keys.add(child.key)
        settings = {**self.settings, "DRUN_API_KEY": child.key}
        self._order(Birth(number, ["run", *words], settings, str(child.folder)))
        await until(lambda: child.pid, _START_S)
        return child

    def _order(self, order: Birth | Blow) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(order) + b"\n")

    async def listen(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            news = _news.decode(line)
            child = self.children[news.number]
            child.pid = news.pid
            if news.code is not None:
                child.code = news.code
                child.ended.set()


@asynccontextmanager
async def nursery(folder: Path, settings: Mapping[str, str], keys: set[str]) -> AsyncGenerator[Nursery, None]:
    """Children work in folders below ``folder``; at the end of the block none is left."""
    # A session of its own: Ctrl-C is for whoever runs the suite, who then ends all this in order.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.nursery_process", stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    listening: asyncio.Task[None] | None = None
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_S):
            _news.decode(await process.stdout.readline())
        made = Nursery(process, folder, {"COLUMNS": "100", **settings}, keys)
        listening = asyncio.create_task(made.listen())
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        if listening is not None:
            await listening
