"""``/reset``."""

from core.commands.command import Answer, Call, Command
from core.commands.desk import Desk
from core.texts import Text


async def _reset(desk: Desk, call: Call) -> Answer:
    await desk.turns.reset(call.conversation, turn=call.turn)
    await desk.channels.thoughts.forget(call.conversation)
    return Answer(_FORGOTTEN.say(call.language), public=True)


_FORGOTTEN = Text(
    "A fresh start: I no longer read what was said here before.", "已重新开始，不再参考此前的对话。"
)

RESET = Command(
    "reset",
    Text("starts afresh: what was said before is not read any more", "重新开始，不再参考之前的对话"),
    _reset,
)
