"""Everything a person can do besides talking, defined once. Each platform only spells it in its own way."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.conversation import Conversation
from core.drun.asking import GONE
from core.drun.catalog import Catalog
from core.drun.model import Model
from core.errors import ChatError, ModelUnknown
from core.shown_thoughts import shown_thoughts
from core.store.channels import Channels
from core.store.claims import Busy
from core.store.turns import Turns
from core.texts import Language, Text

_TEXT_FORM = re.compile(r"/([a-zA-Z]+)(?:\s+(.*))?", re.DOTALL)
_LISTED = 30
_NEAR = 5


def slash(command: str) -> str:
    """How a command is written where every one of them is a slash command."""
    return f"/{command}"


@dataclass(frozen=True, slots=True)
class Call:
    """One command as somebody gave it."""

    conversation: Conversation
    name: str
    argument: str
    language: Language
    turn: str = ""
    """The sequence of the turn that it came as; empty when it came beside the conversation."""
    spell: Callable[[str], str] = slash
    """How a command is written where this one was given."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says, as Markdown."""

    text: str
    public: bool = False
    """It changed something for all who talk here: everybody should see it."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What may follow a command's name. Never required: a command alone explains itself."""

    name: str
    summary: Text
    complete: Callable[["Desk", str], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    summary: Text
    run: Callable[["Desk", Call], Awaitable[Answer]]
    argument: Argument | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work with."""

    turns: Turns
    channels: Channels
    catalog: Catalog

    async def run(self, call: Call) -> Answer:
        """Runs ``call``. Raises nothing a person could cause: every ChatError becomes its sentence."""
        command = COMMANDS.get(call.name)
        try:
            if command is None:
                names = ", ".join(f"`{call.spell(name)}`" for name in COMMANDS)
                return Answer(_UNKNOWN.say(call.language, name=call.name, commands=names))
            return await command.run(self, call)
        except ChatError as error:
            return Answer(error.notice(call.language))

    async def complete(self, name: str, text: str) -> Sequence[str]:
        """What may follow command ``name``, best first, at most 25 (Discord: 25 choices)."""
        command = COMMANDS.get(name)
        return await command.argument.complete(self, text) if command and command.argument else ()


def parse_command(text: str) -> tuple[str, str] | None:
    """Name and argument of a command written as text, where the platform has no slash commands.

    A question may begin with a slash ("/var is full"): it is a command if there is one of that name and form, or if
    the word stands alone, which may be a slip.
    """
    found = _TEXT_FORM.fullmatch(text.strip())
    if found is None:
        return None
    name, argument = found[1].lower(), (found[2] or "").strip()
    command = COMMANDS.get(name)
    takes_it = not argument or (command is not None and command.argument is not None)
    return (name, argument) if takes_it else None


async def _model(desk: Desk, call: Call) -> Answer:
    channel = call.conversation.channel
    if not call.argument:
        return Answer(await _choices(desk, call))
    if call.argument == "reset":
        await desk.channels.choose_model(channel, "")
        return Answer(
            _MODEL_RESET.say(call.language, model=(await desk.catalog.default()).label), public=True
        )
    try:
        model = await desk.catalog.find(call.argument)
    except ModelUnknown as unknown:
        return Answer(f"{unknown.notice(call.language)} {await _instead(desk, call)}".strip())
    await desk.channels.choose_model(channel, model.id)
    known = model.described(call.language)
    return Answer(_MODEL_SET.say(call.language, model=model.label, known=known), public=True)


async def _choices(desk: Desk, call: Call) -> str:
    models = await desk.catalog.all()
    chosen = await desk.catalog.choose(await desk.channels.model_of(call.conversation.channel))
    shown = [f"- `{model.id}` {model.described(call.language)}" for model in models[:_LISTED]]
    if len(models) > _LISTED:
        shown.append(_MORE.say(call.language, count=len(models) - _LISTED))
    parts = [
        _MODEL_NOW.say(call.language, model=chosen.model.label, known=chosen.model.described(call.language)),
        GONE.say(call.language, chosen=chosen.gone, model=chosen.model.label) if chosen.gone else "",
        _MODELS.say(call.language, command=call.spell("model"), models="\n".join(shown)) if shown else "",
    ]
    return "\n\n".join(part for part in parts if part)


async def _instead(desk: Desk, call: Call) -> str:
    """What can be chosen instead of a model that there is not: what looks like it, or else a few of all."""
    near = await desk.catalog.like(call.argument, most=_NEAR)
    some = near or (await desk.catalog.all())[:_NEAR]
    if not some:
        return ""
    text = _DID_YOU_MEAN if near else _THERE_ARE
    names = ", ".join(f"`{model.id}`" for model in some)
    return text.say(call.language, models=names, command=call.spell("model"))


async def current_model(desk: Desk, conversation: Conversation) -> Model:
    """The model that answers in ``conversation`` now."""
    return (await desk.catalog.choose(await desk.channels.model_of(conversation.channel))).model


async def _settings(desk: Desk, call: Call) -> Answer:
    channel = call.conversation.channel
    name, _, value = call.argument.partition(" ")
    value = value.strip().lower()
    if not name:
        busy = await desk.channels.busy_of(channel)
        return Answer(_SETTINGS.say(call.language, busy=busy.value, command=call.spell("settings")))
    choices = [busy.value for busy in Busy]
    if name.lower() != "busy" or value not in [*choices, "reset"]:
        return Answer(_NO_SETTING.say(call.language, command=call.spell("settings")))
    await desk.channels.choose_busy(channel, None if value == "reset" else Busy(value))
    busy = await desk.channels.busy_of(channel)
    return Answer(_BUSY[busy].say(call.language), public=True)


async def _complete_settings(desk: Desk, text: str) -> Sequence[str]:
    offered = [f"busy {value}" for value in (*(busy.value for busy in Busy), "reset")]
    return [each for each in offered if each.startswith(text.strip().lower())]


async def _stop(desk: Desk, call: Call) -> Answer:
    if call.turn:
        stopping = 0  # as a turn it comes after the reply that it meant: accept has stopped that one
    elif call.conversation.thread is None:
        # A slash command does not tell the thread it was typed in (Slack), so it means all that is written here.
        stopping = await desk.turns.stop_all(call.conversation.channel)
    else:
        stopping = int(await desk.turns.stop(call.conversation))
    return Answer((_STOPPING if stopping else _QUIET).say(call.language))


async def _reset(desk: Desk, call: Call) -> Answer:
    await desk.turns.reset(call.conversation, turn=call.turn)
    await desk.channels.thoughts.forget(call.conversation)
    return Answer(_FORGOTTEN.say(call.language), public=True)


async def _thinking(desk: Desk, call: Call) -> Answer:
    return Answer(shown_thoughts(await desk.channels.thoughts.last(call.conversation), call.language))


async def _help(desk: Desk, call: Call) -> Answer:
    lines = [f"- `{call.spell(each.name)}` {each.summary.say(call.language)}" for each in COMMANDS.values()]
    return Answer(f"{_HELP.say(call.language)}\n\n" + "\n".join(lines))


async def _complete_model(desk: Desk, text: str) -> Sequence[str]:
    return [model.id for model in await desk.catalog.like(text)]


COMMANDS = {
    command.name: command
    for command in (
        Command(
            "model",
            Text(
                "shows the model, lists what can be chosen, or switches this channel",
                "查看、列出或切换本频道的模型",
            ),
            _model,
            Argument(
                "name", Text("the model to switch to, or reset", "要切换到的模型，或 reset"), _complete_model
            ),
        ),
        Command("stop", Text("stops the answer being written here", "停止正在生成的回答"), _stop),
        Command(
            "thinking",
            Text("shows what the model thought before its last answer", "查看模型在上一个回答之前的思考过程"),
            _thinking,
        ),
        Command(
            "reset",
            Text("starts afresh: what was said before is not read any more", "重新开始，不再参考之前的对话"),
            _reset,
        ),
        Command(
            "settings",
            Text(
                "shows or changes what this channel does while I am writing: busy queue, collect or interrupt",
                "查看或更改本频道在我回答期间收到新消息时的处理方式：busy queue、collect 或 interrupt",
            ),
            _settings,
            Argument(
                "change",
                Text("busy queue, collect, interrupt or reset", "busy queue、collect、interrupt 或 reset"),
                _complete_settings,
            ),
        ),
        Command("help", Text("says what I can do", "显示使用说明"), _help),
    )
}

_UNKNOWN = Text(
    "There is no command `/{name}`. There are {commands}.", "没有 `/{name}` 这个命令。可用命令：{commands}。"
)
_MODEL_NOW = Text("`{model}` answers in this channel: {known}.", "本频道当前使用 `{model}`：{known}。")
_MODELS = Text(
    "Can be chosen with `{command} <name>`:\n\n{models}", "可用 `{command} <名称>` 切换：\n\n{models}"
)
_MORE = Text("- and {count} more", "- 以及另外 {count} 个")
_MODEL_SET = Text(
    "From now on `{model}` answers in this channel: {known}.", "本频道现在使用 `{model}`：{known}。"
)
_MODEL_RESET = Text("This channel is back at the default, `{model}`.", "本频道已恢复默认模型 `{model}`。")
_DID_YOU_MEAN = Text("Did you mean {models}?", "您是不是想找：{models}？")
_THERE_ARE = Text(
    "Can be chosen: {models}; `{command}` lists them all.", "可选：{models}；输入 `{command}` 查看全部。"
)
_SETTINGS = Text(
    "`busy {busy}`: what I do here with messages that come while I am writing. "
    "`{command} busy queue` answers each in its turn, `busy collect` answers all that wait together, "
    "`busy interrupt` stops writing and answers what is new; `busy reset` goes back to the default.",
    "`busy {busy}`：我在回答时收到新消息的处理方式。`{command} busy queue` 依次逐条回答，`busy collect` 合并等待中的消息一起回答，"
    "`busy interrupt` 停止当前回答并处理新消息，`busy reset` 恢复默认。",
)
_NO_SETTING = Text(
    "There is no such setting. There are `{command} busy queue`, `busy collect`, `busy interrupt` and `busy reset`.",
    "没有这个设置。可用：`{command} busy queue`、`busy collect`、`busy interrupt`、`busy reset`。",
)
_BUSY = {
    Busy.QUEUE: Text(
        "From now on I answer every message here in its turn.", "从现在起，我会在这里依次逐条回答。"
    ),
    Busy.COLLECT: Text(
        "From now on I answer messages that come while I am writing together.",
        "从现在起，回答期间收到的消息会合并在一起回答。",
    ),
    Busy.INTERRUPT: Text(
        "From now on a new message here stops what I am writing, and is answered instead.",
        "从现在起，新消息会中断正在生成的回答，我会直接回答新消息。",
    ),
}
_STOPPING = Text("Stopping.", "正在停止。")
_QUIET = Text("Nothing is being written here now.", "当前没有正在生成的回答。")
_FORGOTTEN = Text(
    "A fresh start: I no longer read what was said here before.", "已重新开始，不再参考此前的对话。"
)
_HELP = Text(
    "Mention me or write to me directly, and I answer. Besides:",
    "在频道里 @我，或直接给我发私信，我就会回答。还可以使用：",
)
