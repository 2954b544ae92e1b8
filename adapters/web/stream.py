"""Following a channel: server-sent events, from wherever a page left off."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

import msgspec
import structlog
from aiohttp import web

from adapters.web.markup import Markup, plain
from adapters.web.refusals import TOO_MANY_PAGES, Refusal
from adapters.web.transcript import Place, Shown, Transcript, journal_of
from core.errors import StoreUnavailable
from core.store.journal import Entry, Journals

KEEP_ALIVE_S = 15.0
MOST_STREAMS = 40
"""Each holds one connection for waiting, of the 64 that a process has; its workers need some as well."""
_LOOK_S = 1.0
"""How soon a page that was closed is noticed, and its connection freed."""
_SHARE = 0.2
"""The most of its time that one page's rendering may take from everything else in the process."""
_LONGEST_PAUSE_S = 0.5

log = structlog.get_logger()


class Streams:
    """All pages that follow a channel on this server."""

    def __init__(self, journals: Journals) -> None:
        self._journals = journals
        self._markup = Markup()
        self._ending = asyncio.Event()
        self._open = 0

    def end(self) -> None:
        """Ends every stream at once; the pages come back by themselves."""
        self._ending.set()

    async def serve(self, request: web.Request, channel: str) -> web.StreamResponse:
        """Answers with the channel's events until the page goes or the server ends.

        Raises Refusal and StoreUnavailable, both before anything is sent. Later an error ends the stream: the
        page comes back with its Last-Event-ID, and is then told.
        """
        if self._open >= MOST_STREAMS:
            raise Refusal(503, TOO_MANY_PAGES)
        self._open += 1
        try:
            entries = await self._journals.read(journal_of(channel))
            response = web.StreamResponse(
                headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
            )
            await response.prepare(request)
            try:
                await self._follow(request, response, journal_of(channel), entries)
            except (StoreUnavailable, ConnectionResetError) as error:
                log.debug("a page is followed no more", reason=str(error))
            return response
        finally:
            self._open -= 1

    async def _follow(
        self, request: web.Request, response: web.StreamResponse, journal: str, entries: list[Entry]
    ) -> None:
        transcript = Transcript(entries)
        place = Place.parse(entries[-1].id) if entries else Place()
        known = _left_off(request)
        if known > place:
            known = Place()  # the store was emptied: what the page shows is no more
        await response.write(b"retry: 1000\n\n")
        if known == Place():
            await response.write(_event("reset", {}))
        await self._send(response, transcript.changed_after(known))
        await response.write(_event("ready", {}))
        while (news := await self._news(request, journal, place)) is not None:
            if not news:
                await response.write(b": nothing new\n\n")
                continue
            place = Place.parse(news[-1].id)
            began = monotonic()
            # Several lines about one message, and only its newest state is worth rendering.
            changed = {shown.id: shown for entry in news if (shown := transcript.take(entry))}
            await self._send(response, changed.values())
            await self._pause((monotonic() - began) * (1 / _SHARE - 1))

    async def _news(self, request: web.Request, journal: str, after: Place) -> list[Entry] | None:
        """What came after ``after``; empty when it is time for a sign of life, None when the stream shall end."""
        reading = asyncio.create_task(self._journals.follow(journal, str(after), at_most_s=KEEP_ALIVE_S))
        ending = asyncio.create_task(self._ending.wait())
        try:
            while not reading.done():
                await asyncio.wait({reading, ending}, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                if ending.done() or request.transport is None or request.transport.is_closing():
                    return None
            return await reading
        finally:
            ending.cancel()
            reading.cancel()
            await asyncio.gather(reading, ending, return_exceptions=True)

    async def _send(self, response: web.StreamResponse, messages: Iterable[Shown]) -> None:
        for shown in sorted(messages, key=lambda shown: shown.changed):
            await response.write(_event("message", self._view(shown), str(shown.changed)))
            await asyncio.sleep(0)  # a long history must not hold up the replies that are being written

    def _view(self, shown: Shown) -> dict[str, Any]:
        return {
            "id": shown.id,
            "turn": shown.turn,
            "role": shown.role,
            "state": shown.state,
            "since": [shown.since.ms, shown.since.number],
            "html": plain(shown.text) if shown.role == "user" else self._markup.render(shown.text),
            "folded": shown.folded
            and {"summary": shown.folded.summary, "html": self._markup.render(shown.folded.text)},
            # For copying; while a reply is written it would double what is sent.
            "text": "" if shown.state == "writing" else shown.text,
        }

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, _LONGEST_PAUSE_S)):
                await self._ending.wait()


def _left_off(request: web.Request) -> Place:
    # EventSource sends the header when it reconnects by itself, and cannot when the page opens it anew.
    return Place.parse(request.headers.get("Last-Event-ID") or request.query.get("after", ""))


def _event(name: str, data: dict[str, Any], place: str = "") -> bytes:
    # msgspec writes line breaks inside texts as \n: the data is one line, as the format demands.
    named = f"id: {place}\n" if place else ""
    return f"{named}event: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n".encode()
