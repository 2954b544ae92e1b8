"""A reply and the pace at which it is said."""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from aiohttp import web

from tests.doubles.drun.exchange import Exchange, pause
from tests.doubles.drun.frames import Frames, Json, Style, Thought, thought_deltas
from tests.doubles.drun.records import ChatCall, said_in
from tests.doubles.drun.watch import Watch
from tests.doubles.drun.wire import Line, go_json

PATIENCE_S = 10.0


class Fault(Enum):
    """How a stream goes wrong. Through the gateway an upstream's failure is NULL or END."""

    NULL = "`data: null`, then a clean end"
    ERROR = "an `error` object, then [DONE]: an engine without the gateway"
    END = "a clean end, with nothing that says so"
    DONE = "[DONE] without a finish reason"
    MALFORMED = "a line that is no JSON, then a clean end"
    RESET = "the connection is reset"
    STALL = "silence"


@dataclass(frozen=True, slots=True)
class Dress:
    """How frames are written. The gateway writes them plainly; an engine by itself or a proxy may not."""

    line_end: bytes = b"\n"
    space: bool = True
    comments: bool = False

    def frame(self, data: bytes) -> bytes:
        comment = b": keep-alive" + 2 * self.line_end if self.comments else b""
        return comment + b"data:" + (b" " if self.space else b"") + data + 2 * self.line_end


