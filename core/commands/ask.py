"""``/ask``: a question where nobody is mentioned."""

from core.commands.command import Answer, Argument, Asks, Call, Command
from core.commands.desk import Desk
from core.texts import Text


async def _ask(_: Desk, call: Call) -> Answer:
    question = call.argument.strip()
    if not question:
        return Answer(_HOW.say(call.language, command=call.spell("ask")))
    return Answer(_ASKING.say(call.language), asks=Asks(question))


ASK = Command(
    "ask",
    Text("asks a question, for everybody here to see", "提问，此处所有人可见"),
    _ask,
    (Argument("question", Text("the question", "问题内容")),),
)

_HOW = Text(
    "Write the question behind it, for example: `{command} what does this error mean?`",
    "请在后面写上问题，例如：`{command} 这个报错是什么意思？`",
)
_ASKING = Text("I am asking.", "正在提问。")
