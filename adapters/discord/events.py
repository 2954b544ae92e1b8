"""Discord's messages, read into the core's values. Pure."""

from datetime import datetime, timedelta

import discord

from adapters.discord.files import files_of, read_file
from adapters.discord.markup import said
from core.changes import Change, Deleted, Edited, Pinned
from core.conversation import NO_WORKSPACE, Channel, Conversation, SaidTo, UserMessage

DIRECT = NO_WORKSPACE
"""The workspace of direct messages, which belong to no guild."""

_OWN_EDIT = timedelta(seconds=30)
"""How long ago an edit of the bot's own may lie that an update tells of."""

_SPOKEN = {discord.MessageType.default, discord.MessageType.reply}


def read_message(message: discord.Message, bot_id: int, where: Channel | None = None) -> UserMessage | None:
    """What a person wrote, to the bot or to everybody; None for what nobody wrote.

    To the bot: every direct message, a mention of it by name (not ``@everyone``), a reply to it.
    ``where``: the channel, for a message that was read over REST. Discord: that one does not name its guild.
    """
    if message.author.bot or message.webhook_id or message.type not in _SPOKEN:
        return None
    channel = where or place(message.guild, message.channel.id)
    said_to = SaidTo.BOT
    if channel.workspace != DIRECT and not _meant(message, bot_id):
        said_to = SaidTo.THREAD if isinstance(message.channel, discord.Thread) else SaidTo.CHANNEL
    return UserMessage(
        conversation=Conversation(channel),
        # A gateway event has no id of its own; the message's is the same in every replay, and in the history.
        event_id=str(message.id),
        message_id=str(message.id),
        author=str(message.author.id),
        text=said(message.content, bot_id, {user.id: user.display_name for user in message.mentions}),
        attachments=tuple(read_file(file, message) for file in files_of(message)),
        said_to=said_to,
        in_thread=isinstance(message.channel, discord.Thread),
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


Changed = discord.RawMessageUpdateEvent | discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent


def read_change(raw: Changed, bot_id: int, now: datetime) -> Change | None:
    """What the gateway tells of messages that were said before; None when that is nothing.

    Discord sends MESSAGE_UPDATE for edits, for pins and when links of a message were resolved, each time with the whole
    message as far as the bot may read it: which of them it was is not told.
    """
    channel = _place_of(raw)
    if isinstance(raw, discord.RawMessageDeleteEvent):
        return Deleted(channel, (str(raw.message_id),))
    if isinstance(raw, discord.RawBulkMessageDeleteEvent):
        return Deleted(channel, tuple(map(str, sorted(raw.message_ids))))
    message, sent = raw.message, dict[str, object](raw.data)
    id_, pinned = str(message.id), message.pinned if "pinned" in sent else None
    by_person = not message.author.bot and not message.webhook_id and message.type in _SPOKEN
    # Without the message content intent it is empty: then nobody knows what it says now.
    if by_person and message.edited_at and sent.get("content"):
        names = {user.id: user.display_name for user in message.mentions}
        return Edited(
            channel,
            id_,
            said(message.content, bot_id, names),
            at=_microseconds(message.edited_at),
            to_bot=channel.workspace == DIRECT or _meant(message, bot_id),
            pinned=pinned,
        )
    if pinned is None or not (by_person or message.author.id == bot_id):
        return None
    # Each edit of a reply that is being written comes back: a pin that is taken off so soon after is not seen.
    just_written = message.edited_at is not None and now - message.edited_at < _OWN_EDIT
    return None if just_written and not pinned and not by_person else Pinned(channel, id_, pinned)


def _place_of(raw: Changed) -> Channel:
    guild = discord.Object(raw.guild_id) if raw.guild_id else None
    return place(guild, raw.channel_id)


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
