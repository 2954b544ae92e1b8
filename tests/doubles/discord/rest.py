"""The way of every REST request: record, authorise, faults, limits, handler, answer."""

import asyncio
import json
import math
import time
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any

from aiohttp import hdrs, multipart, web

from tests.doubles.discord.call import Call, Endpoint, Reply
from tests.doubles.discord.errors import Refusal, form_error, http_refusal
from tests.doubles.discord.faults import Delay, Fault, FaultQueue, Reset, Status, Throttle
from tests.doubles.discord.limits import Buckets, Verdict
from tests.doubles.discord.model import Request
from tests.doubles.discord.posting import Files
from tests.doubles.discord.session import reset_socket
from tests.doubles.discord.world import World

API = "/api/v10"
VIA = {"Via": "1.1 google"}
"""Discord's own answers have passed a proxy; discord.py takes a 429 without this header for a ban."""


class Rest:
    def __init__(self, world: World, buckets: Buckets, faults: FaultQueue, latency: float) -> None:
        self._world = world
        self._buckets = buckets
        self._faults = faults
        self._latency = latency

    async def serve(self, endpoint: Endpoint | None, http: web.Request) -> web.Response:
        """`endpoint` is None when no route fits."""
        request = Request(http.method, http.path.removeprefix(API), None, time.monotonic())
        self._world.requests.append(request)
        try:
            body, files = await read_body(http)
            request.body = body
            self._world.pulse.beat()
            if endpoint is None:
                return answer(*refused(http_refusal(HTTPStatus.NOT_FOUND)))
            response = await self._pass(endpoint, http, body, files)
        except Refusal as refusal:
            response = answer(*refused(refusal))
        except Exception as defect:  # noqa: BLE001 - kept, and raised when the double is closed
            self._world.defects.append(defect)
            response = answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": repr(defect), "code": 0})
        request.status = response.status
        self._world.pulse.beat()
        return response

    async def _pass(self, endpoint: Endpoint, http: web.Request, body: Any, files: Files) -> web.Response:
        if endpoint.by_bot and http.headers.get(hdrs.AUTHORIZATION) != f"Bot {self._world.token}":
            return answer(*refused(http_refusal(HTTPStatus.UNAUTHORIZED)))
        fault = self._faults.draw(http.method, http.path.removeprefix(API))
        if (early := before_effect(fault, http)) is not None:
            return early
        params = http.match_info
        verdict = self._buckets.take(endpoint.name, params, counts_globally=endpoint.by_bot)
        if not verdict.allowed:
            return throttled(verdict)
        # Half of the latency is on the way there, so that an edit is visible before its answer arrives.
        one_way = 0.0 if http.method == HTTPMethod.GET else self._latency / 2
        await asyncio.sleep(one_way)
        status, payload = self._handle(endpoint, Call(self._world, params, http.query, body, files))
        await asyncio.sleep(one_way)
        if isinstance(fault, Delay):
            await asyncio.sleep(fault.seconds)
        return after_effect(fault, http) or answer(status, payload, verdict.headers)

    def _handle(self, endpoint: Endpoint, call: Call) -> tuple[int, Any]:
        """A refused request has used its bucket too, so its answer carries the headers all the same."""
        try:
            check_snowflakes(call.params)
            reply: Reply = endpoint.handler(call)
        except Refusal as refusal:
            return refused(refusal)
        finally:
            self._world.pulse.beat()
        return reply.status, reply.body


def check_snowflakes(params: Mapping[str, str]) -> None:
    for name, value in params.items():
        if name.endswith("_id") and not value.isdigit() and value != "@original":
            raise form_error([name], "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')


async def read_body(http: web.Request) -> tuple[Any, Files]:
    """JSON, or a form with `payload_json` and files."""
    if http.content_type.startswith("multipart/"):
        return await read_form(http)
    text = await http.text()
    if not text:
        return None, ()
    if http.content_type != "application/json":
        raise form_error([], "CONTENT_TYPE_INVALID", 'Expected "Content-Type" header to be application/json.')
    return parse(text), ()


async def read_form(http: web.Request) -> tuple[Any, Files]:
    body: Any = None
    files: list[tuple[str, str, bytes]] = []
    async for part in await http.multipart():
        if not isinstance(part, multipart.BodyPartReader):
            continue
        if part.name == "payload_json":
            body = parse(await part.text())
        else:
            kind = part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream")
            files.append((part.filename or "file", kind, bytes(await part.read())))
    return body, files


def parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST, 50109, "The request body contains invalid JSON.") from None


def refused(refusal: Refusal) -> tuple[int, Any]:
    return refusal.status, refusal.body


def answer(status: int, payload: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    """discord.py reads JSON only under exactly this content type, without a charset."""
    if status == HTTPStatus.NO_CONTENT:
        return web.Response(status=status, headers={**VIA, **(headers or {})})
    typed = {hdrs.CONTENT_TYPE: "application/json", **VIA, **(headers or {})}
    return web.Response(status=status, body=json.dumps(payload).encode(), headers=typed)


def throttled(verdict: Verdict, *, via: bool = True) -> web.Response:
    payload = {
        "message": "You are being rate limited.",
        "retry_after": verdict.retry_after,
        "global": verdict.is_global,
    }
    headers = {**verdict.headers, "Retry-After": str(math.ceil(verdict.retry_after))}
    response = answer(HTTPStatus.TOO_MANY_REQUESTS, payload, headers)
    if not via:
        del response.headers["Via"]
    return response


def before_effect(fault: Fault | None, http: web.Request) -> web.Response | None:
    """The answer to a request that a fault keeps from having any effect."""
    match fault:
        case Throttle(retry_after, is_global, via):
            scope = {"X-RateLimit-Global": "true"} if is_global else {}
            headers = {**scope, "X-RateLimit-Scope": "global" if is_global else "shared"}
            verdict = Verdict(allowed=False, headers=headers, retry_after=retry_after, is_global=is_global)
            return throttled(verdict, via=via)
        case Status(applied=False) | Reset(applied=False):
            return broken(fault, http)
    return None


def after_effect(fault: Fault | None, http: web.Request) -> web.Response | None:
    """The answer to a request that had its effect, but whose client shall not know."""
    return broken(fault, http) if isinstance(fault, (Status, Reset)) else None


def broken(fault: Status | Reset, http: web.Request) -> web.Response:
    if isinstance(fault, Reset):
        reset_socket(http.transport)
        # Nobody receives this; the recorded status stays 0.
        return web.Response(status=0)
    if fault.html:
        page = f"<html><head><title>{fault.status}</title></head><body>cloudflare</body></html>"
        return web.Response(status=fault.status, text=page, content_type="text/html")
    return answer(fault.status, {"message": f"{fault.status}: {HTTPStatus(fault.status).phrase}", "code": 0})
