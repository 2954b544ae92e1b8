"""Discord's rate limits: fixed windows per route and one for everything together."""

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

GLOBAL_LIMIT = 50
"""Discord: 50 requests a second for a bot over all routes."""
ROUTE_LIMITS: Mapping[str, int] = {
    "POST /channels/{channel_id}/messages": 5,
    "PATCH /channels/{channel_id}/messages/{message_id}": 5,
    "DELETE /channels/{channel_id}/messages/{message_id}": 5,
    "GET /channels/{channel_id}/messages": 5,
    "GET /channels/{channel_id}/messages/{message_id}": 5,
    "POST /channels/{channel_id}/typing": 5,
    "POST /channels/{channel_id}/threads": 5,
    "POST /channels/{channel_id}/messages/{message_id}/threads": 5,
    "POST /webhooks/{webhook_id}/{webhook_token}": 5,
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": 5,
}
"""Requests per window. Discord publishes none of these; 5 in 5 s for messages is what communities measured."""
_REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"
SLOW_ROUTES = {f"PUT {_REACTION}", f"DELETE {_REACTION}"}
"""One bucket for all of them, 1 in 0.25 s, measured by the same."""
SLOW_SHARE = 0.25 / 5
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
"""Discord: requests with other values of these have buckets of their own."""


@dataclass(slots=True)
class Window:
    """A fixed window that begins with its first request."""

    limit: int
    seconds: float
    started: float = -math.inf
    used: int = 0

    def take(self, now: float) -> bool:
        if now >= self.started + self.seconds:
            self.started, self.used = now, 0
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def reset_after(self, now: float) -> float:
        """Rounded up to a millisecond: a client that sleeps exactly this long must find the window open."""
        return math.ceil(max(0.0, self.started + self.seconds - now) * 1000) / 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, with the headers that Discord puts on the answer."""

    allowed: bool
    headers: dict[str, str]
    retry_after: float = 0.0
    is_global: bool = False


class Buckets:
    """`window` seconds stand for Discord's five; the global second is scaled with it."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._global = Window(GLOBAL_LIMIT, window / 5)
        self._windows: dict[str, Window] = {}

    def take(self, route: str, major: Mapping[str, str], *, counts_globally: bool) -> Verdict:
        """Discord: interaction endpoints do not count against the global limit."""
        now = time.monotonic()
        if counts_globally and not self._global.take(now):
            after = self._global.reset_after(now)
            return Verdict(
                allowed=False,
                headers={"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"},
                retry_after=after,
                is_global=True,
            )
        slow = route in SLOW_ROUTES
        limit = 1 if slow else ROUTE_LIMITS.get(route)
        if limit is None:
            return Verdict(allowed=True, headers={})
        bucket = "reactions" if slow else route
        key = ":".join([bucket, *(f"{name}={major[name]}" for name in MAJOR if name in major)])
        seconds = self._window * SLOW_SHARE if slow else self._window
        window = self._windows.setdefault(key, Window(limit, seconds))
        allowed = window.take(now)
        after = window.reset_after(now)
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - window.used),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(bucket.encode()).hexdigest()[:16],
        }
        if not allowed:
            headers["X-RateLimit-Scope"] = "user"
        return Verdict(allowed=allowed, headers=headers, retry_after=0.0 if allowed else after)
