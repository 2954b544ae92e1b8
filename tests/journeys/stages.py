"""The same play on every platform: a stage is where a person writes and sees answers."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import aiohttp

from bots.run import Serving
from core.drawing import WRITING
from tests.doubles.discord.channel import Channel as DiscordChannel
from tests.doubles.discord.model import Message as DiscordMessage
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.slack.channel import Channel as SlackChannel
from tests.doubles.slack.model import Message as SlackMessage
from tests.doubles.slack.server import SlackDouble

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was written, and where."""

    channel: str
    id: str


class Stage(Protocol):
    """One platform, as a person in it sees it."""

    name: str
    limit: int
    """The most one of its messages holds."""

    @property
    def settings(self) -> Mapping[str, str]: ...

    async def join(self, up: Serving) -> None:
        """Called when the program is up."""

    async def ask(self, text: str, *, channel: str = "general") -> Asked:
        """Somebody mentions the bot in a channel."""
        ...

    async def ask_on(self, asked: Asked, text: str) -> Asked:
        """Somebody goes on in the conversation of ``asked``."""
        ...

    def answers(self, asked: Asked) -> list[str]:
        """What the bot's messages after ``asked`` show now, oldest first."""
        ...

    def told(self, asked: Asked) -> list[str]:
        """The same, and then what only whoever asked sees."""
        ...

    def writing(self, asked: Asked) -> bool:
        """The last of them looks as if more would come."""
        ...

    def marked(self, asked: Asked) -> bool:
        """The question is shown as one that waits."""
        ...

    async def until(self, condition: Callable[[], T]) -> T: ...

    def broadcasts(self) -> int:
        """How many messages of the bot would have notified a whole channel or a person."""
        ...

    @property
    def throttled(self) -> int: ...


class SlackStage:
    def __init__(self, slack: SlackDouble) -> None:
        self.name, self.limit = "slack", 12_000
        self.slack = slack
        self.ada = slack.add_user("ada")
        self._channels: dict[str, SlackChannel] = {}
        self._ephemerals: dict[str, int] = {}
        """How many there were when a question was asked: none has a time of its own."""

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
        }

    async def join(self, up: Serving) -> None:
        await self.slack.connected(1)

    def channel(self, name: str) -> SlackChannel:
        if name not in self._channels:
            self._channels[name] = self.slack.add_channel(name)
        return self._channels[name]

    async def ask(self, text: str, *, channel: str = "general") -> Asked:
        return await self._say(channel, text)

    async def ask_on(self, asked: Asked, text: str) -> Asked:
        return await self._say(asked.channel, text, self._root(asked))

    async def _say(self, channel: str, text: str, thread: str | None = None) -> Asked:
        place = self.channel(channel)
        before = len(place.ephemerals)
        said = await place.say(self.ada, f"<@{self.slack.bot_user_id}> {text}", thread=thread)
        self._ephemerals[said.ts] = before
        return Asked(channel, said.ts)

    def shown(self, asked: Asked) -> list[SlackMessage]:
        return [
            message
            for message in self.channel(asked.channel).thread(self._root(asked))
            if message.author == self.slack.bot_user_id and message.ts > asked.id and not message.deleted
        ]

    def answers(self, asked: Asked) -> list[str]:
        return [message.text for message in self.shown(asked)]

    def told(self, asked: Asked) -> list[str]:
        alone = self.channel(asked.channel).ephemerals[self._ephemerals[asked.id] :]
        return [*self.answers(asked), *(each.text for each in alone if each.user == self.ada.id)]

    def writing(self, asked: Asked) -> bool:
        return self.answers(asked)[-1].endswith(WRITING)

    def marked(self, asked: Asked) -> bool:
        return "hourglass_flowing_sand" in self.channel(asked.channel).find(asked.id).reactions

    async def until(self, condition: Callable[[], T]) -> T:
        await self.slack.until(condition)
        return condition()

    def broadcasts(self) -> int:
        bots = [
            m
            for place in self._channels.values()
            for m in place.messages
            if m.author == self.slack.bot_user_id
        ]
        return sum(len(message.broadcasts) + len(message.mentions) for message in bots)

    @property
    def throttled(self) -> int:
        return self.slack.throttled

    def _root(self, asked: Asked) -> str:
        return self.channel(asked.channel).find(asked.id).thread_ts or asked.id


