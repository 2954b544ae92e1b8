"""``/model``: which model answers."""

from collections.abc import Sequence

from core.cascade import Found, Level
from core.commands.command import Answer, Argument, Call, Command
from core.commands.desk import Desk
from core.commands.places import FOR, PUBLIC, for_whom, offered, parted, place_of, said_of
from core.commands.rights import change
from core.drun.asking import GONE
from core.drun.catalog import Choice
from core.drun.model import Model
from core.errors import ModelUnknown
from core.preferences import BY_LEVEL, PREFERENCES
from core.store.preferences import Place
from core.texts import Text, brief
from core.words import RESET, first_of, is_reset, named, plain, sentences
from core.wrong import ValueWrong

_LISTED = 30
_NEAR = 5
_PREFERENCE = PREFERENCES["model"]
_SHOW_WORDS, _SET_WORDS = {"list", "show", "列表", "查看", "显示"}, {"set", "设置", "设为"}
_OFFERED = (Level.THREAD, Level.PERSON, Level.CHANNEL)


async def current_model(desk: Desk, call: Call) -> tuple[Choice, Found]:
    """Who answers whoever gave ``call``, and where that was chosen."""
    found = (await desk.preferences.chosen(call.conversation, call.author)).find("model")
    return await desk.catalog.choose(found.value), found


async def _model(desk: Desk, call: Call) -> Answer:
    written, level = parted(call.argument)
    name = await _name_in(desk, named(written))
    if not name:
        return await _choices(desk, call)
    place = place_of(call, _PREFERENCE, level)
    if is_reset(name):
        return await _reset(desk, call, place)
    try:
        model = await desk.catalog.find(name)
    except ModelUnknown:
        raise await no_model(desk, call, name) from None
    # The operator may give a name of theirs to another model: who chose by the name follows.
    await change(desk, call, _PREFERENCE, place, model.alias if name == model.alias else model.id)
    text = _SET.say(
        call.language,
        model=_said(model),
        where=for_whom(desk, call, place.level),
        known=model.described(call.language),
    )
    said = sentences(call.language, text, await _hidden(desk, call, place))
    return Answer(said, public=place.level in PUBLIC)


async def _name_in(desk: Desk, written: str) -> str:
    """The name in what was written: ``set`` may stand before it; empty where ``list`` or ``show`` stands for it."""
    word, rest = first_of(written)
    action = plain(word)
    if action not in (_SET_WORDS if rest else _SHOW_WORDS | _SET_WORDS):
        return written
    try:
        await desk.catalog.find(written)
    except ModelUnknown:
        return named(rest)
    return written  # a model is called so


async def _reset(desk: Desk, call: Call, place: Place) -> Answer:
    await change(desk, call, _PREFERENCE, place, "")
    choice, found = await current_model(desk, call)
    text = _RESET.say(
        call.language,
        where=for_whom(desk, call, place.level),
        model=_said(choice.model),
        level=said_of(desk, call, found.level),
    )
    return Answer(text, public=place.level in PUBLIC)


async def _hidden(desk: Desk, call: Call, place: Place) -> str:
    """That a nearer level still has another one; empty when the choice counts here at once."""
    found = (await desk.preferences.chosen(call.conversation, call.author)).find("model")
    if found.level is place.level:
        return ""
    level = said_of(desk, call, found.level)
    return _HIDDEN.say(call.language, model=brief(found.value), level=level)


async def _choices(desk: Desk, call: Call) -> Answer:
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
            level=said_of(desk, call, found.level),
        ),
        GONE.say(call.language, chosen=chosen.gone, model=chosen.model.label) if chosen.gone else "",
        _MODELS.say(
            call.language,
            command=call.spell("model"),
            levels=offered(call, _OFFERED),
            models="\n".join(shown),
        )
        if shown
        else "",
    ]
    return Answer("\n\n".join(part for part in parts if part), personal=found.level is Level.PERSON)


async def no_model(desk: Desk, call: Call, name: str) -> ValueWrong:
    """That there is none of that ``name``, and what can be chosen instead: what looks like it, or else a few of all."""
    near = await desk.catalog.like(name, most=_NEAR)
    some: Sequence[Model] = near or (await desk.catalog.all())[:_NEAR]
    text = _DID_YOU_MEAN if near else _THERE_ARE if some else ModelUnknown.text
    names = ", ".join(f"`{model.called}`" for model in some)
    return ValueWrong(text, model=brief(name), models=names, command=call.spell("model"))


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
    "Can be chosen with `{command} <name>`, and {levels} behind it:\n\n{models}",
    "可用 `{command} <名称>` 切换，后面可加 {levels}：\n\n{models}",
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
_DID_YOU_MEAN = Text(
    f"{ModelUnknown.text.en} Did you mean {{models}}?", f"{ModelUnknown.text.zh}您是不是想找：{{models}}？"
)
_THERE_ARE = Text(
    f"{ModelUnknown.text.en} Can be chosen: {{models}}; `{{command}}` lists them all.",
    f"{ModelUnknown.text.zh}可选：{{models}}；输入 `{{command}}` 查看全部。",
)
