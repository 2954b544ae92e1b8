"""``/forget``: what was said is deleted for good."""

from collections.abc import Awaitable, Callable, Sequence

from core.cascade import Level
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.places import led
from core.commands.rights import Who, is_admin, is_direct
from core.store.erasing import Asking
from core.texts import Text
from core.words import plain, sentences
from core.wrong import AdminUnknown, ValueWrong

_YES = "yes"
_AGREED = frozenset({_YES, "是", "是的", "确认", "好", "好的"})


async def _forget(desk: Desk, call: Call) -> Answer:
    level, rest = led(call.argument)
    if level is None and not rest:
        return Answer(_HOW.say(call.language, command=call.spell("forget")))
    if level not in _FORGETS:
        raise ValueWrong(_NEITHER, command=call.spell("forget"))
    explained, forgets = _FORGETS[level]
    await _allow(desk, call, level)
    if plain(rest) not in _AGREED:
        line = f"{call.spell('forget')} {level.value} {_YES}"
        asking = _SURE.say(call.language, line=line)
        return Answer(sentences(call.language, explained.say(call.language), asking))
    with desk.sweeps.one(call.conversation.channel, call.author):
        return await forgets(desk, call)


async def _allow(desk: Desk, call: Call, level: Level) -> None:
    if level is Level.PERSON:
        if not call.author:
            raise ValueWrong(_NOBODY)
        return
    if is_direct(desk, call):
        return
    admin = await is_admin(desk, call)
    if admin is None:
        raise AdminUnknown
    if not admin:
        raise ValueWrong(_FOR_ADMINS, command=call.spell("forget"))


async def _channel(desk: Desk, call: Call) -> Answer:
    await desk.channels.erasing.channel(call.conversation.channel, by=_asking(call))
    return Answer(_CHANNEL_DONE.say(call.language), public=True)


async def _person(desk: Desk, call: Call) -> Answer:
    await desk.channels.erasing.person(call.conversation.channel, call.author, by=_asking(call))
    return Answer(_PERSON_DONE.say(call.language))


def _asking(call: Call) -> Asking | None:
    return Asking(call.asked_in or call.conversation, call.turn) if call.turn else None


async def _complete(_: Desk, call: Call) -> Sequence[str]:
    return [each for each in (_YES,) if each.startswith(plain(call.argument.rpartition(" ")[2]))]


_EXPLAINED_PERSON = Text(
    "Deleted for good, in this whole workspace: every question of yours with its answer, what waits to be answered, "
    "your settings, your opinions of answers, and how much you have used; summaries that may hold your words are made "
    "anew without them. What stands on the platform itself stays: delete it there.",
    "将永久删除您在整个工作区内的以下数据：您的所有提问及回答、等待回答的问题、个人设置、对回答的评价和用量；"
    "可能含有您所说内容的摘要会重新生成。平台上的消息本身不会被删除，请在平台上自行删除。",
)
_EXPLAINED_CHANNEL = Text(
    "Deleted for good: everything that was said to me in this channel and its threads, with my answers, thoughts, "
    "summaries and opinions of them; what waits is dropped, and what I am writing is stopped. Settings stay. What "
    "stands on the platform itself stays too: delete it there.",
    "将永久删除：本频道及其话题中所有对我说的话和我的回答，以及思考过程、摘要和评价；等待中的问题会被丢弃，正在生成的回答会停止。"
    "设置会保留。平台上的消息本身不会被删除，请在平台上自行删除。",
)
_FORGETS: dict[Level, tuple[Text, Callable[[Desk, Call], Awaitable[Answer]]]] = {
    Level.PERSON: (_EXPLAINED_PERSON, _person),
    Level.CHANNEL: (_EXPLAINED_CHANNEL, _channel),
}
_WHAT = tuple(level.value for level in _FORGETS)

FORGET = Command(
    "forget",
    Text(
        "deletes for good what was said in this channel, or by you in this workspace",
        "永久删除本频道的对话，或您在本工作区的全部数据",
    ),
    _forget,
    (
        Argument("what", Text("me or channel", "me（我）或 channel（本频道）"), choices=_WHAT),
        Argument("sure", Text("yes: do it", "yes：确认删除"), _complete, left_out=""),
    ),
    Text(
        f"`me`: {Who.ANYONE.value.en}; `channel`: {Who.ADMINS.value.en}, or anyone in a direct message",
        f"`me`：{Who.ANYONE.value.zh}；`channel`：{Who.ADMINS.value.zh}，私信中任何人",
    ),
)

_HOW = Text(
    "What shall be deleted? `{command} me`: what you have said to me in this workspace. `{command} channel`: what "
    "anybody has said to me in this channel. I tell what that means before I do it.",
    "要删除什么？`{command} me`：您在本工作区对我说过的内容；`{command} channel`：本频道中所有人对我说过的内容。"
    "执行之前我会先说明删除的范围。",
)
_NEITHER = Text(
    "I can forget `me` or `channel`, as in `{command} me`. Nothing was deleted.",
    "可以删除 `me`（我）或 `channel`（本频道），例如 `{command} me`。未删除任何内容。",
)
_NOBODY = Text(
    "I do not know who you are here: choose `channel` instead. Nothing was deleted.",
    "这里无法确认您的身份，请改用 `channel`。未删除任何内容。",
)
_FOR_ADMINS = Text(
    "Only admins of this workspace may delete what was said in this channel. `{command} me` deletes what you have said. "
    "Nothing was deleted.",
    "只有工作区管理员可以删除本频道的对话。`{command} me` 可删除您自己的内容。未删除任何内容。",
)
_SURE = Text(
    "It cannot be undone. If that is what you want: `{line}`", "此操作无法撤销。确认请输入：`{line}`"
)
_CHANNEL_DONE = Text(
    "Forgotten: nothing of what was said to me here is kept any more.",
    "已全部删除：我不再保留这里说过的任何内容。",
)
_PERSON_DONE = Text(
    "Forgotten: nothing of what you have said to me in this workspace is kept any more. If you are on a daily or hourly "
    "budget, its count stays until it ends.",
    "已全部删除：我不再保留您在本工作区对我说过的任何内容。如有每小时或每日限额，其计数会保留到周期结束。",
)
