"""Showing a reply while it is written: the newest text wins, one write is in flight, the last one is never late.

The reader of the model only adds text. One task writes: it waits for its slot in the platform's budget, and only
then looks at what is to be shown, so that no write carries old text. Text beyond the platform's limit goes on in
the next message. Nothing here is done per token but an append.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Self

from core.appendix import Appendix
from core.attached import Attached
from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.pacing import Budget, Slot, Urgency
from core.parts import Part, Parts
from core.surface import Surface

FIRST_TEXT_WAIT_S = 0.2
"""How long the first words gather before they are posted: a notification of "I" tells nobody anything."""

PLACEHOLDER_AFTER_S = 2.5
"""A reply of which nothing is known after this long is announced, so that nobody wonders whether they were heard."""

INSIST_S = 60.0
"""How long a post and the last edit are tried again before the reply is given up; edits between are simply skipped."""
BUSY_S = 300.0
"""The same for a platform that asks to be left alone, and is."""
_RETRY_WAIT_S = 0.5  # doubled each time
_LONGEST_WAIT_S = 8.0

Checkpoint = Callable[[Sequence[str]], Awaitable[None]]


class Delivery:
    """Shows one reply on ``surface``. Use as ``async with``; leaving it without ``finish`` stops writing at once.

    ``messages`` are the platform ids of an earlier attempt at the same turn: they are written over. ``again``: there
    was such an attempt, and it may have posted more than it could tell. ``check`` is called right before each write, and
    raises when nothing may be written any more. ``checkpoint`` is awaited with all ids after each new message, before
    anything else is written. ``doubt`` is said under a reply that may have been posted twice, where nobody can tell.
    """

    def __init__(
        self,
        surface: Surface,
        *,
        check: Callable[[], None],
        checkpoint: Checkpoint,
        messages: Sequence[str] = (),
        again: bool = False,
        placeholder: str = "…",
        doubt: str = "",
    ) -> None:
        self._surface = surface
        self._check = check
        self._checkpoint = checkpoint
        self._placeholder = placeholder
        self._doubt = doubt
        self._doubtful = False
        self._again = again
        self._parts = Parts(surface, messages, unsure=again)
        self._news = asyncio.Event()
        self._begun = asyncio.Event()
        self._finishing = asyncio.Event()
        self._slot: Slot | None = None
        self._stale = False  # what is shown was taken back
        self.shown = 0
        """How many of the added characters the platform shows."""
        self.writer: asyncio.Task[None]
        """Ends before ``finish`` only when the platform takes nothing more: reading on would be for nobody."""

    async def __aenter__(self) -> Self:
        self.writer = asyncio.create_task(self._write_all(), name="delivery")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.cancel()
        # What it raised was raised by finish(), or is overtaken by what is leaving this block now.
        await asyncio.gather(self.writer, return_exceptions=True)

    @property
    def messages(self) -> list[str]:
        """The platform's ids of all messages that show the reply, first to last."""
        return self._parts.messages

    def add(self, text: str) -> None:
        self._parts.add(text)
        self._begun.set()
        self._news.set()
        if self._slot is not None and self._slot.urgency is Urgency.STATUS:
            self._slot.urge(Urgency.EDIT)

    def announce(self, placeholder: str) -> None:
        """Shows ``placeholder`` from now on as long as there is no text; only where a write can be spared for it."""
        self._placeholder = placeholder
        self._news.set()

    def start_over(self) -> None:
        """Takes back all that was added: what follows is written over it, and messages that it leaves are withdrawn."""
        self._parts.start_over()
        self.shown = 0
        self._stale = True
        self._news.set()
        if self._slot is not None and self._slot.urgency is Urgency.STATUS:
            self._slot.urge(Urgency.EDIT)

    async def finish(self, note: str = "") -> None:
        """Shows all that was added, and ``note`` as a last paragraph. Raises SurfaceError if that failed."""
        if note:
            self._parts.say_below(note)
        if self._doubtful:
            self._parts.say_below(self._doubt)
        self._finishing.set()
        self._begun.set()
        self._news.set()
        if self._slot is not None:
            self._slot.urge(Urgency.FINAL)
        await self.writer

    async def append(self, attached: Attached | None) -> None:
        """After ``finish``: shows ``attached`` folded below the reply, or withdraws what an earlier attempt showed so.

        Fails silently, but for what ``check`` raises: the reply is there without it.
        """
        await Appendix(self._surface, self._check, unsure=self._again).show(attached)

    async def _write_all(self) -> None:
        await self._wait_for_first_text()
        while True:
            self._news.clear()
            part = self._next_due()
            if part is not None:
                await self._write(part)
            elif self._finishing.is_set():
                await self._withdraw_leftovers()
                return
            else:
                await self._news.wait()

    async def _wait_for_first_text(self) -> None:
        try:
            async with asyncio.timeout(PLACEHOLDER_AFTER_S):
                await self._begun.wait()
        except TimeoutError:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_TEXT_WAIT_S):
                await self._finishing.wait()

    def _next_due(self) -> int | None:
        """The first part that does not show what it should; sealed parts before the one that grows."""
        self._parts.take_in()
        for index, part in enumerate(self._parts.filled):
            if part.shown != self._wanted(part):
                return index
        return None

    def _wanted(self, part: Part) -> tuple[str, bool]:
        """The text that ``part`` shall show now, and whether it is final."""
        # No platform shows white space at the end: a write for its sake would change nothing.
        text = part.text if part.sealed else part.text.rstrip()
        return (text if text.strip() else self._placeholder), part.sealed or self._finishing.is_set()

    async def _withdraw_leftovers(self) -> None:
        """An earlier attempt may have been longer: its further messages would contradict this one."""
        for part in self._parts.leftovers:
            if part.message is not None:
                with suppress(SurfaceGone):  # somebody was faster
                    await self._insist(partial(self._withdraw, part.message), self._surface.edits)
                part.message, part.unsure = None, False

    async def _write(self, index: int) -> None:
        part = self._parts[index]
        if part.message is not None:
            try:
                await self._insist(partial(self._edit, part, part.message), self._surface.edits)
            except SurfaceGone:
                # Somebody may have removed what told of the wait: the reply was never there. And an attempt that died
                # may have withdrawn its further messages without a note of it.
                if part.shown is not None or (self._again and index == 0):
                    raise
                part.message = None
            else:
                return
        await self._insist(partial(self._post, index), self._surface.posts)
        await self._checkpoint(self.messages)

    async def _insist(self, write: Callable[[], Awaitable[None]], budget: Budget) -> None:
        """Writes, however often it takes. Each try takes the newest text, so a failed edit costs nothing but time.

        Raises SurfaceGone at once, and SurfaceFailed when the platform has failed for INSIST_S, or was busy for
        BUSY_S; while the model still writes and there is something to be seen, that time does not run.
        """
        clock = asyncio.get_running_loop().time
        until, wait = float("inf"), _RETRY_WAIT_S
        while True:
            try:
                return await write()
            except SurfaceGone:
                raise
            except SurfaceError as error:
                busy = isinstance(error, SurfaceBusy)
                if budget is self._surface.posts or self._finishing.is_set():
                    until = min(until, clock() + (BUSY_S if busy else INSIST_S))
                # Whoever waits in the budget's line sees no clock: what would end too late is not begun.
                pause = error.retry_after if isinstance(error, SurfaceBusy) else wait
                if clock() + pause >= until:
                    raise SurfaceFailed(f"tried until there was no hope: {error}") from error
                if isinstance(error, SurfaceBusy):
                    budget.pause(error.retry_after)
                else:
                    await self._pause(wait)
                    wait = min(2 * wait, _LONGEST_WAIT_S)

    async def _pause(self, seconds: float) -> None:
        """Waits, but an end of the reply is tried at once."""
        if self._finishing.is_set():
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._finishing.wait()

    async def _post(self, index: int) -> None:
        part = self._parts[index]
        async with self._turn(self._surface.posts, Urgency.FIRST):
            if part.unsure and (found := await self._found(index)) is not None:
                part.message = found  # what it shows is not known: it is edited next
                return
            (text, final), told = self._newest(part)
            self._check()
            try:
                part.message = await self._surface.post(index, text, final=final)
            except SurfaceFailed:
                part.unsure = True
                raise
            part.shown = (text, final)
            self._count(told)

    async def _found(self, index: int) -> str | None:
        """The message that may have been posted before, if it is there and that can be known."""
        try:
            return await self._surface.find(index)
        except SurfaceGone:
            # The bot may not look (any more). Saying nothing would be worse than saying it twice, and saying so.
            if not self._doubtful:
                self._doubtful = True
                if self._finishing.is_set():
                    self._parts.say_below(self._doubt)
            return None

    async def _edit(self, part: Part, message: str) -> None:
        async with self._turn(self._surface.edits, self._urgency(part)):
            (text, final), told = self._newest(part)
            self._check()
            await self._surface.edit(message, text, final=final)
            part.shown = (text, final)
            self._count(told)

    def _urgency(self, part: Part) -> Urgency:
        if part.sealed:
            return Urgency.FINAL
        only_the_placeholder = not part.text.strip() and part.shown is not None and not self._stale
        return Urgency.STATUS if only_the_placeholder else Urgency.EDIT

    async def _withdraw(self, message: str) -> None:
        async with self._surface.edits.slot(Urgency.FINAL):
            self._check()
            await self._surface.withdraw(message)

    def _turn(self, budget: Budget, urgency: Urgency) -> Slot:
        self._slot = budget.slot(Urgency.FINAL if self._finishing.is_set() else urgency)
        return self._slot

    def _newest(self, part: Part) -> tuple[tuple[str, bool], tuple[int, int]]:
        """What to write, now that the slot is ours, and what that shows of what was added since which beginning."""
        self._parts.take_in()
        return self._wanted(part), (self._parts.times_begun, part.end)

    def _count(self, told: tuple[int, int]) -> None:
        """A write has shown so much, unless that was taken back while it was under way."""
        times_begun, end = told
        if times_begun == self._parts.times_begun:
            self.shown, self._stale = end, False
