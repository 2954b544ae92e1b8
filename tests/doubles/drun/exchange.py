"""One call and whatever answers it."""

import asyncio
import math
import random
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from tests.doubles.drun.records import ChatCall
from tests.doubles.drun.watch import Watch
from tests.doubles.drun.wire import Line, reset


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A call that passed the gateway, and the means to answer it."""

    call: ChatCall
    request: web.Request
    dice: random.Random
    watch: Watch
    number: int
    """Counts the calls from one."""

    async def open(self) -> Line:
        """Sends the headers of a stream."""
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        response = web.StreamResponse(headers=headers)
        self.call.status = response.status
        await response.prepare(self.request)
        return Line(response, self.dice)

    def reset(self) -> None:
        self.call.served = True
        reset(self.request.transport)


class Answer(Protocol):
    """What a call is answered with: a Script, a Refusal, or a test's own."""

    async def play(self, exchange: Exchange) -> web.StreamResponse: ...


async def pause(seconds: float) -> None:
    """Waits; for ever when it is infinite, until the client goes away."""
    if math.isinf(seconds):
        await asyncio.Event().wait()
    elif seconds:
        await asyncio.sleep(seconds)
