import asyncio
from collections.abc import Callable


class Watch:
    """Lets a test wait for a condition that is looked at again whenever something happened; nothing polls."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()

    def notify(self) -> None:
        # A new event each time: no waiter can miss one, and none stays set.
        happened, self._happened = self._happened, asyncio.Event()
        happened.set()

    async def until(self, predicate: Callable[[], object], seconds: float) -> bool:
        """True as soon as the condition holds, False when it still does not after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not predicate():
                    await self._happened.wait()
        except TimeoutError:
            # The condition may be about the program under test, of which the double heard nothing.
            return bool(predicate())
        return True
