"""Discord, connected: one client that writes, and one that hears and is replaced when it breaks."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import discord
import structlog
import yarl

from adapters.discord.asking import Api
from adapters.discord.buckets import Buckets
from adapters.discord.ears import Ears
from adapters.discord.events import DIRECT
from adapters.discord.files import DiscordFiles
from adapters.discord.missed import Missed
from adapters.discord.people import DiscordPeople
from adapters.discord.questions import Put, Questions
from adapters.discord.settings import Settings
from adapters.discord.surface import DiscordSurface
from core.conversation import Attachment, Channel, Conversation, UserMessage
from core.errors import PlatformRefused, PlatformUnreachable
from core.inbox import Inbox
from core.lanes import Lanes
from core.people import Person, Remark
from core.surface import Platform, Surface

log = structlog.get_logger()

_FATAL = (discord.LoginFailure, discord.PrivilegedIntentsRequired)
_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 60.0
_READY_S = 10.0
"""How long a start waits for the gateway; it goes on trying afterwards."""


@dataclass(slots=True)
class Discord:
    """The bot's account: its buckets, and who listens."""

    writer: discord.Client
    token: str
    inbox: Inbox
    buckets: Buckets
    room: int
    """Messages that may wait for Redis."""
    files: DiscordFiles
    people: DiscordPeople
    missed: Missed | None
    """None: what was said while nobody listened is left alone."""
    name: str = "discord"
    keeps: bool = True
    """What it heard waits in its lanes, and is read again after a restart."""
    offered: bool = False

    @property
    def whispers(self) -> bool:
        return False  # Discord: only what answers an interaction can be ephemeral

    def surface(self, message: UserMessage) -> Surface:
        channel = int(message.conversation.channel.channel)
        messageable = self.writer.get_partial_messageable(channel)
        assert self.writer.user  # noqa: S101 - known after the login
        return DiscordSurface(
            messageable,
            message,
            posts=self.buckets.posts.of(channel),
            edits=self.buckets.edits.of(channel),
            marks=self.buckets.marks.of(channel),
            me=self.writer.user.id,
        )

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        return await self.files.read(attachment, most=most)

    def direct(self, channel: Channel) -> bool:
        return channel.workspace == DIRECT

    async def person(self, author: str, channel: Channel) -> Person:
        return await self.people.person(author, channel)

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        return await self.people.earlier(message, most=most)

    def spelled(self, command: str, conversation: Conversation) -> str:
        return f"/{command}"

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str, None]:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        # Outlive each connection: what one of them heard waits here for Redis while the next one is made.
        async with (
            Questions(self.inbox.accept, self.writer) as questions,
            Lanes(questions.accept, room=self.room, history=self.missed, amend=self.inbox.amend) as lanes,
        ):
            put = partial(questions.put, lanes)
            ears = asyncio.create_task(self._stay_connected(ready, lanes, put), name="discord gateway")
            try:
                yield await _name_in_time(ready)
            finally:
                ears.cancel()
                with suppress(asyncio.CancelledError):
                    await ears

    async def _stay_connected(self, ready: asyncio.Future[str], lanes: Lanes, put: Put) -> None:
        """Connects again and again, each time with a new client: discord.py's own may not be started twice.

        Ends only for what a retry cannot mend: Discord counts refused logins, and blocks who sends too many.
        """
        backoff = _FIRST_BACKOFF_S
        while True:
            try:
                if await self._connect_once(ready, lanes, put):
                    backoff = _FIRST_BACKOFF_S
            except _FATAL as error:
                if ready.done():
                    log.error("Discord refuses the bot; it is not connected any more", reason=str(error))  # noqa: TRY400 - the sentence is the whole story
                else:
                    ready.set_exception(PlatformRefused(f"Discord refuses the bot: {error}"))
                return
            except (
                Exception
            ):  # whatever the library raises when it is closed: somebody has to go on listening
                log.exception("the Discord connection ended in a way nobody foresaw")
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, _LONGEST_BACKOFF_S)

    async def _connect_once(self, ready: asyncio.Future[str], lanes: Lanes, put: Put) -> bool:
        """One client's life. True when it had been ready, so that the next one need not wait long."""
        ears = Ears(self.inbox, lanes, put, read_content=self._may_read_content(), offered=self.offered)
        async with ears:
            connected = asyncio.create_task(ears.start(self.token))
            heard = asyncio.create_task(ears.heard.wait())
            try:
                await asyncio.wait({connected, heard}, return_when=asyncio.FIRST_COMPLETED)
                if ears.heard.is_set() and not ready.done():
                    ready.set_result(str(ears.user))
                # Not awaited itself: discord.py swallows a cancellation that comes while it reconnects (shard.py).
                await asyncio.wait({connected})
                connected.result()
            except _FATAL:
                raise
            except Exception as error:  # noqa: BLE001 - discord.py raises whatever its parsers met, a KeyError too
                log.warning("the Discord connection broke", reason=f"{type(error).__name__}: {error}")
            finally:
                self.offered = ears.offered
                heard.cancel()
                connected.cancel()
                # What a swallowed cancellation does not end, a closed client does.
                await ears.close()
                await asyncio.gather(connected, heard, return_exceptions=True)
            return ears.heard.is_set()

    def _may_read_content(self) -> bool:
        """The operator has switched the message content intent on in the developer portal."""
        application = self.writer.application
        flags = application.flags if application else None
        return bool(flags and (flags.gateway_message_content or flags.gateway_message_content_limited))


