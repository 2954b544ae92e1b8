"""The web platform: one local page, and the health checks of the whole program."""

import errno
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from adapters.web.events import PLATFORM
from adapters.web.people import Visitor
from adapters.web.server import Site
from adapters.web.settings import Settings
from adapters.web.surface import WebSurface
from core.conversation import Attachment, Channel, Conversation, UserMessage
from core.errors import FileLeftOut, PlatformRefused
from core.inbox import Inbox
from core.people import Person, Remark
from core.surface import Platform, Surface

_GOODBYE_S = 2.0
"""How long a request under way may take when the server ends; event streams end at once."""


@asynccontextmanager
async def connect(settings: Settings, inbox: Inbox) -> AsyncGenerator[Platform, None]:
    """The page. Showing replies needs no connection but the journals': any worker can."""
    yield WebPlatform(settings, inbox)


@dataclass(frozen=True, slots=True)
class WebPlatform:
    settings: Settings
    inbox: Inbox
    visitor: Visitor = field(default_factory=Visitor)

    @property
    def name(self) -> str:
        return PLATFORM

    @property
    def keeps(self) -> bool:
        return False  # the browser is told that it failed, and keeps the text in the box

    @property
    def whispers(self) -> bool:
        return False  # nobody else is there

    def surface(self, message: UserMessage) -> Surface:
        return WebSurface(self.inbox.journals, message)

    def direct(self, channel: Channel) -> bool:
        return True

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        raise FileLeftOut("the page takes no files", name=attachment.name)

    async def person(self, author: str, channel: Channel) -> Person:
        return self.visitor.person()

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        return ()  # the page has no threads

    def spelled(self, command: str, conversation: Conversation) -> str:
        return f"/{command}"

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str, None]:
        runner = web.AppRunner(
            Site(self.settings, self.inbox, self.visitor).application,
            access_log=None,
            shutdown_timeout=_GOODBYE_S,
        )
        await runner.setup()
        try:
            yield await self._serve(runner)
        finally:
            await runner.cleanup()

    async def _serve(self, runner: web.AppRunner) -> str:
        host, port = self.settings.web_host, self.settings.web_port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise PlatformRefused(_sentence(error, host, port)) from error
        named = f"[{host}]" if ":" in host else host
        where = f"http://{named}:{runner.addresses[0][1]}"
        return where if self.settings.page else f"{where} (health checks only: the page needs WEB_TOKEN here)"


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken: end the program that uses it, or set WEB_PORT to a free one."
    if error.errno == errno.EACCES:
        return f"Port {port} is not for this user: set WEB_PORT to 1024 or above."
    return f"{host} is no address of this machine: set WEB_HOST to one that is, such as 127.0.0.1."
