"""While Redis is away people are told so, once in each channel: what they write is kept where it came from."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from core import texts
from core.chores import Chores, happens
from core.conversation import Channel, UserMessage
from core.errors import StoreUnavailable, SurfaceError
from core.pacing import Urgency
from core.speaking import language_for
from core.surface import OUTAGE, Platform

log = structlog.get_logger()

PATIENCE_S = 1.0
"""A store that only changed its master, or was restarted, is back within this time: nobody has to know."""
_CHANNELS = 1000
"""In more than so many channels nothing is said during one outage."""


class Outage:
    """Knows from what accept was answered whether there is one. It ends with the first message that is accepted.

    Each process has its own view, and none of them can ask Redis what another one has said: in a channel whose
    messages come to two processes there may be two sentences.
    """

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        chores: Chores,
        *,
        ask: Callable[[], Awaitable[object]],
        language: texts.LanguageChoice = "auto",
    ) -> None:
        """``ask`` makes the store write something, as a full one still reads. Raises StoreUnavailable."""
        self._platforms = platforms
        self._chores = chores
        self._ask = ask
        self._language = language
        self._told: set[Channel] = set()
        self._withheld: set[Channel] = set()
        """Where nothing was said because the store answered. If it takes nothing in all the same, the next time counts."""

    def begun(self, message: UserMessage) -> None:
        """``message`` could not be accepted."""
        channel = message.conversation.channel
        platform = self._platforms.get(channel.platform)
        # Where nothing comes again the sentence would be a lie.
        if platform is None or not platform.keeps:
            return
        if channel in self._told or max(len(self._told), len(self._withheld)) >= _CHANNELS:
            return
        self._told.add(channel)
        if not self._chores.begin(self._tell(platform, message), "tell of an outage"):
            self._told.discard(channel)

    def over(self) -> None:
        """A message was accepted."""
        self._told.clear()
        self._withheld.clear()

    async def _tell(self, platform: Platform, message: UserMessage) -> None:
        channel = message.conversation.channel
        certain = channel in self._withheld
        if await happens(self._chores.ending, within_s=PATIENCE_S):
            return
        away = certain or not await self._answers()
        if channel not in self._told:
            return  # it was over before anything was said
        if not away:
            self._told.discard(channel)
            self._withheld.add(channel)
            return
        text = texts.OUTAGE.say(await language_for(message, self._language, platform))
        try:
            surface = platform.surface(message)
            async with surface.posts.slot(Urgency.EDIT):
                await surface.post(OUTAGE, text, final=True)
        except SurfaceError as error:
            log.warning("an outage could not be told of", channel=str(channel), reason=str(error))

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._ask()
        except (StoreUnavailable, TimeoutError):
            return False
        return True
