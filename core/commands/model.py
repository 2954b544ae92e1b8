"""``/model``: which model answers."""

from collections.abc import Sequence

from core.cascade import Found
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.places import FOR, PUBLIC, for_whom, parted, place_of
from core.commands.rights import change
from core.drun.asking import GONE
from core.drun.catalog import Choice
from core.drun.model import Model
from core.errors import ModelUnknown
from core.preferences import BY_LEVEL, PREFERENCES
from core.store.preferences import Place
from core.texts import Text, brief
from core.words import RESET, is_reset, named

_LISTED = 30
_NEAR = 5
_PREFERENCE = PREFERENCES["model"]


async def current_model(desk: Desk, call: Call) -> tuple[Choice, Found]:
    """Who answers whoever gave ``call``, and where that was chosen."""
    found = (await desk.preferences.chosen(call.conversation, call.author)).find("model")
    return await desk.catalog.choose(found.value), found


async def _model(desk: Desk, call: Call) -> Answer:
    written, level = parted(call.argument)
    name = named(written)
    if not name:
        return Answer(await _choices(desk, call))
    place = place_of(call, _PREFERENCE, level)
    if is_reset(name):
        return await _reset(desk, call, place)
    try:
        model = await desk.catalog.find(name)
    except ModelUnknown:
        unknown = ModelUnknown(f"no model {name}", model=brief(name)).notice(call.language)
        return Answer(f"{unknown} {await _instead(desk, call, name)}".strip())
    # The operator may give a name of theirs to another model: who chose by the name follows.
    await change(desk, call, _PREFERENCE, place, model.alias if name == model.alias else model.id)
    text = _SET.say(
        call.language,
        model=_said(model),
        where=for_whom(place.level, call.language),
        known=model.described(call.language),
    )
    return Answer(text + await _hidden(desk, call, place), public=place.level in PUBLIC)


async def _reset(desk: Desk, call: Call, place: Place) -> Answer:
    await change(desk, call, _PREFERENCE, place, "")
    choice, found = await current_model(desk, call)
    text = _RESET.say(
        call.language,
        where=for_whom(place.level, call.language),
        model=_said(choice.model),
        level=found.level.said(call.language),
    )
    return Answer(text, public=place.level in PUBLIC)


async def _hidden(desk: Desk, call: Call, place: Place) -> str:
    """That a nearer level still has another one; empty when the choice counts here at once."""
    found = (await desk.preferences.chosen(call.conversation, call.author)).find("model")
    if found.level is place.level:
        return ""
    level = found.level.said(call.language)
    return " " + _HIDDEN.say(call.language, model=brief(found.value), level=level)


async def _choices(desk: Desk, call: Call) -> str:
    models = await desk.catalog.all()
    chosen, found = await current_model(desk, call)
    shown = [f"- {_said(model)} {model.described(call.language)}" for model in models[:_LISTED]]
    if len(models) > _LISTED:
        shown.append(_MORE.say(call.language, count=len(models) - _LISTED))
    parts = [
        _NOW.say(
            call.language,
            model=_said(chosen.model),
            known=chosen.model.described(call.language),
            level=found.level.said(call.language),
        ),
        GONE.say(call.language, chosen=chosen.gone, model=chosen.model.label) if chosen.gone else "",
        _MODELS.say(call.language, command=call.spell("model"), models="\n".join(shown)) if shown else "",
    ]
    return "\n\n".join(part for part in parts if part)


async def _instead(desk: Desk, call: Call, name: str) -> str:
    """What can be chosen instead of a model that there is not: what looks like it, or else a few of all."""
    near = await desk.catalog.like(name, most=_NEAR)
    some: Sequence[Model] = near or (await desk.catalog.all())[:_NEAR]
    if not some:
        return ""
    text = _DID_YOU_MEAN if near else _THERE_ARE
    names = ", ".join(f"`{model.called}`" for model in some)
    return text.say(call.language, models=names, command=call.spell("model"))


def _said(model: Model) -> str:
    """By the operator's name where there is one, and by what it is: nobody should have to guess what ``fast`` means."""
    return f"`{model.alias}` (`{model.label}`)" if model.alias else f"`{model.label}`"


async def complete_model(desk: Desk, call: Call) -> Sequence[str]:
    typed = named(call.argument)
    return [
        *(model.called for model in await desk.catalog.like(typed)),
        *([RESET] if typed and RESET.startswith(typed.lower()) else ()),
    ]


MODEL = Command(
    "model",
    Text(
        "shows the model, lists what can be chosen, or switches it for this thread, channel or you",
        "查看、列出或切换模型（话题、频道或个人）",
    ),
    _model,
    (
        Argument(
            "name", Text("the model to switch to, or reset", "要切换到的模型，或 reset"), complete_model
        ),
        FOR,
    ),
    BY_LEVEL,
)

_NOW = Text("{model} answers here ({level}): {known}.", "这里当前使用 {model}（{level}）：{known}。")
_MODELS = Text(
    "Can be chosen with `{command} <name>`, and `me`, `thread` or `channel` behind it:\n\n{models}",
    "可用 `{command} <名称>` 切换，后面可加 `me`（我）、`thread`（话题）或 `channel`（频道）：\n\n{models}",
)
_MORE = Text("- and {count} more", "- 以及另外 {count} 个")
_SET = Text("From now on {model} answers {where}: {known}.", "{where}现在使用 {model}：{known}。")
_HIDDEN = Text(
    "Here `{model}` still answers: it was chosen for {level}.", "此处仍由 `{model}` 回答：该选择来自{level}。"
)
_RESET = Text(
    "The choice {where} is forgotten; {model} answers ({level}).",
    "已清除{where}的选择，现由 {model} 回答（{level}）。",
)
_DID_YOU_MEAN = Text("Did you mean {models}?", "您是不是想找：{models}？")
_THERE_ARE = Text(
    "Can be chosen: {models}; `{command}` lists them all.", "可选：{models}；输入 `{command}` 查看全部。"
)