@dataclass(slots=True, eq=False)
class Script:
    """One reply.

    A `reply` of one string is said word by word. The thoughts come before it; both together are its pieces.
    A fault comes after `after` pieces, with 0 as the very first frame, and with None in the place of [DONE].
    A gated script says a piece only when a test releases it, and so ends only when the test lets it. One that is
    played several times says each piece as often as that, all at the same pace.
    """

    reply: str | Sequence[str]
    thoughts: Sequence[str] = ()
    shape: Thought = Thought.REASONING_CONTENT
    finish: str = "stop"
    style: Style = Style.VLLM
    dress: Dress = field(default_factory=Dress)
    fault: Fault | None = None
    after: int | None = 0
    gated: bool = False
    delay_s: float = 0.0
    """Before each piece and before the end."""
    headers_s: float = 0.0
    """Before the first byte; math.inf for never."""
    first_s: float = 0.0
    """Between the headers and the first piece: an engine that reads a long prompt is silent there."""
    jitter_s: float = 0.0
    """At most so much more before each piece, as the double's seed will have it."""
    leaks: bool = False
    """Says on where the request wanted a stop."""
    whole: bool = False
    """One JSON body although a stream was asked for."""
    sent: int = field(default=0, init=False)
    """The pieces that were written, in the play that came furthest; the end counts as one."""
    waited: list[float] = field(default_factory=list, init=False)
    """The seconds before each piece, in every play."""
    _released: int = field(default=0, init=False)
    _watch: Watch = field(default_factory=Watch, init=False)

    @property
    def pieces(self) -> list[str]:
        return re.findall(r"\S+\s*|\s+", self.reply) if isinstance(self.reply, str) else list(self.reply)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    async def release(self, count: int = 1) -> None:
        """Lets `count` more pieces go, and returns when they are written. Raises TimeoutError."""
        self._released += count
        await self._written(min(self._released, self._steps()))

    async def finish_up(self) -> None:
        """Lets everything go that is left, and returns when the end is written. Raises TimeoutError."""
        await self.release(self._steps())

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        await pause(self.headers_s)
        asked, said = _size(exchange.call), min(len(self._deltas()), _most(exchange.call))
        frames = Frames(
            self.style,
            exchange.number,
            prompt_tokens=asked,
            completion_tokens=said,
            continues=exchange.call.continues,
        )
        if self.whole or not exchange.call.body.get("stream"):
            exchange.call.status, exchange.call.served = 200, True
            body = go_json(frames.whole(self.text))
            return web.Response(body=body, headers={"Content-Type": "application/json; charset=utf-8"})
        line = await exchange.open()
        await self._stream(exchange, line, frames)
        return line.response

    async def _stream(self, exchange: Exchange, line: Line, frames: Frames) -> None:
        said, finish = self._ended(exchange.call)
        head = b"".join(self.dress.frame(go_json(frame)) for frame in frames.head())
        for index, delta in enumerate(said):
            await self._turn(exchange, index)
            frame = head + self.dress.frame(go_json(frames.delta(delta)))
            # A piece whose end is held back would not be what a test released.
            await line.send(frame, more=not self.gated and not self.delay_s)
            self._count(exchange, index + 1)
            head = b""
        await self._turn(exchange, len(said))
        if self.fault is None or self.after is None:
            for chunk in frames.ending(finish):
                await line.send(head + self.dress.frame(go_json(chunk)), more=True)
                head = b""
        await self._end(exchange, line)

    async def _end(self, exchange: Exchange, line: Line) -> None:
        # The client may leave as soon as it has read the last frame.
        exchange.call.served = self.fault is not Fault.STALL
        await line.send(b"".join(map(self.dress.frame, _LAST_FRAMES.get(self.fault, ()))))
        if self.fault is Fault.RESET:
            exchange.reset()
        self._count(exchange, self._steps())
        if self.fault is Fault.STALL:
            await pause(math.inf)

    async def _turn(self, exchange: Exchange, index: int) -> None:
        # Without jitter the dice are not thrown: where bytes are cut stays what it was.
        self.waited.append(self.delay_s + (self.jitter_s * exchange.dice.random() if self.jitter_s else 0.0))
        await pause(self.waited[-1] + (0.0 if index else self.first_s))
        while self.gated and self._released <= index:
            await self._watch.until(lambda: self._released > index, PATIENCE_S)

    def _count(self, exchange: Exchange, sent: int) -> None:
        self.sent = max(self.sent, sent)
        self._watch.notify()
        exchange.watch.notify()

    async def _written(self, count: int) -> None:
        self._watch.notify()
        if not await self._watch.until(lambda: self.sent >= count, PATIENCE_S):
            raise TimeoutError(f"{self.sent} of {count} released pieces were written within {PATIENCE_S:g} s")

    def _steps(self) -> int:
        """The pieces before the end or the fault, and that itself."""
        return len(self._said_deltas()) + 1

    def _ended(self, call: ChatCall) -> tuple[list[Json], str]:
        """What is said before the request's own limit or one of its stops, and why it ended there."""
        said = self._said_deltas()
        most = _most(call)
        finish = self.finish if len(said) <= most else "length"
        said = said[:most]
        whole = "".join(delta.get("content") or "" for delta in said)
        ends = [whole.find(stop) for stop in call.body.get("stop", ()) if stop in whole]
        if not ends or self.leaks:
            return said, finish
        kept: list[Json] = []
        room = min(ends)
        for delta in said:
            text = (delta.get("content") or "")[:room]
            room -= len(text)
            kept += [{"content": text}] if text else []
        return kept, "stop"

    def _said_deltas(self) -> list[Json]:
        return self._deltas() if self.fault is None else self._deltas()[: self.after]

    def _deltas(self) -> list[Json]:
        thoughts = thought_deltas(self.thoughts, self.shape) if self.thoughts else ()
        return [*thoughts, *({"content": piece} for piece in self.pieces)]


_LAST_FRAMES: Mapping[Fault | None, Sequence[bytes]] = {
    None: (b"[DONE]",),
    Fault.NULL: (b"null",),
    Fault.ERROR: (
        go_json(
            {"error": {"code": 500, "message": "engine died", "param": None, "type": "InternalServerError"}}
        ),
        b"[DONE]",
    ),
    Fault.DONE: (b"[DONE]",),
    Fault.MALFORMED: (b'{"choices":[{"delta":{"content":"cut',),
}


def _most(call: ChatCall) -> int:
    """The pieces that a reply may have. vLLM and SGLang: a continuation that names no limit ends after 16 tokens."""
    return int(call.body.get("max_tokens") or (16 if call.continues else sys.maxsize))


def _size(call: ChatCall) -> int:
    """Something like the tokens of a question: about four letters each."""
    said = [call.prompt] if call.continues else [said_in(message) for message in call.messages]
    return sum(len(text) // 4 + 1 for text in said)
