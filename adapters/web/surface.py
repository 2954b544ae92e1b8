"""A reply on the page: lines in its channel's journal, which any process may write and any page may follow."""

import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from adapters.web.transcript import (
    Asked,
    Began,
    Ended,
    Folded,
    Grew,
    Line,
    Waits,
    Withdrawn,
    journal_of,
    line_of,
    written,
)
from core.attached import Attached
from core.conversation import UserMessage
from core.errors import StoreUnavailable, SurfaceFailed
from core.pacing import Budget
from core.store.journal import Journals
from core.surface import FOLDED, NOTICE

WRITES_PER_S = 12
"""Ours to choose: faster than anybody reads, and slow enough for a hundred replies on one Redis."""
_LONGEST = 30_000
_GROWN_LINES = 100
"""After this many a reply's growth becomes one line: a long reply must not push older messages out of the journal."""

P = ParamSpec("P")
R = TypeVar("R")


def _as_surface_error(call: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    @wraps(call)
    async def translated(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(*args, **kwargs)
        except StoreUnavailable as error:
            raise SurfaceFailed(str(error)) from error

    return translated


@dataclass(slots=True)
class _Draft:
    """What this surface has written of one message, and the journal's entries that ``Ended`` will replace."""

    text: str = ""
    grown: list[str] = field(default_factory=list)


class WebSurface:
    """Where the reply to one message of the page is shown. Nobody can be mentioned here."""

    limit = _LONGEST

    def __init__(self, journals: Journals, message: UserMessage) -> None:
        self._journals = journals
        self._journal = journal_of(message.conversation.channel.channel)
        self._turn = message.turn_id
        self._question = message.message_id
        self._by = secrets.token_hex(4)
        self._budget = Budget(WRITES_PER_S, 1.0)
        self._marks = Budget(WRITES_PER_S, 1.0)
        self._drafts: dict[str, _Draft] = {}

    @property
    def posts(self) -> Budget:
        return self._budget

    @property
    def edits(self) -> Budget:
        return self._budget

    @property
    def marks(self) -> Budget:
        return self._marks

    def size(self, text: str) -> int:
        return len(text)

    @_as_surface_error
    async def post(self, part: int, text: str, *, final: bool) -> str:
        # The same id however often it is posted: the page then shows one message.
        message = self._id(part)
        if final:
            await self._append(Ended(message, text))
        else:
            await self._append(Began(message, self._by, text))
            self._drafts[message] = _Draft(text)
        return message

    @_as_surface_error
    async def find(self, part: int) -> str | None:
        if part == FOLDED:
            lines = await self._lines(self._id(0), Folded)
            return self._id(FOLDED) if any(line.text for _, line in lines[-1:]) else None
        if part != NOTICE:
            return None  # its id is known, and posting again replaces it
        notice = self._id(part)
        return notice if await self._entries(notice, Began | Grew | Ended) else None

    @_as_surface_error
    async def edit(self, message: str, text: str, *, final: bool) -> None:
        draft = self._drafts.get(message)
        if draft is None:
            draft = self._drafts[message] = _Draft(grown=await self._entries(message, Grew))
        if final:
            await self._append(Ended(message, text))
            await self._tidy(draft.grown)
            del self._drafts[message]
            return
        whole = len(draft.grown) >= _GROWN_LINES
        at = 0 if whole else _shared(draft.text, text)
        entry = await self._append(Grew(message, self._by, at, text[at:]))
        draft.text = text
        if whole:
            await self._tidy(draft.grown)
            draft.grown.clear()
        draft.grown.append(entry)

    @_as_surface_error
    async def fold(self, attached: Attached, *, message: str | None = None) -> str:
        await self._fold(attached.summary, attached.fitted(_LONGEST))
        return self._id(FOLDED)

    async def _fold(self, summary: str, text: str) -> None:
        before = await self._entries(self._id(0), Folded)
        await self._append(Folded(self._id(0), summary, text))
        await self._tidy(before)

    @_as_surface_error
    async def withdraw(self, message: str) -> None:
        if message == self._id(FOLDED):
            await self._fold("", "")
            return
        before = await self._entries(message, Began | Grew | Ended)
        # The last line stays: a page that was away has to be told.
        await self._append(Withdrawn(message))
        await self._tidy(before)
        self._drafts.pop(message, None)

    @_as_surface_error
    async def mark(self, *, waiting: bool) -> None:
        before = await self._lines(self._question, Waits)
        if waiting == any(line.waiting for _, line in before[-1:]):
            return
        # The last line stays: a page that was away has to be told.
        await self._append(Waits(self._question, waiting))
        await self._tidy([entry for entry, _ in before])

    def _id(self, part: int) -> str:
        return f"{self._turn}-{part}"

    async def _append(self, line: Line) -> str:
        return await self._journals.append(self._journal, written(line))

    async def _tidy(self, entries: list[str]) -> None:
        # The line that replaces them is written. Failing now would only make the reply be written once more.
        with suppress(StoreUnavailable):
            await self._journals.remove(self._journal, entries)

    async def _entries(self, message: str, kinds: Any) -> list[str]:
        """The journal's entries of ``message``, of an earlier attempt as well."""
        return [entry for entry, _ in await self._lines(message, kinds)]

    async def _lines(self, message: str, kinds: Any) -> list[tuple[str, Any]]:
        found = [(entry.id, line_of(entry)) for entry in await self._journals.read(self._journal)]
        return [(entry, line) for entry, line in found if isinstance(line, kinds) and line.id == message]


def _shared(old: str, new: str) -> int:
    """How many characters both begin with."""
    if new.startswith(old):
        return len(old)
    pairs = zip(old, new, strict=False)
    return next((at for at, (was, now) in enumerate(pairs) if was != now), min(len(old), len(new)))


async def show_question(journals: Journals, message: UserMessage) -> str:
    """Shows what somebody wrote on every page of its channel; returns the journal's entry.

    Raises StoreUnavailable.
    """
    asked = Asked(message.message_id, message.turn_id, message.author, message.text)
    return await journals.append(journal_of(message.conversation.channel.channel), written(asked))
