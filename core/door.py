"""Messages of those who are not answered: turned away before they cost anything, told so kindly, and seldom.

Whoever is blocked must not be able to make the bot write without end: they are told once an hour, in one sentence, and
otherwise met with silence. That also keeps it to one sentence where a message is delivered twice.
"""

from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Protocol

import structlog

from core.admission import Admission
from core.chores import Chores
from core.conversation import Channel, SaidTo, UserMessage
from core.errors import StoreUnavailable, SurfaceError
from core.pacing import Urgency
from core.speaking import language_for
from core.surface import ALONE, Platform
from core.texts import LanguageChoice, Text

log = structlog.get_logger()

SILENT_S = 3600
"""How long nothing more is said to somebody who was told."""
_PEOPLE = 10_000


class First(Protocol):
    """``first`` of core.store.told.Told."""

    def __call__(self, channel: Channel, author: str, *, within_s: int) -> Awaitable[bool]: ...


class Door:
    """One for all platforms of a process. Nothing here is awaited by whoever hands a message in."""

    def __init__(
        self,
        admission: Admission,
        platforms: Mapping[str, Platform],
        chores: Chores,
        *,
        first: First,
        language: LanguageChoice = "auto",
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._admission = admission
        self._platforms = platforms
        self._chores = chores
        self._first = first
        self._language = language
        self._now = now
        self._silent: dict[tuple[str, str, str], float] = {}
        """Until when Redis need not be asked whether somebody is to be told: a flood costs it nothing."""

    def opens(self, message: UserMessage) -> bool:
        """Whether ``message`` may become a turn. Else its author is told so, if that is due."""
        why = self._admission.admits(message.conversation.channel, message.author)
        # What was not written to the bot is not refused by it either.
        if why is not None and message.said_to is SaidTo.BOT:
            self._refuse(message, why)
        return why is None

    def _refuse(self, message: UserMessage, why: Text) -> None:
        channel = message.conversation.channel
        who = channel.platform, channel.workspace, message.author
        if self._now() < self._silent.get(who, float("-inf")):
            return
        if len(self._silent) >= _PEOPLE:
            self._silent.clear()
        self._silent[who] = self._now() + SILENT_S
        self._chores.begin(self._tell(message, why), "turn somebody away")

    async def _tell(self, message: UserMessage, why: Text) -> None:
        channel = message.conversation.channel
        platform = self._platforms.get(channel.platform)
        try:
            if platform is None or not await self._first(channel, message.author, within_s=SILENT_S):
                return
            surface = platform.surface(message)
            text = why.say(await language_for(message, self._language, platform))
            async with surface.posts.slot(Urgency.EDIT):
                await surface.post(ALONE, text, final=True)
        except StoreUnavailable as error:
            log.info("somebody was turned away without a word", reason=str(error))
        except SurfaceError as error:
            log.warning("somebody was not told why", channel=str(channel), reason=str(error))
