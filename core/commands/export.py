"""``/export``: all that is kept of the conversation, for whoever asks."""

from core.attached import Attached
from core.cascade import Level
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.personal import elsewhere, shared
from core.exported import as_json, as_markdown, seen_by
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
    if shared(desk, call):
        return elsewhere(desk, call)
    with desk.sweeps.one(call.conversation.channel, call.author):
        record = seen_by(call.author, await desk.channels.records.of(call.conversation))
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
    head = _HEAD_ONE if len(record.turns) == 1 else _HEAD
    return Answer(head.say(call.language, count=len(record.turns)), attached=attached)


EXPORT = Command(
    "export",
    Text("gives you all that is kept of this conversation", "导出本对话保存的全部内容"),
    _export,
    (Argument("form", Text("markdown or json", "markdown 或 json"), choices=_FORMS),),
)

_NO_FORM = Text("That can be had as {forms}.", "可选格式：{forms}。")
_HEAD = Text(
    "All that is kept of this conversation, {count} questions:", "本对话保存的全部内容，共 {count} 个提问："
)
_HEAD_ONE = Text("All that is kept of this conversation, 1 question:", "本对话保存的全部内容，共 1 个提问：")
_SUMMARY = Text("All that is kept of {where}", "{where} 的全部内容")
_TOO_LONG = Text(
    "It has {size} characters, more than can be shown here. Whoever runs this service can have it with `{command}`.",
    "共 {size} 个字符，无法在这里完整显示。服务的运维人员可以用 `{command}` 获取。",
)
