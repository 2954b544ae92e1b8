"""What a turn costs in money. No floats: a price is a decimal as it is documented, and sums are whole billionths.

MaaS by Token is paid by the token. A Model Service is paid by the instance and the hour, whatever is said to it. A price
that nobody documents stays unknown, which is not the same as nothing.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from typing import Protocol

from core.conversation import Usage

BILLIONTHS = 1_000_000_000
"""Of a currency's unit: d.run's prices are whole numbers of them for one token."""


class Paid(Enum):
    """How a turn is paid. The values are what log and sums say."""

    TOKENS = "by token"
    DEDICATED = "dedicated"
    UNKNOWN = "unknown"
    FREE = "free"
    """The demo model, on this machine."""


class Priced(Protocol):
    """What ``tokens`` tokens cost; a ``core.drun.documented.Price``. Numbers as they are written in the table."""

    @property
    def currency(self) -> str: ...
    @property
    def tokens(self) -> int: ...
    @property
    def prompt(self) -> float | Decimal: ...
    @property
    def completion(self) -> float | Decimal: ...


@dataclass(frozen=True, slots=True)
class Cost:
    """``amount`` is in ``currency``, and None unless the turn is paid by token."""

    paid: Paid
    currency: str = ""
    amount: Decimal | None = None

    @property
    def billionths(self) -> int:
        """To be added up: 0 where there is no amount."""
        return int((self.amount or Decimal(0)) * BILLIONTHS)

    def __str__(self) -> str:
        return self.paid.value if self.amount is None else f"{plain(self.amount)} {self.currency}"


def cost_of(usage: Usage, price: Priced | None, *, dedicated: bool = False, free: bool = False) -> Cost:
    """Completion tokens hold the reasoning, which is paid as they are."""
    if dedicated:
        return Cost(Paid.DEDICATED)
    if free:
        return Cost(Paid.FREE)
    if price is None:
        return Cost(Paid.UNKNOWN)
    amount = usage.prompt_tokens * _decimal(price.prompt) + usage.completion_tokens * _decimal(
        price.completion
    )
    return Cost(
        Paid.TOKENS,
        price.currency,
        (amount / price.tokens).quantize(Decimal(1) / BILLIONTHS, rounding=ROUND_HALF_EVEN),
    )


def money(billionths: int) -> Decimal:
    """The inverse of ``Cost.billionths``."""
    return Decimal(billionths) / BILLIONTHS


def plain(amount: Decimal) -> str:
    """``0.0042``: no exponent, no zeros that say nothing."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimal(number: float | Decimal) -> Decimal:
    # A float prints as it was written in the table; Decimal(float) would be its binary neighbour.
    return number if isinstance(number, Decimal) else Decimal(str(number))
