"""One reply in Discord, by sending and editing messages."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from adapters.discord.folding import folded, is_folded
from adapters.discord.markup import inert
from core import texts
from core.attached import Attached
from core.conversation import UserMessage
from core.drawing import drawn
from core.errors import SurfaceBusy, SurfaceFailed, SurfaceGone
from core.pacing import Budget
from core.surface import FOLDED, NOTICE, stands_alone

_CALL_TIMEOUT_S = 30.0
_BUSY_S = 5.0
_MARK = "⏳"
_MARKED_ALREADY = {10008, 10014, 30010, 90001}
"""After these there is nothing to be done: the message is gone, or the reaction, or there are too many, or its author
has blocked the bot."""
_NOT_PERMITTED = 50013
"""A server may not let the bot send files."""
_NONCE_TURN = 22  # characters of the turn's id; three more for the part: Discord's nonce holds 25


@dataclass(frozen=True, slots=True)
class DiscordSurface:
    """Shows the reply to ``message`` by the bot ``me``; the budgets are the channel's own."""

    channel: discord.PartialMessageable
    message: UserMessage
    posts: Budget
    edits: Budget
    marks: Budget
    me: int
    limit: int = 2000
    """Discord: a message of a bot holds 2,000 code points."""

    def size(self, text: str) -> int:
        return len(inert(text))

    async def post(self, part: int, text: str, *, final: bool) -> str:
        answering: dict[str, Any] = {"reference": self._question} if stands_alone(part) else {}
        shown = inert(drawn(text, final=final))
        async with _translated():
            # discord.py sends enforce_nonce with every nonce: posting again returns the message that is there.
            sent = await self.channel.send(
                shown,
                nonce=self._nonce(part),
                mention_author=False,
                **answering,
            )
        # The nonce may have brought back what an earlier call has posted, with the text of that time.
        if sent.content != shown.strip():
            await self.edit(str(sent.id), text, final=final)
        return str(sent.id)

    async def find(self, part: int) -> str | None:
        if part not in {NOTICE, FOLDED}:
            return None  # the nonce does it
        # Posting a notice again to learn its id would show it to everybody; and Discord knows a nonce for minutes only.
        async with _translated():
            question = discord.Object(int(self.message.message_id))
            async for shown in self.channel.history(after=question, limit=100, oldest_first=True):
                if self._answers(shown) and _is_it(part, shown):
                    return str(shown.id)
        return None

    def _answers(self, shown: discord.Message) -> bool:
        reference = shown.reference.message_id if shown.reference else None
        return shown.author.id == self.me and reference == int(self.message.message_id)

    async def edit(self, message: str, text: str, *, final: bool) -> None:
        async with _translated():
            # A partial message: Message.edit() of discord.py 2.7.1 brings suppressed link previews back.
            await self.channel.get_partial_message(int(message)).edit(content=inert(drawn(text, final=final)))

    async def withdraw(self, message: str) -> None:
        async with _translated():
            await self.channel.get_partial_message(int(message)).delete()

    async def fold(self, attached: Attached, *, message: str | None = None) -> str:
        async with _translated():
            try:
                return await self._show_folded(*folded(attached), message)
            except discord.Forbidden as error:
                if error.code != _NOT_PERMITTED:
                    raise
            return await self._show_folded(*folded(attached, files=False), message)

    async def _show_folded(self, content: str, files: Sequence[discord.File], message: str | None) -> str:
        if message is not None:
            await self.channel.get_partial_message(int(message)).edit(content=content, attachments=files)
            return message
        sent = await self.channel.send(
            content, files=files, nonce=self._nonce(FOLDED), mention_author=False, reference=self._question
        )
        return str(sent.id)

    @property
    def _question(self) -> discord.MessageReference:
        return discord.MessageReference(
            message_id=int(self.message.message_id),
            channel_id=self.channel.id,
            fail_if_not_exists=False,  # the question may have been deleted meanwhile
        )

    def _nonce(self, part: int) -> str:
        return f"{self.message.turn_id[:_NONCE_TURN]}{part:03d}"

    async def mark(self, *, waiting: bool) -> None:
        question = self.channel.get_partial_message(int(self.message.message_id))
        async with _translated():
            try:
                if waiting:
                    await question.add_reaction(_MARK)
                else:
                    await question.remove_reaction(_MARK, discord.Object(self.me))
            except discord.HTTPException as error:
                if error.code not in _MARKED_ALREADY:
                    raise


def _is_it(part: int, shown: discord.Message) -> bool:
    if part == NOTICE:
        return texts.BUSY.is_said_by(shown.content)
    return is_folded(shown.content, files=bool(shown.attachments))


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
