"""Discord's messages, read into the core's values. Pure."""

import discord

from adapters.discord.files import files_of, read_file
from adapters.discord.markup import said
from core.conversation import Channel, Conversation, UserMessage

DIRECT = "dm"
"""The workspace of direct messages, which belong to no guild."""

_SPOKEN = {discord.MessageType.default, discord.MessageType.reply}


def read_message(message: discord.Message, bot_id: int, where: Channel | None = None) -> UserMessage | None:
    """The message to the bot that ``message`` is; None when it is meant for others.

    Meant for the bot: every direct message, a mention of it by name (not ``@everyone``), a reply to it.
    ``where``: the channel, for a message that was read over REST. Discord: that one does not name its guild.
    """
    if message.author.bot or message.webhook_id or message.type not in _SPOKEN:
        return None
    channel = where or place(message.guild, message.channel.id)
    if channel.workspace != DIRECT and not _meant(message, bot_id):
        return None
    return UserMessage(
        conversation=Conversation(channel),
        # A gateway event has no id of its own; the message's is the same in every replay, and in the history.
        event_id=str(message.id),
        message_id=str(message.id),
        author=str(message.author.id),
        text=said(message.content, bot_id, {user.id: user.display_name for user in message.mentions}),
        attachments=tuple(read_file(file, message) for file in files_of(message)),
    )


def place(guild: discord.abc.Snowflake | None, channel_id: int) -> Channel:
    """The channel as the core knows it. A thread of Discord is a channel of its own."""
    return Channel("discord", str(guild.id) if guild else DIRECT, str(channel_id))


def _meant(message: discord.Message, bot_id: int) -> bool:
    if any(user.id == bot_id for user in message.mentions):
        return True
    replied = message.reference.resolved if message.reference else None
    # Without the message content intent a reply that does not ping arrives empty: it cannot be told from silence.
    readable = bool(message.content or message.attachments)
    return readable and isinstance(replied, discord.Message) and replied.author.id == bot_id
