"""Running a command, completing one, and finding one in a text."""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from core.cascade import Level
from core.commands.aliases import ALIASES
from core.commands.command import Answer, Argument, Call, Command, Complete
from core.commands.desk import Desk
from core.commands.listed import COMMANDS
from core.commands.personal import kept_from_others
from core.errors import ChatError, StoreUnavailable
from core.preferences import language_choice
from core.texts import Text, brief
from core.words import plain

# Chinese keyboards write the slash, the letters and the space in their full width.
_TEXT_FORM = re.compile(
    r"[/／]([a-zA-Zａ-ｚＡ-Ｚ]+|[\u4e00-\u9fff]{1,8})([.,;:!?。，；：！？、…~～]*)(?:\s+(.*))?", re.DOTALL
)
_HAN = re.compile("[\u4e00-\u9fff]")
_MOST_COMPLETED = 25
"""Discord: 25 choices."""
_SLIP_WORDS, _SLIP_HAN = 2, 4
"""At most so many words, and so many Chinese characters, behind a command that takes none are a slip: what is longer was
written as a question, such as ``/help me understand monads``."""
_POLITE = {"please", "pls", "now", "thanks", "thank", "you"} | {"请", "谢谢", "拜托", "马上", "立刻", "现在"}
"""Who writes these behind ``/stop`` means nothing else by it."""


async def run(desk: Desk, call: Call) -> Answer:
    """Runs ``call``. Raises nothing a person could cause: every ChatError becomes its sentence."""
    command = COMMANDS.get(call.name)
    if not call.turn:  # a turn was read in the language that its writer has chosen
        with suppress(StoreUnavailable):
            call = await _as_chosen(desk, call)
    why = desk.admission.admits(call.conversation.channel, call.author)
    if why is not None:
        return Answer(why.say(call.language))
    try:
        if command is None:
            names = ", ".join(f"`{call.spell(name)}`" for name in COMMANDS)
            return Answer(_UNKNOWN.say(call.language, name=brief(call.name), commands=names))
        if not command.arguments and _behind(command, call.argument):
            return Answer(_TAKES_NOTHING.say(call.language, command=call.spell(command.name)))
        return kept_from_others(desk, call, await command.run(desk, call))
    except ChatError as error:
        return Answer(error.notice(call.language))


async def _as_chosen(desk: Desk, call: Call) -> Call:
    """``call``, to be answered in the language that was chosen there."""
    choice = language_choice(await desk.preferences.chosen(call.conversation, call.author))
    return call if choice == "auto" else replace(call, language=choice)


async def complete(desk: Desk, call: Call, argument: str) -> Sequence[str]:
    """What may stand for ``argument``, best first, at most 25.

    ``call`` holds what was written so far: the arguments before it, and how it begins, joined by single spaces. One
    that was left out before it is nothing between two of them.
    """
    command = COMMANDS.get(call.name)
    for each in command.arguments if command else ():
        if each.name == argument:
            return await _offered(desk, call, each, each.complete)
    return ()


async def _offered(desk: Desk, call: Call, argument: Argument, by: Complete | None) -> Sequence[str]:
    if desk.admission.admits(call.conversation.channel, call.author) is not None:
        return ()
    typed = call.argument.rpartition(" ")[2].lower()
    found = await by(desk, call) if by else [each for each in argument.choices if each.startswith(typed)]
    # Nothing can be set for a thread from outside of it, and Discord's threads are channels of their own.
    hidden = Level.THREAD.value if call.conversation.thread is None else ""
    return [each for each in found if each != hidden][:_MOST_COMPLETED]


async def complete_line(desk: Desk, call: Call) -> Sequence[str]:
    """As ``complete``, where all arguments are written in one line: what the whole line may become."""
    command = COMMANDS.get(call.name)
    *before, typed = re.split(r"\s+", call.argument.lstrip())
    if command is None or len(before) >= len(command.arguments):
        return ()
    written = replace(call, argument=" ".join([*before, typed]))
    argument = command.arguments[len(before)]
    found = await _offered(desk, written, argument, argument.in_line or argument.complete)
    return [" ".join([*before, choice]) for choice in found]


def parse_command(text: str) -> tuple[str, str] | None:
    """Name and argument of a command written as text, where the platform has no slash commands.

    A question may begin with a slash ("/var is full"): it is a command if there is one of that name, or if the word
    stands alone, which may be a slip. Behind a command that takes nothing a few words are a slip as well, of which
    ``run`` tells; a sentence is a question.
    """
    found = _TEXT_FORM.fullmatch(text.strip())
    if found is None:
        return None
    written, argument = unicodedata.normalize("NFKC", found[1]).lower(), (found[3] or "").strip()
    name = ALIASES.get(written, written)
    command = COMMANDS.get(name)
    if command is None and not name.isascii():
        return None  # Chinese has no spaces: this is a sentence rather than one word with a slip in it
    if command is None:
        return None if argument or found[2] else (name, "")  # "/var?" is about /var
    if not command.arguments:
        argument = _behind(command, argument)
        if len(argument.split()) > _SLIP_WORDS or len(_HAN.findall(argument)) > _SLIP_HAN:
            return None
    return name, argument


def _behind(command: Command, argument: str) -> str:
    """``argument``, or nothing where that is all that is meant by it."""
    only_polite = command.name == "stop" and all(plain(word) in _POLITE for word in argument.split())
    return "" if only_polite else argument


def question_of(text: str) -> str:
    """What is asked by ``text``: where it is /ask written as text, what is behind it; else all of it.

    So a question is the same turn however it was asked, and follows an edit of its message.
    """
    command = parse_command(text)
    return command[1] if command is not None and command[0] == "ask" and command[1] else text


def asked_in(text: str) -> str:
    """As ``question_of``, also of /compare: its message, once it is edited, stands in the history as it was written."""
    command = parse_command(text)
    words = command[1].split(None, 2) if command is not None and command[0] == "compare" else []
    return words[-1] if len(words) == len(COMMANDS["compare"].arguments) else question_of(text)


_TAKES_NOTHING = Text(
    "`{command}` takes nothing behind it. Nothing was done.",
    "`{command}` 后面不能加内容，请单独输入。未执行任何操作。",
)
_UNKNOWN = Text(
    "There is no command `/{name}`. There are {commands}.", "没有 `/{name}` 这个命令。可用命令：{commands}。"
)