class DiscordStage:
    def __init__(self, discord: DiscordDouble) -> None:
        self.name, self.limit = "discord", 2_000
        self.discord = discord
        self.guild = discord.add_guild("Acme")
        self.ada = discord.add_user("ada")
        self._channels: dict[str, DiscordChannel] = {}

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "DISCORD_TOKEN": self.discord.token,
        }

    async def join(self, up: Serving) -> None:
        await self.discord.until(lambda: self.discord.connected)

    def channel(self, name: str) -> DiscordChannel:
        if name not in self._channels:
            self._channels[name] = self.guild.add_channel(name)
        return self._channels[name]

    async def ask(self, text: str, *, channel: str = "general") -> Asked:
        return Asked(channel, (await self.channel(channel).say(self.ada, f"<@BOT> {text}")).id)

    async def ask_on(self, asked: Asked, text: str) -> Asked:
        return await self.ask(text, channel=asked.channel)

    def shown(self, asked: Asked) -> list[DiscordMessage]:
        return [message for message in self.channel(asked.channel).by_bot if int(message.id) > int(asked.id)]

    def answers(self, asked: Asked) -> list[str]:
        return [message.content for message in self.shown(asked)]

    def told(self, asked: Asked) -> list[str]:
        return self.answers(asked)

    def writing(self, asked: Asked) -> bool:
        return self.answers(asked)[-1].endswith(WRITING)

    def marked(self, asked: Asked) -> bool:
        question = next(one for one in self.channel(asked.channel).messages if one.id == asked.id)
        return (self.discord.bot_id, "⏳") in question.reactions

    async def until(self, condition: Callable[[], T]) -> T:
        return await self.discord.until(condition)

    def broadcasts(self) -> int:
        return sum(len(message.pings) for place in self._channels.values() for message in place.by_bot)

    @property
    def throttled(self) -> int:
        return self.discord.throttled


class WebStage:
    """The page's own calls, without the page."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.name, self.limit, self.throttled = "web", 30_000, 0
        self._http = http
        self._url = ""
        self._channels: dict[str, str] = {"general": "general"}
        self._messages: dict[str, dict[str, dict[str, Any]]] = {}
        self._news = asyncio.Condition()
        self._following: list[asyncio.Task[None]] = []

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def join(self, up: Serving) -> None:
        self._url = up.heard["web"]
        await self.leave()
        for channel in list(self._messages):
            self._follow(channel)

    async def leave(self) -> None:
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        self._following.clear()

    async def ask(self, text: str, *, channel: str = "general") -> Asked:
        place = await self._channel(channel)
        message = uuid4().hex
        await self.post(f"/api/channels/{place}/messages", {"id": message, "text": text})
        return Asked(channel, message)

    async def ask_on(self, asked: Asked, text: str) -> Asked:
        return await self.ask(text, channel=asked.channel)

    def answers(self, asked: Asked) -> list[str]:
        return [_text(message) for message in self._shown(asked)]

    def told(self, asked: Asked) -> list[str]:
        return self.answers(asked)

    def _shown(self, asked: Asked) -> list[dict[str, Any]]:
        messages = list(self._messages.get(self._channels[asked.channel], {}).values())
        after = next((at for at, message in enumerate(messages) if asked.id in message["id"]), len(messages))
        return [message for message in messages[after:] if message["role"] == "bot"]

    def writing(self, asked: Asked) -> bool:
        return bool(self._shown(asked)[-1]["state"] == "writing")

    def marked(self, asked: Asked) -> bool:
        question = self._messages[self._channels[asked.channel]].get(asked.id)
        return question is not None and question["state"] == "waiting"

    async def until(self, condition: Callable[[], T]) -> T:
        async with asyncio.timeout(10), self._news:
            while not (found := condition()):
                await self._news.wait()
            return found

    def broadcasts(self) -> int:
        return 0

    async def post(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        headers = {"Origin": self._url, "Content-Type": "application/json"}
        async with self._http.post(self._url + path, data=json.dumps(body), headers=headers) as response:
            assert response.status < 300, await response.text()
            found: dict[str, Any] = await response.json()
            return found

    async def refused(self, path: str, body: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The status and the answer of a call that fails."""
        headers = {"Origin": self._url, "Content-Type": "application/json"}
        async with self._http.post(self._url + path, data=json.dumps(body), headers=headers) as response:
            assert response.status >= 400
            return response.status, await response.json()

    async def _channel(self, name: str) -> str:
        if name not in self._channels:
            self._channels[name] = (await self.post("/api/channels", {"title": name}))["id"]
        place = self._channels[name]
        if place not in self._messages:
            self._messages[place] = {}
            self._follow(place)
        return place

    def _follow(self, place: str) -> None:
        self._following.append(asyncio.create_task(self._read(place)))

    async def _read(self, place: str) -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._http.get(f"{self._url}/api/channels/{place}/events", timeout=timeout) as response:
            assert response.status == 200, await response.text()
            kind = ""
            while line := (await response.content.readline()).decode():
                name, _, value = line.strip().partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind in {"message", "reset"}:
                    async with self._news:
                        self._take(place, kind, json.loads(value))
                        self._news.notify_all()

    def _take(self, place: str, kind: str, data: dict[str, Any]) -> None:
        if kind == "reset":
            self._messages[place].clear()
        elif data["state"] == "withdrawn":
            self._messages[place].pop(data["id"], None)
        else:
            self._messages[place][data["id"]] = data


def _text(message: dict[str, Any]) -> str:
    """What is shown: the page gets the text of finished messages, and only HTML of those being written."""
    return str(message["text"] or message["html"])
