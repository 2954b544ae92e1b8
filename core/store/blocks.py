"""The buckets of d.run's models, shared by all workers: requests are taken in blocks of about a second."""

from dataclasses import dataclass

from core.drun.bucket import (
    BLOCK_MS,
    FIRST_GAP_MS,
    FIRST_PAUSE_MS,
    FULL_WAIT_MS,
    GRACE_MS,
    HOLDER_MS,
    LEAST_GAP_MS,
    LONGEST_GAP_MS,
    LONGEST_PAUSE_MS,
    LONGEST_WAIT_MS,
    SHRINKS,
    Grant,
    Taking,
)
from core.store.connection import Connections, translating
from core.store.keys import PREFIX

_KEPT_S = 300
"""After the last word of it: what a refusal taught five quiet minutes ago is true no more."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A grant, and the server's time of it in milliseconds."""

    grant: Grant
    now_ms: float


class Blocks:
    """One key for each bucket, so each is on one server of a Cluster.

    A bucket's name holds no key: see ``core.drun.limiter.bucket_of``. Every method raises StoreUnavailable.
    """

    def __init__(self, connections: Connections) -> None:
        self._admit = connections.script("admit")
        self._refuse = connections.script("refuse")

    async def take(self, bucket: str, taking: Taking) -> Grant:
        """Repeated when nobody knows whether it was carried out: then some requests go later than they might."""
        return (await self.stamped(bucket, taking)).grant

    @translating
    async def stamped(self, bucket: str, taking: Taking) -> Stamped:
        rule = taking.rule
        count, first, gap, wait, free, now = await self._admit(
            [_key(bucket)],
            [
                taking.worker,
                taking.wanted,
                taking.held,
                taking.worked,
                rule.gap_ms,
                rule.burst,
                rule.concurrency,
                BLOCK_MS,
                LEAST_GAP_MS,
                SHRINKS,
                HOLDER_MS,
                FULL_WAIT_MS,
                _KEPT_S,
                LONGEST_WAIT_MS,
                GRACE_MS,
            ],
        )
        return Stamped(Grant(count, float(first), float(gap), float(wait), free=bool(free)), float(now))

    async def refused(self, bucket: str, *, pause_ms: float | None, sent_ms: float, jitter: float) -> None:
        """As ``core.drun.bucket.Bucket.refused``."""
        await self.told(bucket, pause_ms=pause_ms, sent_ms=sent_ms, jitter=jitter)

    @translating
    async def told(self, bucket: str, *, pause_ms: float | None, sent_ms: float, jitter: float) -> float:
        """The server's time of it."""
        _, now = await self._refuse(
            [_key(bucket)],
            [
                "" if pause_ms is None else pause_ms,
                sent_ms,
                jitter,
                FIRST_PAUSE_MS,
                LONGEST_PAUSE_MS,
                FIRST_GAP_MS,
                LONGEST_GAP_MS,
                _KEPT_S,
            ],
        )
        return float(now)


def _key(bucket: str) -> str:
    return f"{PREFIX}:limit:{{{bucket}}}"
