"""How often one model may be asked with one key: what is set, and what its refusals have taught.

d.run counts requests of an account and a model in a bucket that refills all the time; it publishes no numbers, and its
429 names no time. ``core/store/scripts/admit.lua`` and ``refuse.lua`` do the same on what all workers share.
Times are milliseconds.
"""

import math
from dataclasses import dataclass, field

BLOCK_MS = 1000.0
"""What is taken at once is a worker's share of about a second: no call to Redis for each request."""
FIRST_GAP_MS = 500.0
LONGEST_GAP_MS = 60_000.0
LEAST_GAP_MS = 20.0
"""A learned gap that has shrunk to this is forgotten."""
SHRINKS = 0.95
"""Of the learned gap, with each request that was taken: one refusal in about fourteen finds the limit again."""
FIRST_PAUSE_MS = 1000.0
LONGEST_PAUSE_MS = 60_000.0
HOLDER_MS = 15_000.0
"""How long what a worker holds counts, when it says nothing more."""
LONGEST_WAIT_MS = 5000.0
"""A worker asks again at least so often while it waits."""
GRACE_MS = 1000.0
"""How much later it may come and still keep its place."""
FULL_WAIT_MS = 250.0
"""How often a worker looks whether another has let go."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is set for one bucket; 0: nothing."""

    rpm: int = 0
    concurrency: int = 0

    @property
    def gap_ms(self) -> float:
        return 60_000 / self.rpm if self.rpm else 0.0

    @property
    def burst(self) -> int:
        """Requests that may go at once. A fifth of the bucket is kept back for those that took long to arrive."""
        return max(1, self.rpm * 4 // 5)

    @property
    def free(self) -> bool:
        return not (self.rpm or self.concurrency)


@dataclass(frozen=True, slots=True)
class Taking:
    """What one worker asks for."""

    rule: Rule
    worker: str
    wanted: int
    held: int = 0
    """Requests it has under way, or was granted already."""
    worked: int = 0
    """Requests that were taken since it last asked."""


@dataclass(frozen=True, slots=True)
class Grant:
    """``count`` requests, the first in ``first_ms`` (which may be past), the others ``gap_ms`` after each other."""

    count: int
    first_ms: float = 0.0
    gap_ms: float = 0.0
    wait_ms: float = 0.0
    """When to ask again for those that were not granted."""
    free: bool = False
    """There is no limit that anybody knows of: nobody need ask before it asks the model."""


@dataclass(slots=True)
class Bucket:
    """The state of one."""

    next_ms: float = float("-inf")
    """The request after this one may go then."""
    gap_ms: float = 0.0
    """Learned: what is left of it is not set by anybody."""
    until_ms: float = float("-inf")
    refused_ms: float = float("-inf")
    strikes: int = 0
    holders: dict[str, tuple[int, float]] = field(default_factory=dict)
    """What each worker holds, and until when that counts."""
    line: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Since when each worker waits for more, and until when that counts."""

    def take(self, taking: Taking, now: float) -> Grant:
        rule = taking.rule
        if taking.worked:
            self.strikes = 0
            self.gap_ms *= SHRINKS**taking.worked
            if self.gap_ms <= max(LEAST_GAP_MS, rule.gap_ms):
                self.gap_ms = 0.0
        before = self._before(taking.worker, now)
        wanted = min(taking.wanted, self._room(taking, before, now))
        grant = self._timed(rule, wanted, before, now)
        if rule.concurrency:
            self.holders[taking.worker] = (taking.held + grant.count, now + HOLDER_MS)
        if grant.count < taking.wanted and not grant.wait_ms:
            grant = Grant(grant.count, grant.first_ms, grant.gap_ms, FULL_WAIT_MS)
        self._stand(taking, grant, now)
        return grant

    def _timed(self, rule: Rule, wanted: int, before: int, now: float) -> Grant:
        if now < self.until_ms:
            return Grant(0, wait_ms=self.until_ms - now)
        gap = max(rule.gap_ms, self.gap_ms)
        if not gap:
            return Grant(wanted, free=rule.free)
        # Who was refused has no credit: the bucket upstream is empty.
        credit = 0.0 if self.gap_ms else (rule.burst - 1) * gap
        start = max(self.next_ms, now - credit)
        # One for each worker that came before is left to it.
        room = math.floor((now + BLOCK_MS - start) / gap) + 1 - before
        count = max(0, min(wanted, room))
        self.next_ms = start + count * gap
        wait = max(1.0, start + (count + before) * gap - now - BLOCK_MS) if count < wanted else 0.0
        return Grant(count, start - now, gap, wait)

    def _before(self, worker: str, now: float) -> int:
        """The workers that wait for longer than ``worker``."""
        self.line = {name: place for name, place in self.line.items() if place[1] > now}
        since = self.line.get(worker, (now, now))[0]
        return sum(place[0] < since for name, place in self.line.items() if name != worker)

    def _stand(self, taking: Taking, grant: Grant, now: float) -> None:
        """Who was granted something goes to the end of the line; who wants nothing more leaves it."""
        since = now if grant.count else self.line.get(taking.worker, (now, now))[0]
        self.line.pop(taking.worker, None)
        if grant.count < taking.wanted:
            self.line[taking.worker] = (since, now + min(grant.wait_ms, LONGEST_WAIT_MS) + GRACE_MS)

    def refused(self, now: float, *, pause_ms: float | None, sent_ms: float, jitter: float) -> None:
        """A 429 to a request that was sent ``sent_ms`` ago.

        Of many that were under way together only the first tells something: the others left before it was known.
        """
        if pause_ms is not None:
            self.until_ms = max(self.until_ms, now + pause_ms)
        if now - sent_ms < self.refused_ms:
            return
        self.refused_ms = now
        if pause_ms is None:
            pause = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2**self.strikes) * jitter
            self.until_ms = max(self.until_ms, now + pause)
        self.strikes = min(self.strikes + 1, 10)
        self.gap_ms = min(LONGEST_GAP_MS, max(FIRST_GAP_MS, self.gap_ms * 2))
        self.next_ms = max(self.next_ms, self.until_ms)

    def _room(self, taking: Taking, before: int, now: float) -> int:
        if not taking.rule.concurrency:
            return taking.wanted
        self.holders = {name: held for name, held in self.holders.items() if held[1] > now}
        others = sum(count for name, (count, _) in self.holders.items() if name != taking.worker)
        return max(0, taking.rule.concurrency - others - taking.held - before)
