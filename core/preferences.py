"""Every setting that can be changed in a chat: what it takes, where it may be set, and who may do that."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.allowance_rules import parse_rules
from core.allowances import Owner
from core.cascade import Chosen, Level
from core.drun.calls import HOTTEST, Sampling
from core.store.claims import Busy
from core.texts import LanguageChoice, Text, brief
from core.words import plain
from core.wrong import BudgetsWrong, ValueWrong

LONGEST_INSTRUCTIONS = 4000
"""Characters. More than a quarter of a small window would leave no room for the talk itself."""
_MOST_TOKENS = 1_000_000
_OWN = frozenset({Level.THREAD, Level.PERSON})
_COMMON = (Level.THREAD, Level.CHANNEL, Level.PERSON, Level.WORKSPACE, Level.DEPLOYMENT)

BY_LEVEL = Text("it depends on the level, see the settings", "取决于范围，见设置一节")
"""Who may, where ``Preference.free`` decides."""
BUDGETS = "budgets"
"""Unlike other settings those of all levels count: see core.limits."""
ON, OFF = "on", "off"
ANYONE, ADMINS = "anyone", "admins"

NAME_WORDS: Mapping[str, str] = {
    "模型": "model",
    "指令": "system",
    "温度": "temperature",
    "长度": "max_tokens",
    "回复": "replies",
    "思考": "thinking",
    "忙时": "busy",
    "语言": "language",
    "页脚": "footer",
    "权限": "changes",
    "额度": BUDGETS,
}
"""What settings are called in Chinese."""
VALUE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("开", "打开", "开启"), ON),
    **dict.fromkeys(("关", "关闭"), OFF),
    **dict.fromkeys(("中文", "chinese"), "zh"),
    **dict.fromkeys(("英文", "英语", "english"), "en"),
    "自动": "auto",
    **dict.fromkeys(("提及", "仅提及"), "mention"),
    **dict.fromkeys(("参与的话题", "我参与的话题"), "threads"),
    **dict.fromkeys(("所有消息", "全部消息"), "all"),
    "摘要": "summary",
    "完整": "full",
    "依次": Busy.QUEUE.value,
    "合并": Busy.COLLECT.value,
    "中断": Busy.INTERRUPT.value,
    "任何人": ANYONE,
    "管理员": ADMINS,
}
"""What else is understood as one of a few values."""


@dataclass(frozen=True, slots=True)
class Preference:
    """One setting. ``read`` makes the value that is kept from what somebody wrote, and raises ValueWrong."""

    name: str
    summary: Text
    read: Callable[[str], str]
    choices: tuple[str, ...] = ()
    """What can be written, where there are only a few values."""
    levels: tuple[Level, ...] = _COMMON
    """Where it can be set, nearest first."""
    free: frozenset[Level] = _OWN | {Level.CHANNEL}
    """Where anyone may set it, as long as no admin has kept a channel's settings for admins."""
    own_command: str = ""
    """Set with a command of its own; empty: with ``/settings``."""
    in_channel: Callable[[str], str] | None = None
    """As ``read``, where less can be said for a channel than for wider levels."""

    def read_for(self, level: Level, text: str) -> str:
        """As ``read``, of what shall count at ``level``."""
        return (self.in_channel or self.read if level is Level.CHANNEL else self.read)(text)


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        value = VALUE_WORDS.get(plain(text), plain(text))
        if value not in choices:
            raise ValueWrong(
                _NOT_ONE_OF, value=brief(text), choices=", ".join(f"`{each}`" for each in choices)
            )
        return value

    return read


def _temperature(text: str) -> str:
    value = plain(text).replace(",", ".")
    # Of what Python takes for numbers, people write digits and one point: no exponents, no NaN.
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{0,6})?|\.[0-9]{1,6}", value) or float(value) > HOTTEST:
        raise ValueWrong(_NO_TEMPERATURE, value=brief(text), most=f"{HOTTEST:g}")
    # Never ``1e-06``, which could not be read again.
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _tokens(text: str) -> str:
    value = plain(text).replace(",", "").replace("_", "")
    if not re.fullmatch(r"[0-9]{1,7}", value) or not 1 <= int(value) <= _MOST_TOKENS:
        raise ValueWrong(_NO_TOKENS, value=brief(text), most=f"{_MOST_TOKENS:,}")
    return str(int(value))


def _instructions(text: str) -> str:
    value = text.strip()
    if len(value) > LONGEST_INSTRUCTIONS:
        raise ValueWrong(_TOO_LONG, size=f"{len(value):,}", most=f"{LONGEST_INSTRUCTIONS:,}")
    return value


def _rules(*owners: Owner) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            return ", ".join(map(str, parse_rules(text, owners=owners)))
        except BudgetsWrong as error:
            raise BudgetsWrong([*error.wrong, ValueWrong(_UNCHANGED)]) from error

    return read


