"""Asking a model and reading its stream."""

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import monotonic

import httpx
import msgspec

from core.conversation import Delta, Message
from core.drun.chunks import DONE, read_chunk, read_whole
from core.drun.endpoints import Endpoint
from core.drun.refusals import redacted, refusal
from core.drun.sse import EventStream
from core.errors import ModelBusy, ModelError, ModelUnavailable, ReplyCut


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
    retries: int = 2
    """Further attempts, and only before the first word: later a retry would say everything twice."""
    retry_wait_s: float = 1.0
    """Doubled each time, with jitter. d.run's buckets refill all the time, and it names no Retry-After."""


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
        for attempt in range(self._patience.retries + 1):
            try:
                async with aclosing(self._once(endpoint, request)) as deltas:
                    async for delta in deltas:
                        begun = begun or bool(delta.text)
                        yield delta
            except ModelError as error:
                if begun or not error.retryable or attempt == self._patience.retries:
                    raise
                await asyncio.sleep(self._pause(error, attempt))
            else:
                return

    async def models(self, endpoint: Endpoint) -> list[str]:
        """The ids that ``endpoint`` lists, in its own order. Raises ModelError."""
        with _translated():
            async with asyncio.timeout(self._patience.connect_s):
                response = await self._http.get(f"{endpoint.base_url}/models", headers=_headers(endpoint))
        if response.status_code != httpx.codes.OK:
            raise refusal(response.status_code, response.headers, response.content, model="")
        try:
            return [model.id for model in _listing.decode(response.content).data]
        except msgspec.DecodeError as error:
            raise ModelUnavailable(f"a model list that is none: {error}") from error

    def _pause(self, error: ModelError, attempt: int) -> float:
        if isinstance(error, ModelBusy) and error.retry_after is not None:
            return min(error.retry_after, self._patience.first_byte_s)
        return float(self._patience.retry_wait_s * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    async def _once(self, endpoint: Endpoint, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        deadline = monotonic() + self._patience.total_s
        async with self._opened(endpoint, request) as response:
            if "text/event-stream" not in response.headers.get("content-type", ""):
                for delta in read_whole(await self._body(response, deadline)):
                    yield delta
                return
            async with aclosing(self._events(response, deadline)) as events:
                finished = False
                async for data in events:
                    if data == DONE:
                        break
                    for delta in read_chunk(data):
                        finished = finished or delta.finish is not None
                        yield delta
            # The gateway hides a broken upstream behind a clean end: only a finish reason tells that all was said.
            if not finished:
                raise ReplyCut("the stream ended without a finish reason")

    @asynccontextmanager
    async def _opened(self, endpoint: Endpoint, request: ChatRequest) -> AsyncGenerator[httpx.Response, None]:
        body = {
            "model": request.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.max_tokens is not None:
            body["max_tokens"] = request.max_tokens
        call = self._http.build_request(
            "POST", f"{endpoint.base_url}/chat/completions", json=body, headers=_headers(endpoint)
        )
        with _translated():
            async with asyncio.timeout(self._patience.first_byte_s):
                response = await self._http.send(call, stream=True)
        try:
            if response.status_code != httpx.codes.OK:
                answer = await self._body(response, monotonic() + self._patience.idle_s)
                raise refusal(response.status_code, response.headers, answer, model=request.model)
            yield response
        finally:
            await response.aclose()

    async def _events(self, response: httpx.Response, deadline: float) -> AsyncGenerator[bytes, None]:
        parser = EventStream()
        chunks = response.aiter_bytes()
        patience = self._patience.first_byte_s
        while True:
            # Around the read alone: an error of whoever shows the text must not look like one of the model's.
            with _translated(cut=True):
                async with asyncio.timeout(min(patience, deadline - monotonic())):
                    chunk = await anext(chunks, None)
            if chunk is None:
                return
            patience = self._patience.idle_s
            for data in parser.feed(chunk):
                yield data

    async def _body(self, response: httpx.Response, deadline: float) -> bytes:
        with _translated():
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


def _headers(endpoint: Endpoint) -> Mapping[str, str]:
    return {
        "Authorization": f"Bearer {endpoint.key}",
        "Accept-Encoding": "identity",
        "User-Agent": "drun-chat",
    }


@contextmanager
def _translated(*, cut: bool = False) -> Generator[None, None, None]:
    """Translates httpx's errors into ours. ``cut``: the stream was running, so this is a reply that breaks off."""
    try:
        yield
    except (httpx.HTTPError, TimeoutError) as error:
        detail = redacted(f"{type(error).__name__}: {error}")
        raise (ReplyCut(detail) if cut else ModelUnavailable(detail)) from error
