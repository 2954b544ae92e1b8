"""Hints that there is work, and which partitions are therefore worth a claim."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf

from redis.exceptions import RedisError

from core.store.connection import Connections
from core.store.keys import Partition
from core.store.masters import ANSWER_TIMEOUT_S

LOOK_AGAIN_S = 2.0
"""What a lost hint costs at most; a worker waits no longer either."""
_BLOCK_S = 10.0
_TAKEN_S = 0.1
"""How long a hint may lie here before another worker shall have it: one that is busy asks for nothing."""
_RETRY_S = 1.0


@dataclass(slots=True)
class Known:
    """What is known of one partition without asking. Times are the loop's."""

    keys: Partition
    hints: int = 0
    """Counts them, so that one that comes during a claim is not taken for answered by it."""
    answered: int = 0
    """Of ``hints``, those up to which a claim found nothing more."""
    due_at: float = inf
    looked_at: float = -inf
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def hinted(self) -> bool:
        return self.hints > self.answered


@dataclass(frozen=True, slots=True)
class Looking:
    """A claim that is under way, and what was known when it began."""

    known: Known
    hints: int
    began: float


class Wakes:
    """Waits for hints in all partitions at once, and remembers what the claims told.

    A blocked command is never cancelled to be sent again: the hint that it may just have taken would be lost. It stays
    blocked between the waits, and a hint that nobody here acts upon is given back.
    """

    def __init__(self, connections: Connections, partitions: int, *, look_again_s: float) -> None:
        self._connections = connections
        self._known = [Known(Partition(number)) for number in range(partitions)]
        # With one partition there is nothing to choose.
        self._look_again_s = look_again_s if partitions > 1 else 0.0
        self._next = 0
        self._waits = 0
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()
        self._started = False

    def looks(self) -> Iterator[Looking]:
        """The partitions that may have something to claim, each once, going round from claim to claim."""
        now = asyncio.get_running_loop().time()
        for number in [(self._next + step) % len(self._known) for step in range(len(self._known))]:
            known = self._known[number]
            if known.hinted or known.due_at <= now or known.looked_at + self._look_again_s <= now:
                self._next = (number + 1) % len(self._known)
                known.taken.set()
                yield Looking(known, known.hints, asyncio.get_running_loop().time())

    def found(self, looking: Looking) -> None:
        """There was something, so there may be more."""
        looking.known.hints += 1

    def nothing(self, looking: Looking, due_s: float | None) -> None:
        """There was nothing, and the next is due in ``due_s``."""
        known = looking.known
        known.answered = max(known.answered, looking.hints)
        known.looked_at = looking.began
        known.due_at = inf if due_s is None else asyncio.get_running_loop().time() + due_s

    def due_s(self) -> float | None:
        """When the first of all partitions comes due, as far as is known."""
        first = min(known.due_at for known in self._known)
        return None if first == inf else max(0.0, first - asyncio.get_running_loop().time())

    async def wait(self, at_most_s: float) -> None:
        """Returns when there is a hint, or after ``at_most_s``."""
        self._start()
        if not any(known.hinted for known in self._known):
            self._news.clear()
        self._waits += 1
        self._wanted.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most_s):
                    await self._news.wait()
        finally:
            self._waits -= 1
            if not self._waits:
                self._wanted.clear()

    def _start(self) -> None:
        if self._started:
            return
        self._started = True
        # Redis Cluster blocks on keys of one slot only.
        together = self._connections.routes.masters.one_for_all
        for group in [self._known] if together else [[known] for known in self._known]:
            self._connections.run_along(self._hear(group))

    async def _hear(self, group: Sequence[Known]) -> None:
        wakes = {known.keys.wake: known for known in group}
        while True:
            await self._wanted.wait()
            try:
                # BLPOP 0 would wait for ever; and so would a client whose server went away without a word.
                async with asyncio.timeout(_BLOCK_S + ANSWER_TIMEOUT_S):
                    (popped,) = await self._connections.routes.send(
                        group[0].keys.wake, ("BLPOP", *wakes, _BLOCK_S), blocking=True
                    )
            except (RedisError, OSError):
                for known in group:
                    self._hint(known)  # the claim that follows reports what is wrong
                await asyncio.sleep(_RETRY_S)
                continue
            if popped:
                await self._pass_on(wakes[popped[0]])

    def _hint(self, known: Known) -> None:
        known.hints += 1
        known.taken.clear()
        self._news.set()

    async def _pass_on(self, known: Known) -> None:
        self._hint(known)
        try:
            async with asyncio.timeout(_TAKEN_S):
                await known.taken.wait()
        except (TimeoutError, asyncio.CancelledError) as error:
            with suppress(RedisError, OSError):
                async with asyncio.timeout(_RETRY_S):
                    await self._connections.routes.send(known.keys.wake, ("LPUSH", known.keys.wake, 1))
            if isinstance(error, asyncio.CancelledError):
                raise
