"""The files that people send in Discord."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import discord
import yarl

from core.attachments import too_large
from core.conversation import Attachment
from core.errors import FileForbidden, FileLeftOut

_TIMEOUT_S = 60.0
_PIECE = 64 * 1024
_OK = 200
_EXPIRED = {401, 403, 404, 410}
"""What an address is answered that was signed too long ago."""
_HOSTS = ("https://cdn.discordapp.com", "https://media.discordapp.net")


def files_of(message: discord.Message) -> Sequence[discord.Attachment]:
    """Those of ``message``, and of what it forwards. Discord: a forward has none itself, but a snapshot that does."""
    forwarded = [file for snapshot in message.message_snapshots for file in snapshot.attachments]
    return [*message.attachments, *forwarded]


def read_file(file: discord.Attachment, message: discord.Message) -> Attachment:
    """Its address expires: what it takes to get another one comes with it."""
    ref = f"{message.channel.id} {message.id} {file.id} {file.url}"
    return Attachment.of(file.filename, file.content_type or "", file.size, ref)


@dataclass(frozen=True, slots=True)
class DiscordFiles:
    """Reads files from Discord's CDN. No token goes there: the addresses are signed."""

    session: aiohttp.ClientSession
    reader: discord.Client
    api_url: str

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        """Raises FileLeftOut."""
        try:
            channel, message, file, url = attachment.ref.split(" ", 3)
            async with asyncio.timeout(_TIMEOUT_S):
                data = await self._get(attachment, url, most)
                if data is None:
                    fresh = await self._fresh(int(channel), int(message), int(file))
                    data = await self._get(attachment, fresh, most) if fresh else None
        except discord.Forbidden as error:
            raise FileForbidden(f"{error.status} {error.code}", name=attachment.name) from error
        except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FileLeftOut(type(error).__name__, name=attachment.name) from error
        if data is None:
            raise FileLeftOut("it is gone", name=attachment.name)
        return data

    async def _fresh(self, channel: int, message: int, file: int) -> str | None:
        """Discord: whoever fetches a message again gets its files with newly signed addresses."""
        shown = await self.reader.get_partial_messageable(channel).fetch_message(message)
        return next((each.url for each in files_of(shown) if each.id == file), None)

    async def _get(self, attachment: Attachment, url: str, most: int) -> bytes | None:
        """None: the address is not good any more, or the file is gone."""
        where = yarl.URL(url)
        if where.host is None or str(where.origin()) not in {*_HOSTS, str(yarl.URL(self.api_url).origin())}:
            raise FileLeftOut(f"{where.host} is no host of Discord's files", name=attachment.name)
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        # The CDN never redirects: whatever would is none.
        async with self.session.get(where, allow_redirects=False, timeout=timeout) as response:
            if response.status in _EXPIRED:
                return None
            if response.status != _OK:
                raise FileLeftOut(f"HTTP {response.status}", name=attachment.name)
            data = bytearray()
            async for piece in response.content.iter_chunked(_PIECE):
                data += piece
                if len(data) > most:
                    raise too_large(attachment, most)
            return bytes(data)
