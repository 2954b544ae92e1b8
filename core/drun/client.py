"""Asking a model and reading its stream."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Collection, Generator
from contextlib import (
    AbstractAsyncContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass, replace
from time import monotonic

import httpx

from core.conversation import Delta
from core.drun.calls import ChatRequest, Habit, Sampling
from core.drun.chunks import DONE, ErrorFrame, read_chunk, read_whole
from core.drun.endpoints import Endpoint
from core.drun.limiter import Limiter
from core.drun.line import Permit
from core.drun.listing import Listed, read_listing
from core.drun.patience import Patience, chance
from core.drun.refusals import redacted, refusal, reported
from core.drun.replies import Heard, ReplyReader
from core.drun.sse import EventStream
from core.errors import ModelBusy, ModelError, ModelUnavailable, ModelUnknown, ReplyCut

_PARTING_S = 0.5
"""How long a stream may take to close after it said that it is done."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question on its way: the same for all attempts."""

    endpoint: Endpoint
    request: ChatRequest
    habit: Habit
    deadline: float
    turn_by: float
    """When its turn, or another attempt, must have come."""
    hurried: bool
    again: bool = False
    """The model was too busy for it a moment ago."""

    def reader(self) -> ReplyReader:
        known = self.habit.begins_inside
        inside = self.request.reasoning if known is None else known
        return ReplyReader(inside=inside, continuation=self.habit.completes)

    def call(self, http: httpx.AsyncClient) -> httpx.Request:
        path, body = self.habit.call(self.request)
        url = self.endpoint.base_url + path
        return http.build_request("POST", url, json=body, headers=self.endpoint.headers)

    def meant(self, cut: ReplyCut, heard: Heard) -> ModelError:
        """What ``cut`` was, where the server said it."""
        if not isinstance(cut, ErrorFrame):
            return cut
        return reported(cut.error, model=self.request.model, key=self.endpoint.key, begun=heard.word)


