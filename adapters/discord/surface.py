"""One reply in Discord, by sending and editing messages."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from adapters.discord.markup import inert
from core.conversation import UserMessage
from core.drawing import drawn
from core.errors import SurfaceBusy, SurfaceFailed, SurfaceGone
from core.pacing import Budget

_CALL_TIMEOUT_S = 30.0
_BUSY_S = 5.0
_NONCE_TURN = 22  # characters of the turn's id; three more for the part: Discord's nonce holds 25


@dataclass(frozen=True, slots=True)
class DiscordSurface:
    """Shows the reply to ``message``; both budgets are the channel's own."""

    channel: discord.PartialMessageable
    message: UserMessage
    posts: Budget
    edits: Budget
    limit: int = 2000
    """Discord: a message of a bot holds 2,000 code points."""

    def size(self, text: str) -> int:
        return len(inert(text))

    async def post(self, part: int, text: str, *, final: bool) -> str:
        answering: dict[str, Any] = {}
        if part == 0:
            answering["reference"] = discord.MessageReference(
                message_id=int(self.message.message_id),
                channel_id=self.channel.id,
                fail_if_not_exists=False,  # the question may have been deleted meanwhile
            )
        shown = inert(drawn(text, final=final))
        async with _translated():
            # discord.py sends enforce_nonce with every nonce: posting again returns the message that is there.
            sent = await self.channel.send(
                shown,
                nonce=f"{self.message.turn_id[:_NONCE_TURN]}{part:03d}",
                mention_author=False,
                **answering,
            )
        # The nonce may have brought back what an earlier call has posted, with the text of that time.
        if sent.content != shown.strip():
            await self.edit(str(sent.id), text, final=final)
        return str(sent.id)

    async def find(self, part: int) -> str | None:
        return None  # the nonce does it

    async def edit(self, message: str, text: str, *, final: bool) -> None:
        async with _translated():
            # A partial message: Message.edit() of discord.py 2.7.1 brings suppressed link previews back.
            await self.channel.get_partial_message(int(message)).edit(content=inert(drawn(text, final=final)))

    async def withdraw(self, message: str) -> None:
        async with _translated():
            await self.channel.get_partial_message(int(message)).delete()


@asynccontextmanager
async def _translated() -> AsyncGenerator[None, None]:
    try:
        async with asyncio.timeout(_CALL_TIMEOUT_S):
            yield
    except (discord.NotFound, discord.Forbidden) as error:
        raise SurfaceGone(f"{error.status} {error.code}") from error
    except discord.HTTPException as error:
        detail = f"{error.status} {error.code}"
        if error.status == 429:  # noqa: PLR2004 - the status is its own name
            raise SurfaceBusy(detail, retry_after=_BUSY_S) from error
        raise SurfaceFailed(detail) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SurfaceFailed(f"{type(error).__name__}: {error}") from error
