"""What a platform said a while ago, so that it need not be asked for each message."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

import structlog

from core.conversation import UserMessage

log = structlog.get_logger()

T = TypeVar("T")

WITHIN_S = 5.0
"""How long a platform may take to answer: a person waits behind it."""
_FRESH_S = 600.0
_FAILED_S = 30.0
_LONGEST_PAUSE_S = 3600.0
_MOST = 10_000


class NotTold(Exception):
    """The platform could not be asked, or would not say.

    ``pause_s``: for so many seconds it need not be asked for anything of the kind; 0: only this question failed.
    """

    def __init__(self, reason: str, *, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


def tell_unread(message: UserMessage, error: Exception) -> None:
    """Logs that a thread's earlier messages could not be had."""
    reason = str(error) if isinstance(error, NotTold) else type(error).__name__
    log.warning("what was said before is not known", conversation=str(message.conversation), reason=reason)


@dataclass(frozen=True, slots=True)
class _Told(Generic[T]):
    value: T | None
    until: float


class Known(Generic[T]):
    """Answers by key: good for ten minutes, failures for half a minute, the least used go first.

    Each question is asked once, however many wait for it, and never again within the call: whoever asked goes on
    without. ``what`` is for the log, which has one line for failures until something was told again.
    """

    def __init__(
        self,
        what: str,
        *,
        within_s: float = WITHIN_S,
        most: int = _MOST,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._what = what
        self._within_s = within_s
        self._most = most
        self._now = now
        self._told: OrderedDict[str, _Told[T]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[T | None]] = {}
        self._paused_until = float("-inf")
        self._failing = False

    async def of(self, key: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What ``ask`` answered for ``key`` lately or answers now; None where it cannot be known just now.

        ``ask`` raises NotTold. Nothing is raised here, whatever ``ask`` meets.
        """
        told = self._told.get(key)
        if told is not None and self._now() < told.until:
            self._told.move_to_end(key)
            return told.value
        asking = self._asking.get(key)
        if asking is None:
            if self._now() < self._paused_until:
                return None
            asking = self._asking[key] = asyncio.create_task(self._ask(key, ask), name=f"asking {self._what}")
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        # Shielded: others may wait for the same answer when one of them has enough.
        return await asyncio.shield(asking)

    def glance(self, key: str) -> T | None:
        """What is known of ``key`` without asking."""
        told = self._told.get(key)
        return told.value if told is not None and self._now() < told.until else None

    async def _ask(self, key: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        try:
            async with asyncio.timeout(self._within_s):
                value = await ask()
        except NotTold as no:
            self._fail(key, str(no), no.pause_s)
        except TimeoutError:
            # Who hangs for one hangs for all, and each of them would wait as long.
            self._fail(key, f"no answer within {self._within_s:g} s", _FAILED_S)
        except Exception as error:  # noqa: BLE001 - whatever an answer looks like, the reply must not fail of a name
            self._fail(key, type(error).__name__, 0.0)
        else:
            self._failing = False
            self._keep(key, value, _FRESH_S)
            return value
        return None

    def _fail(self, key: str, reason: str, pause_s: float) -> None:
        if not self._failing:
            log.warning("a platform does not tell, and nobody waits for it", of=self._what, reason=reason)
        self._failing = True
        # In this order: of a number that is none (float takes "nan" from a header) it makes no pause.
        pause_s = min(max(0.0, pause_s), _LONGEST_PAUSE_S)
        self._paused_until = max(self._paused_until, self._now() + pause_s)
        self._keep(key, None, max(_FAILED_S, pause_s))

    def _keep(self, key: str, value: T | None, seconds: float) -> None:
        self._told[key] = _Told(value, self._now() + seconds)
        self._told.move_to_end(key)
        while len(self._told) > self._most:
            self._told.popitem(last=False)
