"""Bytes as the gateway writes them, and the ways a connection can end."""

import asyncio
import json
import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

from aiohttp import web


def go_json(value: Any) -> bytes:
    """JSON as Go's encoder writes it: keys in order, and no `<`, `>` or `&` that a browser could read as HTML."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # None of the three occurs in JSON outside a string.
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text.encode()


def cuts(data: bytes, dice: random.Random) -> Iterator[bytes]:
    """`data` in one to four pieces with random borders, also in the middle of a letter."""
    borders = sorted(dice.randrange(1, len(data)) for _ in range(dice.randrange(4))) if len(data) > 1 else []
    start = 0
    for border in (*borders, len(data)):
        if border > start:
            yield data[start:border]
            start = border


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Ends a connection with RST."""
    if isinstance(transport, asyncio.Transport):
        raw: Any = transport.get_extra_info("socket")
        # A linger time of zero turns close into reset.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class Line:
    """The open body of one stream."""

    def __init__(self, response: web.StreamResponse, dice: random.Random) -> None:
        self.response = response
        self._dice = dice
        self._held = b""

    async def send(self, data: bytes, *, more: bool = False) -> None:
        """Writes `data` cut at random borders. `more` follows at once: its beginning may share a piece with our end."""
        data, self._held = self._held + data, b""
        if more:
            border = self._dice.randrange(len(data) + 1)
            data, self._held = data[:border], data[border:]
        for piece in cuts(data, self._dice):
            await self.response.write(piece)
            # Lets a client in this very loop read the piece by itself.
            await asyncio.sleep(0)
