"""``/compare``: two models answer the same question, one beside the other."""

from core.commands.asked import called, complete_last
from core.commands.command import Answer, Argument, Asks, Call, Command
from core.commands.desk import Desk
from core.texts import Text
from core.words import first_of


async def _compare(desk: Desk, call: Call) -> Answer:
    first, behind = first_of(call.argument)
    second, question = first_of(behind)
    if not question.strip():
        return Answer(_HOW.say(call.language, command=call.spell("compare")))
    models = (await called(desk, call, first), await called(desk, call, second))
    if models[0] == models[1]:
        return Answer(_SAME.say(call.language, model=models[0]))
    return Answer(_ASKING.say(call.language), asks=Asks(question.strip(), models))


COMPARE = Command(
    "compare",
    Text("asks two models the same question", "向两个模型提同一个问题，对比回答"),
    _compare,
    (
        Argument("first", Text("one model", "第一个模型"), complete_last),
        Argument("second", Text("another model", "第二个模型"), complete_last),
        Argument("question", Text("the question", "问题内容")),
    ),
)

_HOW = Text(
    "Write two models and the question behind it, for example: "
    "`{command} deepseek-v3 deepseek-r1 what does this error mean?`",
    "请在后面写上两个模型和问题，例如：`{command} deepseek-v3 deepseek-r1 这个报错是什么意思？`",
)
_SAME = Text("Both are `{model}`: name two different models.", "两个都是 `{model}`，请写两个不同的模型。")
_ASKING = Text("I am asking both.", "正在向两个模型提问。")
