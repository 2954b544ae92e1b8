"""A gateway session and the connection it lives on."""

import asyncio
import json
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiohttp import web

from tests.doubles.discord.errors import Payload


class Op:
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Intent:
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    MESSAGE_CONTENT = 1 << 15
    PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
    # Discord: the flag of a small bot's application for each privileged intent that is switched on (..._LIMITED).
    FLAGS: ClassVar[dict[int, int]] = {
        GUILD_PRESENCES: 1 << 13,
        GUILD_MEMBERS: 1 << 15,
        MESSAGE_CONTENT: 1 << 19,
    }
    KNOWN = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25

    @classmethod
    def application_flags(cls, privileged: int) -> int:
        return sum(flag for intent, flag in cls.FLAGS.items() if privileged & intent)


class GatewayClosedError(Exception):
    """The gateway closes the connection with one of Discord's codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


def reset_socket(transport: asyncio.Transport | None) -> None:
    """Ends a connection with RST: nothing more is delivered, not even what was written."""
    if transport is None or transport.is_closing():
        return
    # Zero linger turns close into reset.
    raw: Any = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@dataclass(slots=True, eq=False)
class Session:
    """Survives its connection. `frames` are the events with their sequence numbers, kept for RESUME."""

    id: str
    intents: int
    shard: tuple[int, int]
    sequence: int = 0
    frames: list[tuple[int, str]] = field(default_factory=list)
    connection: "Connection | None" = None

    def dispatch(self, event: str, data: Payload) -> None:
        self.sequence += 1
        text = json.dumps({"op": Op.DISPATCH, "t": event, "s": self.sequence, "d": data})
        self.frames.append((self.sequence, text))
        if self.connection is not None:
            self.connection.send_text(text)

    def replay(self, after: int) -> None:
        """Sends again what the client did not see."""
        if self.connection is not None:
            for sequence, text in self.frames:
                if sequence > after:
                    self.connection.send_text(text)


class Connection:
    """One WebSocket. Sending never waits: a writer task empties the outbox in order."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.ws = ws
        self.session: Session | None = None
        self.silent = False
        self.client_code: int | None = None
        self.received: deque[float] = deque()
        self._transport = transport
        self._outbox: asyncio.Queue[str] = asyncio.Queue()

    def send_text(self, text: str) -> None:
        if not self.silent:
            self._outbox.put_nowait(text)

    def send(self, op: int, data: Any = None) -> None:
        self.send_text(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def write(self) -> None:
        while True:
            text = await self._outbox.get()
            if self.ws.closed:
                return
            try:
                await self.ws.send_str(text)
            except ConnectionError:
                return

    def abort(self) -> None:
        reset_socket(self._transport)