class ModelClient:
    """Asks d.run. One for all endpoints of a process; its connections are shared and kept.

    ``completions`` are the models that only continue texts. One that is not named costs a refused call once.
    ``limiter`` says when a model may be asked; without it nobody waits for anybody. ``sampling`` holds where a question
    says nothing.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        patience: Patience | None = None,
        *,
        completions: Collection[str] = (),
        limiter: Limiter | None = None,
        sampling: Sampling | None = None,
        jitter: Callable[[], float] = chance,
    ) -> None:
        self._http = http
        self.patience = patience or Patience()
        self.sampling = sampling or Sampling()
        self._jitter = jitter
        self._completions = frozenset(completions)
        self._limiter = limiter
        self._habits: dict[tuple[Endpoint, str], Habit] = {}

    async def stream(
        self, endpoint: Endpoint, request: ChatRequest, *, hurried: bool = False
    ) -> AsyncGenerator[Delta, None]:
        """The reply, as it comes. Wrap it in ``aclosing``: closing it is what makes the model stop.

        Ends only after a finish reason; raises ReplyCut when the stream ends without one, another ModelError
        when the model cannot be asked. Failures before the first word are retried.
        ``hurried``: somebody else can answer. Then nobody is called twice who is not there, whatever else fails is
        tried once more, and only if that can be soon.
        """
        heard = Heard()
        asking, attempt = self._asking(endpoint, request, hurried=hurried), 0
        while True:
            try:
                async with aclosing(self._once(asking, heard)) as deltas:
                    async for delta in deltas:
                        heard.take(delta)
                        yield delta
            except ModelError as error:
                if heard.word:
                    raise
                if not asking.habit.learned_to_complete(error):
                    if (pause := self._again(asking, error, attempt)) is None:
                        raise
                    await asyncio.sleep(pause)
                    attempt += 1
                    asking = replace(asking, again=isinstance(error, ModelBusy))
                if heard.anything:
                    heard = Heard()
                    yield Delta(retracted=True)
            else:
                return

    def _asking(self, endpoint: Endpoint, request: ChatRequest, *, hurried: bool) -> _Asking:
        now, habit = monotonic(), self._habit(endpoint, request.model)
        habit.completes = habit.completes or request.completes
        request = replace(request, sampling=request.sampling.over(self.sampling))
        deadline = now + self.patience.total_s
        turn_by = min(deadline, now + self.patience.quick_s) if hurried else deadline
        return _Asking(endpoint, request, habit, deadline, turn_by, hurried)

    def _again(self, asking: _Asking, error: ModelError, attempt: int) -> float | None:
        """Seconds until another attempt; None: there is none."""
        retries = self.patience.retries
        if asking.hurried:
            retries = 0 if _nobody_there(error) else min(1, retries)
        pause = self.patience.pause(error, attempt, self._jitter())
        # A limiter has learned from the refusal, and lets nobody ask too early.
        waited = isinstance(error, ModelBusy) and self._limiter is not None
        # Nobody begins to wait there for a time that is too long: who is hurried for a guessed one either.
        named = isinstance(error, ModelBusy) and error.retry_after is not None
        late = monotonic() + (pause if named or asking.hurried or not waited else 0.0) >= asking.turn_by
        if late or attempt >= retries or not error.retryable:
            return None
        return 0.0 if waited else pause

    def learned_to_complete(self, endpoint: Endpoint, model: str) -> bool:
        """Whether ``model`` has refused to chat with this client."""
        return self._habit(endpoint, model).learned

    def _habit(self, endpoint: Endpoint, model: str) -> Habit:
        if (endpoint, model) not in self._habits:
            self._habits[endpoint, model] = Habit(completes=model in self._completions)
        return self._habits[endpoint, model]

    async def models(self, endpoint: Endpoint) -> list[Listed]:
        """What ``endpoint`` lists, in its own order. Raises ModelError."""
        with _translated(endpoint):
            async with asyncio.timeout(self.patience.list_s):
                response = await self._http.get(f"{endpoint.base_url}/models", headers=endpoint.headers)
        if response.status_code != httpx.codes.OK:
            error = _refusal(endpoint, response, response.content)
            # Nobody asked for a model yet that could be unknown: this address has no list.
            raise ModelUnavailable(str(error)) if isinstance(error, ModelUnknown) else error
        return read_listing(response.content)

    async def _once(self, asking: _Asking, heard: Heard) -> AsyncGenerator[Delta, None]:
        async with self._opened(asking) as (response, reader):
            try:
                async with aclosing(self._deltas(asking, response)) as raw:
                    async for said in raw:
                        for delta in reader.read(said):
                            yield delta
                        if reader.over:
                            break
            except ReplyCut as cut:
                # After the finish reason all was said: an upstream that then closes without [DONE] becomes null too.
                if not reader.finished:
                    for delta in reader.end():
                        yield delta
                    # Here, while the limiter listens: it learns of a model that says in its stream that it is busy.
                    raise asking.meant(cut, heard) from cut.__cause__
        if reader.begins_inside is not None:
            asking.habit.begins_inside = reader.begins_inside
        # The gateway hides a broken upstream behind a clean end: only a finish reason tells that all was said.
        if not reader.finished:
            for delta in reader.end():
                yield delta
            raise ReplyCut("the stream ended without a finish reason")

    async def _deltas(self, asking: _Asking, response: httpx.Response) -> AsyncGenerator[Delta, None]:
        if "text/event-stream" not in response.headers.get("content-type", ""):
            for delta in read_whole(await self._body(asking.endpoint, response, asking.deadline)):
                yield delta
            return
        async with aclosing(self._events(asking, response)) as events:
            async for data in events:
                for delta in read_chunk(data):
                    yield delta

    def _admitted(self, asking: _Asking) -> AbstractAsyncContextManager[Permit]:
        """Waits until the model may be asked. Raises ModelBusy."""
        if self._limiter is None:
            return nullcontext(Permit())
        return self._limiter.admitted(
            asking.endpoint,
            asking.request.model,
            within_s=asking.turn_by - monotonic(),
            again=asking.again,
        )

    @asynccontextmanager
    async def _opened(self, asking: _Asking) -> AsyncGenerator[tuple[httpx.Response, ReplyReader], None]:
        endpoint = asking.endpoint
        async with self._admitted(asking) as permit:
            with _translated(endpoint):
                # Both at once: another reply may learn meanwhile how this model is to be asked.
                call, reader = asking.call(self._http), asking.reader()
                async with asyncio.timeout(min(self.patience.first_byte_s, asking.deadline - monotonic())):
                    response = await self._http.send(call, stream=True)
            try:
                if response.status_code != httpx.codes.OK:
                    answer = await self._body(endpoint, response, monotonic() + self.patience.idle_s)
                    raise _refusal(endpoint, response, answer, model=asking.request.model)
                permit.worked()
                yield response, reader
            finally:
                await response.aclose()

    async def _events(self, asking: _Asking, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """The data of every event before [DONE]."""
        parser = EventStream()
        chunks = response.aiter_bytes()
        patience = self.patience.first_byte_s
        while True:
            # Around the read alone: an error of whoever shows the text must not look like one of the model's.
            try:
                async with asyncio.timeout(min(patience, asking.deadline - monotonic())):
                    chunk = await anext(chunks, None)
            except _FAILURES as error:
                raise ReplyCut(_told(error, asking.endpoint)) from error
            patience = self.patience.idle_s
            for data in parser.end() if chunk is None else parser.feed(chunk):
                if data == DONE:
                    # A body that is not read to its end takes its connection with it.
                    with suppress(httpx.HTTPError, TimeoutError):
                        async with asyncio.timeout(_PARTING_S):
                            await anext(chunks, None)
                    return
                yield data
            if chunk is None:
                return

    async def _body(self, endpoint: Endpoint, response: httpx.Response, deadline: float) -> bytes:
        with _translated(endpoint):
            async with asyncio.timeout(deadline - monotonic()):
                return await response.aread()


@asynccontextmanager
async def http_client(patience: Patience | None = None) -> AsyncGenerator[httpx.AsyncClient, None]:
    """The one HTTP client of a process: certificates are read once, connections are kept for a minute."""
    # The pool looks at every idle connection for every other one, twice a request: a hundred of them cost more CPU
    # for each call than a new connection does.
    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=20, keepalive_expiry=60.0)
    # Reads are timed by the stream's own patience, which differs before and after the first byte.
    timeout = httpx.Timeout((patience or Patience()).connect_s, read=None)
    async with httpx.AsyncClient(
        limits=limits, timeout=timeout, verify=ssl.create_default_context(), follow_redirects=False
    ) as http:
        yield http


def _refusal(endpoint: Endpoint, response: httpx.Response, body: bytes, model: str = "") -> ModelError:
    return refusal(response.status_code, response.headers, body, model=model, key=endpoint.key)


_FAILURES = (httpx.HTTPError, httpx.InvalidURL, TimeoutError)
_ABSENCES = (httpx.ConnectError, httpx.ProxyError, httpx.TimeoutException, TimeoutError)
"""Not among them is a connection that was dropped: often one that was kept too long, and a new one is taken."""


def _nobody_there(error: ModelError) -> bool:
    """The call reached nobody, or nobody answered it in time."""
    return isinstance(error, ModelUnavailable) and isinstance(error.__cause__, _ABSENCES)


def _told(error: Exception, endpoint: Endpoint) -> str:
    return redacted(f"{type(error).__name__}: {error}", endpoint.key)


@contextmanager
def _translated(endpoint: Endpoint) -> Generator[None, None, None]:
    """Translates httpx's errors before a reply has begun into ours."""
    try:
        yield
    except _FAILURES as error:
        raise ModelUnavailable(_told(error, endpoint)) from error
