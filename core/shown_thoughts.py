"""What people are shown of the thoughts that are kept."""

import re

from core.attached import Attached
from core.commands.command import Answer
from core.store.thoughts import Thought
from core.texts import Language, Text

# Slack and Discord notify people by these, also where a command's answer holds them.
_MENTION = re.compile(r"<(?=[!@#])|@(?=everyone|here|channel)")


def shown_thoughts(thought: Thought | None, language: Language) -> Answer:
    """How long it took and what it was about, with ``thought`` attached."""
    if thought is None:
        return Answer(_NONE.say(language))
    head = _HEAD.say(
        language,
        model=thought.model,
        seconds=thought.seconds,
        question=_inert(" ".join(thought.question.split())),
    )
    return Answer(head, attached=attached_thoughts(thought, language))


def attached_thoughts(thought: Thought, language: Language) -> Attached:
    summary = _SUMMARY.say(language, seconds=thought.seconds)
    return Attached("thinking.md", thought.text, summary, language, thought.left_out)


def _inert(text: str) -> str:
    return _MENTION.sub(lambda found: f"{found[0]}\u200b", text)


_NONE = Text(
    "There are no thoughts of an answer here. Not every model thinks first, and thoughts are kept for a day.",
    "这里没有可查看的思考过程。并非所有模型都会先思考，且思考过程只保留一天。",
)
_HEAD = Text(
    "`{model}` thought for {seconds} s about “{question}”:", "`{model}` 针对“{question}”思考了 {seconds} 秒："
)
_SUMMARY = Text("Thoughts · {seconds} s", "思考过程 · {seconds} 秒")
