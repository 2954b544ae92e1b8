"""The page's side of the wire: what a browser on the page sends, and how it reads events."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: Any
    id: str


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]


class Browser:
    """One browser at ``base``, sending the headers that a browser sends for its own page."""

    def __init__(self, base: str, http: ClientSession) -> None:
        self.base = base
        self._http = http

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.send("GET", path, b"", headers)

    async def post(self, path: str, body: Any, **headers: str) -> Reply:
        own = {"Origin": self.base, "Content-Type": "application/json"}
        return await self.send("POST", path, json.dumps(body).encode(), {**own, **headers})

    async def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Sends exactly ``headers``; an underscore in a name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        call = self._http.request(
            method, self.base + path, data=body or None, headers=named, allow_redirects=False
        )
        async with asyncio.timeout(PATIENCE_S), call as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return Reply(response.status, json.loads(text) if is_json else text, response.headers)

    async def say(self, text: str, message: str, channel: str = "general") -> Reply:
        return await self.post(f"/api/channels/{channel}/messages", {"id": message, "text": text})

    @asynccontextmanager
    async def events(self, *, after: str = "", **headers: str) -> AsyncGenerator[AsyncIterator[Event], None]:
        """What happens in #general."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        where = f"{self.base}/api/channels/general/events?after={after}"
        async with self._http.get(where, headers=named) as response:
            assert response.status == 200
            assert response.content_type == "text/event-stream"
            yield _read(response.content)


@asynccontextmanager
async def browsing(base: str) -> AsyncGenerator[Browser, None]:
    async with ClientSession(skip_auto_headers=["Content-Type", "User-Agent"]) as http:
        yield Browser(base, http)


async def until_ready(events: AsyncIterator[Event]) -> list[Event]:
    """All that was said so far."""
    return [event async for event in _until(events, lambda event: event.name == "ready")]


async def until_done(events: AsyncIterator[Event]) -> list[Event]:
    """Up to and including the first reply that ended."""
    found = []
    async for event in events:
        found.append(event)
        if event.name == "message" and event.data["role"] == "bot" and event.data["state"] == "done":
            return found
    raise AssertionError("the stream ended before a reply did")


async def _until(events: AsyncIterator[Event], end: Any) -> AsyncIterator[Event]:
    async for event in events:
        if end(event):
            return
        yield event
    raise AssertionError("the stream ended too early")


async def _read(lines: Any) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    while True:
        async with asyncio.timeout(PATIENCE_S):
            line = (await lines.readline()).decode()
        if not line:
            return
        if line == "\n":
            if "event" in fields:
                yield Event(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
            fields = {}
        else:
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
