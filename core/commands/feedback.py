"""``/feedback``: what somebody thinks of the last answer."""

from collections.abc import Mapping
from time import time

from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.feedback import LONGEST_REASON, Feedback, Verdict
from core.store.answers import Found
from core.store.kept import Kept
from core.texts import Text, brief
from core.words import first_of, plain, sentences

# As core.words.plain leaves them: without the colon that ends a name of Slack's.
_VERDICTS: Mapping[str, Verdict] = {
    **dict.fromkeys(("good", "+1", "👍", ":+1", ":thumbsup", "好", "赞", "不错"), "good"),
    **dict.fromkeys(("bad", "-1", "👎", ":-1", ":thumbsdown", "差", "不好", "踩"), "bad"),
}


async def _feedback(desk: Desk, call: Call) -> Answer:
    word, reason = first_of(call.argument)
    verdict = _VERDICTS.get(plain(word))
    if verdict is None:
        wrong = [_NO_VERDICT.say(call.language, word=brief(word))] if word else []
        how = _HOW.say(call.language, command=call.spell("feedback"))
        return Answer(sentences(call.language, *wrong, how))
    found = await desk.turns.answers.last(call.conversation)
    if found is None or not found.turn.reply:
        return Answer(_NOTHING_YET.say(call.language))
    return await rate(desk, call, found, verdict, reason)


async def rate(desk: Desk, call: Call, found: Found, verdict: Verdict, reason: str = "") -> Answer:
    """Keeps what whoever gave ``call`` thinks of the answer of ``found``: also where a button or a reaction says so."""
    if not call.author:
        return Answer(_NOBODY.say(call.language))
    chosen = await desk.preferences.chosen(found.conversation, call.author)
    sound = reason.strip().encode("utf-8", "replace").decode()[:LONGEST_REASON]

    def rated(turn: Kept) -> Kept:
        return turn.rated(
            Feedback(
                call.author,
                verdict,
                turn.answer_id,
                sound,
                turn.model,
                at=int(time()),
                system=chosen["system"],
            )
        )

    if await desk.turns.answers.rate(found, rated) is None:
        return Answer(_NOTHING_YET.say(call.language))
    return Answer(_THANKS[verdict].say(call.language, question=brief(found.turn.text)))


FEEDBACK = Command(
    "feedback",
    Text("says whether the last answer was good or bad, and why", "评价上一个回答：好或差，以及原因"),
    _feedback,
    (
        Argument("verdict", Text("good or bad", "good（好）或 bad（差）"), choices=("good", "bad")),
        Argument("reason", Text("why", "原因")),
    ),
)

_HOW = Text(
    "Write what you think of the last answer: `{command} good` or `{command} bad`, and a reason if you like.",
    "请写下对上一个回答的评价：`{command} good`（好）或 `{command} bad`（差），后面可加原因。",
)
_NO_VERDICT = Text("`{word}` is neither good nor bad.", "`{word}` 既不是 good 也不是 bad。")
_NOTHING_YET = Text("There is no answer here yet that could be good or bad.", "这里还没有可以评价的回答。")
_NOBODY = Text("I do not know who you are here.", "这里无法确认您的身份。")
_THANKS = {
    "good": Text(
        "Thank you: the answer to “{question}” is noted as good.", "谢谢，已将“{question}”的回答记为：好。"
    ),
    "bad": Text(
        "Thank you: the answer to “{question}” is noted as bad.", "谢谢，已将“{question}”的回答记为：差。"
    ),
}
