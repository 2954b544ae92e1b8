"""``/usage``: what was used, by whoever asks and in this channel."""

from core.commands.command import Answer, Call, Command
from core.commands.desk import Desk
from core.costs import plain
from core.store.scopes import Scope
from core.store.usage import Sums
from core.texts import Language, Text

_MONTH = 30


async def _usage(desk: Desk, call: Call) -> Answer:
    channel = call.conversation.channel
    scopes = [(_YOU, Scope.person(channel, call.author))] if call.author else []
    scopes.append((_CHANNEL, Scope.channel(channel)))
    lines = []
    for name, scope in scopes:
        for period, days in ((_TODAY, 1), (_LAST_MONTH, _MONTH)):
            sums = await desk.spending.of(scope, days)
            lines.append(
                f"- {name.say(call.language)}, {period.say(call.language)}: {_told(sums, call.language)}"
            )
    return Answer("\n".join(lines))


def _told(sums: Sums, language: Language) -> str:
    """Requests, tokens and money. What is not known is said, never shown as nothing."""
    if not sums.turns:
        return _NOTHING.say(language)
    about = "≈" if sums.estimated_turns else ""
    parts = [
        _TURNS.say(language, count=f"{sums.turns:,}"),
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


USAGE = Command("usage", Text("shows what you and this channel have used", "查看您和本频道的用量"), _usage)

_YOU = Text("You", "您")
_CHANNEL = Text("this channel", "本频道")
_TODAY = Text("today (UTC)", "今日（UTC）")
_LAST_MONTH = Text("last 30 days", "近 30 天")
_NOTHING = Text("nothing", "无")
_TURNS = Text("{count} answers", "{count} 次回答")
_TOKENS = Text(
    "{about}{sent} tokens read, {about}{written} written",
    "读取 {about}{sent} token，生成 {about}{written} token",
)
_DEDICATED = Text("{count} of them by a dedicated Model Service", "其中 {count} 次由专属模型服务回答")
_UNPRICED = Text("{count} of them at a price I do not know", "其中 {count} 次价格未知")
