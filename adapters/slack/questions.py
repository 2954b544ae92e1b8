"""Questions that come with a command: shown where everybody sees them, and then taken in like any message."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from time import time
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.answers import no_of
from adapters.slack.markup import escaped, inert
from core.changes import Amended, Edited
from core.commands.asked import asks as shown_question
from core.commands.command import Answer, Call
from core.commands.regenerate import offer
from core.conversation import Channel, Conversation, UserMessage
from core.errors import StoreUnavailable
from core.inbox import Inbox
from core.pacing import Budget, Urgency
from core.texts import Language, Text, language_of

log = structlog.get_logger()

_LONGEST = 12_000
"""Slack: markdown_text of chat.postMessage."""
_NOT_HERE = {"channel_not_found", "not_in_channel", "is_archived", "restricted_action"}
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_LAST_CHANCE_S = 2.0
"""How long the end waits for what is not taken in yet, and until people are told."""


@dataclass(slots=True)
class Questions:
    """One for the workspace; ``posts`` are the budgets of its channels."""

    client: AsyncWebClient
    inbox: Inbox
    posts: Callable[[Channel], Budget]
    _beside: set[asyncio.Task[None]] = field(default_factory=set)
    _open: dict[str, tuple[UserMessage, str, Language]] = field(default_factory=dict)
    """Questions that are shown and not taken in yet, by their ts, each with what stands there."""

    async def put(self, call: Call, answer: Answer, name: str) -> Answer:
        """Puts what ``answer`` asks in the name of whoever gave ``call``; returns what to say to them alone.

        Empty where the question that stands there now says enough.
        """
        asks = answer.asks
        if asks is None:
            return answer
        if asks.replaces:
            # It stands where it was asked. Slack's ids are times: this one names the moment.
            self._begin(self._take_in(asks.message(call.conversation, f"{time():.6f}", call.author)))
            return replace(answer, asks=None)
        channel = call.conversation.channel
        try:
            text = inert(shown_question(name, asks.text, asks.models, call.language))[:_LONGEST]
            ts = await self._post(channel, text)
        except SlackApiError as error:
            no = no_of(error)
            log.info("a question was not posted", channel=str(channel), reason=str(no))
            return Answer((_INVITE if no.name in _NOT_HERE else _NOT_POSTED).say(call.language))
        except (aiohttp.ClientError, AttributeError, TimeoutError, OSError) as error:
            # slack_sdk raises AttributeError for an answer with status 200 that is a text.
            log.warning("a question was not posted", channel=str(channel), reason=type(error).__name__)
            return Answer(_NOT_POSTED.say(call.language))
        # Slack: D for direct messages, which are answered in place.
        where = Conversation(channel, None if channel.channel.startswith("D") else ts)
        message = asks.message(where, ts, call.author)
        self._open[ts] = (message, text, call.language)
        self._begin(self._take_in(message))
        return Answer("")

    def offer(self, change: Edited, amended: Amended, author: str, command: str) -> None:
        """Tells whoever has edited the last question, and nobody else, that it can be answered again."""
        language = self._language(change.text)
        if (text := offer(amended, command, language)) and amended.conversation:
            self._begin(self._whisper(amended.conversation, author, text))

    async def aclose(self) -> None:
        """What waits for Redis has a short chance. At each question that is lost then people are told so."""
        running = list(self._beside)
        if running:
            await asyncio.wait(running, timeout=_LAST_CHANCE_S)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._open:
            log.warning("questions were not taken in before the end", count=len(self._open))
            telling = [asyncio.create_task(self._tell_lost(*each)) for each in self._open.values()]
            _, slow = await asyncio.wait(telling, timeout=_LAST_CHANCE_S)
            for task in slow:
                task.cancel()
            await asyncio.gather(*telling, return_exceptions=True)

    async def _post(self, channel: Channel, text: str) -> str:
        async with self.posts(channel).slot(Urgency.FIRST):
            posted = await self.client.chat_postMessage(channel=channel.channel, markdown_text=text)
        return str(posted["ts"])

    async def _take_in(self, message: UserMessage) -> None:
        """However long Redis is away: the question stands there, and Slack does not deliver it again."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                await self.inbox.accept(message)
            except StoreUnavailable as error:
                log.warning("a question waits for Redis", reason=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                self._open.pop(message.message_id, None)
                return

    async def _tell_lost(self, message: UserMessage, text: str, language: Language) -> None:
        where, note = message.conversation.channel.channel, f"\n\n{_NOT_ASKED.say(language)}"
        try:
            await self.client.chat_update(
                channel=where, ts=message.message_id, markdown_text=text[: _LONGEST - len(note)] + note
            )
        except (SlackApiError, aiohttp.ClientError, AttributeError, TimeoutError, OSError) as error:
            log.info("nobody could be told that a question was lost", reason=type(error).__name__)

    async def _whisper(self, where: Conversation, author: str, text: str) -> None:
        try:
            await self.client.chat_postEphemeral(
                channel=where.channel.channel, user=author, thread_ts=where.thread, text=escaped(text)
            )
        except (SlackApiError, aiohttp.ClientError, AttributeError, TimeoutError, OSError) as error:
            log.info("an offer was not made", channel=str(where.channel), reason=type(error).__name__)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def _language(self, text: str) -> Language:
        return language_of(text, self.inbox.language)


_INVITE = Text(
    "I am not in this channel, so nobody would see the answer. Invite me with `/invite`, then ask again.",
    "我不在这个频道，大家看不到回答。请先用 `/invite` 邀请我，再重新提问。",
)
_NOT_POSTED = Text(
    "Your question could not be posted. Please ask it again.", "您的问题没有发出，请重新提问。"
)
_NOT_ASKED = Text(
    "⚠️ This was not asked: I was switched off before I could note it. Please ask again.",
    "⚠️ 这个问题没有提交：我还没来得及记录就停止了运行，请重新提问。",
)
