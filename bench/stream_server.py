"""A model server that costs little: it only writes what was made ready.

``python -m bench.stream_server`` says its port, and ends when its standard input does.
A question's model says how it is answered: ``bench/20/70`` is 70 tokens, 20 of them a second; a rate of 0 waits for
nothing.
"""

import asyncio
import json
import re
import sys
from itertools import count
from random import Random
from typing import Any

TEXT = " streamed"
_MODEL = re.compile(rb'"model":\s*"bench/(\d+)/(\d+)"')
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def _event(data: str) -> bytes:
    """As Go's server writes an event that is flushed: one HTTP chunk for itself."""
    text = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(text), text)


def _chunk(**parts: Any) -> bytes:
    """About 220 bytes, with sorted keys, as Go's encoder writes a map."""
    head = {"created": 1_700_000_000, "id": f"chatcmpl-{'a' * 32}", "model": "up"}
    return _event(
        json.dumps(
            {**head, "object": "chat.completion.chunk", **parts}, sort_keys=True, separators=(",", ":")
        )
    )


def _said(delta: dict[str, str], finish: str | None = None) -> bytes:
    return _chunk(choices=[{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])


_ROLE, _TOKEN = _said({"role": "assistant", "content": ""}), _said({"content": TEXT})
_END = b"".join(
    (
        _said({"content": ""}, "stop"),
        _chunk(choices=[], usage={"prompt_tokens": 500, "completion_tokens": 70, "total_tokens": 570}),
        _event("[DONE]"),
        b"0\r\n\r\n",
    )
)


class Answering(asyncio.Protocol):
    """One connection. The first token goes out at once, together with the head."""

    def __init__(self) -> None:
        self._asked = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP connection's is one
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._asked += data
        head, blank, body = self._asked.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or length is None or len(body) < int(length[1]):
            return
        self._asked = b""
        wanted = _MODEL.search(body)
        assert wanted is not None  # noqa: S101 - only the benchmark asks here
        self._answer(int(wanted[1]), int(wanted[2]))

    def _answer(self, rate: int, tokens: int) -> None:
        self._write(_HEAD + _ROLE + _TOKEN)
        if not rate:
            for _ in range(tokens - 1):
                self._write(_TOKEN)
            self._write(_END)
            return
        loop = asyncio.get_running_loop()
        # Somewhere within the first pause: streams that began together shall not come in step.
        begun = loop.time() - _dice.random() / rate
        numbers = count(1)

        def tick() -> None:
            number = next(numbers)
            if number < tokens:
                self._write(_TOKEN)
                loop.call_at(begun + (number + 1) / rate, tick)
            else:
                self._write(_END)

        loop.call_at(begun + 1 / rate, tick)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


_dice = Random(7)  # noqa: S311 - spreads streams over time, and hides nothing


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
