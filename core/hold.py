"""The right to answer one turn, as long as it lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.errors import StoreUnavailable
from core.store.claims import Claim

_STORE_TRIES = 3


class LeaseLost(Exception):
    """Somebody else answers this turn now, or may: nothing more may be written."""


@dataclass(slots=True)
class Hold:
    """A claimed turn in the hands of one worker."""

    claim: Claim
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the reply shall end with what is shown."""
    until: float = float("inf")
    """When it ends unless the lease is renewed, on the loop's clock: always before the store's own lease ends."""

    def check(self) -> None:
        """Raises LeaseLost when it has ended.

        Asked right before each write: a process that was stopped for longer than its lease goes on where it was,
        and timers that are overdue run in no order that could be relied on.
        """
        if asyncio.get_running_loop().time() >= self.until:
            raise LeaseLost


async def insist(write: Callable[[], Awaitable[bool]]) -> None:
    """Writes what must not be lost to a short outage. Raises LeaseLost, and StoreUnavailable for a longer one."""
    for tried in range(1, _STORE_TRIES + 1):
        try:
            if not await write():
                raise LeaseLost
        except StoreUnavailable:
            # Checkpoint and commit change nothing when run twice: an unknown outcome may be asked for again.
            if tried == _STORE_TRIES:
                raise
            await asyncio.sleep(tried)
        else:
            return
