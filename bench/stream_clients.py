"""The same streams read by four clients: ours, stock httpx, the openai SDK, and the least that Python can do."""

import asyncio
import json
import selectors
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from functools import partial
from typing import Any

import httpx
import msgspec

from core.conversation import Message
from core.drun.calls import ChatRequest
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.drun.limiter import Limiter

Said = Callable[[int], None]
"""Called for each token, with the number of its stream."""
Ask = Callable[[str, int, Said], None]
"""Asks a model so many times at once, and returns when all replies are complete."""
One = Callable[[str, Callable[[], None]], Awaitable[None]]

KEY = "sk-bench"
_MESSAGES = tuple(
    Message("assistant" if number % 2 else "user", f"{number}: what was said in this channel before. " * 4)
    for number in range(11)
)
_SENT: list[Any] = [{"role": each.role, "content": each.content} for each in _MESSAGES]


@asynccontextmanager
async def _ours(url: str) -> AsyncGenerator[One, None]:
    """The client as the program composes it, with its limiter."""
    endpoint = Endpoint(Deployment.MAAS, url, KEY)
    async with http_client() as http:
        client = ModelClient(http, limiter=Limiter())

        async def one(model: str, said: Callable[[], None]) -> None:
            async with aclosing(client.stream(endpoint, ChatRequest(model, _MESSAGES))) as deltas:
                async for delta in deltas:
                    if delta.text:
                        said()

        yield one


@asynccontextmanager
async def _httpx(url: str) -> AsyncGenerator[One, None]:
    """As httpx's manual reads lines, with its own defaults, and the standard library's JSON."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(headers=headers) as http:

        async def one(model: str, said: Callable[[], None]) -> None:
            body = {
                "model": model,
                "messages": _SENT,
                "stream": True,
                "stream_options": {"include_usage": True},
            }
            async with http.stream("POST", f"{url}/chat/completions", json=body) as response:
                async for line in response.aiter_lines():
                    if not line.startswith("data: ") or line == "data: [DONE]":
                        continue
                    choices = json.loads(line.removeprefix("data: "))["choices"]
                    if choices and choices[0]["delta"].get("content"):
                        said()

        yield one


@asynccontextmanager
async def _openai(url: str) -> AsyncGenerator[One, None]:
    """As the SDK's manual streams, with its own defaults. Raises ImportError when it is not installed."""
    from openai import AsyncOpenAI  # noqa: PLC0415 - of a group that only the benchmark installs

    async with AsyncOpenAI(base_url=url, api_key=KEY) as client:

        async def one(model: str, said: Callable[[], None]) -> None:
            stream = await client.chat.completions.create(
                model=model, messages=_SENT, stream=True, stream_options={"include_usage": True}
            )
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    said()

        yield one


@contextmanager
def _running(way: Callable[[str], AbstractAsyncContextManager[One]], url: str) -> Generator[Ask, None, None]:
    with asyncio.Runner() as runner:
        context = way(url)
        one = runner.run(context.__aenter__())

        async def all_of(model: str, streams: int, said: Said) -> None:
            await asyncio.gather(*(one(model, partial(said, number)) for number in range(streams)))

        try:
            # Not runner.run, which looks after Ctrl-C anew for each call.
            finish = runner.get_loop().run_until_complete
            yield lambda model, streams, said: finish(all_of(model, streams, said))
        finally:
            runner.run(context.__aexit__(None, None, None))


class _Content(msgspec.Struct, gc=False):
    content: str | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Content


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice]


@contextmanager
def _limit(url: str) -> Generator[Ask, None, None]:
    """Sockets, ``find`` and msgspec, and nothing else: no event loop, no HTTP, no error is understood.

    Relies on what this server does: an event is in one piece, and a reply ends with its last HTTP chunk.
    """
    address = url.removeprefix("http://").partition("/")[0]
    host, _, port = address.partition(":")
    free: list[socket.socket] = []
    decode = msgspec.json.Decoder(_Chunk).decode

    def read(data: bytes, said: Callable[[], None]) -> None:
        at = data.find(b"data: {")
        while at >= 0:
            end = data.find(b"\n\n", at)
            choices = decode(data[at + 6 : end]).choices
            if choices and choices[0].delta.content:
                said()
            at = data.find(b"data: {", end)

    def ask(model: str, streams: int, said: Said) -> None:
        call = _request(address, model)
        with selectors.DefaultSelector() as waiting:
            for number in range(streams):
                line = free.pop() if free else socket.create_connection((host, int(port)))
                line.setblocking(False)
                line.send(call)
                waiting.register(line, selectors.EVENT_READ, partial(said, number))
            left, rests = streams, dict.fromkeys(waiting.get_map(), b"")
            while left:
                for key, _ in waiting.select():
                    asked = key.fileobj
                    assert isinstance(asked, socket.socket)  # noqa: S101 - nothing else was registered
                    data = rests[key.fd] + asked.recv(65536)
                    cut = data.rfind(b"\n\n") + 2
                    read(data[:cut], key.data)
                    rests[key.fd] = data[cut:]
                    if data.endswith(b"\r\n0\r\n\r\n"):
                        waiting.unregister(asked)
                        free.append(asked)
                        left -= 1

    try:
        yield ask
    finally:
        for line in free:
            line.close()


def _request(address: str, model: str) -> bytes:
    body = json.dumps({"model": model, "messages": _SENT, "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


CLIENTS: Mapping[str, Callable[[str], AbstractContextManager[Ask]]] = {
    "limit": _limit,
    "ours": partial(_running, _ours),
    "httpx": partial(_running, _httpx),
    "openai": partial(_running, _openai),
}
