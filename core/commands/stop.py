"""``/stop``."""

from core.commands.command import Answer, Call, Command
from core.commands.desk import Desk
from core.texts import Text


async def _stop(desk: Desk, call: Call) -> Answer:
    if call.turn:
        stopping = 0  # as a turn it comes after the reply that it meant: accept has stopped that one
    elif call.conversation.thread is None:
        # A slash command does not tell the thread it was typed in (Slack), so it means all that is written here.
        stopping = await desk.turns.stop_all(call.conversation.channel)
    else:
        stopping = int(await desk.turns.stop(call.conversation))
    return Answer((_STOPPING if stopping else _QUIET).say(call.language))


_STOPPING = Text("Stopping.", "正在停止。")
_QUIET = Text("Nothing is being written here now.", "当前没有正在生成的回答。")

STOP = Command("stop", Text("stops the answer being written here", "停止正在生成的回答"), _stop)
