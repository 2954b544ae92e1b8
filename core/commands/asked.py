"""Models that are named in a command that asks them, and how a question of somebody is shown."""

from collections.abc import Sequence
from dataclasses import replace

from core.commands.command import Call
from core.commands.desk import Desk
from core.commands.model import complete_model, no_model
from core.errors import ModelUnknown
from core.texts import Language, Text
from core.words import RESET, named

_NAME = 40
"""Characters of a name that are shown."""


async def called(desk: Desk, call: Call, written: str) -> str:
    """The name that stays with the model that somebody wrote. Raises ValueWrong and what the catalog raises."""
    name = named(written)
    try:
        return (await desk.catalog.find(name)).called
    except ModelUnknown:
        raise await no_model(desk, call, name) from None


async def complete_last(desk: Desk, call: Call) -> Sequence[str]:
    """What the last word of what was written so far may become."""
    typed = replace(call, argument=call.argument.rpartition(" ")[2])
    return [name for name in await complete_model(desk, typed) if name != RESET]


def asks(name: str, question: str, models: Sequence[str], language: Language) -> str:
    """``question`` as it is shown where somebody has asked it with a command, as Markdown."""
    who = "".join(letter for letter in " ".join(name.split()) if letter not in "*_`~|<>[]\\")[:_NAME].strip()
    shown = _ASKS if not models else _ASKS_MODELS
    return shown.say(
        language,
        name=who or _SOMEBODY.say(language),
        models=", ".join(f"`{model}`" for model in models),
        question=question,
    )


_ASKS = Text("**{name}** asks: {question}", "**{name}** 提问：{question}")
_ASKS_MODELS = Text("**{name}** asks {models}: {question}", "**{name}** 向 {models} 提问：{question}")
_SOMEBODY = Text("Somebody", "有人")
