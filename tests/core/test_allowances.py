"""Rules of budgets: how they are written, whose they are, and what a turn is to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.allowance_rules import parse_rules
from core.allowances import (
    ADMIN,
    CURRENCIES,
    MOST,
    MOST_MONEY,
    REQUESTS,
    TOKENS,
    Charge,
    Left,
    Owner,
    Rule,
    Window,
    for_role,
    narrowest,
)
from core.conversation import Usage
from core.costs import BILLIONTHS, Cost, Paid
from core.drun.documented import table
from core.wrong import BudgetsWrong


@dataclass(frozen=True, slots=True)
class Price:
    currency: str = "CNY"
    tokens: int = 1000
    prompt: float | Decimal = 0.004
    completion: float | Decimal = 0.016


def test_rules_are_read_as_they_are_written() -> None:
    text = (
        "person 50 requests/hour, person 200000 tokens/day\n channel  1 Token / DAY ,workspace 20 cny/day，"
        "admin person 500 requests/hour,, admin channel unlimited tokens/day, workspace 0.5 USD/hour"
    )
    assert parse_rules(text) == (
        Rule(Owner.PERSON, 50, REQUESTS, Window.HOUR),
        Rule(Owner.PERSON, 200_000, TOKENS, Window.DAY),
        Rule(Owner.CHANNEL, 1, TOKENS, Window.DAY),
        Rule(Owner.WORKSPACE, 20 * BILLIONTHS, "CNY", Window.DAY),
        Rule(Owner.PERSON, 500, REQUESTS, Window.HOUR, ADMIN),
        Rule(Owner.CHANNEL, None, TOKENS, Window.DAY, ADMIN),
        Rule(Owner.WORKSPACE, BILLIONTHS // 2, "USD", Window.HOUR),
    )
    assert parse_rules(" \n, ") == ()


rules = st.builds(
    Rule,
    st.sampled_from(Owner),
    st.none() | st.integers(1, MOST),
    st.sampled_from([REQUESTS, TOKENS]),
    st.sampled_from(Window),
    st.sampled_from(["", ADMIN]),
) | st.builds(
    Rule,
    st.sampled_from(Owner),
    st.none() | st.integers(1, MOST_MONEY * BILLIONTHS),
    st.sampled_from(CURRENCIES),
    st.sampled_from(Window),
    st.sampled_from(["", ADMIN]),
)


@given(st.lists(rules, unique_by=lambda rule: rule.place))
def test_a_rule_s_text_is_the_rule_again(written: list[Rule]) -> None:
    assert parse_rules(", ".join(map(str, written))) == tuple(written)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("50 requests/hour", "`50 requests/hour` is no budget; one looks like `person 50 requests/hour`"),
        ("person 50 requests", "is no budget"),
        ("person 50 requests per hour", "is no budget"),
        ("guest person 50 requests/hour", "the only role is `admin`"),
        ("user 50 requests/hour", "a budget here is for `person`, `channel`, `workspace`"),
        ("person 50 words/hour", "what is counted is one of `requests`, `tokens`, `CNY`, `USD`"),
        ("person 5 EUR/day", "what is counted is one of"),
        ("person 50 requests/week", "a budget is for an `hour` or a `day`"),
        ("person 0 requests/hour", "the number is a whole one from 1"),
        ("person -5 requests/hour", "the number is a whole one from 1"),
        ("person 1.5 requests/hour", "the number is a whole one from 1"),
        ("person ٥ requests/hour", "the number is a whole one from 1"),
        (f"person {MOST + 1} tokens/day", "the number is a whole one from 1"),
        ("person 0.0 CNY/day", "the money is a number such as"),
        ("person 1e3 CNY/day", "the money is a number such as"),
        ("person 1000001 CNY/day", "the money is a number such as"),
        ("person 0.0000000001 CNY/day", "the money is a number such as"),
        ("person 5 tokens/day, person 6 tokens/day", "`person 6 tokens/day`: there is another budget"),
    ],
)
def test_a_rule_that_is_none_is_answered_with_what_would_be_right(text: str, sentence: str) -> None:
    with pytest.raises(BudgetsWrong) as wrong:
        parse_rules(text)
    assert len(wrong.value.wrong) == 1
    assert sentence in wrong.value.notice("en")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in wrong.value.notice("zh"))


def test_every_wrong_rule_is_told_and_none_of_the_right_ones() -> None:
    with pytest.raises(BudgetsWrong) as wrong:
        parse_rules("person 200,000 tokens/day, channel 5 tokens/day, `{x}`")
    told = wrong.value.notice("en").split("\n")
    assert [sentence.partition("`")[2].partition("`")[0] for sentence in told] == [
        "person 200",
        "000 tokens/day",
        "'{x}'",
    ]


def test_rules_that_lost_their_line_ends_are_read_all_the_same() -> None:
    written = "person 50 requests/hour channel 9 tokens/Day  workspace 1 CNY/day"
    assert parse_rules(written) == parse_rules(
        "person 50 requests/hour, channel 9 tokens/day, workspace 1 CNY/day"
    )


def test_whose_rules_may_be_spoken_of_can_be_limited() -> None:
    with pytest.raises(BudgetsWrong, match="a budget here is for `person`, `channel`, as in"):
        parse_rules("workspace 5 tokens/day", owners=(Owner.PERSON, Owner.CHANNEL))


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    found: Sequence[object]
    try:
        found, told = parse_rules(text), ""
    except BudgetsWrong as wrong:
        found, told = wrong.wrong, wrong.notice("en")
    assert bool(found) or not text.strip(",，;； ").strip()
    assert len(told) < 500 * max(1, len(found))


def test_a_role_s_rule_stands_in_the_place_of_the_one_that_says_the_same_of_everybody() -> None:
    base = parse_rules("person 50 requests/hour, person 9 tokens/day, workspace 1 CNY/day")
    own = parse_rules("admin person 500 requests/hour, admin channel unlimited tokens/day")
    assert for_role(base + own) == base
    assert for_role(base + own, ADMIN) == (*own, base[1], base[2])


def test_of_several_levels_all_rules_hold_and_the_lowest_limit_counts() -> None:
    wide = parse_rules("person 50 requests/hour, channel unlimited tokens/day, workspace 1 CNY/day")
    near = parse_rules("person 60 requests/hour, person 9 tokens/day, channel 5 tokens/day")
    assert narrowest(wide, (), near) == (wide[0], near[2], wide[2], near[1])
    assert narrowest(near, wide) == (wide[0], near[1], near[2], wide[2])
    assert narrowest(wide) == wide
    assert narrowest() == ()


def test_no_level_lifts_what_another_has_set() -> None:
    (limit,) = parse_rules("person 5 requests/hour")
    assert narrowest([limit], parse_rules("person unlimited requests/hour")) == (limit,)


def test_every_currency_of_a_documented_price_can_have_a_budget() -> None:
    assert {model.price.currency for model in table().models if model.price} == set(CURRENCIES)


def test_a_turn_is_expected_to_use_its_prompt_and_a_quarter_of_the_window_or_what_its_reply_may_have() -> (
    None
):
    quarter = Charge.expected(500, window=8000, price=Price())
    assert quarter == Charge(2500, Cost(Paid.TOKENS, "CNY", Decimal("0.034")))
    assert Charge.expected(500, window=8000, most=100, price=Price()).tokens == 600
    assert Charge.expected(500, window=8000, most=0).tokens == 500


CNY, DAY = "workspace 1 CNY/day", "workspace 1 tokens/day"


@pytest.mark.parametrize(
    ("charge", "money", "other_money"),
    [
        (Charge.expected(5, window=4, price=Price()), True, False),
        (Charge.expected(5, window=4, price=Price(), dedicated=True), False, False),
        (Charge.expected(5, window=4, price=Price(), free=True), False, False),
        (Charge.expected(5, window=4), True, True),
    ],
    ids=["by token", "Model Service", "demo model", "price unknown"],
)
def test_a_budget_of_money_concerns_what_is_paid_by_token(
    charge: Charge, *, money: bool, other_money: bool
) -> None:
    cny, usd, tokens = parse_rules(f"{CNY}, workspace 1 USD/day, {DAY}")
    assert (charge.concerns(cny), charge.concerns(usd)) == (money, other_money)
    assert charge.concerns(tokens)
    assert (charge.amount(TOKENS), charge.amount(REQUESTS), charge.amount("USD")) == (6, 1, 0)


def test_what_is_used_is_prompt_and_completion() -> None:
    charge = Charge.of(Usage(100, 20, reasoning_tokens=5), Cost(Paid.TOKENS, "CNY", Decimal("0.5")))
    assert (charge.amount(TOKENS), charge.amount("CNY")) == (120, BILLIONTHS // 2)


def test_what_is_left_is_never_less_than_nothing() -> None:
    (rule,) = parse_rules(DAY)
    assert Left(rule, 5, 5, 1.0).left == 0
