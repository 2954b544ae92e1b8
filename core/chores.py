"""What is done beside the turns: small, never awaited by them, and ended in order."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

import structlog

log = structlog.get_logger()

_LAST_CHANCE_S = 2.0
"""How long the end waits for what is under way."""


class Chores:
    """The owner of such tasks: ``async with Chores() as chores: chores.begin(...)``. At most ``most`` run at once."""

    def __init__(self, *, most: int = 1000) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self.ending = asyncio.Event()
        """Set when it is time to come to an end: what has not begun by then shall not."""
        self._at_end: list[Callable[[], None]] = []

    @property
    def running(self) -> int:
        return len(self._tasks)

    def begin(self, chore: Coroutine[Any, Any, None], name: str) -> bool:
        """Runs ``chore``. False: there are too many already, or it is the end; then it is dropped."""
        if self.ending.is_set() or len(self._tasks) >= self._most:
            chore.close()
            return False
        task = asyncio.create_task(_logged(chore, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def at_end(self, call: Callable[[], None]) -> None:
        """``call`` is called when the end begins: by then nobody may wait for long."""
        self._at_end.append(call)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        for call in self._at_end:
            call()
        if running := list(self._tasks):
            await asyncio.wait(running, timeout=_LAST_CHANCE_S)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def happens(event: asyncio.Event, *, within_s: float) -> bool:
    """Waits for ``event``, but no longer than that. True: it happened."""
    try:
        async with asyncio.timeout(within_s):
            return await event.wait()
    except TimeoutError:
        return False


async def _logged(chore: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await chore
    except Exception:  # nobody awaits it who could be told
        log.exception("something beside the turns failed in a way nobody foresaw", chore=name)
