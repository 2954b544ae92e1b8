"""``/system``: the instructions that a model is given before everything else."""

from collections.abc import Sequence
from dataclasses import replace

from core.cascade import Found, Level
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.places import (
    FOR,
    HERE,
    PUBLIC,
    WORDS,
    for_whom,
    led,
    offered,
    parted,
    place_of,
    said_of,
)
from core.commands.rights import change
from core.preferences import BY_LEVEL, PREFERENCES
from core.presets import Preset, like, preset_of
from core.store.preferences import Place
from core.texts import Text, brief
from core.words import RESET, first_of, is_reset, plain, sentences
from core.wrong import ValueWrong

_PREFERENCE = PREFERENCES["system"]
_SHOW, _SET, _PRESETS, _PRESET = "show", "set", "presets", "preset"
_SHOW_WORDS, _SET_WORDS = {"", _SHOW, "查看", "显示"}, {_SET, "设置", "设为"}
_PRESET_WORDS = {_PRESETS, _PRESET, "预设"}
"""Either word does both: a slip between them leaves no doubt about what is meant."""
_NEAR = 5
_OFFERED = (Level.PERSON, Level.CHANNEL, Level.WORKSPACE)
_QUOTED = 100
"""Characters of new instructions that are said again: who wrote ``thread safety first`` sees what became of it."""


async def _system(desk: Desk, call: Call) -> Answer:
    action, rest = first_of(call.argument)
    if plain(action) in _PRESET_WORDS:
        return await _preset(desk, call, rest)
    level, text = led(rest)
    if plain(action) in _SHOW_WORDS:
        return await _shown(desk, call, level)
    if is_reset(action):
        return await _change(desk, call, place_of(call, _PREFERENCE, level), "")
    if plain(action) not in _SET_WORDS or not text:
        raise ValueWrong(_HOW, command=call.spell("system"), here=HERE, levels=offered(call))
    return await _change(desk, call, place_of(call, _PREFERENCE, level), _PREFERENCE.read(text))


async def _change(desk: Desk, call: Call, place: Place, value: str) -> Answer:
    text = (_CHANGED if value else _BACK).say(
        call.language, where=for_whom(desk, call, place.level), text=brief(value, _QUOTED)
    )
    return await _set(desk, call, place, value, text)


async def _set(desk: Desk, call: Call, place: Place, value: str, said: str) -> Answer:
    """Sets what is given at ``place``, and says ``said``."""
    await change(desk, call, _PREFERENCE, place, value)
    said = sentences(call.language, said, await _hidden(desk, call, place))
    return Answer(said, public=place.level in PUBLIC)


async def _preset(desk: Desk, call: Call, rest: str) -> Answer:
    """Gives the model the preset that ``rest`` names; the place may stand before the name or behind it."""
    level, name = led(rest)
    if level is None:
        name, level = parted(name)
    if not name:
        return Answer(_listed(desk, call))
    preset = desk.presets.get(plain(name))
    if preset is None:
        near = like(desk.presets, name)[:_NEAR]
        names = ", ".join(f"`{each}`" for each in near or [*desk.presets][:_NEAR])
        raise ValueWrong(
            _DID_YOU_MEAN if near else _NO_PRESET,
            name=brief(name),
            names=names,
            line=f"{call.spell('system')} {_PRESETS}",
        )
    place = place_of(call, _PREFERENCE, level)
    said = _PRESET_SET.say(
        call.language,
        name=preset.name,
        where=for_whom(desk, call, place.level),
        summary=preset.summary[call.language],
    )
    return await _set(desk, call, place, _PREFERENCE.read(preset.text[call.language]), said)


def _listed(desk: Desk, call: Call) -> str:
    presets = "\n".join(f"- `{each.name}` {each.summary[call.language]}" for each in desk.presets.values())
    return _PRESETS_ARE.say(
        call.language,
        line=f"{call.spell('system')} {_PRESET}",
        levels=offered(call, _OFFERED),
        presets=presets,
    )


async def _hidden(desk: Desk, call: Call, place: Place) -> str:
    """That other instructions are given here all the same; empty where it is these, or none."""
    found = (await desk.preferences.chosen(call.conversation, call.author)).find(_PREFERENCE.name)
    if found.level is place.level or not found.value:
        return ""
    return _HIDDEN.say(call.language, level=said_of(desk, call, found.level))


