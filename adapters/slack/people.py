"""Who speaks in Slack, by users.info, and what was said in a thread before, by conversations.replies."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.answers import no_of
from adapters.slack.folding import is_folded
from adapters.slack.markup import said
from core.conversation import UserMessage
from core.known import WITHIN_S, Known, NotTold, tell_unread
from core.people import UNKNOWN, Person, Remark, harmless
from core.texts import language_named

_PAGE, _PAGES = 999, 3
"""Slack: a page of conversations.replies has under 1,000 messages, oldest first, and fewer at Slack's pleasure.
Commercially distributed apps outside the Marketplace get at most 15, and one page a minute; an app made from the manifest
is a customer's own."""
_READ, _NAMED = 0.7, 0.9
"""Parts of the time that there is, for a thread and for the names in it as well: whoever asked waits no longer than all of
it, and what was read by then would be lost."""
_TOO_MANY = 429
_NOT_ALLOWED = {"account_inactive", "invalid_auth", "missing_scope", "not_authed", "token_revoked"}
_NOT_ALLOWED_S = 600.0
"""An operator has to do something first."""
_NOBODY = {"user_not_found", "user_not_visible", "users_not_found"}
_SPOKEN = {None, "bot_message", "file_share", "me_message", "thread_broadcast"}
"""The subtypes of messages in which somebody says something."""
_ROLES = ("is_admin", "is_owner", "is_primary_owner")


def read_person(user: Mapping[str, Any], team: str) -> Person:
    """A user of users.info, seen from the workspace ``team``.

    In channels that workspaces share people of both are met: an admin there is none here.
    """
    profile = user.get("profile") or {}
    name = (
        profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    )
    teams = {user.get("team_id"), *((user.get("enterprise_user") or {}).get("teams") or ())}
    at_home = team in teams and not user.get("deleted")
    return Person.of(
        str(name or ""),
        admin=at_home and any(user.get(role) is True for role in _ROLES),
        language=language_named(str(user.get("locale") or "")),
    )


class SlackPeople:
    """The people of the bot's workspace; ``me`` is who the bot is there. Slack has ``within_s`` to answer."""

    def __init__(self, client: AsyncWebClient, me: AuthorizeResult, *, within_s: float = WITHIN_S) -> None:
        self.client = client
        self._me = me
        self._within_s = within_s
        self._known = Known[Person]("people in Slack", within_s=within_s)

    async def person(self, author: str) -> Person:
        """Needs the scope users:read. Slack: users.info is Tier 4, 100 a minute. Never raises."""
        return await self._known.of(author, lambda: self._ask(author)) or UNKNOWN

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        """What began ``message``'s thread, and the newest of what was said in it before.

        Of a thread with more than three pages the newest are missing, and of one that could not be read to its end.
        Empty where ``message`` begins a thread, or is in none. Never raises.
        """
        thread = message.conversation.thread
        if thread is None or message.opens_thread or most < 1:
            return ()
        now = asyncio.get_running_loop().time()
        found: dict[str, Mapping[str, Any]] = {}
        try:
            async with asyncio.timeout_at(now + _READ * self._within_s):
                await self._read(message, thread, found)
        except Exception as error:  # noqa: BLE001 - whatever an answer looks like, the reply goes on without
            tell_unread(message, error)
        spoken = list(found.values())
        kept = spoken if len(spoken) <= most else spoken[-most:]
        if thread in found and found[thread] not in kept:
            kept = [found[thread], *kept[1:]]  # it says what the thread is about
        people = {str(each["user"]) for each in kept if each.get("user") and not self._mine(each)}
        with suppress(TimeoutError):  # those who are not known by then have no name
            async with asyncio.timeout_at(now + _NAMED * self._within_s):
                await asyncio.gather(*map(self.person, people))
        return [self._remark(each) for each in kept]

    async def _ask(self, author: str) -> Person:
        try:
            async with _told():
                answer = await self.client.users_info(user=author, include_locale=True)
        except _Nobody:
            return Person("", admin=False)
        return read_person(answer["user"], self._me.team_id or "")

    async def _read(self, message: UserMessage, thread: str, found: dict[str, Mapping[str, Any]]) -> None:
        """Adds to ``found``, by ts, what was said before ``message``: what was read counts, whatever follows."""
        cursor: str | None = None
        for _ in range(_PAGES):
            async with _told():
                page = await self.client.conversations_replies(
                    channel=message.conversation.channel.channel,
                    ts=thread,
                    latest=message.message_id,
                    limit=_PAGE,
                    cursor=cursor,
                )
                shown: list[Mapping[str, Any]] = page["messages"]
            # A ts is a time with six decimals, of the same length for all of them.
            before = [each for each in shown if "" < str(each.get("ts") or "") < message.message_id]
            said_there = [
                each for each in before if _speaks(each) and self._text(each) and not self._aside(each)
            ]
            # By ts: a page may begin with what began the thread, again.
            found.update((str(each["ts"]), each) for each in said_there)
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    def _remark(self, shown: Mapping[str, Any]) -> Remark:
        author = str(shown.get("user") or shown.get("bot_id") or "")
        known = self._known.glance(author)
        own = shown.get("username") or (shown.get("bot_profile") or {}).get("name") or ""
        name = known.name if known is not None and known.name else harmless(str(own))
        return Remark(author, name, self._text(shown), str(shown["ts"]), self._mine(shown))

    def _text(self, shown: Mapping[str, Any]) -> str:
        return said(str(shown.get("text") or ""), self._me.bot_user_id or "")

    def _aside(self, shown: Mapping[str, Any]) -> bool:
        """What a model thought is not what it said."""
        return self._mine(shown) and is_folded(shown)

    def _mine(self, shown: Mapping[str, Any]) -> bool:
        by = {shown.get("user"), shown.get("bot_id")} - {None}
        return not by.isdisjoint({self._me.bot_user_id, self._me.bot_id})


def _speaks(shown: Mapping[str, Any]) -> bool:
    if shown.get("hidden") or shown.get("subtype") not in _SPOKEN:
        return False
    return shown.get("streaming_state") in {None, "completed"}


class _Nobody(Exception):
    """Slack knows nobody by this id, or nobody whom the bot may see."""


@asynccontextmanager
async def _told() -> AsyncGenerator[None, None]:
    """Slack's refusals, and what is no answer of Slack's, as NotTold."""
    try:
        yield
    except SlackApiError as error:
        no = no_of(error)
        if no.name in _NOBODY:
            raise _Nobody from error
        if no.name in {"ratelimited", "rate_limited"} or no.status == _TOO_MANY:
            raise NotTold(str(no), pause_s=no.retry_after) from error
        raise NotTold(str(no), pause_s=_NOT_ALLOWED_S if no.name in _NOT_ALLOWED else 0.0) from error
    except TimeoutError:
        raise  # the deadline is the caller's
    except (aiohttp.ClientError, AttributeError, KeyError, OSError) as error:
        # slack_sdk raises AttributeError for an answer with status 200 that is a text.
        raise NotTold(type(error).__name__) from error
