"""Questions that come with a command: the response that everybody sees is the message that asks."""

from collections.abc import Callable
from typing import Any

import discord

from adapters.discord.events import place
from adapters.discord.markup import inert
from core.commands.asked import asks as shown_question
from core.commands.command import Answer, Asks
from core.conversation import Conversation, UserMessage
from core.splitting import split
from core.texts import Language, Text

_LIMIT = 2000

Put = Callable[[UserMessage], None]
"""core.lanes.Lanes.put: what is asked by a command keeps its place among what is written in its channel."""


async def put_question(
    interaction: discord.Interaction, answer: Answer, asks: Asks, put: Put, language: Language
) -> Answer:
    """Puts what ``asks`` in the name of whoever gave the command; returns what to say to them alone, if anything."""
    where = Conversation(place(interaction.guild, interaction.channel_id or interaction.user.id))
    author = str(interaction.user.id)
    if not _may_answer(interaction):
        return Answer(_NOT_HERE.say(language))
    if asks.replaces:
        # It stands where it was asked. An interaction has an id as messages have, of its own moment.
        put(asks.message(where, str(interaction.id), author))
        return Answer("" if interaction.response.is_done() else answer.text)
    text = inert(shown_question(interaction.user.display_name, asks.text, asks.models, language))
    head, rest = split(text, _LIMIT)
    asked = await _show(interaction, head)
    while rest:
        head, rest = split(rest, _LIMIT)
        await _show(interaction, head)
    put(asks.message(where, asked, author))
    return Answer("")


async def _show(interaction: discord.Interaction, text: str) -> str:
    """The id of the message. The first of them is the response itself, unless something was said before."""
    if not interaction.response.is_done():
        response: Any = await interaction.response.send_message(text)
        if response.message_id is not None:
            return str(response.message_id)
        return str((await interaction.original_response()).id)
    following: Any = await interaction.followup.send(text, wait=True)
    return str(following.id)


def _may_answer(interaction: discord.Interaction) -> bool:
    """Answers are written by the bot itself: a command may also be given where it cannot write, or is no member."""
    if interaction.guild is None:
        return True
    may, channel = interaction.app_permissions, interaction.channel
    writes = may.send_messages_in_threads if isinstance(channel, discord.Thread) else may.send_messages
    return may.view_channel and writes


_NOT_HERE = Text(
    "I may not write in this channel. Please ask an admin of this server to let me.",
    "我没有在此频道发言的权限，请联系服务器管理员。",
)