async def _shown(desk: Desk, call: Call, level: Level | None) -> Answer:
    """Those that count, or those of ``level`` alone."""
    chosen = await desk.preferences.chosen(call.conversation, call.author)
    found = chosen.find(_PREFERENCE.name)
    if level is not None:
        place_of(call, _PREFERENCE, level)
        found = Found(chosen.layers.get(level, {}).get(_PREFERENCE.name, ""), level)
    if not found.value:
        none = _NONE.say(call.language, command=call.spell("system"))
        return Answer(
            none if level is None else _NONE_THERE.say(call.language, where=for_whom(desk, call, level))
        )
    quoted = "\n".join(f"> {line}".rstrip() for line in found.value.splitlines())
    head = _head(call, said_of(desk, call, found.level), preset_of(desk.presets, found.value))
    return Answer(f"{head}\n\n{quoted}", personal=found.level is Level.PERSON)


def _head(call: Call, level: str, preset: Preset | None) -> str:
    if preset is None:
        return _SHOWN.say(call.language, level=level)
    return _PRESET_SHOWN.say(call.language, name=preset.name, level=level)


async def _complete_place(desk: Desk, call: Call) -> Sequence[str]:
    """In a line a preset's name stands right behind the word for it, or the place does."""
    action, _space, typed = call.argument.partition(" ")
    names = like(desk.presets, typed) if plain(action) in _PRESET_WORDS else []
    return [*names, *_places(typed)]


async def _complete_text(desk: Desk, call: Call) -> Sequence[str]:
    action, _space, rest = call.argument.partition(" ")
    place, _space, typed = rest.partition(" ")
    if plain(action) not in _PRESET_WORDS:
        return []
    # A field that was left out is nothing between two spaces.
    return like(desk.presets, typed) if not place or plain(place) in WORDS else _places(typed)


def _places(typed: str) -> list[str]:
    return [choice for choice in FOR.choices if choice.startswith(plain(typed))]


SYSTEM = Command(
    "system",
    Text(
        "shows or sets the instructions that the model is given, also ready ones (presets)",
        "查看或设置给模型的指令，也可选用预设",
    ),
    _system,
    (
        Argument(
            "action",
            Text("show, set, presets, preset or reset", "show、set、presets、preset 或 reset"),
            choices=(_SHOW, _SET, _PRESETS, _PRESET, RESET),
        ),
        replace(FOR, in_line=_complete_place),
        Argument(
            "text",
            Text(
                "the instructions, after set; the name, after preset",
                "指令内容（用于 set）或预设名称（用于 preset）",
            ),
            _complete_text,
        ),
    ),
    BY_LEVEL,
)

_HOW = Text(
    "Write `{command} set <instructions>`, `{command} preset <name>`, `{command} presets`, `{command} show` or "
    "`{command} reset`; behind the first word may stand `{here}`, {levels}.",
    "请输入 `{command} set <指令>`、`{command} preset <名称>`、`{command} presets`、`{command} show` 或 `{command} reset`；"
    "第一个词后面可加 `{here}`（这里）、{levels}。",
)
_NONE = Text(
    "The model is given no instructions. `{command} set <instructions>` sets some, `{command} presets` lists ready ones.",
    "目前没有给模型的指令。可用 `{command} set <指令>` 设置，或用 `{command} presets` 查看预设。",
)
_NONE_THERE = Text("No instructions were set {where}.", "{where}没有设置指令。")
_SHOWN = Text("The model is given these instructions ({level}):", "给模型的指令（{level}）：")
_CHANGED = Text("The model is given new instructions {where}: `{text}`.", "已更新{where}的指令：`{text}`。")
_BACK = Text("The instructions {where} are forgotten.", "已清除{where}的指令。")
_HIDDEN = Text("Here those of another level are given: {level}.", "此处实际使用的是其他范围的指令：{level}。")
_PRESETS_ARE = Text(
    "Presets are ready instructions. `{line} <name>` sets one here, with {levels} behind it elsewhere:"
    "\n\n{presets}",
    "预设是现成的指令。用 `{line} <名称>` 在这里启用，后面可加 {levels}：\n\n{presets}",
)
_PRESET_SET = Text(
    "The model is given the preset `{name}` {where}: {summary}.", "已为{where}启用预设 `{name}`：{summary}。"
)
_PRESET_SHOWN = Text(
    "The model is given the preset `{name}` ({level}):", "给模型的指令是预设 `{name}`（{level}）："
)
_DID_YOU_MEAN = Text(
    "There is no preset `{name}`. Did you mean {names}? `{line}` lists all. Nothing was changed.",
    "没有预设 `{name}`。您是不是想找：{names}？输入 `{line}` 查看全部。未作更改。",
)
_NO_PRESET = Text(
    "There is no preset `{name}`. There are {names}; `{line}` lists all. Nothing was changed.",
    "没有预设 `{name}`。可用：{names}；输入 `{line}` 查看全部。未作更改。",
)
