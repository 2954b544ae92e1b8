"""What one person alone shall read, in a place where others read along.

It cannot be found or changed once it is shown, so nothing of it is noted: who takes the turn over shows it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.pacing import Budget, Urgency
from core.splitting import split
from core.surface import ALONE, Surface

INSIST_S = 60.0
"""How long it is tried."""
_RETRY_WAIT_S = 0.5  # doubled each time
_LONGEST_WAIT_S = 8.0


async def tell_alone(
    surface: Surface, text: str, *, check: Callable[[], None], instead_of: Sequence[str] = ()
) -> None:
    """Shows ``text`` on ``surface`` to whoever has asked, and withdraws ``instead_of``: what told everybody of the wait.

    ``check`` is called right before each write, and raises when nothing may be written any more. Raises SurfaceGone, and
    SurfaceFailed when the platform has failed for INSIST_S.
    """
    rest = text
    while rest:
        head, rest = split(rest, surface.limit, surface.size)
        await _insist(
            partial(surface.post, ALONE, head, final=True), surface.posts, Urgency.FIRST, check=check
        )
    for message in instead_of:
        with suppress(SurfaceGone):  # somebody was faster
            await _insist(partial(surface.withdraw, message), surface.edits, Urgency.FINAL, check=check)


async def _insist(
    write: Callable[[], Awaitable[object]], budget: Budget, urgency: Urgency, *, check: Callable[[], None]
) -> None:
    clock = asyncio.get_running_loop().time
    until, wait = clock() + INSIST_S, _RETRY_WAIT_S
    while True:
        try:
            async with budget.slot(urgency):
                check()
                await write()
                return
        except SurfaceGone:
            raise
        except SurfaceError as error:
            pause = error.retry_after if isinstance(error, SurfaceBusy) else wait
            if clock() + pause >= until:
                raise SurfaceFailed(f"tried until there was no hope: {error}") from error
            if isinstance(error, SurfaceBusy):
                budget.pause(error.retry_after)
            else:
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT_S)
