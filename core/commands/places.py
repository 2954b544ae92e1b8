"""Where a setting is made, in the words people write behind it."""

from collections.abc import Mapping, Sequence

from core.cascade import Level
from core.commands.command import Argument, Call
from core.commands.desk import Desk
from core.commands.rights import is_direct
from core.conversation import NO_WORKSPACE
from core.preferences import Preference
from core.store.preferences import Place
from core.texts import Text
from core.words import plain
from core.wrong import ValueWrong

HERE = "here"
"""Where the command was given: what counts when no place is named."""

WORDS: Mapping[str, Level | None] = {
    **{level.value: level for level in Level if level is not Level.DEFAULT},
    **dict.fromkeys(("话题", "本话题", "此话题", "这个话题"), Level.THREAD),
    **dict.fromkeys(("频道", "本频道", "此频道", "这个频道"), Level.CHANNEL),
    **dict.fromkeys(("我", "自己", "我自己", "个人"), Level.PERSON),
    **dict.fromkeys(("server", "工作区", "本工作区", "服务器", "本服务器"), Level.WORKSPACE),
    **dict.fromkeys(("全局", "所有工作区"), Level.DEPLOYMENT),
    **dict.fromkeys((HERE, "这里", "此处"), None),
}
_BEFORE = frozenset({"for", "in", "this", "用于"})
"""What people write before the word for a level."""

PUBLIC = frozenset({Level.THREAD, Level.CHANNEL})
"""Who changes something for these is heard by everybody there."""

ELSEWHERE = (Level.THREAD, Level.PERSON, Level.CHANNEL, Level.WORKSPACE)
"""What people are told of; who may set something everywhere knows."""
_NAMES = {Level.THREAD: "话题", Level.PERSON: "我", Level.CHANNEL: "频道", Level.WORKSPACE: "工作区"}

FOR = Argument(
    "for",
    Text(
        "where: thread, channel, me, workspace or everywhere",
        "范围：thread（话题）、channel（频道）、me（我）、workspace（工作区）、everywhere（全局）",
    ),
    choices=tuple(level.value for level in Level if level is not Level.DEFAULT),
    left_out=HERE,
)


def parted(text: str) -> tuple[str, Level | None]:
    """``text`` without the word for a level that may stand at its end, and that level."""
    words = text.split()
    if not words or plain(words[-1]) not in WORDS:
        return text.strip(), None
    level = WORDS[plain(words.pop())]
    while words and plain(words[-1]) in _BEFORE:
        words.pop()
    return " ".join(words), level


def led(text: str) -> tuple[Level | None, str]:
    """The level whose word may stand at the beginning of ``text``, and the rest with its lines as they were written."""
    first, *rest = text.split(None, 1) or [""]
    if plain(first) not in WORDS:
        return None, text.strip()
    return WORDS[plain(first)], rest[0].strip() if rest else ""


def place_of(call: Call, preference: Preference, level: Level | None) -> Place:
    """The place that is meant; None: where the command was given. Raises ValueWrong where there is no such place."""
    if level is None:
        level = _here(call) if _here(call) in preference.levels else Level.CHANNEL
    if level not in preference.levels:
        levels = ", ".join(f"`{each.value}`" for each in preference.levels)
        raise ValueWrong(_NOT_THERE, name=preference.name, level=level.value, levels=levels)
    return place_at(call, level)


def place_at(call: Call, level: Level | None) -> Place:
    """``level`` as seen from ``call``; None: where it was given. Raises ValueWrong where there is no such place."""
    level = level or _here(call)
    if level is Level.THREAD and call.conversation.thread is None:
        raise ValueWrong(_NO_THREAD)
    if level is Level.PERSON and not call.author:
        raise ValueWrong(_NO_PERSON)
    if level is Level.WORKSPACE and call.conversation.channel.workspace == NO_WORKSPACE:
        raise ValueWrong(_NO_WORKSPACE)
    return Place(level, call.conversation, call.author)


def _here(call: Call) -> Level:
    return Level.CHANNEL if call.conversation.thread is None else Level.THREAD


def offered(call: Call, levels: Sequence[Level] = ELSEWHERE) -> str:
    """The words for those of ``levels`` that there are where ``call`` was given, as one may choose between them."""
    here, zh = call.conversation, call.language == "zh"
    missing = {
        *((Level.THREAD,) if here.thread is None else ()),
        *((Level.WORKSPACE,) if here.channel.workspace == NO_WORKSPACE else ()),
    }
    *others, last = (
        f"`{level.value}`（{_NAMES[level]}）" if zh else f"`{level.value}`"
        for level in levels
        if level not in missing
    )
    return f"{('、' if zh else ', ').join(others)}{'或 ' if zh else ' or '}{last}"


def for_whom(desk: Desk, call: Call, level: Level) -> str:
    """Behind a sentence that tells of a change."""
    text = _HERE if level is Level.CHANNEL and is_direct(desk, call) else _FOR[level]
    return text.say(call.language)


def said_of(desk: Desk, call: Call, level: Level) -> str:
    """``level`` as what something comes from: nobody calls a direct message a channel."""
    if level is Level.CHANNEL and is_direct(desk, call):
        return _CONVERSATION.say(call.language)
    return level.said(call.language)


_NOT_THERE = Text(
    "`{name}` cannot be set for `{level}`, only for {levels}. Nothing was changed.",
    "`{name}` 不能在 `{level}` 范围设置，只能用于：{levels}。未作更改。",
)
# On Discord a thread is a channel of its own, and Slack does not tell where in a channel a slash command was typed.
_NO_THREAD = Text(
    "From here nothing can be set for a thread: choose `channel` or `me`, or write the command as a message in the thread.",
    "无法从这里为话题设置：请改用 `channel` 或 `me`，或在话题中以消息形式输入该命令。",
)
_NO_PERSON = Text(
    "I do not know who you are here: choose `channel` instead.", "这里无法确认您的身份，请改用 `channel`。"
)
_NO_WORKSPACE = Text(
    "A direct message belongs to no workspace: choose `channel` or `me`, or give the command in a channel of the workspace.",
    "私信不属于任何工作区：请改用 `channel` 或 `me`，或在该工作区的频道中使用此命令。",
)
_HERE = Text("here", "此处")
_CONVERSATION = Text("this conversation", "本对话")
_FOR = {
    Level.THREAD: Text("in this thread", "本话题"),
    Level.CHANNEL: Text("in this channel", "本频道"),
    Level.PERSON: Text("for you", "您个人"),
    Level.WORKSPACE: Text("in this workspace", "本工作区"),
    Level.DEPLOYMENT: Text("everywhere", "所有工作区"),
}
