"""What accept, claim, checkpoint, renew and commit cost, beside the same data in bare commands of one pipeline."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic_ns, process_time_ns
from typing import Any

import msgspec

from bench.figures import Clock, Row, since_us
from core.conversation import Channel, Conversation, Turn, UserMessage
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.keys import partition_of
from core.store.turns import Turns

STEPS = ("accept", "claim", "checkpoint", "renew", "commit")
_SAID = "What does this function do, and why is it called twice when the page is loaded? " * 4
_REPLY = (
    "It reads the settings once for the server and once for the page, which is what keeps both alike. " * 8
)
_DAY_S = 24 * 3600

Calls = Mapping[str, Callable[[int], Awaitable[Any]]]


def turns_of(connections: Connections, *, lease_s: float = 10.0) -> Turns:
    return Turns(connections, partitions=1, lease_s=lease_s, history_ttl_s=30 * _DAY_S)


def place(number: int) -> Conversation:
    return Conversation(Channel("slack", "T0BENCH", f"C{number}"))


def message(number: int, name: str) -> UserMessage:
    return UserMessage(place(number), f"Ev{name}", name, "U0ADA", _SAID)


async def seed(connections: Connections, places: int, turns: int) -> None:
    """An empty store in which each of ``places`` has a history of ``turns``."""
    await connections.ask.flushall()
    kept = msgspec.json.encode(Turn("U0ADA", _SAID, _REPLY, id="a" * 25)).decode()
    for number in range(places):
        channel = place(number).channel
        keys = partition_of(channel, 1)
        history: Mapping[str, float] = {f"{at} {kept}": at for at in range(1, turns + 1)}
        await connections.ask.zadd(keys.history(channel), dict(history))
        await connections.ask.zadd(f"bare:history:{number}", dict(history))
        await connections.ask.hset(keys.channel(channel), "sequence", str(turns))


@dataclass(slots=True)
class Ours:
    """The store's own calls, one turn for each number."""

    turns: Turns
    round: int
    claims: list[Claim] = field(default_factory=list)

    def calls(self) -> Calls:
        return {
            "accept": lambda number: self.turns.accept(message(number, f"{self.round}.{number}")),
            "claim": lambda _: self._claim(),
            "checkpoint": lambda number: self.turns.checkpoint(self.claims[number], ["1700000000.000100"]),
            "renew": lambda number: self.turns.renew([self.claims[number]]),
            "commit": lambda number: self.turns.commit(self.claims[number], self._turn()),
        }

    async def _claim(self) -> None:
        claim = await self.turns.claim()
        assert isinstance(claim, Claim)  # noqa: S101 - a bench that measures nothing must not go on
        self.claims.append(claim)

    def _turn(self) -> Turn:
        return Turn("U0ADA", _SAID, _REPLY, id="a" * 25)


@dataclass(slots=True)
class Bare:
    """The same data, read and written by plain commands in one pipeline: no order, no fence, no second worker."""

    redis: Any
    """redis-py's pipelines are not typed."""
    round: int

    def calls(self) -> Calls:
        return {name: getattr(self, name) for name in STEPS}

    async def accept(self, number: int) -> None:
        said = message(number, f"{self.round}.{number}")
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.set(f"bare:seen:{said.event_id}", 1, ex=_DAY_S)
            pipe.set(f"bare:seen:{said.message_id}", 1, ex=_DAY_S)
            pipe.rpush(f"bare:queue:{number}", msgspec.json.encode(said).decode())
            pipe.zadd("bare:schedule", {number: self.round})
            pipe.lpush("bare:wake", 1)
            await pipe.execute()

    async def claim(self, number: int) -> None:
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.zrange("bare:schedule", 0, 0)
            pipe.hincrby(f"bare:state:{number}", "fence", 1)
            pipe.lrange(f"bare:queue:{number}", 0, 0)
            pipe.hmget(f"bare:channel:{number}", "model", "reset")
            pipe.zrange(f"bare:history:{number}", "+inf", "(0", byscore=True, desc=True, offset=0, num=100)
            *_, entries, _, history = await pipe.execute()
        msgspec.json.decode(entries[0], type=UserMessage)
        for turn in history:
            msgspec.json.decode(turn.partition(" ")[2], type=Turn)

    async def checkpoint(self, number: int) -> None:
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.hset(f"bare:state:{number}", "shown", '["1700000000.000100"]')
            await pipe.execute()

    async def renew(self, number: int) -> None:
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.hmget(f"bare:state:{number}", "fence", "stop")
            pipe.zadd("bare:schedule", {number: self.round}, xx=True)
            await pipe.execute()

    async def commit(self, number: int) -> None:
        turn = msgspec.json.encode(Turn("U0ADA", _SAID, _REPLY, id="a" * 25)).decode()
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.hdel(f"bare:state:{number}", "shown")
            pipe.lpop(f"bare:queue:{number}")
            pipe.zadd(f"bare:history:{number}", {f"{1000 + self.round} {turn}": 1000 + self.round})
            pipe.expire(f"bare:history:{number}", _DAY_S)
            pipe.zrem("bare:schedule", number)
            await pipe.execute()


async def one_after_another(calls: Calls, clocks: Mapping[str, Clock], numbers: Sequence[int]) -> None:
    for number in numbers:
        for name in STEPS:
            cpu, began = process_time_ns(), monotonic_ns()
            await calls[name](number)
            clocks[name].add(since_us(began))
            clocks[name].add_cpu(cpu)


async def side_by_side(calls: Calls, clocks: Mapping[str, Clock], numbers: Sequence[int]) -> None:
    """The same step of all turns at once, then the next one."""

    async def timed(name: str, number: int) -> None:
        began = monotonic_ns()
        await calls[name](number)
        clocks[name].add(since_us(began))

    for name in STEPS:
        cpu = process_time_ns()
        await asyncio.gather(*(timed(name, number) for number in numbers))
        clocks[name].add_cpu(cpu)


async def measured(
    connections: Connections, *, history: int, width: int, rounds: int, together: bool
) -> tuple[Mapping[str, Row], Mapping[str, Row]]:
    """Ours and bare, round by round in turns: by step, ``rounds`` times ``width`` calls of each."""
    await seed(connections, width, history)
    way = side_by_side if together else one_after_another
    ours = {name: Clock() for name in STEPS}
    bare = {name: Clock() for name in STEPS}
    turns = turns_of(connections)
    for number in range(rounds + 1):
        # The first round sends the scripts and opens the connections: it counts for neither.
        counted = (ours, bare) if number else ({name: Clock() for name in STEPS},) * 2
        await way(Ours(turns, number).calls(), counted[0], range(width))
        await way(Bare(connections.ask, number).calls(), counted[1], range(width))
    rows = [{name: clock.row() for name, clock in clocks.items()} for clocks in (ours, bare)]
    return rows[0], rows[1]
