"""All commands, and the one that tells of them."""

from collections.abc import Iterable, Mapping

from core.commands.ask import ASK
from core.commands.command import Answer, Call, Command
from core.commands.compare import COMPARE
from core.commands.desk import Desk
from core.commands.export import EXPORT
from core.commands.feedback import FEEDBACK
from core.commands.forget import FORGET
from core.commands.model import MODEL
from core.commands.regenerate import REGENERATE
from core.commands.reset import RESET
from core.commands.settings import SETTINGS
from core.commands.stop import STOP
from core.commands.system import SYSTEM
from core.commands.thinking import THINKING
from core.commands.usage import USAGE
from core.texts import EXAMPLES, Text


async def _help(_: Desk, call: Call) -> Answer:
    def listed(commands: Iterable[Command]) -> str:
        return "\n".join(
            f"- `{call.spell(each.name)}` {each.summary.say(call.language)}" for each in commands
        )

    text = _HELP.say(
        call.language,
        examples=EXAMPLES.say(call.language),
        first=listed(COMMANDS[name] for name in _FIRST),
        others=listed(each for each in COMMANDS.values() if each.name not in _FIRST),
    )
    return Answer(text)


_FIRST = ("model", "stop", "reset")
"""What somebody needs who has only just begun."""
_HELP = Text(
    "Mention me or write to me directly, and I answer:\n\n{examples}\n\n"
    "To begin with:\n\n{first}\n\nAnd more:\n\n{others}",
    "在频道里 @我，或直接给我发私信，我就会回答：\n\n{examples}\n\n常用命令：\n\n{first}\n\n其他命令：\n\n{others}",
)

HELP = Command("help", Text("says what I can do", "显示使用说明"), _help)

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        ASK,
        MODEL,
        SYSTEM,
        SETTINGS,
        STOP,
        REGENERATE,
        COMPARE,
        FEEDBACK,
        RESET,
        THINKING,
        USAGE,
        EXPORT,
        FORGET,
        HELP,
    )
}
"""In the order in which help tells of them."""
