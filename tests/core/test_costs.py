from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation import Usage
from core.costs import Cost, Paid, cost_of, money
from core.drun.documented import table


@dataclass(frozen=True, slots=True)
class Price:
    currency: str = "CNY"
    tokens: int = 1000
    prompt: float | Decimal = 0.004
    completion: float | Decimal = 0.016


def test_maas_is_paid_by_the_token_with_no_binary_dust() -> None:
    cost = cost_of(Usage(1234, 567), Price())
    assert cost == Cost(Paid.TOKENS, "CNY", Decimal("0.014008"))
    assert str(cost) == "0.014008 CNY"


def test_the_smallest_documented_price_of_one_token_is_a_whole_number_of_billionths() -> None:
    assert cost_of(Usage(1, 0), Price(prompt=0.0008)).billionths == 800
    assert cost_of(Usage(1, 0), Price("USD", 1_000_000, 0.28, 1.10)).billionths == 280


def test_a_model_service_is_dedicated_even_where_a_price_is_known() -> None:
    cost = cost_of(Usage(1000, 1000), Price(), dedicated=True)
    assert (str(cost), cost.amount, cost.billionths) == ("dedicated", None, 0)


def test_an_unknown_price_stays_unknown_and_is_not_nothing() -> None:
    cost = cost_of(Usage(1000, 1000), None)
    assert (str(cost), cost.paid, cost.amount) == ("unknown", Paid.UNKNOWN, None)
    free = cost_of(Usage(0, 0), Price())
    assert (str(free), free.amount) == ("0 CNY", Decimal(0))


def test_the_demo_model_is_free() -> None:
    assert str(cost_of(Usage(10, 10), None, free=True)) == "free"


def test_reasoning_is_paid_once_as_part_of_the_completion() -> None:
    assert cost_of(Usage(0, 100, reasoning_tokens=90), Price()) == cost_of(Usage(0, 100), Price())


def test_every_documented_price_is_exact() -> None:
    priced = [model.price for model in table().models if model.price]
    assert len(priced) >= 4
    for price in priced:
        cost = cost_of(Usage(price.tokens, price.tokens), price)
        assert cost.amount == Decimal(str(price.prompt)) + Decimal(str(price.completion))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=50))
def test_sums_of_billionths_are_the_sum_of_the_amounts(turns: list[tuple[int, int]]) -> None:
    costs = [cost_of(Usage(*turn), Price()) for turn in turns]
    assert money(sum(cost.billionths for cost in costs)) == sum(cost.amount or 0 for cost in costs)


@pytest.mark.parametrize(("amount", "said"), [("100.00", "100 CNY"), ("0.1", "0.1 CNY"), ("1E+2", "100 CNY")])
def test_money_is_said_without_exponents_and_idle_zeros(amount: str, said: str) -> None:
    assert str(Cost(Paid.TOKENS, "CNY", Decimal(amount))) == said
