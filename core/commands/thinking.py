"""``/thinking``."""

from core.commands.command import Answer, Call, Command
from core.commands.desk import Desk
from core.shown_thoughts import shown_thoughts
from core.texts import Text


async def _thinking(desk: Desk, call: Call) -> Answer:
    return shown_thoughts(await desk.channels.thoughts.last(call.conversation), call.language)


THINKING = Command(
    "thinking",
    Text("shows what the model thought before its last answer", "查看模型在上一个回答之前的思考过程"),
    _thinking,
)
