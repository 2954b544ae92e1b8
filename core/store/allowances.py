"""Budgets in Redis: what turns used and hold, for each person, channel and workspace that has one.

The rule: a turn is refused when what is used and held **before** it has reached a limit. Its own estimate does not count
against it, or a first question would be refused because a long answer might come. So a budget of requests is kept
exactly, and one of tokens or money is passed by one turn at most, and by what estimates of turns side by side were too low.

A turn counts in the hour and the day in which it began to hold. What is never settled (a worker was killed, and nobody
took the turn over) is held for ``KNOWN_S``, and no longer than its window. A turn that is settled after that counts in
the hour and the day of that moment.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from core.allowances import REQUESTS, TOKENS, Charge, Left, Owner, Rule, Window
from core.conversation import Channel
from core.store.connection import Connections, translating
from core.store.keys import PREFIX
from core.store.scopes import Scope

KNOWN_S = 3600
"""How long a hold counts, and a settled turn is known. Longer than any answer takes; a lost lease is taken over within
seconds, and so is a commit repeated."""
_KEPT_S = 25 * 3600
"""Longer than a day's window."""
_WINDOWS = {Window.HOUR: "h", Window.DAY: "d"}
_NOBODY: Mapping[str, Sequence[Rule]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Holding:
    """A scope that has budgets, with their rules."""

    scope: Scope
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """A turn may be answered. To be settled or given back."""

    turn: str
    holdings: tuple[Holding, ...] = ()
    """Empty: there are no budgets for it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A turn may not be answered now, and holds nothing. ``by`` is the budget that keeps it waiting longest."""

    by: Left


@dataclass(frozen=True, slots=True)
class _Entry:
    """One sum that a turn is counted in."""

    window: Window
    unit: str
    amount: int
    rule: Rule | None
    """The one to be kept to."""

    @property
    def arguments(self) -> tuple[str | int, ...]:
        limit = self.rule.limit if self.rule else None
        return (_WINDOWS[self.window], self.unit, self.amount, "" if limit is None else limit)


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step of the script found."""

    done: bool
    now_ms: int
    entries: Sequence[_Entry]
    sums: Sequence[int]
    """Used and held of each entry, one after the other."""

    def budgets(self) -> Iterator[Left]:
        for entry, used, held in zip(self.entries, self.sums[::2], self.sums[1::2], strict=True):
            if entry.rule is not None:
                yield Left(entry.rule, used, held, _resets_s(entry.window, self.now_ms))

    def reached(self) -> list[Left]:
        return [each for each in self.budgets() if not each.left]


class Allowances:
    """``rules`` are always those for one person's role: see ``core.allowances.for_role``.

    Without rules Redis is not asked. Every method raises StoreUnavailable when it does not answer.
    ``now`` is for tests; without it the server's clock counts, which all workers share.
    """

    def __init__(self, connections: Connections, *, now: Callable[[], datetime] | None = None) -> None:
        self._script = connections.script("allowance")
        self._now = now

    def wanted(
        self,
        turn: str,
        channel: Channel,
        author: str,
        rules: Sequence[Rule],
        others: Mapping[str, Sequence[Rule]] = _NOBODY,
    ) -> Granted:
        """What ``reserve`` grants where it does: to be given back when nobody knows how that ended.

        ``others`` are answered together with ``author``, each with the rules for their role. It counts for each of
        these people, and once for the channel and the workspace.
        """
        holdings = _holdings(channel, author, rules)
        for other, theirs in others.items():
            holdings += _holdings(channel, other, [rule for rule in theirs if rule.owner is Owner.PERSON])
        return Granted(turn, holdings)

    @translating
    async def reserve(self, wanted: Granted, charge: Charge) -> Granted | Refused:
        """Holds ``charge`` and one request in each scope, side by side; once, however often it is called for a turn.

        Where one refuses, the others get theirs back. So in a rush for the last of two budgets at once fewer may be
        admitted than both would bear, but never more.
        """
        turn, holdings = wanted.turn, wanted.holdings
        steps = await asyncio.gather(*(self._step("hold", turn, each, charge) for each in holdings))
        reached = [left for step in steps if not step.done for left in step.reached()]
        if not reached:
            return wanted
        held = [each for each, step in zip(holdings, steps, strict=True) if step.done]
        await asyncio.gather(*(self._step("return", turn, each) for each in held))
        return Refused(max(reached, key=lambda left: (not left.only_held, left.resets_s)))

    @translating
    async def settle(self, granted: Granted, charge: Charge) -> None:
        """Counts what the turn used in the place of what it holds; once, with what was told first."""
        await asyncio.gather(*(self._step("settle", granted.turn, each, charge) for each in granted.holdings))

    @translating
    async def give_back(self, granted: Granted) -> None:
        """Of a turn that ended without a call, or whose call brought nothing. A settled one stays counted."""
        await asyncio.gather(*(self._step("return", granted.turn, each) for each in granted.holdings))

    @translating
    async def left(self, channel: Channel, author: str, rules: Sequence[Rule]) -> list[Left]:
        """Every budget that holds for ``author`` in ``channel``, and how it stands."""
        steps = await asyncio.gather(
            *(self._step("look", "", each) for each in _holdings(channel, author, rules))
        )
        return [left for step in steps for left in step.budgets()]

    async def _step(self, step: str, turn: str, holding: Holding, charge: Charge | None = None) -> _Step:
        entries = _counted(holding.rules, charge) if charge is not None else _looked_at(holding.rules)
        prefix = f"{PREFIX}:allowance:{{{holding.scope.name}}}"
        now = int(self._now().timestamp() * 1000) if self._now else ""
        done, now_ms, *sums = await self._script(
            [prefix, f"{prefix}:turns", f"{prefix}:deadlines"],
            [
                step,
                turn,
                now,
                KNOWN_S * 1000,
                _KEPT_S,
                *(argument for entry in entries for argument in entry.arguments),
            ],
        )
        return _Step(bool(done), now_ms, entries, sums)


def _holdings(channel: Channel, author: str, rules: Sequence[Rule]) -> tuple[Holding, ...]:
    """Whose budgets there are; nobody is counted who has none."""
    scopes = {Owner.WORKSPACE: Scope.workspace(channel), Owner.CHANNEL: Scope.channel(channel)}
    if author:
        scopes[Owner.PERSON] = Scope.person(channel, author)
    found = (
        Holding(scope, tuple(rule for rule in rules if rule.owner is owner))
        for owner, scope in scopes.items()
    )
    return tuple(each for each in found if any(rule.limit is not None for rule in each.rules))


def _counted(rules: Sequence[Rule], charge: Charge) -> list[_Entry]:
    """All that a turn is counted in: also what has no rule yet, for an admin may make one in the middle of a day."""
    known = {(rule.window, rule.unit): rule for rule in rules}
    money = [unit for unit in dict.fromkeys([charge.cost.currency, *(rule.unit for rule in rules)]) if unit]
    entries = []
    for window in Window:
        for unit in dict.fromkeys([REQUESTS, TOKENS, *money]):
            rule = known.get((window, unit))
            if rule is not None and (rule.limit is None or not charge.concerns(rule)):
                continue
            entries.append(_Entry(window, unit, charge.amount(unit), rule))
    return entries


def _looked_at(rules: Sequence[Rule]) -> list[_Entry]:
    return [_Entry(rule.window, rule.unit, 0, rule) for rule in rules if rule.limit is not None]


def _resets_s(window: Window, now_ms: int) -> float:
    return window.seconds - now_ms / 1000 % window.seconds
