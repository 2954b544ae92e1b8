"""The double as a test holds it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from tests.doubles.discord import commands_api, interactions_api, messages_api, places_api, posting
from tests.doubles.discord.channel import Channel, Guild, open_dm
from tests.doubles.discord.errors import Payload
from tests.doubles.discord.faults import Delay, Fault, FaultQueue
from tests.doubles.discord.gateway import Disconnect, Gateway
from tests.doubles.discord.limits import Buckets
from tests.doubles.discord.model import Message, Request, Snowflakes, User
from tests.doubles.discord.permissions import MEMBER, Permission
from tests.doubles.discord.rest import API, Rest, before_effect
from tests.doubles.discord.session import Intent
from tests.doubles.discord.world import World

T = TypeVar("T")
ENDPOINTS = (
    *messages_api.ENDPOINTS,
    *places_api.ENDPOINTS,
    *interactions_api.ENDPOINTS,
    *commands_api.ENDPOINTS,
)
LARGEST_REQUEST = 26 * 1024 * 1024


class DiscordDouble:
    """Discord on 127.0.0.1, from `async with` on. Ids are strings, times are time.monotonic() in seconds.

    `window` seconds stand for Discord's rate limit windows of five (and scale its global second with them),
    `latency` is added to every write, half before and half after its effect. `privileged_intents` are those that
    are switched on in the developer portal. A defect of the double itself is raised when it is closed.
    """

    def __init__(
        self,
        *,
        token: str = "bot-token",  # noqa: S107 - no secret
        window: float = 5.0,
        latency: float = 0.0,
        privileged_intents: int = Intent.MESSAGE_CONTENT,
        heartbeat_interval: float = 41.25,
        interaction_deadline: float = 3.0,
        interaction_lifetime: float = 900.0,
    ) -> None:
        snowflakes = Snowflakes()
        bot = User(snowflakes.make(), "drun", bot=True)
        self.world = World(
            token=token,
            privileged_intents=privileged_intents,
            interaction_deadline=interaction_deadline,
            interaction_lifetime=interaction_lifetime,
            bot=bot,
            # A new application has the id of its bot.
            application_id=bot.id,
            snowflakes=snowflakes,
        )
        self.world.users[bot.id] = bot
        self.gateway = Gateway(self.world, heartbeat_interval)
        self.world.dispatch = self.gateway.dispatch
        self.faults = FaultQueue()
        self._rest = Rest(self.world, Buckets(window), self.faults, latency)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        for endpoint in ENDPOINTS:
            app.router.add_route(endpoint.method, API + endpoint.path, partial(self._rest.serve, endpoint))
        app.router.add_get("/gateway", self._connect)
        app.router.add_get("/resume", self._connect)
        app.router.add_get("/attachments/{channel_id}/{attachment_id}/{filename}", self._download)
        app.router.add_route("*", "/{path:.*}", partial(self._rest.serve, None))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.world.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.world.defects and error is None:
            raise ExceptionGroup("the Discord double failed", self.world.defects)

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def api_url(self) -> str:
        return self.world.base_url + API

    @property
    def gateway_url(self) -> str:
        return places_api.gateway_url(self.world)

    @property
    def bot_id(self) -> str:
        return self.world.bot.id

    @property
    def application_id(self) -> str:
        return self.world.application_id

    @property
    def commands(self) -> list[Payload]:
        """The global commands; those of a guild are `guild.commands`."""
        return self.world.commands

    @property
    def requests(self) -> list[Request]:
        return self.world.requests

    @property
    def throttled(self) -> int:
        """How many 429s were answered, forced ones included."""
        return sum(1 for one in self.requests if one.status == HTTPStatus.TOO_MANY_REQUESTS)

    @property
    def invalid_requests(self) -> int:
        """Discord: more than 10,000 answers of 401, 403 and 429 in 10 minutes ban the address."""
        return sum(1 for one in self.requests if one.status in (401, 403, 429))

    @property
    def connected(self) -> bool:
        """Whether a session is live: identified or resumed, and its connection open."""
        return any(session.connection is not None for session in self.gateway.sessions.values())

    def add_guild(self, name: str, *, system_channel: str = "", denied: Sequence[Permission] = ()) -> Guild:
        """Somebody adds the bot to a guild; in the system channel, where it has one, ``denied`` is taken from the bot."""
        owner = self.add_user("owner")
        guild = Guild(id=self.world.snowflakes.make(), name=name, owner_id=owner.id, world=self.world)
        guild.joined_at = time.time()
        if system_channel:
            # Before the bot is there: it hears of the channel with the guild.
            channel = guild.add_channel(system_channel)
            channel.deny(*denied)
            guild.system_channel_id = channel.id
        self.world.servers[guild.id] = guild
        guild.announce()
        return guild

    def add_user(
        self, name: str, *, bot: bool = False, permissions: int = MEMBER, locale: str = "en-US"
    ) -> User:
        """A person, or another bot, who is a member of every guild."""
        user = User(self.world.snowflakes.make(), name, bot, permissions, locale)
        self.world.users[user.id] = user
        return user

    def open_dm(self, user: User) -> Channel:
        return open_dm(self.world, user)

    def fail(self, fault: Fault, *, method: str | None = None, path: str = "", times: int = 1) -> None:
        """Plans a fault for the next requests that fit; `path` is searched for as a regular expression.

        `method="WS"` means the handshake of the gateway.
        """
        self.faults.plan(fault, method=method, path=path, times=times)

    def expire(self, message: Message) -> None:
        """The addresses of its files that were given out are good no more; whoever fetches it gets new ones."""
        for attachment in message.attachments:
            self.world.expire(attachment)

    def forget_nonces(self) -> None:
        """Discord: nonces are remembered for a few minutes only."""
        self.world.nonces.clear()

    async def redeliver(self, message: Message) -> None:
        """Sends the same MESSAGE_CREATE again."""
        posting.announce(self.world, message, "MESSAGE_CREATE")

    async def disconnect(self, kind: Disconnect, *, code: int = 4000) -> None:
        """Disturbs every live connection.

        "reconnect" is op 7; "invalid" and "resumable" are op 9 with false and true; "abort" resets TCP; "close"
        closes with `code`; "silent" stops sending, acknowledgements included; "lost" is "abort" by a gateway that has
        forgotten the session when the client comes back. Sessions live on, except for "invalid" and "lost".
        """
        await self.gateway.disconnect(kind, code)

    @asynccontextmanager
    async def gateway_down(self, *, resumable: bool = False) -> AsyncGenerator[None, None]:
        """Every connection is reset, and nobody gets in while the block lasts; REST goes on.

        Afterwards the sessions of before can be resumed only if `resumable`.
        """
        self.gateway.down = True
        try:
            await self.gateway.disconnect("abort", 0)
            if not resumable:
                self.gateway.forget_sessions()
            yield
        finally:
            self.gateway.down = False

    async def until(self, predicate: Callable[[], T], timeout: float = 10) -> T:  # noqa: ASYNC109 - see Pulse
        """Waits for a true value of `predicate`, looked at after every request and event, and returns it.

        A predicate about the program under test needs a `recheck` from there when it changed.
        """
        return await self.world.pulse.until(predicate, timeout, self._describe)

    def recheck(self) -> None:
        """Makes every `until` look again."""
        self.world.pulse.beat()

    def _describe(self) -> str:
        recent = [f"{one.method} {one.path} {one.status}" for one in self.requests[-8:]]
        return f"the last requests were {recent}, connected={self.connected}"

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if self.gateway.down:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        fault = self.faults.draw("WS", request.path)
        if (refusal := before_effect(fault, request)) is not None:
            return refusal
        if isinstance(fault, Delay):
            await asyncio.sleep(fault.seconds)
        return await self.gateway.serve(request)

    async def _download(self, request: web.Request) -> web.Response:
        """Discord: the address of a file works with its signature only."""
        attachment = self.world.attachments.get(request.match_info["attachment_id"])
        if attachment is None or f"hm={request.query.get('hm', '')}" not in attachment.url.split("&"):
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=attachment.data, content_type=attachment.content_type.split(";")[0])
