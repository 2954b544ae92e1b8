"""The link that adds the bot to a server."""

import aiohttp
import discord

from adapters.discord.app import connected_writer
from adapters.discord.settings import Settings

_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,  # replies to a message need it
    embed_links=True,
    attach_files=True,  # thoughts that are too long for a message
    add_reactions=True,  # the mark on a question that waits
)


async def invitation(settings: Settings) -> str:
    """Asks Discord who the bot is. Raises PlatformRefused."""
    async with connected_writer(settings, aiohttp.TraceConfig()) as writer:
        assert writer.application  # noqa: S101 - known after the login
        return discord.utils.oauth_url(
            writer.application.id, permissions=_PERMISSIONS, scopes=("bot", "applications.commands")
        )
