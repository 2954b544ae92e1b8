"""First words in Discord: in a server that the bot was added to."""

import asyncio

import aiohttp
import discord
import structlog

from adapters.discord.events import place
from adapters.discord.markup import inert
from core.errors import StoreUnavailable
from core.inbox import Inbox

log = structlog.get_logger()

_CALL_TIMEOUT_S = 30.0


async def greet(guild: discord.Guild, inbox: Inbox) -> None:
    """Says the first words in the channel that ``guild`` has for its own notices; nowhere, where it has none.

    Any other channel would be a guess, and the words are for everybody. Where the bot may not write nothing is asked or
    said: Discord counts what it has to refuse. Never raises: what cannot be said is one line of the log.
    """
    channel = guild.system_channel
    if channel is None:
        return
    where = place(guild, channel.id)
    may = channel.permissions_for(guild.me)
    try:
        if not (may.view_channel and may.send_messages):
            log.warning("a greeting could not be said", channel=str(where), reason="no permission")
        elif (text := await inbox.greeting(where)) is not None:
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                await channel.send(inert(text), allowed_mentions=discord.AllowedMentions.none())
    except discord.HTTPException as error:
        log.warning("a greeting could not be said", channel=str(where), reason=f"{error.status} {error.code}")
    except (StoreUnavailable, aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = f"{type(error).__name__}: {error}"
        log.warning("a greeting could not be said", channel=str(where), reason=reason)
