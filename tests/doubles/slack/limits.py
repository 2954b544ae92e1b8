import math
from dataclasses import dataclass, field
from enum import Enum

BURST = 10
POST_BURST = 4


class Rate(Enum):
    """Slack's rate limit of a method: calls per minute and workspace."""

    # Slack: conversations.history and .replies of commercially distributed apps outside the Marketplace.
    RESTRICTED = 1
    TIER_2 = 20
    TIER_3 = 50
    TIER_4 = 100
    # Slack: "hundreds of calls per minute" for auth.test.
    HUNDREDS = 300
    # Slack: about one message a second and channel, short bursts allowed.
    POST = 60


@dataclass(slots=True)
class Bucket:
    """A token bucket: `burst` calls at once, then `rate` calls a second."""

    rate: float
    burst: int
    tokens: float = field(init=False)
    seen: float | None = None

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def take(self, now: float) -> float:
        """0 when a call is allowed, else the seconds until one is."""
        if self.seen is not None:
            self.tokens = min(float(self.burst), self.tokens + (now - self.seen) * self.rate)
        self.seen = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class Limits:
    """Every bucket of one workspace. `speed` multiplies the refill, not the burst."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def retry_after(self, method: str, rate: Rate, channel: str, now: float) -> int:
        """0 when the call is allowed, else Slack's Retry-After: whole seconds, at least one."""
        place = channel if rate is Rate.POST else ""
        bucket = self._buckets.get((method, place))
        if bucket is None:
            burst = {Rate.POST: POST_BURST, Rate.RESTRICTED: 1}.get(rate, BURST)
            bucket = self._buckets[method, place] = Bucket(rate.value / 60 * self._speed, burst)
        return math.ceil(bucket.take(now))
