"""Reading rules as people write them: ``person 50 requests/hour``."""

import re
from collections.abc import Collection, Iterable
from decimal import Decimal

from core.allowances import ADMIN, CURRENCIES, MOST, MOST_MONEY, REQUESTS, TOKENS, Owner, Rule, Window
from core.costs import BILLIONTHS
from core.texts import Text
from core.wrong import BudgetsWrong, ValueWrong

_SHOWN = 60
"""Characters of a rule that are repeated to whoever wrote it."""


_RULE = re.compile(
    r"(?:(?P<role>\S+) +)?(?P<owner>\S+) +(?P<amount>\S+) +(?P<unit>[^\s/]+) */ *(?P<window>\S+)",
    re.IGNORECASE,
)
# Who writes one rule a line may have the line ends taken out on the way.
_BETWEEN = re.compile(r"[,，;；\n]|(?<=/hour)\s|(?<=/day)\s", re.IGNORECASE)
_UNITS = {
    "request": REQUESTS,
    REQUESTS: REQUESTS,
    "token": TOKENS,
    TOKENS: TOKENS,
    **{currency.lower(): currency for currency in CURRENCIES},
}


def parse_rules(text: str, *, owners: Collection[Owner] = tuple(Owner)) -> tuple[Rule, ...]:
    """The rules of ``text``, separated by commas, line ends, or nothing but a space. ``owners``: those that it may speak of.

    Raises BudgetsWrong with a sentence for each rule that is none.
    """
    rules: list[Rule] = []
    wrong: list[ValueWrong] = []
    for written in filter(None, map(str.strip, _BETWEEN.split(text))):
        try:
            rule = _parsed(written, owners)
            if any(rule.place == other.place for other in rules):
                raise ValueWrong(_TWICE, rule=_short(written))  # noqa: TRY301 - told with the others
            rules.append(rule)
        except ValueWrong as error:
            wrong.append(error)
    if wrong:
        raise BudgetsWrong(wrong)
    return tuple(rules)


def _parsed(written: str, owners: Collection[Owner]) -> Rule:
    """Raises ValueWrong."""
    shown = _short(written)
    match = _RULE.fullmatch(" ".join(written.split()).lower())
    if match is None:
        raise ValueWrong(_NO_RULE, rule=shown)
    if match["role"] not in {None, ADMIN}:
        raise ValueWrong(_NO_ROLE, rule=shown)
    if match["owner"] not in {owner.value for owner in owners}:
        raise ValueWrong(
            _NO_OWNER, rule=shown, owners=_listed(owner.value for owner in Owner if owner in owners)
        )
    if match["unit"] not in _UNITS:
        raise ValueWrong(_NO_UNIT, rule=shown, units=_listed([REQUESTS, TOKENS, *CURRENCIES]))
    if match["window"] not in {window.value for window in Window}:
        raise ValueWrong(_NO_WINDOW, rule=shown)
    unit = _UNITS[match["unit"]]
    limit = None if match["amount"] == "unlimited" else _limit(match["amount"], unit, shown)
    return Rule(Owner(match["owner"]), limit, unit, Window(match["window"]), match["role"] or "")


def _limit(amount: str, unit: str, shown: str) -> int:
    if unit in CURRENCIES:
        fits = re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,9})?", amount)
        limit = int(Decimal(amount) * BILLIONTHS) if fits else 0
        if not 0 < limit <= MOST_MONEY * BILLIONTHS:
            raise ValueWrong(_NO_MONEY, rule=shown, most=MOST_MONEY)
        return limit
    if not re.fullmatch(r"[0-9]{1,13}", amount) or not 0 < int(amount) <= MOST:
        raise ValueWrong(_NO_NUMBER, rule=shown, most=MOST)
    return int(amount)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _short(written: str) -> str:
    shown = " ".join(written.replace("`", "'").split())
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


_NO_RULE = Text(
    "`{rule}` is no budget; one looks like `person 50 requests/hour`, `workspace 20 CNY/day` or "
    "`admin channel unlimited tokens/day`, and numbers hold no commas.",
    "`{rule}` 不是有效的额度；正确写法如 `person 50 requests/hour`、`workspace 20 CNY/day` 或 "
    "`admin channel unlimited tokens/day`，数字中不要加逗号。",
)
_NO_ROLE = Text(
    "`{rule}`: the only role is `admin`; a rule for all others has no word before `person`, `channel` or `workspace`.",
    "`{rule}`：角色只有 `admin`；适用于其他人的规则直接以 `person`、`channel` 或 `workspace` 开头。",
)
_NO_OWNER = Text(
    "`{rule}`: a budget here is for {owners}, as in `person 50 requests/hour`.",
    "`{rule}`：这里只能为 {owners} 设置额度，例如 `person 50 requests/hour`。",
)
_NO_UNIT = Text("`{rule}`: what is counted is one of {units}.", "`{rule}`：计量单位只能是 {units}。")
_NO_WINDOW = Text(
    "`{rule}`: a budget is for an `hour` or a `day`, as in `person 50 requests/hour`.",
    "`{rule}`：周期只能是 `hour` 或 `day`，例如 `person 50 requests/hour`。",
)
_NO_NUMBER = Text(
    "`{rule}`: the number is a whole one from 1 to {most}, or `unlimited`.",
    "`{rule}`：数量须为 1 到 {most} 的整数，或 `unlimited`。",
)
_NO_MONEY = Text(
    "`{rule}`: the money is a number such as `20` or `0.5`, {most} at most, or `unlimited`.",
    "`{rule}`：金额须为 `20`、`0.5` 这样的数字，最多 {most}，或 `unlimited`。",
)
_TWICE = Text(
    "`{rule}`: there is another budget for the same, and only one of them can count.",
    "`{rule}`：同一项额度设置了两次，请只保留一个。",
)
