"""Showing a reply while it is written: the newest text wins, one write is in flight, the last one is never late.

The reader of the model only adds text. One task writes: it waits for its slot in the platform's budget, and only
then looks at what is to be shown, so that no write carries old text. Text beyond the platform's limit goes on in
the next message. Nothing here is done per token but an append.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.pacing import Slot, Urgency
from core.splitting import closed, split
from core.surface import Surface

WRITING = " ▍"
"""Ends a message that is still being written, and only such a one."""

FIRST_TEXT_WAIT_S = 0.2
"""How long the first words gather before they are posted: a notification of "I" tells nobody anything."""

PLACEHOLDER_AFTER_S = 2.5
"""A reply of which nothing is known after this long is announced, so that nobody wonders whether they were heard."""

_RETRIES = 4
_RETRY_WAIT_S = 0.5  # doubled each time

Checkpoint = Callable[[Sequence[str]], Awaitable[None]]


@dataclass(slots=True)
class _Part:
    """One message of the reply: what it shall show, and what it shows."""

    text: str
    sealed: bool = False
    message: str | None = None
    shown: str | None = None


class Delivery:
    """Shows one reply on ``surface``. Use as ``async with``; leaving it without ``finish`` stops writing at once.

    ``messages`` are the platform ids of an earlier attempt at the same turn: they are written over.
    ``checkpoint`` is awaited with all ids after each new message, before anything else is written.
    """

    def __init__(
        self,
        surface: Surface,
        *,
        checkpoint: Checkpoint,
        messages: Sequence[str] = (),
        placeholder: str = "…",
    ) -> None:
        self._surface = surface
        self._checkpoint = checkpoint
        self._placeholder = placeholder
        self._parts = [_Part("", message=message) for message in messages] or [_Part("")]
        self._open = 0  # index of the part that grows
        self._added: list[str] = []
        self._news = asyncio.Event()
        self._begun = asyncio.Event()
        self._finishing = asyncio.Event()
        self._slot: Slot | None = None
        self._taken = 0
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

    def add(self, text: str) -> None:
        self._added.append(text)
        self._begun.set()
        self._news.set()

    async def finish(self, note: str = "") -> None:
        """Shows all that was added, and ``note`` as a last paragraph. Raises SurfaceError if that failed."""
        if note:
            self._take_in()
            text = self._parts[self._open].text
            self._added.append(f"{closed(text)}\n\n{note}"[len(text) :] if text.strip() else note)
        self._finishing.set()
        self._begun.set()
        self._news.set()
        if self._slot is not None:
            self._slot.urge(Urgency.FINAL)
        await self.writer

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

    def _take_in(self) -> None:
        """Moves what was added into the open part, and on into new parts where that one is full."""
        if not self._added:
            return
        part = self._parts[self._open]
        added = "".join(self._added)
        self._added.clear()
        self._taken += len(added)
        rest = part.text + added
        # Room for the mark and for a fence's closing line: a growing part must be showable at every moment.
        room = self._surface.limit - len(WRITING) - 8
        while True:
            part.text, rest = split(rest, room, self._surface.size)
            if not rest:
                return
            part.sealed = True
            self._open += 1
            if self._open == len(self._parts):
                self._parts.append(_Part(""))
            part = self._parts[self._open]

    def _next_due(self) -> int | None:
        """The first part that does not show what it should; sealed parts before the one that grows."""
        self._take_in()
        for index, part in enumerate(self._parts[: self._open + 1]):
            if part.shown != self._wanted(part):
                return index
        return None

    def _wanted(self, part: _Part) -> str:
        if part.sealed or self._finishing.is_set():
            return closed(part.text) or self._placeholder
        return (closed(part.text) or self._placeholder) + WRITING

    async def _withdraw_leftovers(self) -> None:
        """An earlier attempt may have been longer: its further messages would contradict this one."""
        for part in self._parts[self._open + 1 :]:
            if part.message is not None:
                await self._surface.withdraw(part.message)

    async def _write(self, index: int) -> None:
        for attempt in range(_RETRIES):
            try:
                await self._write_once(index)
            except SurfaceBusy as busy:
                budget = self._surface.posts if self._parts[index].message is None else self._surface.edits
                budget.pause(busy.retry_after)
            except SurfaceGone:
                raise
            except SurfaceError:
                if attempt == _RETRIES - 1:
                    raise
                await asyncio.sleep(_RETRY_WAIT_S * 2**attempt)
            else:
                return
        raise SurfaceFailed("the platform was busy four times in a row")

    async def _write_once(self, index: int) -> None:
        part = self._parts[index]
        final = part.sealed or self._finishing.is_set()
        if part.message is None:
            budget, urgency = self._surface.posts, Urgency.FIRST
        else:
            budget, urgency = self._surface.edits, Urgency.FINAL if final else Urgency.EDIT
        self._slot = budget.slot(urgency)
        async with self._slot:
            # Only now: what is newest when the slot is ours.
            self._take_in()
            final = part.sealed or self._finishing.is_set()
            text = self._wanted(part)
            if part.message is None:
                part.message = await self._surface.post(index, text, final=final)
            elif part.shown != text:
                await self._surface.edit(part.message, text, final=final)
            else:
                return
            part.shown = text
            if index == self._open:
                self.shown = self._taken
        if urgency is Urgency.FIRST:
            await self._checkpoint([part.message for part in self._parts if part.message is not None])
