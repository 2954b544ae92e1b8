"""BUDGETS, ALLOWED and BLOCKED as values; what is told of wrong ones stands in test_settings.py."""

import re

from bots.configuration import configure
from bots.limits import LimitSettings
from core.admission import NOT_HERE, NOT_OFFERED
from core.conversation import Channel
from tests.checkout import CHECKOUT


def test_without_settings_there_are_no_budgets_and_no_lists() -> None:
    limits = configure([], {}).limits
    assert limits.rules == ()
    assert limits.admission.admits(Channel("slack", "T1", "C1"), "U1") is None


def test_lists_are_separated_by_commas_or_lines() -> None:
    settings = {
        "BUDGETS": "person 50 requests/hour,\nchannel 9 tokens/day",
        "ALLOWED": "slack:T1, model:public/*\n",
        "BLOCKED": "slack:U2,,",
    }
    limits = configure([], settings).limits
    assert [str(rule) for rule in limits.rules] == ["person 50 requests/hour", "channel 9 tokens/day"]
    assert limits.admission.admits(Channel("slack", "T1", "C1"), "U1") is None
    assert limits.admission.admits(Channel("slack", "T1", "C1"), "U2") is NOT_HERE
    assert limits.admission.admits_model("u-1/a") is NOT_OFFERED


def test_the_example_s_budgets_can_be_read_and_show_each_kind() -> None:
    text = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    (budgets,) = re.findall(r"^#BUDGETS=(.+)$", text, re.MULTILINE)
    limits = LimitSettings(budgets=budgets)
    assert limits.problems() == []
    assert len({(rule.owner, rule.unit, rule.role) for rule in limits.rules}) == 4
