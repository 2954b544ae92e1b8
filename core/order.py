"""What must happen one after the other, for each key by itself."""

import asyncio
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K")


class Order(Generic[K]):
    """``async with order.of(key)``: one at a time for each key, in the order in which they came."""

    def __init__(self) -> None:
        # Weak: whoever is inside or waits keeps the lock, and nobody else needs it.
        self._locks: WeakValueDictionary[K, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: K) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock

    def __len__(self) -> int:
        """The keys for which somebody is inside or waits."""
        return len(self._locks)
