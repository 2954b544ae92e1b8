"""The right to answer one turn, as long as it lasts."""

import asyncio
from dataclasses import dataclass, field

from core.store.claims import Claim


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
