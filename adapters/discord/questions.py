"""Questions that come with a command: the response that everybody sees is the message that asks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
import discord
import structlog

from adapters.discord.events import place
from adapters.discord.markup import inert
from core.commands.asked import asks as shown_question
from core.commands.command import Answer, Asks
from core.conversation import Conversation, UserMessage
from core.lanes import Accept, Lanes
from core.splitting import split
from core.store.claims import Accepted
from core.texts import Language, Text

_LIMIT = 2000

_LAST_WORD_S = 2.0
"""How long the end waits until people are told."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """How a question stands there, as the bot's own message; empty where it is an older one that is asked again."""

    text: str
    language: Language


Put = Callable[[UserMessage, Shown], None]
"""Hands a question on: it keeps its place among what is written in its channel."""


@dataclass(slots=True)
class Questions:
    """Those that are shown and not taken in yet. To be left after the lanes: what these could not take in is lost.

    The bot itself has posted them, so they are not among what people said, and no history brings them back.
    """

    taking: Accept
    writer: discord.Client
    _open: dict[str, tuple[UserMessage, Shown]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Says at each question that is lost that it has to be asked again."""
        lost = list(self._open.values())
        if lost:
            log.warning("questions were not taken in before the end", count=len(lost))
            telling = [asyncio.create_task(self._tell(*each)) for each in lost]
            _, slow = await asyncio.wait(telling, timeout=_LAST_WORD_S)
            for task in slow:
                task.cancel()
            await asyncio.gather(*telling, return_exceptions=True)

    def put(self, lanes: Lanes, message: UserMessage, shown: Shown) -> None:
        self._open[message.turn_id] = (message, shown)
        lanes.put(message, keep=True)

    async def accept(self, message: UserMessage, *, insisting: bool = False) -> Accepted:
        """``taking``; raises as that."""
        accepted = await self.taking(message, insisting=insisting)
        self._open.pop(message.turn_id, None)
        return accepted

    async def _tell(self, message: UserMessage, shown: Shown) -> None:
        if not shown.text:
            return
        note = f"\n\n{_NOT_ASKED.say(shown.language)}"
        head, _ = split(shown.text, _LIMIT - len(note))
        channel = self.writer.get_partial_messageable(int(message.conversation.channel.channel))
        try:
            await channel.get_partial_message(int(message.message_id)).edit(content=head + note)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("nobody could be told that a question was lost", reason=type(error).__name__)


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
        put(asks.message(where, str(interaction.id), author), Shown("", language))
        return Answer("" if interaction.response.is_done() else answer.text)
    text = inert(shown_question(interaction.user.display_name, asks.text, asks.models, language))
    head, rest = split(text, _LIMIT)
    asked, shown = await _show(interaction, head), Shown(head, language)
    while rest:
        head, rest = split(rest, _LIMIT)
        await _show(interaction, head)
    put(asks.message(where, asked, author), shown)
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
_NOT_ASKED = Text(
    "⚠️ This was not asked: I was switched off before I could note it. Please ask again.",
    "⚠️ 这个问题没有提交：我还没来得及记录就停止了运行，请重新提问。",
)
