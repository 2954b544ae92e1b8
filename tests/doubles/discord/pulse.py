"""Waiting for something that a request or an event brings about."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Pulse:
    """Re-checks conditions whenever the double changed; nothing here polls."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def beat(self) -> None:
        """Wakes every waiter. A new event each time, so that no waiter can miss or keep a beat."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(self, predicate: Callable[[], T], timeout: float, describe: Callable[[], str]) -> T:  # noqa: ASYNC109 - what the test reads is the description, which asyncio.timeout could not give
        """Returns the first true value of `predicate`. Raises TimeoutError with the description after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not (value := predicate()):
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise TimeoutError(f"not reached within {timeout:g} s; {describe()}") from None
