"""One reply in Slack, by chat.postMessage and chat.update."""

from collections.abc import AsyncGenerator, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.answers import no_of
from adapters.slack.folding import folded
from adapters.slack.markup import escaped, inert
from core.attached import Attached
from core.conversation import UserMessage
from core.drawing import drawn
from core.errors import SurfaceBusy, SurfaceFailed, SurfaceGone
from core.pacing import Budget
from core.surface import ALONE, FOLDED

_TOO_MANY = 429
_EVENT_TYPE = "drun_reply"
_MARK = "hourglass_flowing_sand"
_MARKED_ALREADY = {
    "already_reacted",
    "is_archived",
    "message_not_found",
    "no_reaction",
    "not_reactable",
    "thread_locked",
    "too_many_emoji",
    "too_many_reactions",
}
"""Answers of reactions.add and reactions.remove after which there is nothing to be done."""
_GONE = {
    "account_inactive",
    "cant_update_message",
    "channel_not_found",
    "edit_window_closed",
    "invalid_auth",
    "is_archived",
    "message_not_found",
    "missing_scope",
    "not_authed",
    "not_in_channel",
    "restricted_action",
    "thread_not_found",
    "token_revoked",
    "user_not_in_channel",
}
_NOT_FOLDED = {*_GONE, "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
"""The same for what is folded: a Slack that does not know its block never will."""


@dataclass(frozen=True, slots=True)
class SlackSurface:
    """Shows the reply to ``message``; ``posts`` is the channel's budget, ``edits`` and ``marks`` the workspace's."""

    client: AsyncWebClient
    message: UserMessage
    posts: Budget
    edits: Budget
    marks: Budget
    limit: int = 12_000
    """Slack: markdown_text of chat.postMessage and chat.update holds 12,000 characters (their text only 4,000)."""

    def size(self, text: str) -> int:
        return len(inert(text))

    async def post(self, part: int, text: str, *, final: bool) -> str:
        if part == ALONE and not self._channel.startswith("D"):  # in a direct message they are alone
            return await self._whisper(text)
        async with _translated():
            posted = await self.client.chat_postMessage(
                channel=self._channel,
                thread_ts=self.message.conversation.thread,
                markdown_text=inert(drawn(text, final=final)),
                metadata={"event_type": _EVENT_TYPE, "event_payload": self._payload(part)},
            )
        return str(posted["ts"])

    async def _whisper(self, text: str) -> str:
        # Slack: chat.postEphemeral shows nothing in a thread that nobody has opened yet.
        thread = None if self.message.opens_thread else self.message.conversation.thread
        async with _translated():
            posted = await self.client.chat_postEphemeral(
                channel=self._channel, user=self.message.author, thread_ts=thread, markdown_text=inert(text)
            )
        return str(posted["message_ts"])

    async def find(self, part: int) -> str | None:
        """Looks for the turn in the metadata of what was said since. Slack has no idempotency key."""
        thread = self.message.conversation.thread
        asked: dict[str, Any] = {
            "channel": self._channel,
            "oldest": self.message.message_id,
            "include_all_metadata": True,
            "limit": 100,
        }
        async with _translated():
            if thread is None:
                found = await self.client.conversations_history(**asked)
            else:
                found = await self.client.conversations_replies(ts=thread, **asked)
        for shown in found["messages"]:
            metadata = shown.get("metadata") or {}
            if metadata.get("event_type") == _EVENT_TYPE and metadata.get("event_payload") == self._payload(
                part
            ):
                return str(shown["ts"])
        return None

    async def edit(self, message: str, text: str, *, final: bool) -> None:
        async with _translated():
            await self.client.chat_update(
                channel=self._channel, ts=message, markdown_text=inert(drawn(text, final=final))
            )

    async def withdraw(self, message: str) -> None:
        async with _translated():
            await self.client.chat_delete(channel=self._channel, ts=message)

    async def fold(self, attached: Attached, *, message: str | None = None) -> str:
        # The text beside blocks is what notifications say.
        shown: dict[str, Any] = {"text": escaped(attached.summary), "blocks": folded(attached)}
        async with _translated(_NOT_FOLDED):
            if message is not None:
                await self.client.chat_update(channel=self._channel, ts=message, **shown)
                return message
            posted = await self.client.chat_postMessage(
                channel=self._channel,
                thread_ts=self.message.conversation.thread,
                metadata={"event_type": _EVENT_TYPE, "event_payload": self._payload(FOLDED)},
                **shown,
            )
        return str(posted["ts"])

    async def mark(self, *, waiting: bool) -> None:
        question = self.message.message_id
        async with _translated():
            try:
                if waiting:
                    await self.client.reactions_add(channel=self._channel, name=_MARK, timestamp=question)
                else:
                    await self.client.reactions_remove(channel=self._channel, name=_MARK, timestamp=question)
            except SlackApiError as error:
                if no_of(error).name not in _MARKED_ALREADY:
                    raise

    @property
    def _channel(self) -> str:
        return self.message.conversation.channel.channel

    def _payload(self, part: int) -> dict[str, Any]:
        return {"turn": self.message.turn_id, "part": part}


@asynccontextmanager
async def _translated(gone: Container[str] = frozenset(_GONE)) -> AsyncGenerator[None, None]:
    try:
        yield
    except SlackApiError as error:
        no = no_of(error)
        if no.name in {"ratelimited", "rate_limited"} or no.status == _TOO_MANY:
            raise SurfaceBusy(str(no), retry_after=no.retry_after) from error
        raise (SurfaceGone if no.name in gone else SurfaceFailed)(str(no)) from error
    except (aiohttp.ClientError, AttributeError, TimeoutError, OSError) as error:
        # slack_sdk raises AttributeError for an answer with status 200 that is a text.
        raise SurfaceFailed(f"{type(error).__name__}: {error}") from error
