"""Slack, connected: one workspace over Socket Mode."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.answers import no_of
from adapters.slack.events import read_change, read_event, read_leaving
from adapters.slack.files import SlackFiles
from adapters.slack.greeting import greet, read_arrival
from adapters.slack.names import Names
from adapters.slack.people import SlackPeople
from adapters.slack.questions import Questions
from adapters.slack.settings import Settings
from adapters.slack.socket import socket
from adapters.slack.spelling import SlashCommands
from adapters.slack.surface import SlackSurface
from adapters.slack.uploads import Uploads
from core.budgets import Budgets
from core.changes import Edited
from core.conversation import Attachment, Channel, Conversation, UserMessage
from core.errors import PlatformRefused, PlatformUnreachable, StoreUnavailable
from core.inbox import Inbox
from core.order import Order
from core.pacing import Budget
from core.people import Person, Remark
from core.surface import Platform, Surface

log = structlog.get_logger()

_CALL_TIMEOUT_S = 30.0
_READY_S = 10.0
"""How long a start waits for the socket."""
_TOO_MANY, _SERVER_ERRORS = 429, 500
# Slack, errors of auth.test and apps.connections.open: those that say nothing of the token.
_NOT_THE_TOKEN = {"fatal_error", "internal_error", "ratelimited", "request_timeout", "service_unavailable"}


def _posts() -> Budget:
    # Slack: chat.postMessage allows about one message a second and channel, with short bursts.
    return Budget(3, 3.0)


def _edits() -> Budget:
    # Slack: chat.update is Tier 3, 50 a minute and workspace. Eight in 9.6 s is that rate, in small bursts.
    return Budget(8, 9.6)


def _marks() -> Budget:
    # Slack: reactions.add and reactions.remove are Tier 3 as well, each; this is one budget for both.
    return Budget(8, 9.6)


@dataclass(slots=True)
class Slack:
    """One workspace: the bot's own identity there, and its budgets."""

    client: AsyncWebClient
    app_token: str
    inbox: Inbox
    me: AuthorizeResult
    workspace: str
    bot_name: str
    files: SlackFiles
    people: SlackPeople
    names: Names = field(default_factory=Names)
    name: str = "slack"
    keeps: bool = True
    """Slack delivers again what is not acked."""
    _posts: Budgets[Channel] = field(default_factory=lambda: Budgets(_posts))
    _edits: Budget = field(default_factory=_edits)
    _order: Order[Conversation] = field(default_factory=Order)
    _marks: Budget = field(default_factory=_marks)
    _questions: Questions = field(init=False)

    def __post_init__(self) -> None:
        self._questions = Questions(self.client, self.inbox, self._posts.of)

    @property
    def whispers(self) -> bool:
        return True  # Slack: chat.postEphemeral

    def surface(self, message: UserMessage) -> Surface:
        posts = self._posts.of(message.conversation.channel)
        return SlackSurface(self.client, message, posts, self._edits, self._marks)

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        return await self.files.read(attachment, most=most)

    def direct(self, channel: Channel) -> bool:
        return channel.channel.startswith("D")  # Slack: D for direct messages, C and G for channels

    async def person(self, author: str, channel: Channel) -> Person:
        return await self.people.person(author)

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        return await self.people.earlier(message, most=most)

    def spelled(self, command: str, conversation: Conversation) -> str:
        if conversation.thread is not None:
            return f"@{self.bot_name} /{command}"  # Slack has no slash commands in threads
        return self.names.spelled(command)

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str, None]:
        # Any: slack_sdk's client is not typed.
        hearing: Any = socket(self._app(), self.client, self.app_token)
        connecting = asyncio.create_task(hearing.connect(), name="slack socket")
        try:
            # A socket that does not come about must not keep the other platforms waiting; it goes on trying.
            done, _ = await asyncio.wait({connecting}, timeout=_READY_S)
            yield f"workspace {self.workspace}" if done else f"workspace {self.workspace}, still connecting"
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await hearing.close()
            await self._questions.aclose()

    def _app(self) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            """Bolt's own would call auth.test with the first event, and lose that event if the call failed."""
            return self.me

        # attaching_...: bolt would answer threaded direct messages with an extra call to conversations.replies.
        # ignoring_...: to bolt a deleted answer of the bot is an event of the bot's own, and it would not pass it on.
        app = AsyncApp(
            client=self.client,
            authorize=authorize,
            attaching_conversation_kwargs_enabled=False,
            ignoring_self_events_enabled=False,
        )
        app.middleware(self._take_in)
        # bolt acks only what some listener matches, and Slack delivers again what is not acked.
        app.event(re.compile(".+"))(_nothing_more)
        commands = SlashCommands(self, self._questions, Uploads(self.client, self.files.session))
        for name in self.names.all:
            app.command(f"/{name}")(commands.run)
        return app

    async def _take_in(self, body: Mapping[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:  # noqa: A002 - bolt passes its arguments by name
        """Accepts before bolt acks: bolt acks events first and runs listeners afterwards."""
        if body.get("type") == "event_callback":
            try:
                await self._hear(body, self.me.bot_user_id or "")
            except StoreUnavailable as error:
                log.warning("an event was not accepted, Slack will deliver it again", reason=str(error))
                return BoltResponse(status=503)  # any status but 200: no ack
        return await next()

    async def _hear(self, body: Mapping[str, Any], me: str) -> None:
        if (message := read_event(body, me)) is not None:
            # slack_sdk hears each envelope in a task of its own, and Redis is asked over many connections.
            async with self._order.of(message.conversation):
                await self.inbox.accept(message)
        elif (change := read_change(body, me)) is not None:
            amended = await self.inbox.amend(change)
            if isinstance(change, Edited) and amended.conversation:
                again = self.spelled("regenerate", amended.conversation)
                self._questions.offer(change, amended, body["event"]["message"]["user"], again)
        elif (team := read_leaving(body, me)) is not None:
            # Before the ack, so that Slack tells it again when the store is away.
            await self.inbox.left(self.name, team)
        elif (arrival := read_arrival(body, me)) is not None and self.inbox.chores is not None:
            # Nobody waits for it, and the lists of models may take longer than Slack waits for an ack.
            greeting = greet(self.client, self.inbox, arrival, self._posts.of(arrival.where))
            self.inbox.chores.begin(greeting, "greet")


@asynccontextmanager
async def connect(settings: Settings, inbox: Inbox) -> AsyncGenerator[Platform, None]:
    """Slack, ready to show replies. Raises PlatformRefused when it does not know one of the tokens."""
    assert settings.slack_bot_token  # noqa: S101 - settings.problems() asks for both
    assert settings.slack_app_token  # noqa: S101 - see above
    timeout = aiohttp.ClientTimeout(total=_CALL_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        # No retry handlers: the SDK's own would post a message twice when an answer got lost on the way.
        client = AsyncWebClient(
            settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url.rstrip("/") + "/",
            session=session,
            retry_handlers=[],
        )
        app_token = settings.slack_app_token.get_secret_value()
        with _admitted("SLACK_BOT_TOKEN"):
            known = await client.auth_test()
        with _admitted("SLACK_APP_TOKEN"):
            # The address that comes back is for one connection and is left unused: this asks for the token's sake.
            await client.apps_connections_open(app_token=app_token)
        me = AuthorizeResult(
            enterprise_id=known.get("enterprise_id"),
            team_id=known["team_id"],
            bot_id=known.get("bot_id"),
            bot_user_id=known["user_id"],
            bot_token=client.token,
        )
        files = SlackFiles(session, settings.slack_api_url, client.token or "")
        workspace, name = str(known.get("team", "")), str(known.get("user", ""))
        people = SlackPeople(client, me)
        yield Slack(client, app_token, inbox, me, workspace, name, files, people, settings.names())


async def _nothing_more() -> None:
    """Middleware has taken the event in; matching it is what makes bolt ack it."""


@contextmanager
def _admitted(token: str) -> Generator[None, None, None]:
    """Says of what went wrong whether it was the token or the way to Slack. Raises PlatformRefused."""
    try:
        yield
    except SlackApiError as error:
        no = no_of(error)
        if not no.name or no.status == _TOO_MANY or no.status >= _SERVER_ERRORS or no.name in _NOT_THE_TOKEN:
            raise PlatformUnreachable(f"Slack cannot be reached: {no}") from error
        raise PlatformRefused(f"Slack refuses {token}: {no}") from error
    except (aiohttp.ClientError, AttributeError, OSError) as error:
        # slack_sdk raises AttributeError for an answer with status 200 that is a text.
        raise PlatformUnreachable(f"Slack cannot be reached: {type(error).__name__}") from error
