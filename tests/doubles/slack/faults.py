import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpError:
    """An HTTP status of Slack's front: no JSON. `applied`: the call took effect all the same."""

    status: int = 503
    applied: bool = False


@dataclass(frozen=True, slots=True)
class RateLimited:
    """HTTP 429, whatever the buckets say."""

    retry_after: int = 1


@dataclass(frozen=True, slots=True)
class ConnectionReset:
    """The connection breaks before the answer. `applied`: after the call took effect."""

    applied: bool


@dataclass(frozen=True, slots=True)
class Delay:
    """The call takes effect, its answer comes `seconds` later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """The answer waits until the test sets `released`. `applied`: the call takes effect before that."""

    released: asyncio.Event
    applied: bool = True


@dataclass(frozen=True, slots=True)
class ApiError:
    """An ok=false answer with this code, without effect."""

    code: str


Fault = HttpError | RateLimited | ConnectionReset | Delay | Hold | ApiError


class Faults:
    """Faults that wait for the next calls of a method, first in, first out."""

    def __init__(self) -> None:
        self._queued: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, *faults: Fault) -> None:
        self._queued[method].extend(faults)

    def next(self, method: str) -> Fault | None:
        queue = self._queued[method]
        return queue.popleft() if queue else None
