import asyncio
from collections.abc import Callable


class Watch:
    """Lets a test wait for a state of the double: no polling, the double says when something changed."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], object], asyncio.Future[None]]] = []

    def notify(self) -> None:
        """Looks again at every condition somebody waits for."""
        for predicate, met in tuple(self._waiting):
            if met.done():
                continue
            try:
                holds = predicate()
            except Exception as problem:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
                met.set_exception(problem)
            else:
                if holds:
                    met.set_result(None)

    async def until(self, predicate: Callable[[], object], seconds: float) -> bool:
        """True as soon as the condition holds, False when it still does not after `seconds`."""
        if predicate():
            return True
        met: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (predicate, met)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(seconds):
                await met
        except TimeoutError:
            # The condition may be about the program under test, of which the double heard nothing.
            return bool(predicate())
        finally:
            self._waiting.remove(entry)
        return True
