"""The gateway's routes, in the order in which it refuses."""

import asyncio
import json
import random
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.drun import refusals
from tests.doubles.drun.checks import defect
from tests.doubles.drun.controls import asked_for
from tests.doubles.drun.exchange import Answer, Exchange
from tests.doubles.drun.hosts import Bucket, Host
from tests.doubles.drun.records import ChatCall, Log
from tests.doubles.drun.refusals import Refusal
from tests.doubles.drun.script import Script


@dataclass(slots=True, eq=False)
class Rules:
    """What the next calls are answered with."""

    reply: Answer | None = None
    """For every call that nothing else is meant for; None says the question back."""
    queue: deque[Answer] = field(default_factory=deque)
    by_prompt: dict[str, Answer] = field(default_factory=dict)
    by_model: dict[str, Answer] = field(default_factory=dict)

    def choose(self, call: ChatCall) -> Answer:
        if (wanted := asked_for(call.prompt)) is not None:
            return wanted
        for text, answer in self.by_prompt.items():
            if text in call.prompt:
                return answer
        if call.model in self.by_model:
            return self.by_model[call.model]
        if self.queue:
            return self.queue.popleft()
        return self.reply or Script(f"You asked {call.model}: {call.prompt}")


@dataclass(slots=True, eq=False)
class Gateway:
    """What both hosts do. `keys` is one store for both."""

    keys: set[str]
    seed: int
    log: Log = field(default_factory=Log)
    rules: Rules = field(default_factory=Rules)
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    """By key and model."""
    rates: dict[str, tuple[int, float]] = field(default_factory=dict)
    """How many calls a model takes of one key, and within how many seconds."""
    chatless: set[str] = field(default_factory=set)
    """Models without a chat template: they only continue texts."""
    sight: dict[str, int] = field(default_factory=dict)
    """How many pictures models take in one request; all others take none."""
    leaving: bool = False

    def application(self, host: Host) -> web.Application:
        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._serve(host, request)

        app = web.Application(client_max_size=32 * 1024**2)
        # One route: the router of aiohttp would clean paths by other rules than Go's.
        app.router.add_route("*", "/{path:.*}", serve)
        return app

    async def _serve(self, host: Host, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        if "//" in path:
            return web.Response(status=301, headers={"Location": re.sub("/+", "/", path)})
        if path == "/_requests":
            return web.json_response(self.log.told())
        if path not in {"/v1/chat/completions", "/v1/completions", "/v1/models"}:
            return refusals.no_such_page().response()
        if request.method == "OPTIONS":
            return web.Response(status=204)
        if path == "/v1/models":
            return self._models(host, request)
        return await self._ask(host, request, continues=path == "/v1/completions")

    def _models(self, host: Host, request: web.Request) -> web.Response:
        self.log.listings.append(host.name)
        self.log.watch.notify()
        refused = self._unauthorised(request) or host.listing_fault
        if refused is not None:
            return refused.response()
        return web.Response(body=host.listing(), headers={"Content-Type": "application/json; charset=utf-8"})

    async def _ask(self, host: Host, request: web.Request, *, continues: bool) -> web.StreamResponse:
        text = await request.read()
        peer = request.transport.get_extra_info("peername") if request.transport else None
        call = ChatCall(host.name, dict(request.headers), str(peer), continues=continues)
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        if isinstance(body, dict):
            call.body = body
        self.log.begin(call)
        number = len(self.log.requests)
        dice = random.Random(f"{self.seed} {number}")  # noqa: S311 - where bytes are cut is no secret
        try:
            answer = self._refused(host, request, call, body) or self.rules.choose(call)
            return await answer.play(Exchange(call, request, dice, self.log.watch, number))
        except asyncio.CancelledError:
            self._left(call)
            raise
        except ConnectionError:
            self._left(call)
            return web.Response()
        finally:
            self.log.end()

    def _left(self, call: ChatCall) -> None:
        """The client went away, or the double is being closed."""
        if not call.served and not self.leaving:
            call.closed_early = True
            call.closed_at = time.monotonic()

    def _refused(self, host: Host, request: web.Request, call: ChatCall, body: Any) -> Refusal | None:
        if (unauthorised := self._unauthorised(request)) is not None:
            return unauthorised
        if not isinstance(body, dict):
            return refusals.no_json()
        model = body.get("model")
        if not isinstance(model, str) or not model:
            return refusals.no_model()
        if not host.knows(model):
            return refusals.unknown_model(model)
        if model in self.rates and not self._bucket(request, model).take():
            return refusals.rate_limited()
        if model in self.chatless and not call.continues:
            return refusals.upstream_error("The model does not support Chat Completions API")
        return defect(body, continues=call.continues) or self._unseen(call)

    def _unseen(self, call: ChatCall) -> Refusal | None:
        most = self.sight.get(call.model)
        if call.pictures and most is None:
            return refusals.upstream_error(f"{call.model} is not a multimodal model")
        if most is not None and len(call.pictures) > most:
            return refusals.upstream_error(f"At most {most} image(s) may be provided in one request.")
        return None

    def _bucket(self, request: web.Request, model: str) -> Bucket:
        owner = request.headers.get("Authorization", ""), model
        if owner not in self.buckets:
            self.buckets[owner] = Bucket(*self.rates[model])
        return self.buckets[owner]

    def _unauthorised(self, request: web.Request) -> Refusal | None:
        # A private installation may be set up without keys: the empty one is no header at all.
        if "Authorization" not in request.headers and "" in self.keys:
            return None
        scheme, space, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not space or not key:
            return refusals.no_key()
        return None if key in self.keys else refusals.wrong_key(key)
