"""Asking a model and reading its stream."""

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import httpx
import msgspec

from core.conversation import Delta, Message
from core.drun.chunks import DONE, UNREADABLE, read_chunk, read_whole
from core.drun.endpoints import Endpoint
from core.drun.refusals import redacted, refusal
from core.drun.sse import EventStream
from core.errors import ModelBusy, ModelError, ModelUnavailable, ModelUnknown, ReplyCut

_PARTING_S = 0.5
"""How long a stream may take to close after it said that it is done."""


class _Listed(msgspec.Struct):
    id: str


class _Listing(msgspec.Struct):
    data: list[_Listed]


_listing = msgspec.json.Decoder(_Listing)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a model, in seconds. The gateway has no time-outs of its own: silence is all one sees."""

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    """A reasoning model may take this long before its first frame."""
    idle_s: float = 90.0
    total_s: float = 600.0
    """For all attempts together."""
    retries: int = 2
    """Further attempts, and only before the first word: later a retry would say everything twice."""
    retry_wait_s: float = 1.0
    """Doubled each time, with jitter, and once more for a busy model: d.run's buckets refill all the time, and it names no Retry-After."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model, with all it is sent."""

    model: str
    messages: Sequence[Message]
    max_tokens: int | None = None
    """None leaves it to the server; 0, which the documentation offers, is refused by the engines."""


