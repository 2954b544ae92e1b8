"""Putting the mark of the wait on questions, and taking it off: as well as the platform lets us, and quietly."""

import asyncio

import structlog

from core.conversation import Channel, UserMessage
from core.errors import SurfaceBusy, SurfaceError, SurfaceGone
from core.pacing import Urgency
from core.surface import Surface

log = structlog.get_logger()

_TRIES = 3
_RETRY_S = 1.0
_LEFT_ALONE_S = 600.0
"""A channel that may not be marked is asked again after this: platforms count what they refuse, and may block for it."""
_CHANNELS = 1000


class Marks:
    """What is known of where marks may be put."""

    def __init__(self) -> None:
        self._refused: dict[Channel, float] = {}
        self._complained: set[str] = set()

    async def put_on(self, surface: Surface, message: UserMessage, *, unless: asyncio.Event) -> bool:
        """False: it is not there. True: it is, or may be.

        ``unless`` the answer begins meanwhile, however long the mark waits for the platform.
        """
        for _ in range(_TRIES):
            try:
                async with surface.marks.slot(Urgency.EDIT):
                    if unless.is_set() or self._refuses(message):
                        return False
                    await surface.mark(waiting=True)
            except SurfaceBusy as error:
                surface.marks.pause(error.retry_after)
            except SurfaceGone as error:
                self._note(message, error)
                return False
            except SurfaceError:
                return True
            else:
                return True
        return False

    async def take_off(self, surface: Surface, message: UserMessage) -> None:
        for _ in range(_TRIES):
            try:
                # Before new ones are put on: a mark on an answered question says what is not true.
                async with surface.marks.slot(Urgency.FIRST):
                    if not self._refuses(message):
                        await surface.mark(waiting=False)
            except SurfaceBusy as error:
                surface.marks.pause(error.retry_after)
            except SurfaceGone as error:
                self._note(message, error)
                return
            except SurfaceError as error:
                log.debug("a mark was not taken off", reason=str(error))
                await asyncio.sleep(_RETRY_S)
            else:
                return

    def _refuses(self, message: UserMessage) -> bool:
        until = self._refused.get(message.conversation.channel, 0.0)
        return asyncio.get_running_loop().time() < until

    def _note(self, message: UserMessage, error: SurfaceGone) -> None:
        channel = message.conversation.channel
        if len(self._refused) >= _CHANNELS:
            self._refused.clear()
        self._refused[channel] = asyncio.get_running_loop().time() + _LEFT_ALONE_S
        if channel.platform not in self._complained:
            self._complained.add(channel.platform)
            log.warning("questions that wait cannot be marked", platform=channel.platform, reason=str(error))
