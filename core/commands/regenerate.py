"""``/regenerate``: the last question is answered again, in the place of its answer."""

from core.changes import Amended, Was
from core.commands.asked import called, complete_last
from core.commands.command import Answer, Argument, Asks, Call, Command
from core.commands.desk import Desk
from core.store.answers import Found
from core.texts import Language, Text, brief
from core.words import first_of, named


async def _regenerate(desk: Desk, call: Call) -> Answer:
    name, _ = first_of(call.argument)
    models = (await called(desk, call, name),) if named(name) else ()
    if call.turn:
        return Answer("", asks=Asks("", models, again=True))
    if await desk.turns.answers.busy(call.conversation):
        return Answer(STILL_ANSWERING.say(call.language))
    found = await desk.turns.answers.last(call.conversation)
    if found is None:
        return Answer(NOTHING_YET.say(call.language))
    return again(found, models, call.language)


def again(found: Found, models: tuple[str, ...], language: Language) -> Answer:
    """What answers the question of ``found`` again: also for whoever points at an answer instead of meaning the last."""
    text = " ".join(["/regenerate", *models])
    said = _AGAIN.say(language, question=brief(found.turn.text))
    return Answer(said, asks=Asks(text, replaces=found.turn.id, where=found.conversation))


def offer(amended: Amended, command: str, language: Language) -> str:
    """What to say to whoever has edited a question: that it can be answered again; empty when it cannot."""
    if amended.changed and amended.last and amended.was is Was.ANSWERED:
        return _OFFER.say(language, command=command)
    return ""


REGENERATE = Command(
    "regenerate",
    Text(
        "answers the last question again, by the same or another model",
        "重新回答上一个问题，可换用其他模型",
    ),
    _regenerate,
    (Argument("model", Text("another model", "换用的模型"), complete_last),),
)


FORGOTTEN = Text(
    "That question is not in my memory any more: it was deleted, or forgotten by a reset.",
    "该问题已不在我的记忆中：可能已被删除，或已随重新开始而清除。",
)
NOTHING_YET = Text(
    "Nothing was asked here yet that could be answered again.", "这里还没有可以重新回答的问题。"
)
STILL_ANSWERING = Text(
    "A question is still being answered here. Please try again when it is done.",
    "这里还有问题正在回答，请等回答完成后再试。",
)
_AGAIN = Text("I am answering “{question}” again.", "正在重新回答“{question}”。")
_OFFER = Text(
    "You have changed your question. `{command}` answers it as it says now.",
    "您修改了问题。发送 `{command}` 可按新的内容重新回答。",
)