async def _name_in_time(ready: asyncio.Future[str]) -> str:
    """Whom people see, or that it takes longer: a gateway that is down must not keep the other platforms waiting."""
    try:
        async with asyncio.timeout(_READY_S):
            return f"as {await ready}"
    except TimeoutError:
        return "still connecting"


@asynccontextmanager
async def connect(settings: Settings, inbox: Inbox) -> AsyncGenerator[Platform, None]:
    """Discord, ready to show replies. Raises PlatformRefused when it does not know the token."""
    buckets = Buckets()

    async def ended(_: Any, __: Any, call: aiohttp.TraceRequestEndParams) -> None:
        buckets.heed(call.method, call.url.path, call.response.headers)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    async with connected_writer(settings, trace) as writer:
        assert settings.discord_token  # noqa: S101 - without it the platform is off
        missed = None
        if settings.discord_catch_up_hours:
            missed = Missed(
                writer,
                inbox.desk.channels.heard,
                hours=settings.discord_catch_up_hours,
                most=settings.discord_catch_up_messages,
            )
        token = settings.discord_token.get_secret_value()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            files = DiscordFiles(session, writer, settings.discord_api_url)
            assert writer.user  # noqa: S101 - known after the login
            api = Api(session, settings.discord_api_url, token, writer.http.user_agent)
            people = DiscordPeople(api, writer.user.id)
            yield Discord(writer, token, inbox, buckets, settings.discord_buffer, files, people, missed)


@asynccontextmanager
async def connected_writer(
    settings: Settings, trace: aiohttp.TraceConfig
) -> AsyncGenerator[discord.Client, None]:
    """A client that is logged in and may call, but does not listen. Raises PlatformRefused."""
    assert settings.discord_token  # noqa: S101 - without it the platform is off
    # discord.py keeps its addresses in class attributes, and offers no other way to change them.
    discord.http.Route.BASE = settings.discord_api_url.rstrip("/")
    if settings.discord_gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)
    async with discord.Client(
        intents=discord.Intents(guilds=True),
        allowed_mentions=discord.AllowedMentions.none(),
        http_trace=trace,
    ) as writer:
        try:
            await writer.login(settings.discord_token.get_secret_value())
        except discord.LoginFailure as error:
            raise PlatformRefused("Discord refuses DISCORD_TOKEN: it does not know this token") from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise PlatformUnreachable(f"Discord cannot be reached: {type(error).__name__}") from error
        yield writer
