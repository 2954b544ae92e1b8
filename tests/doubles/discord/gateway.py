"""Discord's gateway, version 10, JSON in text frames."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable
from typing import Any, Literal

import aiohttp
from aiohttp import web

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.render import user_payload
from tests.doubles.discord.render_guild import guild_payload
from tests.doubles.discord.session import Connection, GatewayClosedError, Intent, Op, Session
from tests.doubles.discord.world import World

Disconnect = Literal["reconnect", "invalid", "resumable", "abort", "lost", "close", "silent"]
LARGEST_FRAME = 4096
"""Discord: a longer payload closes the connection with 4002."""
ENDS = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.ERROR,
)
SENDS_A_MINUTE = 120
"""Discord: more payloads in 60 s close the connection with 4008."""


def check_version(request: web.Request) -> None:
    """`compress` is ignored: clients accept text frames whatever they asked for."""
    if request.query.get("v") != "10" or request.query.get("encoding", "json") != "json":
        raise GatewayClosedError(4012, "Invalid API version")


class Gateway:
    """Counts `identifies` and `resumes`, and remembers the `presences` it was sent."""

    def __init__(self, world: World, heartbeat_interval: float) -> None:
        self._world = world
        self._heartbeat_interval = heartbeat_interval
        self.connections: list[Connection] = []
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self.heartbeats = 0
        self.presences: list[Payload] = []
        self.down = False
        """No handshake is answered with a gateway."""

    def dispatch(
        self, event: str, payload: Callable[[bool], Payload], *, intent: int, guild_id: str | None
    ) -> None:
        """Discord: a guild belongs to shard (id >> 22) % count, direct messages to shard 0."""
        for session in self.sessions.values():
            index, count = session.shard
            home = 0 if guild_id is None else (int(guild_id) >> 22) % count
            if home == index and session.intents & intent == intent:
                session.dispatch(event, payload(bool(session.intents & Intent.MESSAGE_CONTENT)))
        self._world.pulse.beat()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        connection = Connection(ws, request.transport)
        self.connections.append(connection)
        writer = asyncio.create_task(connection.write())
        try:
            check_version(request)
            connection.send(Op.HELLO, {"heartbeat_interval": int(self._heartbeat_interval * 1000)})
            await self._listen(connection)
        except GatewayClosedError as closed:
            await ws.close(code=closed.code, message=closed.reason.encode())
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            self._forget(connection)
        return ws

    async def _listen(self, connection: Connection) -> None:
        while (frame := await connection.ws.receive()).type not in ENDS:
            if frame.type is not aiohttp.WSMsgType.TEXT or len(frame.data) > LARGEST_FRAME:
                raise GatewayClosedError(4002, "Error while decoding payload.")
            try:
                message = json.loads(frame.data)
                op, data = message["op"], message.get("d")
            except (ValueError, KeyError, TypeError, AttributeError):
                raise GatewayClosedError(4002, "Error while decoding payload.") from None
            self._count(connection)
            self._receive(connection, op, data)
            self._world.pulse.beat()
        # Not ws.close_code: aiohttp sets it to 1000 also when nothing was said at the end.
        connection.client_code = frame.data if frame.type is aiohttp.WSMsgType.CLOSE else None

    def _count(self, connection: Connection) -> None:
        now = time.monotonic()
        while connection.received and connection.received[0] < now - 60:
            connection.received.popleft()
        connection.received.append(now)
        if len(connection.received) > SENDS_A_MINUTE:
            raise GatewayClosedError(4008, "You are being rate limited.")

    def _receive(self, connection: Connection, op: Any, data: Any) -> None:
        if op == Op.HEARTBEAT:
            self.heartbeats += 1
            connection.send(Op.HEARTBEAT_ACK)
        elif op == Op.IDENTIFY:
            self._identify(connection, data)
        elif op == Op.RESUME:
            self._resume(connection, data)
        elif op in (Op.PRESENCE, Op.VOICE_STATE, Op.REQUEST_MEMBERS):
            if connection.session is None:
                raise GatewayClosedError(4003, "Not authenticated.")
            if op == Op.PRESENCE:
                self.presences.append(data)
        else:
            raise GatewayClosedError(4001, "Unknown opcode.")

    def _identify(self, connection: Connection, data: Any) -> None:
        self._authenticate(connection, data)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~Intent.KNOWN:
            raise GatewayClosedError(4013, "Invalid intent(s).")
        if intents & Intent.PRIVILEGED & ~self._world.privileged_intents:
            raise GatewayClosedError(4014, "Disallowed intent(s).")
        index, count = data.get("shard") or (0, 1)
        if not 0 <= index < count:
            raise GatewayClosedError(4010, "Invalid shard.")
        session = Session(secrets.token_hex(16), intents, (index, count), connection=connection)
        self.identifies += 1
        connection.session = self.sessions[session.id] = session
        self._greet(session)

    def _greet(self, session: Session) -> None:
        """READY lists the guilds as unavailable; each comes as GUILD_CREATE if the intent was asked for."""
        index, count = session.shard
        servers = [one for one in self._world.servers.values() if (int(one.id) >> 22) % count == index]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": {
                    **user_payload(self._world.bot),
                    "verified": True,
                    "email": None,
                    "mfa_enabled": True,
                },
                "guilds": [{"id": server.id, "unavailable": True} for server in servers],
                "session_id": session.id,
                "resume_gateway_url": self._world.base_url.replace("http", "ws", 1) + "/resume",
                "session_type": "normal",
                "private_channels": [],
                "relationships": [],
                "shard": [index, count],
                "application": {
                    "id": self._world.application_id,
                    "flags": Intent.application_flags(self._world.privileged_intents),
                },
            },
        )
        if session.intents & Intent.GUILDS:
            for server in servers:
                session.dispatch("GUILD_CREATE", guild_payload(self._world, server))

    def _resume(self, connection: Connection, data: Any) -> None:
        self._authenticate(connection, data)
        session = self.sessions.get(data.get("session_id"))
        if session is None:
            connection.send(Op.INVALID_SESSION, data=False)
            return
        sequence = data.get("seq")
        if not isinstance(sequence, int) or sequence > session.sequence:
            raise GatewayClosedError(4007, "Invalid seq.")
        if session.connection is not None:
            session.connection.session = None
            session.connection.abort()
        self.resumes += 1
        session.connection, connection.session = connection, session
        session.replay(sequence)
        session.dispatch("RESUMED", {"_trace": []})

    def _authenticate(self, connection: Connection, data: Any) -> None:
        if connection.session is not None:
            raise GatewayClosedError(4005, "Already authenticated.")
        if not isinstance(data, dict) or not isinstance(data.get("token"), str):
            raise GatewayClosedError(4002, "Error while decoding payload.")
        if data["token"].removeprefix("Bot ") != self._world.token:
            raise GatewayClosedError(4004, "Authentication failed.")

    def _forget(self, connection: Connection) -> None:
        """Discord: a client that closes with 1000 or 1001 ends its session, any other end can be resumed."""
        self.connections.remove(connection)
        if (session := connection.session) is not None:
            session.connection = None
            if connection.client_code in (1000, 1001):
                self.sessions.pop(session.id, None)
        self._world.pulse.beat()

    async def disconnect(self, kind: Disconnect, code: int) -> None:
        for connection in list(self.connections):
            if kind == "reconnect":
                connection.send(Op.RECONNECT)
            elif kind == "resumable":
                connection.send(Op.INVALID_SESSION, data=True)
            elif kind == "invalid":
                if (session := connection.session) is not None:
                    self.sessions.pop(session.id, None)
                    connection.session = None
                connection.send(Op.INVALID_SESSION, data=False)
            elif kind == "abort":
                self._detach(connection)
                connection.abort()
            elif kind == "lost":
                if connection.session is not None:
                    self.sessions.pop(connection.session.id, None)
                self._detach(connection)
                connection.abort()
            elif kind == "silent":
                connection.silent = True
            else:
                self._detach(connection)
                await connection.ws.close(code=code, message=b"closed by the test")

    def forget_sessions(self) -> None:
        """Also those that nobody is connected to and that could be resumed."""
        for session in self.sessions.values():
            assert session.connection is None, "a live session is ended by disconnect"
        self.sessions.clear()

    def _detach(self, connection: Connection) -> None:
        """At once, not when the reader notices: what is said next must wait for the RESUME."""
        if connection.session is not None:
            connection.session.connection = None
            connection.session = None

    def stop(self) -> None:
        """Drops every connection; clients see a reset."""
        for connection in list(self.connections):
            connection.abort()
