"""What people are told of their budgets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.allowance_rules import parse_rules
from core.allowance_words import line, refusal, until_reset
from core.allowances import Left
from core.costs import BILLIONTHS


def left(rule: str, used: int, held: int = 0, resets_s: float = 1380.0) -> Left:
    (found,) = parse_rules(rule)
    return Left(found, used, held, resets_s)


@pytest.mark.parametrize(
    ("found", "en", "zh"),
    [
        (
            left("person 50 requests/hour", 50),
            "Your budget of 50 requests an hour is used up. It resets in 23 minutes.",
            "您的额度（每小时 50 次请求）已用完，将在 23 分钟后重置。",
        ),
        (
            left("person 1 request/day", 0, 1, 3599),
            "Your budget of 1 request a day is used up. It resets in 1 hour.",
            "您的额度（每天 1 次请求）已用完，将在 1 小时后重置。",
        ),
        (
            left("channel 100000 tokens/day", 100_001, 9, 18_661),
            "This channel's budget of 100,000 tokens a day is used up. It resets in 5 hours 12 minutes.",
            "本频道的额度（每天 100,000 个 token）已用完，将在 5 小时 12 分钟后重置。",
        ),
        (
            left("workspace 0.5 CNY/day", BILLIONTHS, 0, 5),
            "This workspace's budget of 0.5 CNY a day is used up. It resets in less than a minute.",
            "本工作区的额度（每天 0.5 CNY）已用完，将在 1 分钟内重置。",
        ),
        (
            left("channel 100 tokens/hour", 99, 1),
            "The answers I am writing now may take all that is left of this channel's budget of 100 tokens an hour. Please ask again when they are done; it resets in 23 minutes.",
            "我正在写的回答可能会用完本频道的额度（每小时 100 个 token）。请等这些回答完成后再问一次；额度将在 23 分钟后重置。",
        ),
    ],
)
def test_a_refusal_says_which_budget_it_is_and_when_it_resets(found: Left, en: str, zh: str) -> None:
    assert refusal(found, "en") == en
    assert refusal(found, "zh") == zh


def test_what_is_left_is_one_line_each() -> None:
    found = left("person 50 requests/hour", 12)
    assert line(found, "en") == "You, 50 requests an hour: 12 used, 38 left; resets in 23 minutes"
    assert line(found, "zh") == "您，每小时 50 次请求：已用 12，剩余 38，23 分钟后重置"
    money = left("workspace 20 CNY/day", 3 * BILLIONTHS // 2, BILLIONTHS)
    assert line(money, "en") == (
        "This workspace, 20 CNY a day: 1.5 used, 1 kept for answers being written, 17.5 left; resets in 23 minutes"
    )
    assert line(money, "zh") == (
        "本工作区，每天 20 CNY：已用 1.5，为正在写的回答预留 1，剩余 17.5，23 分钟后重置"
    )


@given(st.floats(0, 86_400))
def test_who_comes_back_then_is_not_too_early_and_hardly_late(seconds: float) -> None:
    words = until_reset(seconds, "en")
    if words == "in less than a minute":
        assert seconds < 60
        return
    numbers = dict(zip(["minute", "hour"], [0, 0], strict=True))
    parts = words.removeprefix("in ").split()
    for number, unit in zip(parts[::2], parts[1::2], strict=True):
        assert unit.endswith("s") == (number != "1")
        numbers[unit.removesuffix("s")] = int(number)
    told = numbers["hour"] * 3600 + numbers["minute"] * 60
    assert seconds <= told < seconds + 60.001
