"""Writes docs/commands.md, or the file that is named, from the definitions of commands and settings: ``make docs``."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from adapters.slack.names import Names
from core.cascade import Level
from core.commands.aliases import ALIASES
from core.commands.command import Argument, Command, slash
from core.commands.listed import COMMANDS
from core.commands.places import WORDS
from core.commands.rights import Who, who_may
from core.preferences import NAME_WORDS, PREFERENCES, VALUE_WORDS, Preference
from core.texts import Language, Text
from core.words import RESET, RESET_WORDS

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
_LEVELS = tuple(level for level in Level if level is not Level.DEFAULT)
_NOWHERE = "—"


def page() -> str:
    """All of it, first in English, then in Chinese."""
    return f"<!-- {_GENERATED} -->\n\n{_part('en')}\n{_part('zh')}"


def _part(language: Language) -> str:
    parts = [
        f"# {_COMMANDS.say(language)}",
        _HOW.say(language),
        _table(_COMMAND_HEAD, (_command(each, language) for each in COMMANDS.values()), language),
        f"## {_ARGUMENTS.say(language)}",
        _IN_LINE.say(language),
        _table(_ARGUMENT_HEAD, _arguments(language), language),
        f"## {_SETTINGS.say(language)}",
        _CASCADE.say(language),
        _table(_SETTING_HEAD, (_setting(each, language) for each in PREFERENCES.values()), language),
        f"## {_PLACES.say(language)}",
        _RULES.say(language),
        _table(
            (_SETTING, *(_place(level) for level in _LEVELS)),
            (_rights(each, language) for each in PREFERENCES.values()),
            language,
        ),
        f"## {_WORDS.say(language)}",
        _table(_WORD_HEAD, _words(language), language),
    ]
    return "\n\n".join(parts) + "\n"


def _command(command: Command, language: Language) -> Sequence[str]:
    line = " ".join(f"[{argument.name}]" for argument in command.arguments)
    spellings = (
        Names().spelled(command.name),
        f"@drun {slash(command.name)}",
        slash(command.name),
        slash(command.name),
    )
    written = (f"`{each} {line}`".replace(" `", "`") for each in spellings)
    chinese = next(f"`{alias}`" for alias, name in ALIASES.items() if name == command.name)
    return (*written, chinese, command.summary.say(language), command.who.say(language))


def _arguments(language: Language) -> Iterable[Sequence[str]]:
    for command in COMMANDS.values():
        for argument in command.arguments:
            yield (
                f"`{slash(command.name)}`",
                f"`{argument.name}`",
                argument.summary.say(language),
                _choices(argument, language),
            )


def _choices(argument: Argument, language: Language) -> str:
    if argument.choices:
        return _code(argument.choices)
    return (_COMPLETED if argument.complete else _FREE).say(language)


def _setting(preference: Preference, language: Language) -> Sequence[str]:
    with_ = (
        slash(preference.own_command) if preference.own_command else f"{slash('settings')} {preference.name}"
    )
    values = _code(preference.choices) or _FREE.say(language)
    return (f"`{preference.name}`", preference.summary.say(language), values, f"`{with_}`")


def _rights(preference: Preference, language: Language) -> Sequence[str]:
    who = (
        _short(who_may(preference, level), language) if level in preference.levels else _NOWHERE
        for level in _LEVELS
    )
    return (f"`{preference.name}`", *who)


def _short(who: Who, language: Language) -> str:
    return f"{Who.ANYONE.value.say(language)}*" if who is Who.UNTIL_KEPT else who.value.say(language)


def _words(language: Language) -> Iterable[Sequence[str]]:
    for level in (None, *_LEVELS):
        words = [word for word, meant in WORDS.items() if meant is level]
        yield (_HERE.say(language) if level is None else level.said(language), _code(words))
    yield (_BACK.say(language), _code([RESET, *sorted(RESET_WORDS - {RESET})]))
    for found in (NAME_WORDS, VALUE_WORDS):
        for name in dict.fromkeys(found.values()):
            yield (f"`{name}`", _code(word for word, meant in found.items() if meant == name))


def _place(level: Level) -> Text:
    return Text(f"`{level.value}`", f"`{level.value}`")


def _code(words: Iterable[str]) -> str:
    return " ".join(f"`{word}`" for word in words)


def _table(head: Sequence[Text], rows: Iterable[Sequence[str]], language: Language) -> str:
    lines = [[each.say(language) for each in head], ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_GENERATED = "Written by `make docs` from core/commands and core/preferences.py: change those."
_COMMANDS = Text("Commands", "命令")
_HOW = Text(
    "The same everywhere; only the spelling differs. Slack has no slash commands in threads, so there a command is a "
    "message to the bot, as it is on the page. The Chinese names are understood in such a message and behind Slack's "
    "`/drun`; the names of Slack's own commands are the operator's to choose (`SLACK_COMMAND`, `SLACK_MODEL_COMMAND`). A slash, a space and a "
    "punctuation mark may be full-width.\n\n"
    "A refusal says what would be right and changes nothing. Only who gave the command sees it, as everything else that "
    "is not for all who talk there: in Slack's threads too. Discord can do that for slash commands alone: there a "
    "refused message is answered for all to see, and where the answer would be personal, with the slash command to "
    "use instead.",
    "各平台的命令相同，只是写法不同。Slack 的话题中没有斜杠命令，因此在话题里（以及网页上）命令就是发给机器人的消息。中文名可用于这类消息，也可写在 Slack 的 "
    "`/drun` 之后；Slack 斜杠命令的名称由运维人员设定（`SLACK_COMMAND`、`SLACK_MODEL_COMMAND`）。斜杠、空格和标点"
    "可以是全角。\n\n"
    "命令被拒绝时会说明正确的写法，且不作任何更改。凡不是说给所有人的内容，只有发命令的人能看到，在 Slack 的话题中也是如此。Discord 只有"
    "斜杠命令能做到这一点：以消息形式输入的命令，拒绝的回复所有人可见；涉及个人内容时，会提示改用斜杠命令。",
)
_COMMAND_HEAD = (
    Text("Slack", "Slack"),
    Text("thread in Slack", "Slack 话题"),
    Text("Discord", "Discord"),
    Text("page", "网页"),
    Text("in Chinese", "中文名"),
    Text("what it does", "作用"),
    Text("who may", "谁可以使用"),
)
_ARGUMENTS = Text("Arguments", "参数")
_IN_LINE = Text(
    "None is required: a command alone tells how things are. In a text they stand one after the other, and only the last "
    "one may hold spaces. Where instructions begin with a word for a place, `here` goes before them: `/system set here "
    "thread safety comes first`. Discord offers no `thread`, as a thread is a channel of its own there.\n\n"
    "Behind a command that takes none one or two words (up to four Chinese characters) are taken for a slip: it says so, "
    "and does nothing; only `/stop please` stops. More is a question: `/help me understand monads`.",
    "参数都可以省略：单独输入命令会显示当前状态。以文本输入时依次书写，只有最后一个参数可以包含空格。如果指令本身以表示范围的词开头，"
    "请在前面加上 `here`：`/system set here 我 是……`。Discord 的话题本身就是频道，因此没有 `thread` 选项。\n\n"
    "没有参数的命令，后面若有一两个词（或不超过四个汉字），会被视为误输入：只作提示，不执行；只有 `/stop 谢谢` 之类仍会停止。更长的内容视为"
    "提问，例如 `/help 我理解一下单子`。",
)
_ARGUMENT_HEAD = (
    Text("command", "命令"),
    Text("argument", "参数"),
    Text("what it is", "含义"),
    Text("what can be written", "可写内容"),
)
_COMPLETED = Text("completed as you type", "输入时自动补全")
_FREE = Text("free", "自由填写")
_SETTINGS = Text("Settings", "设置")
_CASCADE = Text(
    "The nearest level that says something counts: thread, then channel, person, workspace, everywhere, and last the "
    "operator's variables. Of budgets those of all levels count. A thread's settings go with its history, all others "
    "stay. `/settings history` tells who changed what: the last 200 changes of each level are kept.",
    "就近生效：话题优先于频道，其次是个人、工作区、全局，最后是部署变量。额度则各级同时生效。话题的设置随其历史一起过期，其余设置长期"
    "保留。`/settings history` 查看更改记录，每个范围保留最近 200 次更改。",
)
_SETTING = Text("setting", "设置")
_SETTING_HEAD = (
    _SETTING,
    Text("what it is", "含义"),
    Text("values", "可选值"),
    Text("set with", "设置方式"),
)
_PLACES = Text("Where it can be set, and by whom", "可设置的范围与权限")
_RULES = Text(
    "\\* until an admin sets `changes admins` for the channel, the workspace or everywhere. A direct message's `channel` "
    "belongs to who writes there; Discord's belong to no workspace, so nothing is set for one from there. Admins are "
    "those of the platform, and whom `ADMINS` names (`slack:U012AB3CD`); while the platform cannot be asked who is one, "
    "nothing is changed. Whoever may open the page runs the deployment, and may do all of it from there.",
    "\\* 除非管理员已为频道、工作区或全局设置 `changes admins`。私信的 `channel` 由私信双方中的用户自行决定；Discord 的私信不属于任何"
    "工作区，因此不能从那里设置工作区。管理员指平台的管理员，以及 `ADMINS` 中指定的人（如 `slack:U012AB3CD`）；无法向平台确认身份时"
    "不作更改。能打开网页的人即视为部署的运维人员，可以在网页上更改所有设置。",
)
_WORDS = Text("Words", "用词")
_WORD_HEAD = (Text("meaning", "含义"), Text("words", "可用的词"))
_HERE = Text("where the command is given", "当前位置")
_BACK = Text("going back to what the next level says", "恢复为上一级的设置")


if __name__ == "__main__":
    (Path(sys.argv[1]) if sys.argv[1:] else PAGE).write_text(page(), encoding="utf-8")
