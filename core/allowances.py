"""Budgets: how much people, channels and workspaces may use in an hour or a day, as rules that people write.

    person 50 requests/hour, channel 100000 tokens/day, workspace 20 CNY/day, admin person unlimited requests/hour

``core.allowance_rules`` reads them. In code they are allowances: ``core.budgets`` are those of writing to the platforms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain

from core.conversation import Usage
from core.costs import Cost, Paid, Priced, cost_of, money, plain

REQUESTS, TOKENS = "requests", "tokens"
CURRENCIES = ("CNY", "USD")
"""Those of documented prices. Another would never be counted, so it is a mistake."""
ADMIN = "admin"
MOST = 10**12
MOST_MONEY = 10**6
"""Bounds of a rule. Lua counts exactly up to 2 to the power of 53, and money is counted in billionths."""


class Owner(Enum):
    """Whose use is added up. The values are what people write."""

    PERSON = "person"
    """Somebody as one workspace knows them."""
    CHANNEL = "channel"
    WORKSPACE = "workspace"


class Window(Enum):
    """The clock's, in UTC. The values are what people write."""

    HOUR = "hour"
    DAY = "day"

    @property
    def seconds(self) -> int:
        return 3600 if self is Window.HOUR else 24 * 3600


@dataclass(frozen=True, slots=True)
class Rule:
    """``str`` of it can be read again."""

    owner: Owner
    limit: int | None
    """Requests, tokens, or billionths of a currency's unit; None: without limit, and not counted."""
    unit: str
    window: Window
    role: str = ""
    """Who it holds for; empty: for all whose role has no rule of its own."""

    @property
    def is_money(self) -> bool:
        return self.unit in CURRENCIES

    def amount(self, number: int) -> str:
        """``number`` of its unit, as people read numbers."""
        return plain(money(number)) if self.is_money else f"{number:,}"

    def __str__(self) -> str:
        amount = "unlimited" if self.limit is None else self.amount(self.limit).replace(",", "")
        return f"{self.role} {self.owner.value} {amount} {self.unit}/{self.window.value}".strip()

    @property
    def place(self) -> tuple[str, Owner, str, Window]:
        """Of several rules with the same place only one can count."""
        return self.role, self.owner, self.unit, self.window


@dataclass(frozen=True, slots=True)
class Charge:
    """What one turn uses of budgets, beside being one request."""

    tokens: int
    cost: Cost

    @classmethod
    def of(cls, usage: Usage, cost: Cost) -> "Charge":
        return cls(usage.prompt_tokens + usage.completion_tokens, cost)

    @classmethod
    def expected(
        cls,
        prompt: int,
        *,
        window: int,
        most: int | None = None,
        price: Priced | None = None,
        dedicated: bool = False,
        free: bool = False,
    ) -> "Charge":
        """Of a turn that is about to be answered: the prompt's estimate, and as much reply as it may have.

        That is ``most`` tokens where they are limited, or else the quarter of the window that ``core.window`` leaves.
        """
        usage = Usage(prompt, window // 4 if most is None else most, estimated=True)
        return cls.of(usage, cost_of(usage, price, dedicated=dedicated, free=free))

    def amount(self, unit: str) -> int:
        if unit == REQUESTS:
            return 1
        if unit == TOKENS:
            return self.tokens
        return self.cost.billionths if self.cost.currency == unit else 0

    def concerns(self, rule: Rule) -> bool:
        """Whether ``rule`` can refuse it. Money is MaaS by Token's: a Model Service's budget is its instance.

        A turn at an unknown price adds nothing to a budget of money, but may not go on once that is used up.
        """
        if not rule.is_money:
            return True
        return self.cost.paid is Paid.UNKNOWN or (
            self.cost.paid is Paid.TOKENS and self.cost.currency == rule.unit
        )


@dataclass(frozen=True, slots=True)
class Left:
    """Where one budget stands."""

    rule: Rule
    used: int
    held: int
    """What answers that are being written may still use."""
    resets_s: float

    @property
    def left(self) -> int:
        return max(0, (self.rule.limit or 0) - self.used - self.held)

    @property
    def only_held(self) -> bool:
        """It is not used up: what is left of it is held by answers that are being written, and some may come back.

        A request does not: each of them will be one.
        """
        return self.rule.unit != REQUESTS and self.used < (self.rule.limit or 0)


def narrowest(*layers: Sequence[Rule]) -> tuple[Rule, ...]:
    """What holds where several levels have rules: all of them, so of those that say the same the lowest limit.

    Nobody lifts a limit that somebody else has set. Each layer is one role's, see ``for_role``.
    """
    found: dict[tuple[Owner, str, Window], Rule] = {}
    for rule in chain.from_iterable(layers):
        same = rule.owner, rule.unit, rule.window
        found[same] = min(found.get(same, rule), rule, key=_lowness)
    return tuple(found.values())


def _lowness(rule: Rule) -> float:
    return float("inf") if rule.limit is None else rule.limit


def for_role(rules: Sequence[Rule], role: str = "") -> tuple[Rule, ...]:
    """The rules for somebody with ``role``: its own, each in the place of the one that says the same of everybody."""
    own = [rule for rule in rules if role and rule.role == role]
    replaced = {replace(rule, role="").place for rule in own}
    return (*own, *(rule for rule in rules if not rule.role and rule.place not in replaced))
