"""What a command shows of the thoughts that are kept."""

import re

from core.store.thoughts import Thought
from core.texts import Language, Text

SHOWN = 1500
"""Characters: one message of the platform with the least room holds them with what stands around them."""

# Slack and Discord notify people by these, also where a command's answer holds them.
_MENTION = re.compile(r"<(?=[!@#])|@(?=everyone|here|channel)")


def shown_thoughts(thought: Thought | None, language: Language) -> str:
    """The last part of ``thought`` as a quotation, with how long it took and what it was about."""
    if thought is None:
        return _NONE.say(language)
    text = thought.text[-SHOWN:].strip()
    left_out = thought.left_out + len(thought.text) - len(text)
    quoted = "\n".join(f"> {line}".rstrip() for line in _inert(text).splitlines())
    head = _HEAD.say(
        language,
        model=thought.model,
        seconds=thought.seconds,
        question=_inert(" ".join(thought.question.split())),
    )
    cut = _LEFT_OUT.say(language, count=left_out) if left_out else ""
    return "\n\n".join(part for part in (head, cut, quoted) if part)


def _inert(text: str) -> str:
    return _MENTION.sub(lambda found: f"{found[0]}\u200b", text)


_NONE = Text(
    "There are no thoughts of an answer here. Not every model thinks first, and thoughts are kept for a day.",
    "这里没有可查看的思考过程。并非所有模型都会先思考，且思考过程只保留一天。",
)
_HEAD = Text(
    "`{model}` thought for {seconds} s about “{question}”:", "`{model}` 针对“{question}”思考了 {seconds} 秒："
)
_LEFT_OUT = Text("_The first {count} characters are left out._", "_省略了开头的 {count} 个字符。_")
