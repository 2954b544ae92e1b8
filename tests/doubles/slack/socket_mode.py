import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import WSMsgType, web

from tests.doubles.slack import wire
from tests.doubles.slack.faults import Faults
from tests.doubles.slack.identity import Identity, Stamps
from tests.doubles.slack.watch import Watch

Json = dict[str, Any]
Kind = Literal["events_api", "interactive", "slash_commands"]
Parting = Literal["warning", "refresh_requested", "link_disabled", "reset", "silence"]

# Slack: an app has at most 10 open sockets; each event goes to one of them.
MAX_LINKS = 10
# Slack: an event that is not acked in 3 s is repeated at once, a minute later and five minutes later.
# Kept as multiples of the time allowed for the ack, so that a test may shorten all of them together.
RETRY_AFTER = (0.0, 20.0, 100.0)
# Slack: after a disconnect frame the socket stays open for about 10 s.
PARTING_S = 10.0
HANDSHAKE = "socket.connect"


@dataclass(slots=True, eq=False)
class Delivery:
    """One envelope, and what the app did with it."""

    envelope_id: str
    kind: Kind
    payload: Json
    accepts_payload: bool
    attempt: int = 0
    reason: str = ""
    link: int | None = None
    sent_at: float | None = None
    acked_at: float | None = None
    ack_payload: Json | None = None
    expired: bool = False
    """The time for its ack ran out. An ack that comes later changes nothing but `late`."""
    late: bool = False

    @property
    def acked(self) -> bool:
        return self.acked_at is not None

    @property
    def ack_delay(self) -> float | None:
        """Seconds from the envelope to its ack."""
        if self.sent_at is None or self.acked_at is None:
            return None
        return self.acked_at - self.sent_at

    def envelope(self) -> str:
        body: Json = {
            "envelope_id": self.envelope_id,
            "type": self.kind,
            "payload": self.payload,
            "accepts_response_payload": self.accepts_payload,
        }
        if self.kind == "events_api":
            body |= {"retry_attempt": self.attempt, "retry_reason": self.reason}
        return json.dumps(body)


@dataclass(slots=True, eq=False)
class Link:
    """One open socket."""

    number: int
    ws: web.WebSocketResponse
    transport: asyncio.BaseTransport | None
    silent: bool = False
    leaving: bool = False


@dataclass(slots=True)
class SocketMode:
    """Slack's side of Socket Mode: tickets, sockets, envelopes, acks, redelivery."""

    identity: Identity
    stamps: Stamps
    watch: Watch
    faults: Faults
    ack_s: float
    links: list[Link] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    refused: int = 0
    """Handshakes with a ticket that is unknown or was used before."""
    _tickets: set[str] = field(default_factory=set)
    _outbox: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _sent: dict[str, Delivery] = field(default_factory=dict)
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _turn: int = 0

    def ticket(self) -> str:
        """Admits one handshake, successful or not."""
        ticket = f"ticket-{self.stamps.number('ticket')}"
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            self.refused += 1
            self.watch.notify()
            return web.Response(status=403, text="ticket refused")
        self._tickets.discard(ticket)
        if self.faults.next(HANDSHAKE) is not None:
            self.watch.notify()
            return web.Response(status=503, text="handshake fault")
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        if len(self.links) >= MAX_LINKS:
            await ws.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await ws.close()
            return ws
        link = Link(self.stamps.number("link"), ws, request.transport)
        self.links.append(link)
        try:
            await ws.send_json(self._hello())
            self._arrived.set()
            self.watch.notify()
            await self._read(link)
        finally:
            self._forget(link)
        return ws

    def send(
        self, kind: Kind, payload: Json, *, accepts_payload: bool = False, attempt: int = 0, reason: str = ""
    ) -> Delivery:
        """Queues an envelope for the next live socket; order is kept."""
        envelope_id = f"envelope-{self.stamps.number('envelope')}"
        delivery = Delivery(envelope_id, kind, payload, accepts_payload, attempt, reason)
        self.deliveries.append(delivery)
        self._outbox.put_nowait(delivery)
        return delivery

    def again(self, delivery: Delivery, reason: str = "timeout") -> Delivery:
        """The same event once more, in a new envelope."""
        return self.send(
            delivery.kind,
            delivery.payload,
            accepts_payload=delivery.accepts_payload,
            attempt=delivery.attempt + 1,
            reason=reason,
        )

    async def pump(self) -> None:
        """Sends what is queued, one envelope after the other, each to one socket in turn."""
        while True:
            delivery = await self._outbox.get()
            while (link := self._next_link()) is None:
                self._arrived.clear()
                await self._arrived.wait()
            delivery.link, delivery.sent_at = link.number, time.monotonic()
            self._sent[delivery.envelope_id] = delivery
            timer = asyncio.get_running_loop().call_later(self.ack_s, self._expire, delivery)
            self._timers[delivery.envelope_id] = timer
            # Slack cannot tell a lost envelope from an app that does not answer: both end in the timer.
            if not link.silent:
                with suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(self.ack_s):
                        await link.ws.send_str(delivery.envelope())
            self.watch.notify()

    async def part(self, kind: Parting, number: int | None) -> None:
        """Ends one socket, or all of them, in one of the ways Slack's sockets end."""
        for link in tuple(self.links):
            if number is not None and link.number != number:
                continue
            if kind == "reset":
                self._forget(link)
                wire.reset(link.transport)
            elif kind == "silence":
                link.silent = True
            else:
                link.leaving = True
                with suppress(ConnectionError):
                    await link.ws.send_json(
                        {"type": "disconnect", "reason": kind, "debug_info": {"host": "applink-double"}}
                    )
                timer = asyncio.get_running_loop().call_later(PARTING_S, wire.reset, link.transport)
                self._timers[f"link-{link.number}"] = timer

    async def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for link in tuple(self.links):
            self._forget(link)
            wire.reset(link.transport)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.links),
            "debug_info": {"host": "applink-double", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.identity.app_id},
        }

    async def _read(self, link: Link) -> None:
        async for frame in link.ws:
            if link.silent:
                continue
            if frame.type is WSMsgType.PING:
                with suppress(ConnectionError):
                    await link.ws.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                self._ack(json.loads(frame.data))

    def _ack(self, answer: Json) -> None:
        delivery = self._sent.get(str(answer.get("envelope_id")))
        if delivery is None or delivery.acked:
            return
        if delivery.expired:
            delivery.late = True
        else:
            delivery.acked_at, delivery.ack_payload = time.monotonic(), answer.get("payload")
            self._timers.pop(delivery.envelope_id).cancel()
        self.watch.notify()

    def _expire(self, delivery: Delivery) -> None:
        delivery.expired = True
        # Slack repeats events only; a person whose command was not acked is told so and may try again.
        if delivery.kind == "events_api" and delivery.attempt < len(RETRY_AFTER):
            pause = RETRY_AFTER[delivery.attempt] * self.ack_s
            timer = asyncio.get_running_loop().call_later(pause, self.again, delivery)
            self._timers[f"{delivery.envelope_id}-again"] = timer
        self.watch.notify()

    def _next_link(self) -> Link | None:
        live = [link for link in self.links if not link.leaving and not link.ws.closed]
        if not live:
            return None
        self._turn += 1
        return live[self._turn % len(live)]

    def _forget(self, link: Link) -> None:
        if link in self.links:
            self.links.remove(link)
        self.watch.notify()
