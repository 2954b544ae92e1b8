"""Platforms that could not be reached when the program started: tried again until they are."""

import asyncio
from collections.abc import Callable, Collection, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Self

import structlog

from core.errors import PlatformRefused, PlatformUnreachable
from core.surface import Platform

log = structlog.get_logger()

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0
LOGIN_S = 10.0
"""A platform that says nothing keeps the others waiting no longer."""

Connect = Callable[[str], AbstractAsyncContextManager[Platform]]


class Latecomers:
    """Each has a task of its own, which connects, listens until ``hush``, and stays connected until the end.

    What is connected stands in ``ready``, and so replies are shown there.
    """

    def __init__(
        self, ready: MutableMapping[str, Platform], connect: Connect, *, first_pause_s: float = FIRST_PAUSE_S
    ) -> None:
        self._ready = ready
        self._connect = connect
        self._pause_s = first_pause_s
        self.expected: list[str] = []
        self._coming: dict[str, asyncio.Task[None]] = {}
        self._deaf: dict[str, asyncio.Event] = {}
        """Those that are up: set when they listen no more."""
        self._hushed = asyncio.Event()
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hush()
        self._leaving.set()
        await asyncio.gather(*self._coming.values(), return_exceptions=True)

    async def first_try(self, name: str, stack: AsyncExitStack) -> Platform:
        """Connects on ``stack``. Raises PlatformUnreachable, also when it takes too long, and PlatformRefused."""
        try:
            async with asyncio.timeout(LOGIN_S):
                return await stack.enter_async_context(self._connect(name))
        except TimeoutError as error:
            raise PlatformUnreachable(
                f"{name.capitalize()} cannot be reached: no answer within {LOGIN_S:.0f} s"
            ) from error

    def expect(self, name: str) -> None:
        """``name`` could not be reached, and shall be tried again once that has begun."""
        self.expected.append(name)

    def begin(self, heard_on: Collection[str]) -> None:
        """Tries again from now on; those in ``heard_on`` shall be listened to as well."""
        for name in self.expected:
            self._coming[name] = asyncio.create_task(
                self._come(name, listens=name in heard_on), name=f"latecomer {name}"
            )

    async def hush(self) -> None:
        """Returns when nobody is listened to any more. Who is not connected yet does not come any more."""
        if self._hushed.is_set():
            return
        self._hushed.set()
        for name, task in self._coming.items():
            if name in self._deaf:
                await self._deaf[name].wait()
            else:
                task.cancel()

    async def _come(self, name: str, *, listens: bool) -> None:
        pause = self._pause_s
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            async with AsyncExitStack() as stack:
                try:
                    platform = await self.first_try(name, stack)
                    await self._stay(name, platform, listens=listens)
                except PlatformUnreachable:
                    continue
                except PlatformRefused as error:
                    log.error("a platform is off", platform=name, reason=str(error))  # noqa: TRY400 - the sentence is the whole story
                except Exception:
                    log.exception("a platform failed in a way nobody foresaw", platform=name)
                    continue
                return

    async def _stay(self, name: str, platform: Platform, *, listens: bool) -> None:
        deaf = asyncio.Event()
        self._ready[name] = platform
        try:
            async with AsyncExitStack() as ears:
                where = await ears.enter_async_context(platform.listening()) if listens else "not heard here"
                self._deaf[name] = deaf
                log.info("a platform is up", platform=name, where=where)
                await self._hushed.wait()
            deaf.set()
            await self._leaving.wait()
        finally:
            deaf.set()
            self._deaf.pop(name, None)
            del self._ready[name]
