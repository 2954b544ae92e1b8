"""What is learned and counted from turn to turn: how models count tokens, and what each turn used and cost.

Nothing here is awaited by a turn. What is kept in Redis is written and read beside it, by ``chores``.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Protocol

import structlog

from core.allowances import Charge
from core.chores import Chores
from core.conversation import Message, Turn, Usage
from core.costs import Cost, cost_of
from core.drun.endpoints import Deployment
from core.drun.model import Model
from core.errors import StoreUnavailable
from core.estimate import UNKNOWN, Calibration, raw_prompt, raw_tokens
from core.store.allowances import Granted
from core.store.claims import Claim
from core.store.usage import Spent

log = structlog.get_logger()

REFRESH_S = 60.0
"""How old what other workers have learned may be."""


class KeptCalibrations(Protocol):
    """A ``core.store.calibrations.Calibrations``."""

    async def all(self) -> dict[str, Calibration]: ...
    async def keep(self, model: str, calibration: Calibration) -> None: ...


class KeptUsage(Protocol):
    """A ``core.store.usage.Spending``."""

    async def add(self, spent: Spent) -> None: ...


class KeptAllowances(Protocol):
    """A ``core.store.allowances.Allowances``."""

    async def settle(self, granted: Granted, charge: Charge) -> None: ...
    async def give_back(self, granted: Granted) -> None: ...


@dataclass(frozen=True, slots=True)
class Said:
    """One reply, as far as it came."""

    model: Model
    sent: Sequence[Message]
    text: str
    thoughts: str = ""
    """Its last part, where there were many."""
    thought_size: int = 0
    """Characters of all of them."""
    reported: Usage | None = None
    began_s: float | None = None
    """Seconds until its first sign; None: there was none."""
    took_s: float = 0.0


class Books:
    """One for all turns of a process. Without ``chores`` nothing is kept beyond it."""

    def __init__(
        self,
        chores: Chores | None = None,
        *,
        calibrations: KeptCalibrations | None = None,
        usage: KeptUsage | None = None,
        allowances: KeptAllowances | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._chores = chores
        self._kept = calibrations
        self._usage = usage
        self._allowances = allowances
        self._now = now
        self._known: dict[str, Calibration] = {}
        self._read_at = float("-inf")

    def calibration(self, model: str) -> Calibration:
        """What is known of ``model`` now; what others have learned is read meanwhile, for those who come later."""
        self.refresh()
        return self._known.get(model, UNKNOWN)

    def refresh(self) -> None:
        """Reads what others have learned, if that is due."""
        if self._kept is not None and self._now() >= self._read_at + REFRESH_S:
            self._read_at = self._now()
            self._beside(partial(self._read, self._kept), "read calibrations")

    def learn(self, said: Said) -> None:
        """Compares what was sent with what the model reports of it."""
        # A picture's share is a guess, and may be counted or not: it must not be taken for the texts'.
        if said.reported is None or not said.sent or any(message.pictures for message in said.sent):
            return
        model = said.model.id
        known = self._known.get(model, UNKNOWN)
        learned = known.learned(raw_prompt(said.sent), said.reported.prompt_tokens)
        if learned == known:
            return
        self._known[model] = learned
        if self._kept is not None:
            self._beside(partial(self._kept.keep, model, learned), "keep a calibration")

    def usage(self, said: Said) -> Usage | None:
        """What the model reports, what it leaves out estimated, or an estimate; None when it said nothing at all."""
        if said.reported is not None:
            return _with_thoughts(said.reported, said)
        if not (said.text or said.thought_size):
            return None
        known = self._known.get(said.model.id, UNKNOWN)
        thought = known.tokens(_raw_thoughts(said))
        return Usage(
            known.tokens(raw_prompt(said.sent)),
            known.tokens(raw_tokens(said.text)) + thought,
            thought or None,
            estimated=True,
        )

    def settle(
        self,
        claim: Claim,
        turn: Turn,
        said: Said,
        *,
        held: Granted | None = None,
        at: datetime | None = None,
    ) -> None:
        """Counts a turn, once however often this is called for it, and tells the log. Never of its words.

        ``held`` is what it holds of budgets: what it used takes its place.
        """
        if turn.usage is None:
            self.give_back(held)
            return
        cost = _cost_of(turn.usage, said.model)
        _tell(claim, turn.usage, said, cost, complete=turn.complete)
        if self._usage is not None:
            channel = claim.conversation.channel
            spent = Spent(turn.id, channel, turn.author, turn.usage, cost, at)
            self._beside(partial(self._usage.add, spent), "count a turn")
        if self._allowances is not None and held is not None:
            charge = Charge.of(turn.usage, cost)
            self._beside(partial(self._allowances.settle, held, charge), "settle a turn's budgets")

    def give_back(self, held: Granted | None) -> None:
        """What a turn holds of budgets that ends, or is left to a later attempt, with nothing to count."""
        if self._allowances is not None and held is not None:
            self._beside(partial(self._allowances.give_back, held), "give back a turn's budgets")

    def settle_beside(self, claim: Claim, name: str, said: Said) -> None:
        """Counts what nobody asked for, once for each ``name``: for the channel and its workspace, and as no turn."""
        usage = self.usage(said)
        if usage is None or self._usage is None:
            return
        channel, cost = claim.conversation.channel, _cost_of(usage, said.model)
        self._beside(partial(self._usage.add, Spent(name, channel, "", usage, cost, turns=0)), "count a call")

    async def _read(self, kept: KeptCalibrations) -> None:
        found = await kept.all()
        # What was learned here since is not undone by what is older: the heavier one has seen more.
        for model, theirs in found.items():
            ours = self._known.get(model)
            if ours is None or theirs.weight >= ours.weight:
                self._known[model] = replace(theirs)

    def _beside(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        if self._chores is not None:
            self._chores.begin(_forgiven(work, name), name)


def _raw_thoughts(said: Said) -> float:
    return raw_tokens(said.thoughts) * said.thought_size / len(said.thoughts) if said.thoughts else 0.0


def _with_thoughts(reported: Usage, said: Said) -> Usage:
    """``reported``, with a share of its completion where thoughts came of which it says nothing.

    An engine without a reasoning parser takes them for text, and tells of none or of 0.
    """
    thought = _raw_thoughts(said)
    if reported.reasoning_tokens or not thought:
        return reported
    # The completion's true number is known: an estimate of the parts only has to divide it.
    share = thought / (thought + raw_tokens(said.text))
    return replace(
        reported, reasoning_tokens=round(reported.completion_tokens * share), reasoning_estimated=True
    )


def _cost_of(usage: Usage, model: Model) -> Cost:
    free = model.endpoint.deployment is Deployment.DEMO
    return cost_of(usage, model.price, dedicated=model.dedicated, free=free)


async def _forgiven(work: Callable[[], Awaitable[None]], name: str) -> None:
    try:
        await work()
    except StoreUnavailable as error:
        log.info("not done beside a turn", work=name, reason=str(error))


def _tell(claim: Claim, usage: Usage, said: Said, cost: Cost, *, complete: bool) -> None:
    log.info(
        "a turn",
        conversation=str(claim.conversation),
        model=said.model.id,
        deployment=said.model.endpoint.deployment.value,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        estimated=usage.estimated,
        reasoning_estimated=usage.reasoning_estimated,
        cost=str(cost),
        first_s=None if said.began_s is None else round(said.began_s, 3),
        took_s=round(said.took_s, 3),
        complete=complete,
    )
