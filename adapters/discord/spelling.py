"""The core's commands as Discord's application commands."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import discord
from discord import app_commands

from adapters.discord.events import place
from adapters.discord.folding import said
from adapters.discord.questions import Put, put_question
from core.cascade import Level
from core.commands.command import Answer, Argument, Call, Command
from core.commands.listed import COMMANDS
from core.commands.running import complete, run
from core.conversation import Conversation
from core.inbox import Inbox
from core.splitting import split
from core.texts import Language, Text

_LIMIT = 2000
_AT_ONCE_S = 2.0
"""Discord forgets an interaction that is not answered within 3 seconds."""
_CHINESE = (discord.Locale.chinese, discord.Locale.taiwan_chinese)


class Translations(app_commands.Translator):
    """Descriptions in Simplified Chinese, beside the English ones."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        return string.extras.get("zh") if locale is discord.Locale.chinese else None


def add_commands(tree: app_commands.CommandTree[Any], inbox: Inbox, put: Put) -> None:
    """Gives ``tree`` every command of the core. ``put`` takes in what they ask."""
    for command in COMMANDS.values():
        tree.add_command(_spelled(command, inbox, put))


def _spelled(command: Command, inbox: Inbox, put: Put) -> app_commands.Command[Any, ..., None]:
    async def alone(interaction: discord.Interaction) -> None:
        await _run(inbox, put, interaction, command.name, "")

    async def with_one(interaction: discord.Interaction, first: str = "") -> None:
        await _run(inbox, put, interaction, command.name, first)

    async def with_two(interaction: discord.Interaction, first: str = "", second: str = "") -> None:
        await _run(inbox, put, interaction, command.name, command.line([first, second]))

    async def with_three(
        interaction: discord.Interaction, first: str = "", second: str = "", third: str = ""
    ) -> None:
        await _run(inbox, put, interaction, command.name, command.line([first, second, third]))

    # discord.py reads the options from the parameters of a function.
    callback: Any = (alone, with_one, with_two, with_three)[len(command.arguments)]
    options = dict(zip(("first", "second", "third"), command.arguments, strict=False))
    app_commands.describe(**{name: _both(each.summary) for name, each in options.items()})(callback)
    app_commands.rename(**{name: each.name for name, each in options.items()})(callback)
    app_commands.choices(
        **{
            name: [app_commands.Choice(name=choice, value=choice) for choice in offered(each)]
            for name, each in options.items()
            if each.choices and each.complete is None
        }
    )(callback)
    app_commands.autocomplete(
        **{name: _completing(inbox, command, each) for name, each in options.items() if each.complete}
    )(callback)
    return app_commands.Command(name=command.name, description=_both(command.summary), callback=callback)


def offered(argument: Argument) -> list[str]:
    """Its choices. A thread of Discord is a channel of its own: nothing can be set for a thread beside it."""
    return [choice for choice in argument.choices if choice != Level.THREAD.value]


def _completing(inbox: Inbox, command: Command, argument: Argument) -> Any:
    async def completed(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        before = command.arguments[: command.arguments.index(argument)]
        # With those that were left out: what is typed into the second field is not the first argument.
        # discord.py: an index raises KeyError for an option that was left out, an attribute is None.
        written = [str(getattr(interaction.namespace, each.name, None) or "").strip() for each in before]
        call = _call(inbox, interaction, command.name, " ".join([*written, current]))
        found = await complete(inbox.desk, call, argument.name)
        return [app_commands.Choice(name=value[:100], value=value[:100]) for value in found[:25]]

    return completed


def _call(inbox: Inbox, interaction: discord.Interaction, name: str, argument: str) -> Call:
    where = Conversation(place(interaction.guild, interaction.channel_id or interaction.user.id))
    language = _language(interaction, inbox)
    return Call(where, name, argument, language, author=str(interaction.user.id))


async def _run(inbox: Inbox, put: Put, interaction: discord.Interaction, name: str, argument: str) -> None:
    call = _call(inbox, interaction, name, argument.strip())
    running = asyncio.create_task(run(inbox.desk, call))
    done, _ = await asyncio.wait({running}, timeout=_AT_ONCE_S)
    answer_by: Any = interaction.response.send_message
    if not done:
        await interaction.response.defer(ephemeral=True, thinking=True)
        answer_by = interaction.followup.send
    answer = await running
    if answer.asks is not None:
        if not done:
            # Discord: the first followup after a deferral is seen by those who saw that, and so not the question.
            await interaction.followup.send(answer.text, ephemeral=True)
        answer = await put_question(interaction, answer, answer.asks, put, call.language)
        if not answer.text:
            return
    elif answer.public and not done:
        # What everybody should see cannot take the place of what one person saw.
        await interaction.delete_original_response()
    await _answer(interaction, answer, answer_by)


async def _answer(interaction: discord.Interaction, answer: Answer, first: Any) -> None:
    text, files = said(answer)
    head, rest = split(text, _LIMIT)
    await first(head, files=files, ephemeral=not answer.public)
    while rest:
        head, rest = split(rest, _LIMIT)
        following: Coroutine[Any, Any, Any] = interaction.followup.send(head, ephemeral=not answer.public)
        await following


def _language(interaction: discord.Interaction, inbox: Inbox) -> Language:
    if inbox.language != "auto":
        return inbox.language
    return "zh" if interaction.locale in _CHINESE else "en"


def _both(text: Text) -> app_commands.locale_str:
    return app_commands.locale_str(text.en, zh=text.zh)
