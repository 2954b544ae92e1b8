"""Showing a folded text under a reply that is whole: after it, never instead of it, and once.

It is no part of the reply: people may remove it and the reply stays, and where it cannot be shown the turn ends all the
same. Whoever takes a turn over looks for it at the platform, which knows it by the turn.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from core.attached import Attached
from core.errors import SurfaceBusy, SurfaceError, SurfaceGone
from core.pacing import Urgency
from core.surface import FOLDED, Surface

log = structlog.get_logger()

PATIENCE_S = 20.0
"""How long it is tried: the next question of the conversation waits meanwhile."""
_RETRY_WAIT_S = 0.5  # doubled each time


@dataclass(slots=True)
class Appendix:
    """Of one reply on ``surface``. ``check`` is called right before each write, and raises when none may be made.

    ``unsure``: an earlier attempt may have shown it.
    """

    surface: Surface
    check: Callable[[], None]
    unsure: bool = False

    async def show(self, attached: Attached | None) -> None:
        """Shows ``attached`` in the place of what was there; None withdraws that. Raises only what ``check`` raises."""
        clock = asyncio.get_running_loop().time
        until, wait = clock() + PATIENCE_S, _RETRY_WAIT_S
        while True:
            try:
                return await self._show_once(attached)
            except SurfaceGone as error:
                log.info("what belongs to a reply cannot be shown", reason=str(error))
                return None
            except SurfaceError as error:
                # It may be there all the same.
                self.unsure = True
                busy = isinstance(error, SurfaceBusy)
                pause = error.retry_after if isinstance(error, SurfaceBusy) else wait
                if clock() + pause >= until:
                    log.warning("what belongs to a reply could not be shown", reason=str(error))
                    return None
                wait = wait if busy else 2 * wait
                await asyncio.sleep(pause)

    async def _show_once(self, attached: Attached | None) -> None:
        surface = self.surface
        before = await surface.find(FOLDED) if self.unsure else None
        if before is None and attached is None:
            return
        # Replies draw on the same budget, and come first.
        async with (surface.posts if before is None else surface.edits).slot(Urgency.EDIT):
            self.check()
            if attached is not None:
                await surface.fold(attached, message=before)
            elif before is not None:
                await surface.withdraw(before)
