"""What somebody may use here: the operator's rules and those that admins have added, and what one turn holds of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from core.allowance_rules import parse_rules
from core.allowance_words import refusal
from core.allowances import ADMIN, Charge, Left, Rule, for_role, narrowest
from core.cascade import Chosen, Level
from core.conversation import Channel
from core.drun.asking import Asked
from core.drun.calls import Sampling
from core.drun.documented import Price
from core.drun.endpoints import Deployment
from core.drun.model import Model
from core.errors import ChatError
from core.preferences import BUDGETS
from core.store.allowances import Allowances, Granted, Refused
from core.store.claims import Claim
from core.surface import Platform
from core.texts import Language
from core.wrong import BudgetsWrong

log = structlog.get_logger()

_ADDED = (Level.WORKSPACE, Level.CHANNEL)
"""Where admins add rules to the operator's."""


class BudgetUsedUp(ChatError):
    """A turn may not be answered now. ``left`` is the budget that keeps it waiting longest."""

    def __init__(self, left: Left) -> None:
        super().__init__(str(left.rule))
        self.left = left

    def notice(self, language: Language) -> str:
        return refusal(self.left, language)


@dataclass(frozen=True, slots=True)
class Limits:
    """One for all turns of a process. ``operators`` are the operator's own rules."""

    allowances: Allowances
    operators: tuple[Rule, ...] = ()
    admins: frozenset[str] = frozenset()
    """Of the whole deployment, as ``platform:person``."""

    async def rules(
        self, chosen: Chosen, platform: Platform | None, channel: Channel, author: str
    ) -> tuple[Rule, ...]:
        """What holds for ``author`` in ``channel``, where ``chosen`` counts.

        The platform is asked who they are only where a rule is for a role. Whom it does not know is no admin.
        """
        layers = [self.operators, *(_added(chosen, level) for level in _ADDED)]
        role = ""
        if any(rule.role for layer in layers for rule in layer):
            role = ADMIN if await self._is_admin(platform, channel, author) else ""
        return narrowest(*(for_role(layer, role) for layer in layers))

    async def _is_admin(self, platform: Platform | None, channel: Channel, author: str) -> bool:
        if f"{channel.platform}:{author}" in self.admins:
            return True
        return platform is not None and bool((await platform.person(author, channel)).admin)


def _added(chosen: Chosen, level: Level) -> tuple[Rule, ...]:
    text = chosen.layers.get(level, {}).get(BUDGETS, "")
    try:
        return parse_rules(text) if text else ()
    except BudgetsWrong as error:
        # Whoever set them was told of mistakes: another version of the program wrote these.
        log.warning("budgets that were set in a chat cannot be read", level=level.value, reason=str(error))
        return ()


@dataclass(slots=True)
class Purse:
    """What one turn holds of budgets while it is answered."""

    limits: Limits | None
    claim: Claim
    platform: Platform
    chosen: Chosen
    granted: Granted | None = None
    """To be settled or given back when the turn ends; None: it holds nothing."""
    _asked: Asked | None = None
    _paid: tuple[bool, Price | None] = field(default=(False, None))

    async def hold(self, asked: Asked, expect: Callable[[], Charge | None]) -> None:
        """Holds what ``expect`` says before ``asked`` is sent anything. None: it will be sent nothing.

        Once for each who is asked, and anew where another one is paid in another way. Turns of the demo model are not
        counted. Raises BudgetUsedUp and StoreUnavailable.
        """
        if self.limits is None or asked is self._asked:
            return
        self._asked, model = asked, asked.model
        paid = model.dedicated, model.price
        if model.endpoint.deployment is Deployment.DEMO or (self.granted is not None and paid == self._paid):
            return
        wanted = await self._wanted(self.limits)
        if not wanted.holdings or (charge := expect()) is None:
            return
        if self.granted is not None:
            # A turn that holds something is not asked again what its money may be.
            await self.limits.allowances.give_back(self.granted)
            self.granted = None
        # Before it is asked for: whoever stops the turn in this moment, or an outage, leaves open whether it is held.
        self.granted = wanted
        found = await self.limits.allowances.reserve(wanted, charge)
        if isinstance(found, Refused):
            self.granted = None
            raise BudgetUsedUp(found.by)
        self._paid = paid

    async def _wanted(self, limits: Limits) -> Granted:
        """What it counts for: of people who are answered together whoever wrote second does not ride free."""
        message = self.claim.message
        channel = message.conversation.channel
        authors = dict.fromkeys(each.author for each in self.claim.messages)
        found = await asyncio.gather(
            *(limits.rules(self.chosen, self.platform, channel, author) for author in authors)
        )
        (author, rules), *others = zip(authors, found, strict=True)
        return limits.allowances.wanted(message.turn_id, channel, author, rules, dict(others))


def expected(model: Model, prompt: int, sampling: Sampling) -> Charge:
    """What an answer of ``model`` to ``prompt`` tokens may use."""
    room = model.window // 4
    most = sampling.within(model.output).max_tokens or min(room, model.output or room)
    return Charge.expected(
        prompt, window=model.window, most=most, price=model.price, dedicated=model.dedicated
    )
