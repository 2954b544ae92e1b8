"""What the program keeps in Redis, read beside it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.conversation import Turn
from core.engine import ATTEMPTS
from core.store.keys import Partition

_turn = msgspec.json.Decoder(Turn)
_KEYS = Partition(0)
_SOON_MS = 100
# At one moment: read one after the other, a turn that changes hands meanwhile would look safe.
_MOST_ATTEMPTS = """
local time = redis.call('TIME')
local soon = time[1] * 1000 + time[2] / 1000 + ARGV[2]
local most = 0
local running = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #running, 2 do
  local attempt = tonumber(redis.call('HGET', ARGV[1] .. 'state:' .. running[i], 'attempt') or '0')
  if tonumber(running[i + 1]) < soon then attempt = attempt + 1 end
  most = math.max(most, attempt)
end
return most
"""


@dataclass(slots=True)
class Ledger:
    redis: Any
    """A Redis client: its types are those of all protocols and encodings at once."""
    _endangered: bool = False

    async def endangered(self) -> bool:
        """Some turn is in its last attempt, or about to begin it; what was last known while Redis is away."""
        try:
            most = await self.redis.eval(_MOST_ATTEMPTS, 1, _KEYS.schedule, _KEYS.prefix, _SOON_MS)
        except (RedisError, TimeoutError):
            return self._endangered
        self._endangered = int(most) >= ATTEMPTS
        return self._endangered

    async def turns(self, owner: str) -> Sequence[Turn]:
        """The history of a channel or a thread, oldest first."""
        kept = await self.redis.zrange(f"{_KEYS.prefix}history:{owner}", 0, -1)
        return [_turn.decode(str(entry).partition(" ")[2]) for entry in kept]

    async def leftovers(self, *, given_up: int) -> list[str]:
        """What must not be there when everybody was answered: waiting turns, leases, more parked turns than ``given_up``."""
        found = [
            f"{_KEYS.parked} holds {entry}" for entry in await self.redis.zrange(_KEYS.parked, given_up, -1)
        ]
        found += [f"{_KEYS.schedule} holds {name}" for name in await self.redis.zrange(_KEYS.schedule, 0, -1)]
        async for key in self.redis.scan_iter(match=f"{_KEYS.prefix}*", count=1000):
            kind = str(key).removeprefix(_KEYS.prefix).partition(":")[0]
            if kind == "queue":
                found.append(f"{key} exists")
            elif kind == "state" and await self.redis.hexists(key, "attempt"):
                found.append(f"{key} has an attempt under way")
        return found


@asynccontextmanager
async def ledger(url: str) -> AsyncGenerator[Ledger, None]:
    redis = Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 0), socket_timeout=5)
    try:
        yield Ledger(redis)
    finally:
        await redis.aclose()
