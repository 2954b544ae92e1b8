"""All commands, and the one that tells of them."""

from collections.abc import Mapping

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
from core.texts import Text


async def _help(_: Desk, call: Call) -> Answer:
    lines = [f"- `{call.spell(each.name)}` {each.summary.say(call.language)}" for each in COMMANDS.values()]
    return Answer(f"{_HELP.say(call.language)}\n\n" + "\n".join(lines))


_HELP = Text(
    "Mention me or write to me directly, and I answer. Besides:",
    "在频道里 @我，或直接给我发私信，我就会回答。还可以使用：",
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
