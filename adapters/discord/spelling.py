"""The core's commands as Discord's application commands."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import discord
from discord import app_commands

from adapters.discord.events import place
from core.commands import COMMANDS, Answer, Call, Command
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


def add_commands(tree: app_commands.CommandTree[Any], inbox: Inbox) -> None:
    """Gives ``tree`` every command of the core."""
    for command in COMMANDS.values():
        tree.add_command(_spelled(command, inbox))


def _spelled(command: Command, inbox: Inbox) -> app_commands.Command[Any, ..., None]:
    argument = command.argument
    if argument is None:

        async def alone(interaction: discord.Interaction) -> None:
            await _run(inbox, interaction, command.name, "")

        return app_commands.Command(name=command.name, description=_both(command.summary), callback=alone)

    async def completed(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = await inbox.desk.complete(command.name, current)
        return [app_commands.Choice(name=value[:100], value=value[:100]) for value in found[:25]]

    @app_commands.describe(argument=_both(argument.summary))
    @app_commands.rename(argument=argument.name)
    @app_commands.autocomplete(argument=completed)
    async def with_argument(interaction: discord.Interaction, argument: str = "") -> None:
        await _run(inbox, interaction, command.name, argument)

    return app_commands.Command(name=command.name, description=_both(command.summary), callback=with_argument)


async def _run(inbox: Inbox, interaction: discord.Interaction, name: str, argument: str) -> None:
    where = Conversation(place(interaction.guild, interaction.channel_id or interaction.user.id))
    call = Call(where, name, argument.strip(), _language(interaction, inbox))
    running = asyncio.create_task(inbox.desk.run(call))
    done, _ = await asyncio.wait({running}, timeout=_AT_ONCE_S)
    if done:
        await _answer(interaction, running.result(), interaction.response.send_message)
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await _answer(interaction, await running, interaction.followup.send)


async def _answer(interaction: discord.Interaction, answer: Answer, first: Any) -> None:
    head, rest = split(answer.text, _LIMIT)
    await first(head, ephemeral=not answer.public)
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
