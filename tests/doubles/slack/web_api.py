import asyncio
import json
import time
from dataclasses import dataclass, field

from aiohttp import web

from tests.doubles.slack import wire
from tests.doubles.slack.content import Args
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.faults import (
    ApiError,
    ConnectionReset,
    Delay,
    Faults,
    Hold,
    HttpError,
    RateLimited,
)
from tests.doubles.slack.limits import Limits, Rate
from tests.doubles.slack.methods import METHODS, RESTRICTED, Method
from tests.doubles.slack.model import Json
from tests.doubles.slack.workspace import Workspace

CONNECT = "apps.connections.open"


@dataclass(slots=True, eq=False)
class ApiRequest:
    """One call as it arrived, without its token, and how it was answered."""

    method: str
    args: Json
    headers: dict[str, str]
    at: float
    status: int | None = None
    error: str | None = None


@dataclass(slots=True)
class WebApi:
    """Slack's `/api/<method>`: tokens, scopes, rate limits and faults around the methods."""

    workspace: Workspace
    faults: Faults
    limits: Limits
    bot_token: str
    app_token: str
    latency: float
    requests: list[ApiRequest] = field(default_factory=list)
    throttled: int = 0

    async def serve(self, request: web.Request) -> web.Response:
        record = ApiRequest(request.match_info["method"], {}, _headers(request), time.monotonic())
        try:
            token, record.args = await _read(request)
        except SlackError as error:
            return self._refuse(record, error)
        self.requests.append(record)
        self.workspace.parts.watch.notify()
        response = await self._with_fault(request, record, token)
        record.status = response.status
        self.workspace.parts.watch.notify()
        return response

    async def _with_fault(self, request: web.Request, record: ApiRequest, token: str) -> web.Response:
        fault = self.faults.next(record.method)
        match fault:
            case HttpError(status, applied):
                if applied:
                    await self._answer(request, record, token)
                return web.Response(
                    status=status, text="<html>Something went wrong</html>", content_type="text/html"
                )
            case RateLimited(seconds):
                return self._throttle(record, seconds)
            case ApiError(code):
                return self._refuse(record, SlackError(code))
            case ConnectionReset(applied):
                response = await self._answer(request, record, token) if applied else web.Response()
                wire.reset(request.transport)
                return response
            case Delay(seconds):
                response = await self._answer(request, record, token)
                await asyncio.sleep(seconds)
                return response
            case Hold(released, applied=True):
                response = await self._answer(request, record, token)
                await released.wait()
                return response
            case Hold(released):
                await released.wait()
        return await self._answer(request, record, token)

    async def _answer(self, request: web.Request, record: ApiRequest, token: str) -> web.Response:
        args = Args(record.args)
        try:
            if record.method == CONNECT:
                return self._connect(request, record, token)
            method = _method(record.method)
            _authenticate(token, self.bot_token, self.app_token)
            if method.scope is not None:
                self.workspace.require(method.scope)
            restricted = self.workspace.restricted and record.method in RESTRICTED
            rate = Rate.RESTRICTED if restricted else method.rate
            wait = self.limits.retry_after(record.method, rate, args.text("channel"), time.monotonic())
            if wait:
                return self._throttle(record, wait)
            # Half the time a write takes passes before readers see it, half on the way back.
            pause = self.latency / 2 if method.writes else 0.0
            if pause:
                await asyncio.sleep(pause)
            body = method.run(self.workspace, args)
            self.workspace.parts.watch.notify()
            if pause:
                await asyncio.sleep(pause)
        except SlackError as error:
            return self._refuse(record, error)
        return web.json_response(body, headers={"x-oauth-scopes": ",".join(sorted(self.workspace.scopes))})

    def _connect(self, request: web.Request, record: ApiRequest, token: str) -> web.Response:
        """Slack: an app-level token gets the address of one socket, good for one handshake."""
        _authenticate(token, self.app_token, self.bot_token)
        if wait := self.limits.retry_after(CONNECT, Rate.TIER_3, "", time.monotonic()):
            return self._throttle(record, wait)
        ticket = self.workspace.parts.sockets.ticket()
        app_id = self.workspace.parts.identity.app_id
        return web.json_response(
            {"ok": True, "url": f"ws://{request.host}/link/?ticket={ticket}&app_id={app_id}"}
        )

    def _throttle(self, record: ApiRequest, seconds: int) -> web.Response:
        self.throttled += 1
        record.error = "ratelimited"
        return web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)}
        )

    def _refuse(self, record: ApiRequest, error: SlackError) -> web.Response:
        record.error = error.code
        return web.json_response(error.body)


def _method(name: str) -> Method:
    if name not in METHODS:
        raise SlackError("unknown_method", req_method=name)
    return METHODS[name]


def _authenticate(token: str, right: str, other: str) -> None:
    """Raises not_authed, not_allowed_token_type, invalid_auth."""
    if not token:
        raise SlackError("not_authed")
    if token == other:
        raise SlackError("not_allowed_token_type")
    if token != right:
        raise SlackError("invalid_auth")


async def _read(request: web.Request) -> tuple[str, Json]:
    """The token and the arguments of a call; Slack merges query, form and JSON body."""
    values: Json = dict(request.query)
    form_token = ""
    if request.content_type == "application/json":
        values |= await _json_body(request)
    elif request.method == "POST":
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        form_token = form.pop("token", "")
        values |= form
    # Slack: a token counts in the header or a form field, nowhere else.
    values.pop("token", None)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return (token.strip() if scheme.lower() == "bearer" else form_token), values


async def _json_body(request: web.Request) -> Json:
    body = await request.text()
    try:
        found = json.loads(body) if body else {}
    except json.JSONDecodeError:
        raise SlackError("invalid_json") from None
    if not isinstance(found, dict):
        raise SlackError("json_not_object")
    # An argument of null is an argument that was not given.
    return {name: value for name, value in found.items() if value is not None}


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items() if name.lower() != "authorization"}
