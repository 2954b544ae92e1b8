"""Clients for the double: the real Bolt over Socket Mode, and bare HTTP calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.doubles.slack.server import SlackDouble


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


@asynccontextmanager
async def web_client(slack: SlackDouble) -> AsyncIterator[AsyncWebClient]:
    """Slack's own client on one shared session, without retries.

    It applies HTTP_PROXY even to loopback addresses, so the caller clears the proxy variables.
    """
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(
            token=slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[]
        )


@asynccontextmanager
async def bolt(slack: SlackDouble, app: AsyncApp, *, ping_s: float = 0.2) -> AsyncIterator[AsyncApp]:
    """Connects a Bolt app, and closes its socket and its session at the end."""
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=ping_s)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt left it untyped
        await slack.connected()
        yield app
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt left it untyped


async def call(slack: SlackDouble, method: str, *, token: str | None = None, **args: Any) -> Answer:
    """One bare POST with a JSON body; the bot's token unless another (or an empty one) is given."""
    token = slack.bot_token if token is None else token
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.api_url + method, json=args, headers=headers) as response,
    ):
        body = await response.json() if response.content_type == "application/json" else {}
        return Answer(response.status, body, dict(response.headers))