class ModelClient:
    """Asks d.run. One for all endpoints of a process; its connections are shared and kept."""

    def __init__(self, http: httpx.AsyncClient, patience: Patience | None = None) -> None:
        self._http = http
        self._patience = patience or Patience()

    async def stream(self, endpoint: Endpoint, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """The reply, as it comes. Wrap it in ``aclosing``: closing it is what makes the model stop.

        Ends only after a finish reason; raises ReplyCut when the stream ends without one, another ModelError
        when the model cannot be asked. Failures before the first word are retried.
        """
        begun = False
        deadline = monotonic() + self._patience.total_s
        for attempt in range(self._patience.retries + 1):
            try:
                async with aclosing(self._once(endpoint, request, deadline)) as deltas:
                    async for delta in deltas:
                        begun = begun or bool(delta.text)
                        yield delta
            except ModelError as error:
                pause = self._pause(error, attempt)
                last = attempt == self._patience.retries or monotonic() + pause >= deadline
                if begun or not error.retryable or last:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def models(self, endpoint: Endpoint) -> list[str]:
        """The ids that ``endpoint`` lists, in its own order. Raises ModelError."""
        with _translated(endpoint):
            async with asyncio.timeout(self._patience.connect_s):
                response = await self._http.get(f"{endpoint.base_url}/models", headers=_headers(endpoint))
        if response.status_code != httpx.codes.OK:
            error = _refusal(endpoint, response, response.content)
            # Nobody asked for a model yet that could be unknown: this address has no list.
            raise ModelUnavailable(str(error)) if isinstance(error, ModelUnknown) else error
        try:
            return [model.id for model in _listing.decode(response.content).data]
        except UNREADABLE as error:
            raise ModelUnavailable(f"a model list that is none: {error}") from error

    def _pause(self, error: ModelError, attempt: int) -> float:
        if isinstance(error, ModelBusy) and error.retry_after is not None:
            return min(error.retry_after, self._patience.first_byte_s)
        doublings = attempt + isinstance(error, ModelBusy)
        return float(self._patience.retry_wait_s * 2**doublings * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    async def _once(
        self, endpoint: Endpoint, request: ChatRequest, deadline: float
    ) -> AsyncGenerator[Delta, None]:
        finished = False
        async with self._opened(endpoint, request, deadline) as response:
            try:
                async with aclosing(self._deltas(endpoint, response, deadline)) as deltas:
                    async for delta in deltas:
                        finished = finished or delta.finish is not None
                        yield delta
            except ReplyCut:
                # After the finish reason all was said: an upstream that then closes without [DONE] becomes null too.
                if not finished:
                    raise
        # The gateway hides a broken upstream behind a clean end: only a finish reason tells that all was said.
        if not finished:
            raise ReplyCut("the stream ended without a finish reason")

    async def _deltas(
        self, endpoint: Endpoint, response: httpx.Response, deadline: float
    ) -> AsyncGenerator[Delta, None]:
        if "text/event-stream" not in response.headers.get("content-type", ""):
            for delta in read_whole(await self._body(endpoint, response, deadline)):
                yield delta
            return
        async with aclosing(self._events(endpoint, response, deadline)) as events:
            async for data in events:
                for delta in read_chunk(data):
                    yield delta

    @asynccontextmanager
    async def _opened(
        self, endpoint: Endpoint, request: ChatRequest, deadline: float
    ) -> AsyncGenerator[httpx.Response, None]:
        body = {
            "model": request.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.max_tokens is not None:
            body["max_tokens"] = request.max_tokens
        with _translated(endpoint):
            call = self._http.build_request(
                "POST", f"{endpoint.base_url}/chat/completions", json=body, headers=_headers(endpoint)
            )
            async with asyncio.timeout(min(self._patience.first_byte_s, deadline - monotonic())):
                response = await self._http.send(call, stream=True)
        try:
            if response.status_code != httpx.codes.OK:
                answer = await self._body(endpoint, response, monotonic() + self._patience.idle_s)
                raise _refusal(endpoint, response, answer, model=request.model)
            yield response
        finally:
            await response.aclose()

    async def _events(
        self, endpoint: Endpoint, response: httpx.Response, deadline: float
    ) -> AsyncGenerator[bytes, None]:
        """The data of every event before [DONE]."""
        parser = EventStream()
        chunks = response.aiter_bytes()
        patience = self._patience.first_byte_s
        while True:
            # Around the read alone: an error of whoever shows the text must not look like one of the model's.
            with _translated(endpoint, cut=True):
                async with asyncio.timeout(min(patience, deadline - monotonic())):
                    chunk = await anext(chunks, None)
            if chunk is None:
                return
            patience = self._patience.idle_s
            for data in parser.feed(chunk):
                if data == DONE:
                    # A body that is not read to its end takes its connection with it.
                    with suppress(httpx.HTTPError, TimeoutError):
                        async with asyncio.timeout(_PARTING_S):
                            await anext(chunks, None)
                    return
                yield data

    async def _body(self, endpoint: Endpoint, response: httpx.Response, deadline: float) -> bytes:
        with _translated(endpoint):
            async with asyncio.timeout(deadline - monotonic()):
                return await response.aread()


@asynccontextmanager
async def http_client() -> AsyncGenerator[httpx.AsyncClient, None]:
    """The one HTTP client of a process: certificates are read once, connections are kept for a minute."""
    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=100, keepalive_expiry=60.0)
    patience = Patience()
    # Reads are timed by the stream's own patience, which differs before and after the first byte.
    timeout = httpx.Timeout(patience.connect_s, read=None)
    async with httpx.AsyncClient(
        limits=limits, timeout=timeout, verify=ssl.create_default_context(), follow_redirects=False
    ) as http:
        yield http


def _headers(endpoint: Endpoint) -> httpx.Headers:
    headers = {
        "Authorization": f"Bearer {endpoint.key}",
        "Accept-Encoding": "identity",
        "User-Agent": "drun-chat",
    }
    # A key that was pasted with a typographic letter is a wrong key, not a broken client.
    return httpx.Headers(headers, encoding="utf-8")


def _refusal(endpoint: Endpoint, response: httpx.Response, body: bytes, model: str = "") -> ModelError:
    return refusal(response.status_code, response.headers, body, model=model, key=endpoint.key)


@contextmanager
def _translated(endpoint: Endpoint, *, cut: bool = False) -> Generator[None, None, None]:
    """Translates httpx's errors into ours. ``cut``: the stream was running, so this is a reply that breaks off."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        detail = redacted(f"{type(error).__name__}: {error}", endpoint.key)
        raise (ReplyCut(detail) if cut else ModelUnavailable(detail)) from error
