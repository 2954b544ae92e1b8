"""First words in Slack: in a channel that the bot was invited to, and to whoever opens its messages for the first time."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where the bot may introduce itself."""

    where: Channel
    author: str = ""
    """To whom alone; empty in a channel."""


def read_arrival(body: Mapping[str, Any], bot_user_id: str) -> Arrival | None:
    """Where an ``event_callback`` body says that the bot may introduce itself; None when it says something else.

    Slack: member_joined_channel tells of everybody who joins a channel that the bot is in; app_home_opened comes each
    time somebody opens the bot, with the tab that they see.
    """
    event = body.get("event") or {}
    channel, author = str(event.get("channel") or ""), str(event.get("user") or "")
    direct = channel.startswith(_DIRECT)
    match event.get("type"):
        case "member_joined_channel" if channel and not direct and author == bot_user_id:
            return Arrival(Channel("slack", body["team_id"], channel))
        case "app_home_opened" if direct and event.get("tab") == "messages":
            return Arrival(Channel("slack", body["team_id"], channel), author)
        case _:
            return None


async def greet(client: AsyncWebClient, inbox: Inbox, arrival: Arrival, posts: Budget) -> None:
    """Says the first words, unless they were said there; in a direct message only where nothing ever was.

    Never raises: what cannot be said is one line of the log.
    """
    where = arrival.where
    try:
        text = await inbox.greeting(where, arrival.author)
        if text is None or (arrival.author and await _talked(client, where)):
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
