"""``/export``: all that is kept of the conversation, for whoever asks."""

from core.attached import Attached
from core.cascade import Level
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.rights import is_direct
from core.conversation import Conversation
from core.exported import as_json, as_markdown
from core.texts import Text
from core.words import plain
from core.wrong import ValueWrong

_MARKDOWN, _JSON = "markdown", "json"
_FORMS = (_MARKDOWN, _JSON)
_STORED = (Level.THREAD, Level.CHANNEL, Level.WORKSPACE)
"""Levels whose settings belong to what is talked about: not the person's own, and not the operator's."""


async def _export(desk: Desk, call: Call) -> Answer:
    form = plain(call.argument) or _MARKDOWN
    form = _MARKDOWN if form == "md" else form
    if form not in _FORMS:
        raise ValueWrong(_NO_FORM, forms=", ".join(f"`{each}`" for each in _FORMS))
    if call.turn and not is_direct(desk, call):
        return Answer(_IN_PUBLIC.say(call.language, command=_beside(desk, call)))
    record = await desk.channels.records.of(call.conversation)
    chosen = await desk.preferences.chosen(call.conversation, "")
    settings = {level.value: found for level in _STORED if (found := chosen.layers.get(level))}
    text = as_json(record, settings) if form == _JSON else as_markdown(record, settings, call.language)
    where = f"drun-chat export {call.conversation} --form {form}"
    attached = Attached(
        f"conversation.{'json' if form == _JSON else 'md'}",
        text,
        _SUMMARY.say(call.language, where=call.conversation),
        call.language,
        instead=_TOO_LONG.say(call.language, size=f"{len(text):,}", command=where),
    )
    return Answer(_HEAD.say(call.language, count=len(record.turns)), attached=attached)


def _beside(desk: Desk, call: Call) -> str:
    """How the command is given so that one person alone sees its answer."""
    channel = call.conversation.channel
    platform = desk.platforms.get(channel.platform)
    return platform.spelled(EXPORT.name, Conversation(channel)) if platform else call.spell(EXPORT.name)


EXPORT = Command(
    "export",
    Text("gives you all that is kept of this conversation", "导出本对话保存的全部内容"),
    _export,
    (Argument("form", Text("markdown or json", "markdown 或 json"), choices=_FORMS),),
)

_NO_FORM = Text("That can be had as {forms}.", "可选格式：{forms}。")
_IN_PUBLIC = Text(
    "Everybody would see it here. Give the command as `{command}`, outside of threads: then only you do.",
    "在这里所有人都会看到导出内容。请在话题之外使用 `{command}`，这样只有您能看到。",
)
_HEAD = Text(
    "All that is kept of this conversation, {count} questions:", "本对话保存的全部内容，共 {count} 个提问："
)
_SUMMARY = Text("All that is kept of {where}", "{where} 的全部内容")
_TOO_LONG = Text(
    "It has {size} characters, more than can be shown here. Whoever runs this service can have it with `{command}`.",
    "共 {size} 个字符，无法在这里完整显示。服务的运维人员可以用 `{command}` 获取。",
)
