"""What people are told of their budgets."""

import math

from core.allowances import REQUESTS, TOKENS, Left, Owner, Rule, Window
from core.texts import Language, Text

_MINUTE_S, _HOUR_MIN = 60, 60


def refusal(left: Left, language: Language) -> str:
    """Which budget a question was refused by, and when it can be asked again."""
    sentence = _BUSY if left.only_held else _USED_UP
    return sentence[left.rule.owner].say(
        language, budget=budget(left.rule, language), when=until_reset(left.resets_s, language)
    )


def line(left: Left, language: Language) -> str:
    """One budget and what is left of it, for ``/usage``."""
    rule = left.rule
    sentence = _LINE_HELD if left.held else _LINE
    return sentence.say(
        language,
        owner=_OWNERS[rule.owner].say(language),
        budget=budget(rule, language),
        used=rule.amount(left.used),
        held=rule.amount(left.held),
        left=rule.amount(left.left),
        when=until_reset(left.resets_s, language),
    )


def budget(rule: Rule, language: Language) -> str:
    """``50 requests an hour``."""
    limit = rule.limit or 0
    amount = rule.amount(limit)
    if rule.is_money:
        counted = f"{amount} {rule.unit}"
    else:
        counted = _COUNTED[rule.unit, limit == 1].say(language, amount=amount)
    return _EACH[rule.window].say(language, counted=counted)


def until_reset(seconds: float, language: Language) -> str:
    """``in 5 hours 12 minutes``, rounded up: who comes back then is not too early."""
    if seconds < _MINUTE_S:
        return _SOON.say(language)
    hours, minutes = divmod(math.ceil(seconds / _MINUTE_S), _HOUR_MIN)
    parts = [
        _TIMES[unit, number == 1].say(language, number=number)
        for unit, number in (("hour", hours), ("minute", minutes))
        if number
    ]
    return _IN.say(language, time=" ".join(parts))


_USED_UP = {
    Owner.PERSON: Text(
        "Your budget of {budget} is used up. It resets {when}.",
        "您的额度（{budget}）已用完，将在 {when}重置。",
    ),
    Owner.CHANNEL: Text(
        "This channel's budget of {budget} is used up. It resets {when}.",
        "本频道的额度（{budget}）已用完，将在 {when}重置。",
    ),
    Owner.WORKSPACE: Text(
        "This workspace's budget of {budget} is used up. It resets {when}.",
        "本工作区的额度（{budget}）已用完，将在 {when}重置。",
    ),
}
_BUSY = {
    Owner.PERSON: Text(
        "The answers I am writing now may take all that is left of your budget of {budget}. "
        "Please ask again when they are done; it resets {when}.",
        "我正在写的回答可能会用完您的额度（{budget}）。请等这些回答完成后再问一次；额度将在 {when}重置。",
    ),
    Owner.CHANNEL: Text(
        "The answers I am writing now may take all that is left of this channel's budget of {budget}. "
        "Please ask again when they are done; it resets {when}.",
        "我正在写的回答可能会用完本频道的额度（{budget}）。请等这些回答完成后再问一次；额度将在 {when}重置。",
    ),
    Owner.WORKSPACE: Text(
        "The answers I am writing now may take all that is left of this workspace's budget of {budget}. "
        "Please ask again when they are done; it resets {when}.",
        "我正在写的回答可能会用完本工作区的额度（{budget}）。请等这些回答完成后再问一次；额度将在 {when}重置。",
    ),
}
_LINE = Text(
    "{owner}, {budget}: {used} used, {left} left; resets {when}",
    "{owner}，{budget}：已用 {used}，剩余 {left}，{when}重置",
)
_LINE_HELD = Text(
    "{owner}, {budget}: {used} used, {held} kept for answers being written, {left} left; resets {when}",
    "{owner}，{budget}：已用 {used}，为正在写的回答预留 {held}，剩余 {left}，{when}重置",
)
_OWNERS = {
    Owner.PERSON: Text("You", "您"),
    Owner.CHANNEL: Text("This channel", "本频道"),
    Owner.WORKSPACE: Text("This workspace", "本工作区"),
}
_COUNTED = {
    (REQUESTS, False): Text("{amount} requests", "{amount} 次请求"),
    (REQUESTS, True): Text("{amount} request", "{amount} 次请求"),
    (TOKENS, False): Text("{amount} tokens", "{amount} 个 token"),
    (TOKENS, True): Text("{amount} token", "{amount} 个 token"),
}
_EACH = {
    Window.HOUR: Text("{counted} an hour", "每小时 {counted}"),
    Window.DAY: Text("{counted} a day", "每天 {counted}"),
}
_TIMES = {
    ("hour", False): Text("{number} hours", "{number} 小时"),
    ("hour", True): Text("{number} hour", "{number} 小时"),
    ("minute", False): Text("{number} minutes", "{number} 分钟"),
    ("minute", True): Text("{number} minute", "{number} 分钟"),
}
_SOON = Text("in less than a minute", "1 分钟内")
_IN = Text("in {time}", "{time}后")
