"""``/settings``: what else can be chosen, each with where it comes from."""

from collections.abc import Sequence

from core.cascade import Chosen, Found, Level
from core.commands.changed import history
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.model import current_model
from core.commands.places import FOR, PUBLIC, for_whom, offered, parted, place_of, said_of
from core.commands.rights import change
from core.errors import ModelError
from core.preferences import BY_LEVEL, NAME_WORDS, PREFERENCES, Preference
from core.store.preferences import Place
from core.texts import Text, brief
from core.words import RESET, first_of, is_reset, plain
from core.wrong import ValueWrong

_HISTORY = "history"
_HISTORY_WORDS = {_HISTORY, "历史", "记录"}
_SHOWN_VALUE = 60
_OURS = {each.name: each for each in PREFERENCES.values() if not each.own_command}


async def _settings(desk: Desk, call: Call) -> Answer:
    written, level = parted(call.argument)
    name, value = first_of(written)
    if not name:
        return await _all(desk, call)
    if plain(name) in _HISTORY_WORDS and not value:
        return Answer(await history(desk, call, level), personal=level is Level.PERSON)
    preference = _named(call, name)
    if not value:
        if level is not None:
            raise ValueWrong(_NO_VALUE, name=preference.name, values=preference.summary.say(call.language))
        found = (await desk.preferences.chosen(call.conversation, call.author)).find(preference.name)
        return Answer(_line(desk, call, preference, found), personal=found.level is Level.PERSON)
    place = place_of(call, preference, level)
    await change(
        desk, call, preference, place, "" if is_reset(value) else preference.read_for(place.level, value)
    )
    return Answer(await _changed(desk, call, preference, place), public=place.level in PUBLIC)


def _named(call: Call, written: str) -> Preference:
    name = _name(written)
    if name in _OURS:
        return _OURS[name]
    if name in PREFERENCES:
        raise ValueWrong(_ELSEWHERE, name=name, command=call.spell(PREFERENCES[name].own_command))
    names = ", ".join(f"`{each}`" for each in _OURS)
    raise ValueWrong(_NO_SETTING, name=brief(written), names=names)


def _name(written: str) -> str:
    name = plain(written).replace("-", "_")
    return NAME_WORDS.get(name, name)


async def _all(desk: Desk, call: Call) -> Answer:
    chosen = await desk.preferences.chosen(call.conversation, call.author)
    found = {each.name: chosen.find(each.name) for each in PREFERENCES.values()}
    found["model"] = await _answering(desk, call, chosen)
    lines = "\n".join(_line(desk, call, PREFERENCES[name], each) for name, each in found.items())
    how = _HOW.say(call.language, command=call.spell("settings"), levels=offered(call))
    personal = any(each.level is Level.PERSON for each in found.values())
    return Answer(f"{_HEAD.say(call.language)}\n\n{lines}\n\n{how}", personal=personal)


async def _answering(desk: Desk, call: Call, chosen: Chosen) -> Found:
    """The model that answers: also where nobody has chosen one, and where the one that was chosen is gone."""
    try:
        choice, found = await current_model(desk, call)
    except ModelError:
        return chosen.find("model")
    return Found(choice.model.called, Level.DEFAULT if choice.gone else found.level)


def _line(desk: Desk, call: Call, preference: Preference, found: Found) -> str:
    value = brief(found.value, _SHOWN_VALUE)
    shown = f"`{value}`" if value else _NOT_SET.say(call.language)
    level = said_of(desk, call, found.level)
    return f"- `{preference.name}` {shown} ({level}): {preference.summary.say(call.language)}"


async def _changed(desk: Desk, call: Call, preference: Preference, place: Place) -> str:
    """What counts now, and where that comes from: a nearer level may still say otherwise."""
    found = (await desk.preferences.chosen(call.conversation, call.author)).find(preference.name)
    return _CHANGED.say(
        call.language,
        name=preference.name,
        where=for_whom(desk, call, place.level),
        value=f"`{brief(found.value)}`" if found.value else _NOT_SET.say(call.language),
        level=said_of(desk, call, found.level),
    )


async def _complete_name(_: Desk, call: Call) -> Sequence[str]:
    typed = plain(call.argument)
    return [name for name in (*_OURS, _HISTORY) if name.startswith(typed)]


async def _complete_value(_: Desk, call: Call) -> Sequence[str]:
    # The name stands before what was typed: one that is none, or was left out, has no values.
    name, _space, typed = call.argument.partition(" ")
    if plain(name) in _HISTORY_WORDS:
        values: tuple[str, ...] = FOR.choices
    else:
        preference = _OURS.get(_name(name))
        values = (*preference.choices, RESET) if preference else ()
    return [value for value in values if value.startswith(plain(typed))]


SETTINGS = Command(
    "settings",
    Text(
        "shows or changes how I answer: temperature, length, which messages, thoughts, language and more",
        "查看或更改回答方式：temperature、长度、回答哪些消息、思考过程、语言等",
    ),
    _settings,
    (
        Argument(
            "name",
            Text("which setting; history shows who changed what", "设置名称；history 查看更改记录"),
            _complete_name,
        ),
        Argument("value", Text("its new value, or reset", "新的值，或 reset"), _complete_value),
        FOR,
    ),
    BY_LEVEL,
)

_HEAD = Text("What counts for you here, and where it comes from:", "当前对您生效的设置及其来源：")
_HOW = Text(
    "Change one with `{command} <name> <value>`, go back with `{command} <name> reset`; behind it may stand "
    "{levels}. `{command} history` tells who changed what.",
    "用 `{command} <名称> <值>` 更改，用 `{command} <名称> reset`（重置）恢复；后面可加 {levels}。"
    "`{command} history` 查看更改记录。",
)
_NOT_SET = Text("not set", "未设置")
_ELSEWHERE = Text("`{name}` has a command of its own: `{command}`.", "`{name}` 有专门的命令：`{command}`。")
_NO_SETTING = Text(
    "There is no setting `{name}`. There are {names}.", "没有 `{name}` 这个设置。可用：{names}。"
)
_NO_VALUE = Text(
    "`{name}` needs a value: {values}. Nothing was changed.", "`{name}` 需要一个值：{values}。未作更改。"
)
_CHANGED = Text(
    "`{name}` was changed {where}. What counts here now: {value} ({level}).",
    "已更改{where}的 `{name}`。此处现在生效的是：{value}（{level}）。",
)
