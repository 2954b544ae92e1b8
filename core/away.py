"""Telling of an outage once, however often it is met."""

from time import monotonic

import structlog

log = structlog.get_logger()


class Away:
    """What several loops meet of one store: a line when the first of them fails, and one when all of them work.

    Each counts by itself, and it is over only when none has failed for ``settle_s`` seconds: a server that is out of
    memory, or takes no writes, still answers some calls.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._failing: set[str] = set()
        self._since: float | None = None
        self._last = 0.0

    def failed(self, call: str, error: Exception) -> None:
        self._last = monotonic()
        self._failing.add(call)
        if self._since is None:
            self._since = self._last
            log.warning("Redis does not answer; it is asked until it does", reason=str(error) or call)

    def worked(self, call: str) -> None:
        self._failing.discard(call)
        if self._since is not None and not self._failing and monotonic() - self._last >= self._settle_s:
            log.warning("Redis answers again", after_s=round(self._last - self._since, 1))
            self._since = None
