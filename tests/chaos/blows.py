"""Striking: what each blow of a plan does."""

import asyncio
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from tests.chaos.crew import Crew, Post
from tests.chaos.ledger import Ledger
from tests.chaos.nursery import Child
from tests.chaos.parrot import Parrot
from tests.chaos.people import People, Spoken
from tests.chaos.places import Event
from tests.chaos.plan import Blow, Strike
from tests.chaos.store import Store
from tests.doubles.discord.faults import Fault as DiscordFault
from tests.doubles.discord.faults import Reset, Status, Throttle
from tests.doubles.discord.gateway import Disconnect
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.slack.faults import ConnectionReset, HttpError, RateLimited
from tests.doubles.slack.faults import Fault as SlackFault
from tests.doubles.slack.server import SlackDouble
from tests.doubles.slack.socket_mode import Parting

_MERCY_S = 15.0
_SLACK_WRITES = ("chat.postMessage", "chat.update", "conversations.replies", "conversations.history")
_SLACK_FAULTS: Sequence[SlackFault] = (
    RateLimited(1),
    HttpError(503),
    HttpError(503, applied=True),
    ConnectionReset(applied=True),
    ConnectionReset(applied=False),
)
_DISCORD_WRITES = ("POST", "PATCH")
_DISCORD_FAULTS: Sequence[DiscordFault] = (
    Throttle(0.5),
    Status(502),
    Status(503, applied=True),
    Reset(applied=True),
    Reset(),
)
_SLACK_PARTINGS: Sequence[Parting] = ("warning", "refresh_requested", "reset")
_DISCORD_PARTINGS: Sequence[Disconnect] = ("reconnect", "resumable", "abort", "close")
_DISCORD_LOSSES: Sequence[Disconnect] = ("invalid", "lost")
_HURTS_TURNS = {Blow.KILL, Blow.FREEZE, Blow.STORE_KILL, Blow.STORE_FREEZE}


@dataclass(frozen=True, slots=True)
class Orphan:
    """A question whose process was killed while it answered."""

    marker: str
    at: float
    key: str


@dataclass(slots=True, eq=False)
class Fists:
    """Strikes the blows of a plan, each at its time."""

    crew: Crew
    store: Store
    slack: SlackDouble
    discord: DiscordDouble
    people: People
    ledger: Ledger
    parrot: Parrot
    struck: Counter[Blow] = field(default_factory=Counter)
    orphans: list[Orphan] = field(default_factory=list)
    diary: list[Event] = field(default_factory=list)
    _store_busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def strike(self, strikes: Sequence[Strike]) -> None:
        began = monotonic()
        async with asyncio.TaskGroup() as falling:
            for strike in strikes:
                await asyncio.sleep(max(0, began + strike.at_s - monotonic()))
                if strike.blow in _HURTS_TURNS:
                    # What waited does not fall all at once afterwards.
                    began += await self._mercy()
                falling.create_task(self._fall(strike))
        self.diary.append(
            Event(monotonic(), f"the last blow; {self.discord.faults.waiting} faults of Discord were left")
        )
        self.discord.faults.clear()

    async def _mercy(self) -> float:
        """Waits while some turn is in its last attempt; returns for how long.

        A turn that took three processes down ends in a notice, by design. Here its processes were not taken down by
        the turn, and a thousand kills would bring many such notices.
        """
        began = monotonic()
        while await self.ledger.endangered() and monotonic() < began + _MERCY_S:  # noqa: ASYNC110 - Redis does not tell
            await asyncio.sleep(0.05)
        return monotonic() - began

    async def _fall(self, strike: Strike) -> None:
        self.struck[strike.blow] += 1
        post = self.crew.pick(strike.dice)
        whom = f" of {post.child.key}" if strike.blow in {Blow.KILL, Blow.FREEZE, Blow.REPLACE} else ""
        self.diary.append(Event(monotonic(), f"{strike.blow.name.lower()}{whom} for {strike.seconds:.1f} s"))
        match strike.blow:
            case Blow.KILL:
                await self._kill(post, strike.seconds)
            case Blow.FREEZE:
                await self._freeze(post.child, strike.seconds)
            case Blow.REPLACE:
                await self.crew.replace(post)
            case Blow.STORE_KILL:
                async with self._store_busy:
                    await self.store.kill(strike.seconds)
            case Blow.STORE_FREEZE:
                async with self._store_busy:
                    await self.store.freeze(strike.seconds)
            case Blow.REPEAT:
                await self._repeat(strike.dice)
            case _:
                await self._disturb(strike)

    async def _kill(self, post: Post, down_s: float) -> None:
        key = post.child.key
        hit = [spoken for spoken in self.people.waiting() if self._answers(key, spoken)]
        now = monotonic()
        self.orphans += [Orphan(spoken.question.marker, now, key) for spoken in hit]
        await self.crew.kill(post, down_s)

    def _answers(self, key: str, spoken: Spoken) -> bool:
        calls = self.parrot.calls[spoken.question.marker]
        return bool(calls) and calls[-1].key == key

    async def _freeze(self, child: Child, seconds: float) -> None:
        child.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            child.signal(signal.SIGCONT)

    async def _repeat(self, dice: float) -> None:
        spoken = self.people.spoken[-50:]
        if spoken:
            one = spoken[int(dice * len(spoken))]
            try:
                await one.place.repeat(one.said.message)
            except TimeoutError:
                return  # nobody is connected; it is delivered when somebody is

    async def _disturb(self, strike: Strike) -> None:
        match strike.blow:
            case Blow.SLACK_SOCKET:
                await self.slack.disconnect(_chosen(_SLACK_PARTINGS, strike.dice))
            case Blow.DISCORD_RESUME:
                await self.discord.disconnect(_chosen(_DISCORD_PARTINGS, strike.dice))
            case Blow.DISCORD_FORGET:
                await self.discord.disconnect(_chosen(_DISCORD_LOSSES, strike.dice))
            case Blow.REFUSE if strike.dice < 0.5:
                name = _chosen(_SLACK_WRITES, strike.dice * 2)
                self.slack.fail(name, _chosen(_SLACK_FAULTS, strike.seconds * 2))
            case Blow.REFUSE:
                method = _chosen(_DISCORD_WRITES, strike.dice * 2 - 1)
                fault = _chosen(_DISCORD_FAULTS, strike.seconds * 2)
                self.discord.fail(fault, method=method, path=r"/channels/\d+/messages")


T = TypeVar("T")


def _chosen(several: Sequence[T], dice: float) -> T:
    return several[int(dice * len(several))]
