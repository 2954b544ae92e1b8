"""Who speaks in Discord, and what was said in a thread before: read over REST, without the members intent."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord.asking import Absent, Api
from adapters.discord.events import DIRECT
from adapters.discord.folding import is_folded
from adapters.discord.markup import said
from core.conversation import Channel, UserMessage
from core.known import WITHIN_S, Known, NotTold, tell_unread
from core.people import UNKNOWN, Person, Remark, harmless
from core.texts import Language, language_named

Json = Mapping[str, Any]

_PAGE = 100
"""Discord: GET /channels/{id}/messages answers at most 100 messages."""
_STARTER = 21
_SPOKEN = {0, 19, 20, 23, _STARTER}
"""Discord's message types in which somebody says something: alone, in reply, by a command or a menu; 21 begins a thread
and carries the message from which it was opened."""
_UNCHOSEN = "en-US"
_RULES = discord.Permissions(administrator=True, manage_guild=True).value


@dataclass(frozen=True, slots=True)
class Guild:
    """Who runs a server, and in which language."""

    owner: str
    ruling: frozenset[str]
    """Ids of the roles that do; the role of everyone has the server's own id."""
    language: Language | None = None
    """None: it has chosen none of which that could be said."""


def read_guild(guild: Json) -> Guild:
    ruling = {str(role["id"]) for role in guild["roles"] if int(role["permissions"]) & _RULES}
    # Discord: preferred_locale is en-US for every server that has not chosen another one, so that says nothing.
    chosen = str(guild.get("preferred_locale") or "").removeprefix(_UNCHOSEN)
    return Guild(str(guild["owner_id"]), frozenset(ruling), language_named(chosen))


def read_member(member: Json, guild_id: str, guild: Guild) -> Person:
    """A member of a server. An admin is its owner, or has a role with Administrator or Manage Server."""
    user = member["user"]
    roles = {guild_id, *map(str, member.get("roles") or ())}
    admin = str(user["id"]) == guild.owner or not guild.ruling.isdisjoint(roles)
    # Discord tells nobody's own language but with what they do to the bot itself, such as a slash command.
    return Person.of(str(member.get("nick") or name_of(user)), admin=admin, language=guild.language)


def name_of(user: Json) -> str:
    return str(user.get("global_name") or user.get("username") or "")


class DiscordPeople:
    """The members of the bot's servers, as far as Discord tells without the members intent.

    Discord has ``within_s`` to answer.
    """

    def __init__(self, api: Api, bot_id: int, *, within_s: float = WITHIN_S) -> None:
        self._api = api
        self._bot_id = bot_id
        self._within_s = within_s
        self._known = Known[Person]("people in Discord", within_s=within_s)
        self._guilds = Known[Guild]("servers of Discord", within_s=within_s)

    async def person(self, author: str, channel: Channel) -> Person:
        """A member of ``channel``'s server. Never raises.

        Nobody is an admin of a direct message: it belongs to no server, and only ADMINS may change there what an
        admin may.
        """
        key = f"{channel.workspace}:{author}"
        return await self._known.of(key, lambda: self._ask(author, channel.workspace)) or UNKNOWN

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        """The newest messages of a thread before ``message``, and the one that began it. Never raises.

        Empty in a channel that is no thread: there everybody talks of everything.
        """
        where = message.conversation.channel
        if not message.in_thread or most < 1:
            return ()
        try:
            async with asyncio.timeout(self._within_s):
                shown = await self._before(where.channel, message.message_id, most)
            remarks = [remark for each in shown if (remark := self._remark(each, where)) is not None]
        except Exception as error:  # noqa: BLE001 - whatever an answer looks like, the reply goes on without
            tell_unread(message, error)
            return ()
        if shown and not remarks:
            tell_unread(message, NotTold("there is no text: the message content intent is off"))
        return remarks

    async def _ask(self, author: str, workspace: str) -> Person:
        try:
            if workspace == DIRECT:
                return Person.of(name_of(await self._api.get(f"users/{author}")), admin=False)
            guild = await self._guilds.of(workspace, lambda: self._guild(workspace))
            if guild is None:
                raise NotTold("nothing is known of the server")
            member = await self._api.get(f"guilds/{workspace}/members/{author}")
        except Absent:
            return Person("", admin=False)
        return read_member(member, workspace, guild)

    async def _guild(self, guild: str) -> Guild:
        try:
            return read_guild(await self._api.get(f"guilds/{guild}"))
        except Absent as error:
            raise NotTold(f"no server {error}") from error

    async def _before(self, thread: str, message: str, most: int) -> list[Json]:
        limit = min(most, _PAGE)
        page = await self._api.get(f"channels/{thread}/messages", before=message, limit=str(limit))
        newest: list[Json] = page[::-1]
        if len(newest) < limit:
            return newest
        first: list[Json] = await self._api.get(f"channels/{thread}/messages", after="0", limit="1")
        if newest and first and first[0]["id"] == newest[0]["id"]:
            return newest
        room = most - len(first)
        return [*first, *newest[max(0, len(newest) - room) :]]

    def _remark(self, shown: Json, where: Channel) -> Remark | None:
        """None for what nobody said, and for what may not be read."""
        if shown["type"] not in _SPOKEN:
            return None
        if shown["type"] == _STARTER:
            begun = shown.get("referenced_message")
            if not begun:
                return None
            shown = begun
        user = shown["author"]
        names = {int(each["id"]): name_of(each) for each in shown.get("mentions") or ()}
        text = said(str(shown.get("content") or ""), self._bot_id, names)
        author = str(user["id"])
        # What a model thought is not what it said.
        aside = author == str(self._bot_id) and is_folded(text, files=bool(shown.get("attachments")))
        if not text or aside:
            return None
        # Discord: a message that was read over REST does not carry its author's name in the server.
        known = self._known.glance(f"{where.workspace}:{author}")
        name = known.name if known is not None and known.name else harmless(name_of(user))
        return Remark(author, name, text, str(shown["id"]), author == str(self._bot_id))
