"""``/system``: the instructions that a model is given before everything else."""

from core.cascade import Found, Level
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.places import FOR, HERE, PUBLIC, for_whom, led, place_of
from core.commands.rights import change
from core.preferences import BY_LEVEL, PREFERENCES
from core.store.preferences import Place
from core.texts import Text, brief
from core.words import RESET, first_of, is_reset, plain
from core.wrong import ValueWrong

_PREFERENCE = PREFERENCES["system"]
_SHOW, _SET = "show", "set"
_SHOW_WORDS, _SET_WORDS = {"", _SHOW, "查看", "显示"}, {_SET, "设置", "设为"}
_QUOTED = 100
"""Characters of new instructions that are said again: who wrote ``thread safety first`` sees what became of it."""


async def _system(desk: Desk, call: Call) -> Answer:
    action, rest = first_of(call.argument)
    level, text = led(rest)
    if plain(action) in _SHOW_WORDS:
        return Answer(await _shown(desk, call, level))
    if is_reset(action):
        return await _change(desk, call, place_of(call, _PREFERENCE, level), "")
    if plain(action) not in _SET_WORDS or not text:
        raise ValueWrong(_HOW, command=call.spell("system"), here=HERE)
    return await _change(desk, call, place_of(call, _PREFERENCE, level), _PREFERENCE.read(text))


async def _change(desk: Desk, call: Call, place: Place, value: str) -> Answer:
    await change(desk, call, _PREFERENCE, place, value)
    text = _CHANGED if value else _BACK
    where = for_whom(place.level, call.language)
    said = text.say(call.language, where=where, text=brief(value, _QUOTED))
    return Answer(said + await _hidden(desk, call, place), public=place.level in PUBLIC)


async def _hidden(desk: Desk, call: Call, place: Place) -> str:
    """That other instructions are given here all the same; empty where it is these, or none."""
    found = (await desk.preferences.chosen(call.conversation, call.author)).find(_PREFERENCE.name)
    if found.level is place.level or not found.value:
        return ""
    return " " + _HIDDEN.say(call.language, level=found.level.said(call.language))


async def _shown(desk: Desk, call: Call, level: Level | None) -> str:
    """Those that count, or those of ``level`` alone."""
    chosen = await desk.preferences.chosen(call.conversation, call.author)
    found = chosen.find(_PREFERENCE.name)
    if level is not None:
        place_of(call, _PREFERENCE, level)
        found = Found(chosen.layers.get(level, {}).get(_PREFERENCE.name, ""), level)
    if not found.value:
        none = _NONE.say(call.language, command=call.spell("system"))
        return none if level is None else _NONE_THERE.say(call.language, where=for_whom(level, call.language))
    quoted = "\n".join(f"> {line}".rstrip() for line in found.value.splitlines())
    return _SHOWN.say(call.language, level=found.level.said(call.language)) + f"\n\n{quoted}"


SYSTEM = Command(
    "system",
    Text("shows or sets the instructions that the model is given", "查看或设置给模型的指令"),
    _system,
    (
        Argument("action", Text("show, set or reset", "show、set 或 reset"), choices=(_SHOW, _SET, RESET)),
        FOR,
        Argument("text", Text("the instructions, after set", "指令内容（用于 set）")),
    ),
    BY_LEVEL,
)

_HOW = Text(
    "Write `{command} set <instructions>`, `{command} show` or `{command} reset`; behind the first word may stand "
    "`{here}`, `me`, `thread`, `channel` or `workspace`.",
    "请输入 `{command} set <指令>`、`{command} show` 或 `{command} reset`；第一个词后面可加 `{here}`（这里）、"
    "`me`（我）、`thread`（话题）、`channel`（频道）或 `workspace`（工作区）。",
)
_NONE = Text(
    "The model is given no instructions. `{command} set <instructions>` sets some.",
    "目前没有给模型的指令。可用 `{command} set <指令>` 设置。",
)
_NONE_THERE = Text("No instructions were set {where}.", "{where}没有设置指令。")
_SHOWN = Text("The model is given these instructions ({level}):", "给模型的指令（{level}）：")
_CHANGED = Text("The model is given new instructions {where}: `{text}`", "已更新{where}的指令：`{text}`")
_BACK = Text("The instructions {where} are forgotten.", "已清除{where}的指令。")
_HIDDEN = Text("Here those of another level are given: {level}.", "此处实际使用的是其他范围的指令：{level}。")
