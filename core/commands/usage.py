"""``/usage``: what was used, by whoever asks, in this channel and in the workspace, and what is left of budgets."""

import asyncio
from collections.abc import Sequence

from core.allowance_words import line
from core.commands.command import Answer, Call, Command
from core.commands.desk import Desk
from core.commands.rights import is_admin, is_direct
from core.conversation import NO_WORKSPACE
from core.costs import plain
from core.store.scopes import Scope
from core.store.usage import Sums
from core.texts import Language, Text

_MONTH = 30


async def _usage(desk: Desk, call: Call) -> Answer:
    rows = [
        (name, period, scope, days)
        for name, scope in await _scopes(desk, call)
        for period, days in ((_TODAY, 1), (_LAST_MONTH, _MONTH))
    ]
    found = await asyncio.gather(*(desk.spending.of(scope, days) for *_, scope, days in rows))
    lines = [
        _ROW.say(
            call.language,
            name=name.say(call.language),
            period=period.say(call.language),
            used=told(sums, call.language),
        )
        for (name, period, *_), sums in zip(rows, found, strict=True)
    ]
    if budgets := await _budgets(desk, call):
        lines += ["", _BUDGETS.say(call.language), "", *budgets]
    return Answer("\n".join(lines), personal=bool(call.author))


async def _scopes(desk: Desk, call: Call) -> list[tuple[Text, Scope]]:
    """What a workspace uses is for its admins to know."""
    channel = call.conversation.channel
    scopes = [(_YOU, Scope.person(channel, call.author))] if call.author else []
    scopes.append((_CONVERSATION if is_direct(desk, call) else _CHANNEL, Scope.channel(channel)))
    if channel.workspace != NO_WORKSPACE and await is_admin(desk, call):
        scopes.append((_WORKSPACE, Scope.workspace(channel)))
    return scopes


async def _budgets(desk: Desk, call: Call) -> Sequence[str]:
    """What is left of each budget that holds here for whoever asks."""
    if desk.limits is None:
        return []
    channel = call.conversation.channel
    chosen = await desk.preferences.chosen(call.conversation, call.author)
    rules = await desk.limits.rules(chosen, desk.platforms.get(channel.platform), channel, call.author)
    found = await desk.limits.allowances.left(channel, call.author, rules)
    return [f"- {line(each, call.language)}" for each in found]


def told(sums: Sums, language: Language) -> str:
    """Answers, tokens and money. What is not known is said, never shown as nothing."""
    if not sums.turns:
        return _NOTHING.say(language)
    about = "≈" if sums.estimated_turns else ""
    parts = [
        (_TURN if sums.turns == 1 else _TURNS).say(language, count=f"{sums.turns:,}"),
        _TOKENS.say(
            language, about=about, sent=f"{sums.prompt_tokens:,}", written=f"{sums.completion_tokens:,}"
        ),
        *(f"{plain(money)} {currency}" for currency, money in sums.costs.items() if currency),
    ]
    if sums.dedicated_turns:
        parts.append(_DEDICATED.say(language, count=f"{sums.dedicated_turns:,}"))
    if sums.unpriced_turns:
        parts.append(_UNPRICED.say(language, count=f"{sums.unpriced_turns:,}"))
    return ", ".join(parts) if language == "en" else "，".join(parts)


USAGE = Command(
    "usage",
    Text(
        "shows what you and this channel have used, and what is left of budgets",
        "查看您和本频道的用量，以及剩余额度",
    ),
    _usage,
)

_ROW = Text("- {name}, {period}: {used}", "- {name}，{period}：{used}")
_YOU = Text("You", "您")
_CHANNEL = Text("This channel", "本频道")
_CONVERSATION = Text("This conversation", "本对话")
_WORKSPACE = Text("This workspace", "本工作区")
_TODAY = Text("today (UTC)", "今日（UTC）")
_LAST_MONTH = Text("last 30 days", "近 30 天")
_NOTHING = Text("nothing", "无")
_TURN = Text("{count} answer", "{count} 次回答")
_TURNS = Text("{count} answers", "{count} 次回答")
_TOKENS = Text(
    "{about}{sent} tokens read, {about}{written} written",
    "读取 {about}{sent} 个 token，生成 {about}{written} 个 token",
)
_DEDICATED = Text("{count} of them by a dedicated Model Service", "其中 {count} 次由专属模型服务回答")
_UNPRICED = Text("{count} of them at a price I do not know", "其中 {count} 次价格未知")
_BUDGETS = Text("Budgets:", "额度：")
