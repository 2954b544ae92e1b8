"""Places full of people, one for each platform, as the contract of people is tested in them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal, Protocol, cast

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from adapters.discord import app as discord_app
from adapters.discord import settings as discord_settings
from adapters.discord.asking import Api
from adapters.discord.people import DiscordPeople
from adapters.slack import app as slack_app
from adapters.slack import settings as slack_settings
from adapters.slack.people import SlackPeople
from adapters.web import app as web_app
from adapters.web import settings as web_settings
from adapters.web.events import AUTHOR, conversation_of
from core.conversation import Channel
from core.inbox import Inbox
from core.surface import Platform
from tests.doubles import discord as discords
from tests.doubles import slack as slacks
from tests.doubles.discord import ADMIN, DiscordDouble
from tests.doubles.slack import SlackDouble

Trouble = Literal["busy", "broken", "reset", "hangs"]
TROUBLES: tuple[Trouble, ...] = ("busy", "broken", "reset", "hangs")
SHORT_S = 0.3
"""What a platform has to answer where it hangs."""

_NO_INBOX = cast("Inbox", None)  # nobody listens here


class Hall(Protocol):
    platform: Platform
    channel: Channel

    def join(self, name: str, *, admin: bool = False) -> str:
        """Somebody who is seen under ``name``; returns their id."""
        ...

    def trouble(self, kind: Trouble, times: int = 1) -> None:
        """Whoever asks about people next meets it."""
        ...

    def asked(self) -> int:
        """How often the platform was asked about a person."""
        ...


class SlackHall:
    def __init__(self, double: SlackDouble, platform: slack_app.Slack, gate: asyncio.Event) -> None:
        self.double = double
        self.platform: Platform = platform
        self.slack = platform
        self.room = double.add_channel("general")
        self.channel = Channel("slack", double.team_id, self.room.id)
        self._gate = gate

    def join(self, name: str, *, admin: bool = False) -> str:
        return self.double.add_user("login", display_name=name, is_admin=admin).id

    def trouble(self, kind: Trouble, times: int = 1) -> None:
        self.fail("users.info", kind, times)

    def fail(self, method: str, kind: Trouble, times: int = 1) -> None:
        faults: dict[Trouble, slacks.faults.Fault] = {
            "busy": slacks.RateLimited(60),
            "broken": slacks.HttpError(503),
            "reset": slacks.ConnectionReset(applied=False),
            "hangs": slacks.Hold(self._gate),
        }
        self.double.fail(method, *[faults[kind]] * times)

    def asked(self) -> int:
        return len(self.double.calls("users.info"))

    def impatient(self) -> None:
        """Slack has less time to answer from now on."""
        client: AsyncWebClient = self.slack.client
        me: AuthorizeResult = self.slack.me
        self.slack.people = SlackPeople(client, me, within_s=SHORT_S)


class DiscordHall:
    def __init__(self, double: DiscordDouble, platform: discord_app.Discord, api: Api) -> None:
        self.double = double
        self.platform: Platform = platform
        self.discord = platform
        self.guild = double.add_guild("Acme")
        self.room = self.guild.add_channel("general")
        self.channel = Channel("discord", self.guild.id, self.room.id)
        self._api = api

    def join(self, name: str, *, admin: bool = False) -> str:
        user = self.double.add_user("login")
        user.global_name = name
        if admin:
            self.guild.give(user, "admins", ADMIN)
        return user.id

    def trouble(self, kind: Trouble, times: int = 1) -> None:
        self.fail("/members/", kind, times)

    def fail(self, path: str, kind: Trouble, times: int = 1) -> None:
        faults: dict[Trouble, discords.faults.Fault] = {
            "busy": discords.Throttle(60),
            "broken": discords.Status(503, html=True),
            "reset": discords.Reset(),
            "hangs": discords.Delay(4 * SHORT_S),
        }
        self.double.fail(faults[kind], method="GET", path=path, times=times)

    def asked(self) -> int:
        return sum("/members/" in request.path for request in self.double.requests)

    def impatient(self) -> None:
        """Discord has less time to answer from now on."""
        self.discord.people = DiscordPeople(self._api, int(self.double.bot_id), within_s=SHORT_S)


class WebHall:
    """One visitor, whom nobody has to ask about."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.channel = conversation_of("general").channel

    def join(self, name: str, *, admin: bool = False) -> str:
        return AUTHOR

    def trouble(self, kind: Trouble, times: int = 1) -> None:
        """There is none."""

    def asked(self) -> int:
        return 0


@asynccontextmanager
async def slack_hall() -> AsyncGenerator[SlackHall, None]:
    gate = asyncio.Event()
    async with SlackDouble(events=()) as double:
        values = {
            "slack_bot_token": double.bot_token,
            "slack_app_token": double.app_token,
            "slack_api_url": double.api_url,
        }
        settings = slack_settings.Settings.model_validate(values)
        async with slack_app.connect(settings, _NO_INBOX) as platform:
            assert isinstance(platform, slack_app.Slack)
            try:
                yield SlackHall(double, platform, gate)
            finally:
                gate.set()  # what hangs may end


@asynccontextmanager
async def discord_hall() -> AsyncGenerator[DiscordHall, None]:
    async with DiscordDouble() as double:
        values = {
            "discord_token": double.token,
            "discord_api_url": double.api_url,
            "discord_catch_up_hours": 0,
        }
        settings = discord_settings.Settings.model_validate(values)
        async with discord_app.connect(settings, _NO_INBOX) as platform:
            assert isinstance(platform, discord_app.Discord)
            api = Api(platform.files.session, double.api_url, double.token, platform.writer.http.user_agent)
            yield DiscordHall(double, platform, api)


@asynccontextmanager
async def web_hall() -> AsyncGenerator[WebHall, None]:
    settings = web_settings.Settings.model_validate({"web_port": 0})
    async with web_app.connect(settings, _NO_INBOX) as platform:
        yield WebHall(platform)
