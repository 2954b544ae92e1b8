"""Who may ask a model now: one line for each endpoint and model, on limits that all workers share.

Nothing is limited until somebody sets a limit or a model answers 429. Then requests go one after the other, those that
came first before the others, and a refused one before all. Redis is asked for about a second's share at a time; while it
is away each process counts for itself.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Protocol

import structlog

from core.drun.bucket import BLOCK_MS, LONGEST_WAIT_MS, Bucket, Grant, Rule, Taking
from core.drun.endpoints import Deployment, Endpoint
from core.drun.line import Line, Permit, Refusal, Waiting
from core.errors import ModelBusy, StoreUnavailable

log = structlog.get_logger()

_LOOK_S = 1.0
"""How often somebody looks, beside the requests, whether another worker was refused."""
_SHARED_S = 0.5
"""How long Redis may take: a model is waiting to be asked."""
_AWAY_S = 5.0
_HEARTBEAT_S = 5.0


class Shared(Protocol):
    """A ``core.store.blocks.Blocks``."""

    async def take(self, bucket: str, taking: Taking) -> Grant: ...
    async def refused(
        self, bucket: str, *, pause_ms: float | None, sent_ms: float, jitter: float
    ) -> None: ...


def bucket_of(endpoint: Endpoint, model: str) -> str:
    """The name of a bucket: the same whichever key is used, SHA-256 of address and model cut to 80 bits.

    d.run counts all keys of an account together for each model (its release notes of 2025-04-29). Which keys are of one
    account nobody can tell, but those that meet here are: a Redis belongs to one deployment, which has one key for an
    address, so a second one is the key that replaces the first. Two buckets would then send twice the limit; one bucket
    for two accounts, if that ever happened, would only wait longer than it had to. Services with keys of their own
    are at addresses of their own, and their ids differ: nothing of theirs is counted here.
    """
    return sha256(f"{endpoint.base_url}\n{model}".encode()).hexdigest()[:20]


class Limiter:
    """One for all requests of a process. ``shared`` is what makes the limits those of all workers.

    ``rpm`` and ``concurrency`` are for each model of MaaS by Token; a Model Service is its owner's alone, and nothing
    is set for it. What a 429 teaches holds for both.
    """

    def __init__(
        self,
        shared: Shared | None = None,
        *,
        rpm: int = 0,
        concurrency: int = 0,
        jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.5),  # noqa: S311 - spreads, and hides nothing
    ) -> None:
        self._shared = shared
        self._rule = Rule(rpm, concurrency)
        self._jitter = jitter
        self._worker = secrets.token_hex(6)
        self._lines: dict[str, Line] = {}
        self._away_until = float("-inf")

    @asynccontextmanager
    async def admitted(
        self, endpoint: Endpoint, model: str, *, within_s: float, again: bool = False
    ) -> AsyncGenerator[Permit, None]:
        """Waits until ``model`` may be asked; a ModelBusy within is what all learn from.

        ``again``: it was refused before, and goes before those that were not. Raises ModelBusy when its turn does not
        come within ``within_s``, and at once when that is known already: after a Retry-After of an hour nobody waits.
        """
        line = self._line(endpoint, model)
        await self._turn(line, within_s, again=again)
        sent_at = _now()
        try:
            yield Permit(line)
        except ModelBusy as error:
            pause_ms = None if error.retry_after is None else error.retry_after * 1000
            self._learn(line, Refusal(pause_ms, sent_at, self._jitter()))
            raise
        finally:
            line.under_way -= 1
            line.changed.set()

    async def aclose(self) -> None:
        """Ends what is done beside the requests."""
        pumps = [line.pump for line in self._lines.values() if line.pump is not None]
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    def _line(self, endpoint: Endpoint, model: str) -> Line:
        name = bucket_of(endpoint, model)
        if name not in self._lines:
            rule = self._rule if endpoint.deployment is Deployment.MAAS else Rule()
            # Where nothing is set the first request is not held up by a question to Redis.
            self._lines[name] = Line(name, rule, free=rule.free)
        return self._lines[name]

    async def _turn(self, line: Line, within_s: float, *, again: bool) -> None:
        if line.free:
            line.under_way += 1
            if self._shared is not None and _now() >= line.looked_at + _LOOK_S:
                self._run(line)
            return
        until = _now() + within_s
        if until < line.shut_until:
            raise line.too_late()
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if again:
            line.waiting.appendleft(Waiting(mine, until))
        else:
            line.waiting.append(Waiting(mine, until))
        self._run(line)
        try:
            async with asyncio.timeout(within_s):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled() and mine.exception() is None:
                line.under_way -= 1  # its time came while it was being stopped
                line.changed.set()
            mine.cancel()
            if isinstance(error, TimeoutError):
                raise ModelBusy(f"its turn did not come within {within_s:.0f} s") from error
            raise

    def _learn(self, line: Line, refusal: Refusal) -> None:
        log.warning("a model is busy; requests to it are spaced", bucket=line.bucket)
        line.free = False
        line.refusals.append(refusal)
        line.own.refused(
            _now() * 1000,
            pause_ms=refusal.pause_ms,
            sent_ms=(_now() - refusal.at) * 1000,
            jitter=refusal.jitter,
        )
        self._run(line)

    def _run(self, line: Line) -> None:
        line.changed.set()
        if line.pump is None or line.pump.done():
            line.pump = asyncio.create_task(self._pump(line), name="requests to a model")

    async def _pump(self, line: Line) -> None:
        """Grants what waits, as long as something does; then says now and then what is under way, where that counts."""
        while True:
            line.changed.clear()
            line.looked_at = _now()
            asked_at = _now()
            grant = await self._take(line)
            line.free = grant.free and not line.refusals
            if line.free:
                line.own = Bucket()
                for _ in range(len(line.waiting)):
                    line.promised += 1
                    line.let_one_go()
                return
            last_s = self._promise(line, grant, asked_at)
            # What is shorter than a block may come earlier: somebody else lets go, or leaves the line.
            if not grant.count and grant.wait_ms > BLOCK_MS:
                line.shut(asked_at + grant.wait_ms / 1000)
            if not line.wanted and not line.refusals:
                if not (line.rule.concurrency and line.under_way + line.promised):
                    return
                await _nap(line, last_s or _HEARTBEAT_S)
            elif grant.wait_ms or last_s:
                nap = last_s if grant.count else min(grant.wait_ms, LONGEST_WAIT_MS) / 1000
                if line.rule.concurrency and not grant.count:
                    await _nap(line, nap)
                else:
                    await asyncio.sleep(nap)

    def _promise(self, line: Line, grant: Grant, asked_at: float) -> float:
        """Lets each granted request go at its time. Returns the seconds until the last of them goes."""
        loop, last_s = asyncio.get_running_loop(), 0.0
        for number in range(grant.count):
            # From when it was asked: the answer took its time.
            wait_s = asked_at - _now() + (grant.first_ms + number * grant.gap_ms) / 1000
            line.promised += 1
            if wait_s <= 0:
                line.let_one_go()
            else:
                loop.call_later(wait_s, line.let_one_go)
                last_s = wait_s
        return last_s

    async def _take(self, line: Line) -> Grant:
        taking = Taking(
            line.rule, self._worker, line.wanted, line.under_way + line.promised, worked=line.worked
        )
        line.worked = 0
        refusals, line.refusals = line.refusals, []
        if self._shared is not None and _now() >= self._away_until:
            try:
                async with asyncio.timeout(_SHARED_S):
                    for refusal in refusals:
                        await self._shared.refused(
                            line.bucket,
                            pause_ms=refusal.pause_ms,
                            sent_ms=(_now() - refusal.at) * 1000,
                            jitter=refusal.jitter,
                        )
                    return await self._shared.take(line.bucket, taking)
            except (StoreUnavailable, TimeoutError) as error:
                self._away_until = _now() + _AWAY_S
                log.warning("limits are this process's own while Redis is away", reason=str(error))
        return line.own.take(taking, _now() * 1000)


async def _nap(line: Line, seconds: float) -> None:
    """Until something changed here, but no longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await line.changed.wait()
    except TimeoutError:
        pass


def _now() -> float:
    return asyncio.get_running_loop().time()
