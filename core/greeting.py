"""First words: what the bot says where it has just come, and to whoever calls it without a word."""

import asyncio
from collections.abc import Callable

from core import texts
from core.cascade import Chosen
from core.commands.desk import Desk
from core.conversation import Channel, Conversation
from core.errors import ModelError
from core.preferences import language_choice
from core.texts import Language, Text

_WITHIN_S = 5.0
"""How long the lists of models may take: who answers can be asked for later."""
_BOTH: tuple[Language, ...] = ("en", "zh")


async def greeting(desk: Desk, channel: Channel, author: str = "") -> str | None:
    """What to say in ``channel``, where the bot has just come: to one call, in whichever process, and to no later one.

    ``author``: who alone reads it; empty: everybody there. None: it was said before, or whoever would read it is not
    answered. Raises StoreUnavailable. Nobody has written yet: where no language was chosen it is said in both.
    """
    platform, admission = desk.platforms.get(channel.platform), desk.admission
    answered = admission.admits(channel, author) is None if author else admission.admits_place(channel)
    if platform is None or not answered:
        return None
    where = Conversation(channel)
    chosen = await desk.preferences.chosen(where, author)
    # The last call to the store: once this has said yes nothing may keep the greeting from being said.
    if not await desk.channels.comes_first(channel):
        return None
    model = await _answering(desk, chosen)
    begins = _ALONE if platform.direct(channel) else _TOGETHER
    choice = language_choice(chosen)

    def said(language: Language) -> str:
        sentences = (
            begins.say(language),
            _MODEL.say(language, model=model, command=platform.spelled("model", where)) if model else "",
            _HELP.say(language, help=platform.spelled("help", where)),
        )
        return (" " if language == "en" else "").join(each for each in sentences if each)

    return "\n\n".join(said(each) for each in (_BOTH if choice == "auto" else (choice,)))


def empty_mention(spell: Callable[[str], str], language: Language) -> str:
    """What whoever called the bot without a word is told."""
    return texts.EMPTY_MENTION.say(
        language,
        examples=texts.EXAMPLES.say(language),
        model=spell("model"),
        stop=spell("stop"),
        help=spell("help"),
    )


async def _answering(desk: Desk, chosen: Chosen) -> str:
    """Who answers there; empty when that is not known now."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            model = (await desk.catalog.choose(chosen["model"])).model
    except (ModelError, TimeoutError):
        return ""
    return model.alias or model.label


_TOGETHER = Text(
    "Hello! Mention me with a question, and I answer it here.",
    "大家好！在这里 @我 并提出问题，我就会回答。",
)
_ALONE = Text("Hello! Write to me here, and I answer.", "您好！直接在这里提问，我就会回答。")
_MODEL = Text(
    "`{model}` answers until another one is chosen with `{command}`.",
    "默认由 `{model}` 回答，可用 `{command}` 切换。",
)
_HELP = Text("`{help}` says what else I can do.", "输入 `{help}` 查看更多用法。")
