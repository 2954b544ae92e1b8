"""What was used, added up for each workspace, channel and person, day by day (UTC).

Each scope has a hash slot of its own, beside those of conversations: nothing here is part of a turn's own steps.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.conversation import Channel, Usage
from core.costs import Cost, Paid, money
from core.store.connection import Connections, translating
from core.store.keys import PREFIX
from core.store.routes import Command
from core.store.scopes import Scope

DAY_S = 24 * 3600
KEPT_S = 400 * DAY_S
"""Thirteen months: a month can be compared with the one a year ago."""
_REMEMBERED_S = 3 * DAY_S
"""How long a counted turn is known: a repeated commit or a taken-over turn comes within seconds."""
_COST = "cost:"


@dataclass(frozen=True, slots=True)
class Spent:
    """One turn that is to be counted."""

    turn: str
    """Its id: it counts once, whoever tells of it and how often."""
    channel: Channel
    author: str
    usage: Usage
    cost: Cost
    at: datetime | None = None
    """None: now."""
    turns: int = 1
    """0: what was used is part of no turn."""

    @property
    def scopes(self) -> tuple[Scope, ...]:
        person = (Scope.person(self.channel, self.author),) if self.author else ()
        return (Scope.workspace(self.channel), Scope.channel(self.channel), *person)


@dataclass(frozen=True, slots=True)
class Sums:
    """What some turns used together."""

    turns: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    """Part of ``completion_tokens``, estimated where they were not reported."""
    estimated_turns: int = 0
    """Turns whose tokens the model did not report: they are estimates."""
    dedicated_turns: int = 0
    """Turns of a Model Service: their tokens are counted, and cost nothing by themselves."""
    unpriced_turns: int = 0
    """Turns of a model whose price is unknown: ``costs`` holds nothing of them."""
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    """By currency."""


class Spending:
    """Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections) -> None:
        self._routes = connections.routes
        self._spend = connections.script("spend")

    @translating
    async def add(self, spent: Spent) -> None:
        """Counts a turn in each of its scopes, side by side. What was counted before is left as it is."""
        day = (spent.at or datetime.now(UTC)).astimezone(UTC).date()
        fields = [part for pair in _fields(spent).items() for part in pair]
        await asyncio.gather(
            *(
                self._spend(
                    [_sums(scope, day), _turns(scope, day), _turns(scope, day - timedelta(days=1))],
                    [spent.turn, KEPT_S, _REMEMBERED_S, *fields],
                )
                for scope in spent.scopes
            )
        )

    @translating
    async def of(self, scope: Scope, days: int, *, until: date | None = None) -> Sums:
        """The sums of the last ``days`` days, today included; ``until`` names another last day."""
        last = until or datetime.now(UTC).date()
        keys = [_sums(scope, last - timedelta(days=back)) for back in range(days)]
        reading: Sequence[Command] = [("HGETALL", key) for key in keys]
        found = await self._routes.send(keys[0], *reading, again=True) if keys else []
        return _added(_pairs(each) for each in found)


def _fields(spent: Spent) -> dict[str, int]:
    usage, cost = spent.usage, spent.cost
    found = {
        "turns": spent.turns,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens or 0,
        "estimated_turns": usage.estimated * spent.turns,
        "dedicated_turns": (cost.paid is Paid.DEDICATED) * spent.turns,
        "unpriced_turns": (cost.paid is Paid.UNKNOWN) * spent.turns,
        _COST + cost.currency: cost.billionths,
    }
    return {name: number for name, number in found.items() if number}


def _pairs(reply: Mapping[str, str] | Sequence[str]) -> dict[str, int]:
    # redis-py makes a mapping of HGETALL's reply; in a pipeline with options it may leave the list.
    items = reply.items() if isinstance(reply, Mapping) else zip(reply[::2], reply[1::2], strict=True)
    return {name: int(number) for name, number in items}


def _added(days: Iterable[Mapping[str, int]]) -> Sums:
    total: dict[str, int] = {}
    for day in days:
        for name, number in day.items():
            total[name] = total.get(name, 0) + number
    costs = {
        name.removeprefix(_COST): money(number) for name, number in total.items() if name.startswith(_COST)
    }
    # A later version may count more than this one knows.
    known = {name: number for name, number in total.items() if name in Sums.__slots__ and name != "costs"}
    return Sums(**known, costs=costs)


def _sums(scope: Scope, day: date) -> str:
    return f"{PREFIX}:usage:{{{scope.name}}}:{day:%Y%m%d}"


def _turns(scope: Scope, day: date) -> str:
    return f"{_sums(scope, day)}:turns"