def _as_it_is(text: str) -> str:
    return text.strip()


PREFERENCES: Mapping[str, Preference] = {
    each.name: each
    for each in (
        Preference("model", Text("which model answers", "由哪个模型回答"), _as_it_is, own_command="model"),
        Preference(
            "system",
            Text("the instructions that the model is given", "给模型的指令"),
            _instructions,
            free=_OWN,
            own_command="system",
        ),
        Preference(
            "temperature",
            Text(f"how freely the model answers, from 0 to {HOTTEST:g}", f"回答的随机程度，0 到 {HOTTEST:g}"),
            _temperature,
        ),
        Preference("max_tokens", Text("the most tokens of one answer", "单次回答的 token 上限"), _tokens),
        Preference(
            "replies",
            Text(
                "what is answered: mention, threads I am in, or every message",
                "回答哪些消息：仅提及（mention）、我参与的话题（threads）或所有消息（all）",
            ),
            _one_of("mention", "threads", "all"),
            ("mention", "threads", "all"),
            (Level.CHANNEL,),
        ),
        Preference(
            "thinking",
            Text(
                "thoughts of models: summary (that it thinks, and how long), full (they follow the answer), off",
                "思考过程：summary（只显示思考时长）、full（随回答附上）、off（不显示）",
            ),
            _one_of("summary", "full", "off"),
            ("summary", "full", "off"),
        ),
        Preference(
            "busy",
            Text(
                "messages that come while I am writing: queue, collect or interrupt",
                "回答期间收到的消息：queue（依次回答）、collect（合并回答）、interrupt（中断并改答）",
            ),
            _one_of(*(busy.value for busy in Busy)),
            tuple(busy.value for busy in Busy),
            (Level.CHANNEL,),
        ),
        Preference(
            "language",
            Text("the language of my own words: auto, en or zh", "我自己的提示语言：auto、en 或 zh"),
            _one_of("auto", "en", "zh"),
            ("auto", "en", "zh"),
        ),
        Preference(
            "footer",
            Text(
                "a line under each answer that names the model: on or off",
                "在每条回答下注明由 AI 生成及所用模型：on 或 off",
            ),
            _one_of(ON, OFF),
            (ON, OFF),
        ),
        Preference(
            "changes",
            Text(
                "who may change a channel's settings: anyone or admins",
                "谁可以更改频道设置：anyone（任何人）或 admins（仅管理员）",
            ),
            _one_of(ANYONE, ADMINS),
            (ANYONE, ADMINS),
            (Level.CHANNEL, Level.WORKSPACE, Level.DEPLOYMENT),
            frozenset(),
        ),
        Preference(
            BUDGETS,
            Text(
                "what may be used in an hour or a day, beside all wider budgets: person 50 requests/hour, channel "
                "100000 tokens/day",
                "每小时或每天的额度，与更大范围的额度同时生效：person 50 requests/hour, channel 100000 tokens/day",
            ),
            _rules(*Owner),
            levels=(Level.CHANNEL, Level.WORKSPACE),
            free=frozenset(),
            in_channel=_rules(Owner.PERSON, Owner.CHANNEL),
        ),
    )
}


def sampling_of(chosen: Chosen) -> Sampling:
    """How the model shall pick its words here; what nobody has set is left open."""
    temperature, tokens = chosen["temperature"], chosen["max_tokens"]
    return Sampling(
        temperature=float(temperature) if temperature else None, max_tokens=int(tokens) if tokens else None
    )


def language_choice(chosen: Chosen) -> LanguageChoice:
    """What somebody here has chosen for the bot's own words."""
    value = chosen["language"]
    return "en" if value == "en" else "zh" if value == "zh" else "auto"


_UNCHANGED = Text("Nothing was changed.", "未作更改。")
_NOT_ONE_OF = Text(
    "`{value}` is none of {choices}. Nothing was changed.", "`{value}` 不在可选值之中：{choices}。未作更改。"
)
_NO_TEMPERATURE = Text(
    "`{value}` is no temperature: it is a number from 0 to {most}, such as 0.7. Nothing was changed.",
    "`{value}` 不是有效的 temperature：应为 0 到 {most} 之间的数字，例如 0.7。未作更改。",
)
_NO_TOKENS = Text(
    "`{value}` is no number of tokens: it is a whole number from 1 to {most}, such as 2000. Nothing was changed.",
    "`{value}` 不是有效的 token 数：应为 1 到 {most} 之间的整数，例如 2000。未作更改。",
)
_TOO_LONG = Text(
    "These instructions have {size} characters; {most} is the most. Nothing was changed.",
    "指令共 {size} 个字符，上限为 {most}。未作更改。",
)
