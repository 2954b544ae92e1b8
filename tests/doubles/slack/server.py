import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.doubles.slack.acts import Acts
from tests.doubles.slack.channel import PATIENCE_S, Channel, ChannelKind, Parts
from tests.doubles.slack.events import Events
from tests.doubles.slack.faults import Fault, Faults, HttpError
from tests.doubles.slack.files import File, Files
from tests.doubles.slack.hooks import TRIGGER_S, Hooks
from tests.doubles.slack.identity import Identity, Stamps
from tests.doubles.slack.limits import Limits
from tests.doubles.slack.methods import ALL_SCOPES
from tests.doubles.slack.model import Message, StreamState, User
from tests.doubles.slack.socket_mode import Delivery, Link, Parting, SocketMode
from tests.doubles.slack.watch import Watch
from tests.doubles.slack.web_api import ApiRequest, WebApi
from tests.doubles.slack.workspace import Workspace

BOT_TOKEN = "xoxb-double"
APP_TOKEN = "xapp-double"
DEFAULT_EVENTS = frozenset({"app_mention", "message.im"})
# Slack: a native stream dies about five minutes after its start.
STREAM_S = 300.0


class SlackDouble:
    """Slack on 127.0.0.1: the Web API and Socket Mode of one workspace with one app.

    speed: multiplies the refill of the rate limits. latency: seconds a writing call takes.
    ack_s: seconds an envelope may stay unacked. events: the subscribed event types.
    stream_s, trigger_s: how long a native stream and a trigger_id live, in seconds. restricted: the app is
    distributed commercially outside the Marketplace.
    """

    def __init__(
        self,
        *,
        bot_token: str = BOT_TOKEN,
        app_token: str = APP_TOKEN,
        team_id: str = "T0DOUBLE1",
        speed: float = 1.0,
        latency: float = 0.0,
        ack_s: float = 3.0,
        events: Collection[str] = DEFAULT_EVENTS,
        scopes: Collection[str] = ALL_SCOPES,
        stream_s: float = STREAM_S,
        trigger_s: float = TRIGGER_S,
        restricted: bool = False,
    ) -> None:
        identity = Identity(team_id, "A0DOUBLE1", "U0DOUBLEBOT", "B0DOUBLE1", "double_bot")
        stamps, watch, self._faults = Stamps(), Watch(), Faults()
        sockets = SocketMode(identity, stamps, watch, self._faults, ack_s)
        self._parts = Parts(
            identity,
            stamps,
            watch,
            sockets,
            Events(identity, stamps, sockets, frozenset(events)),
            Hooks(stamps, watch, trigger_s),
            Files(stamps),
        )
        self.bot_token, self.app_token = bot_token, app_token
        self.workspace = Workspace(self._parts, set(scopes), stream_s, restricted)
        self.web = WebApi(self.workspace, self._faults, Limits(speed), bot_token, app_token, latency)
        self.acts = Acts(self.workspace)
        """What people do besides writing: buttons, modals, App Home, the Stop button."""
        self.base_url = ""
        self._runner: web.AppRunner | None = None
        self._pump: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        parts = self._parts
        app = web.Application(client_max_size=8 * 1024**2)
        app.router.add_route("*", "/api/{method}", self.web.serve)
        app.router.add_get("/link/", parts.sockets.serve)
        app.router.add_post("/response/{name}", parts.hooks.serve)
        app.router.add_get("/files/{id}/{name}", self._file)
        app.router.add_post("/upload/v1/{id}", self._upload)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = parts.hooks.base_url = parts.files.base_url = f"http://{host}:{port}"
        self._pump = asyncio.create_task(parts.sockets.pump())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
        await self._parts.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/"

    @property
    def team_id(self) -> str:
        return self._parts.identity.team_id

    @property
    def bot_user_id(self) -> str:
        return self._parts.identity.bot_user_id

    @property
    def requests(self) -> list[ApiRequest]:
        return self.web.requests

    @property
    def throttled(self) -> int:
        """How many calls got HTTP 429."""
        return self.web.throttled

    @property
    def deliveries(self) -> list[Delivery]:
        """Every envelope, in the order they were made."""
        return self._parts.sockets.deliveries

    @property
    def links(self) -> list[Link]:
        """The open sockets."""
        return self._parts.sockets.links

    @property
    def refused_handshakes(self) -> int:
        return self._parts.sockets.refused

    def calls(self, method: str) -> list[ApiRequest]:
        """The recorded calls of one method."""
        return [request for request in self.requests if request.method == method]

    def add_user(self, name: str, **known: Any) -> User:
        """A person joins; ``known`` are other fields of User."""
        return self.workspace.add_user(User(self._parts.stamps.id("U"), name, **known))

    def add_channel(self, name: str, *, kind: ChannelKind = "channel") -> Channel:
        """A channel of which everybody is a member, the app too."""
        return self.workspace.add_channel(name, kind, list(self.workspace.users))

    def open_dm(self, user: User) -> Channel:
        return self.workspace.open_dm(user.id)

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of `method` meet these faults, one each.

        "socket.connect" is the handshake; "upload" is a file that is brought, which knows HttpError only.
        """
        self._faults.add(method, *faults)

    def expire(self, message: Message) -> None:
        """Slack's five minutes are over for the stream behind `message`."""
        assert message.stream is not None
        message.stream.state = StreamState.ERRORED

    async def redeliver(self, told: Message | Delivery, *, reason: str = "timeout") -> Delivery:
        """An event, the first one of a message, once more: same event_id, new envelope, retry_attempt one higher."""
        first = told if isinstance(told, Delivery) else told.deliveries[0]
        latest = [one for one in self.deliveries if one.payload is first.payload][-1]
        delivery = self._parts.sockets.again(latest, reason)
        await self._parts.sent([delivery])
        return delivery

    def removed(self, *, tokens: bool = False, of: str = "") -> Delivery:
        """The app is uninstalled: Slack tells that, and which tokens hold no more, in two events."""
        if not tokens:
            (told,) = self._parts.events.publish("app_uninstalled", {"type": "app_uninstalled"})
            return told
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [of or self.bot_user_id]}}
        (told,) = self._parts.events.publish("tokens_revoked", event)
        return told

    async def disconnect(self, kind: Parting, *, link: int | None = None) -> None:
        """Ends all sockets, or the one with this number, with a disconnect frame, a reset or silence."""
        await self._parts.sockets.part(kind, link)

    async def connected(self, links: int = 1) -> None:
        """Waits until so many sockets are open."""
        await self.until(lambda: len(self.links) >= links)

    @property
    def files_read(self) -> int:
        """How often a file was asked for, whatever came of it."""
        return self._parts.files.reads

    def file(self, message: Message) -> File:
        """The one file that is shown in `message`."""
        (described,) = message.files
        return self._parts.files.kept(described["id"])

    async def until(
        self,
        predicate: Callable[[], object],
        timeout: float = PATIENCE_S,  # noqa: ASYNC109 - the test says how long, and gets a report instead of a bare error
    ) -> None:
        """Waits for a condition, looked at again after every request, ack and connection.

        Raises TimeoutError, which says what the double has seen last.
        """
        if await self._parts.watch.until(predicate, timeout):
            return
        calls = [f"{one.method} {one.status} {one.error or ''}".strip() for one in self.requests[-8:]]
        sent = [f"{one.kind} attempt {one.attempt} acked={one.acked}" for one in self.deliveries[-8:]]
        raise TimeoutError(f"not within {timeout:g} s; last calls: {calls}; last envelopes: {sent}")

    async def _file(self, request: web.Request) -> web.Response:
        allowed = request.headers.get("Authorization") == f"Bearer {self.web.bot_token}"
        return self._parts.files.serve(request, allowed=allowed and "files:read" in self.workspace.scopes)

    async def _upload(self, request: web.Request) -> web.Response:
        if isinstance(fault := self._faults.next("upload"), HttpError):
            return web.Response(status=fault.status)
        return await self._parts.files.receive(request)
