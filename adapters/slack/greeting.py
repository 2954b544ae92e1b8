"""First words in Slack: in a channel that the bot was invited to, and to whoever opens its messages for the first time."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.answers import no_of
from adapters.slack.markup import inert
from core.conversation import Channel
from core.errors import StoreUnavailable
from core.inbox import Inbox
from core.pacing import Budget, Urgency

log = structlog.get_logger()

_DIRECT = "D"  # Slack: ids of direct messages begin with it


def read_arrival(body: Mapping[str, Any], bot_user_id: str) -> Channel | None:
    """Where an ``event_callback`` body says that the bot may introduce itself; None when it says something else.

    Slack: member_joined_channel tells of everybody who joins a channel that the bot is in; app_home_opened comes each
    time somebody opens the bot, with the tab that they see.
    """
    event = body.get("event") or {}
    channel = str(event.get("channel") or "")
    match event.get("type"):
        case "member_joined_channel":
            arrived = event.get("user") == bot_user_id and not channel.startswith(_DIRECT)
        case "app_home_opened":
            arrived = event.get("tab") == "messages" and channel.startswith(_DIRECT)
        case _:
            arrived = False
    return Channel("slack", body["team_id"], channel) if arrived and channel else None


async def greet(client: AsyncWebClient, inbox: Inbox, where: Channel, posts: Budget) -> None:
    """Says the first words in ``where``, unless they were said there; in a direct message only where nothing ever was.

    Never raises: what cannot be said is one line of the log.
    """
    try:
        text = await inbox.greeting(where)
        if text is None or (where.channel.startswith(_DIRECT) and await _talked(client, where)):
            return
        async with posts.slot(Urgency.EDIT):
            await client.chat_postMessage(channel=where.channel, markdown_text=inert(text))
    except SlackApiError as error:
        _tell(where, str(no_of(error)))
    # slack_sdk raises AttributeError for an answer with status 200 that is a text.
    except (StoreUnavailable, aiohttp.ClientError, AttributeError, TimeoutError, OSError) as error:
        _tell(where, f"{type(error).__name__}: {error}")


async def _talked(client: AsyncWebClient, where: Channel) -> bool:
    """Asked after the store has said that nobody was greeted: so not each time that somebody opens the bot."""
    return bool((await client.conversations_history(channel=where.channel, limit=1))["messages"])


def _tell(where: Channel, reason: str) -> None:
    log.warning("a greeting could not be said", channel=str(where), reason=reason)
