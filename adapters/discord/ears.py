"""One gateway session: what Discord tells, handed on in the order in which it comes."""

import asyncio

import discord
import structlog
from discord import app_commands

from adapters.discord.events import Changed, read_change, read_message
from adapters.discord.greeting import greet
from adapters.discord.questions import Put
from adapters.discord.spelling import Translations, add_commands
from core.errors import StoreUnavailable
from core.inbox import Inbox
from core.lanes import Lanes

log = structlog.get_logger()


class Ears(discord.AutoShardedClient):
    """One gateway session. Sharded although it has one shard: the plain client dies of a failed first connect."""

    def __init__(self, inbox: Inbox, lanes: Lanes, put: Put, *, read_content: bool, offered: bool) -> None:
        intents = discord.Intents(
            guilds=True, guild_messages=True, dm_messages=True, message_content=read_content
        )
        super().__init__(
            shard_count=1,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            guild_ready_timeout=0.5,
        )
        self._inbox = inbox
        self._lanes = lanes
        self._overheard = inbox.overheard
        self.offered = offered
        """Discord knows the commands, from this session or an earlier one."""
        self.heard = asyncio.Event()
        """Set when this session has been ready once."""
        self.tree: app_commands.CommandTree[Ears] = app_commands.CommandTree(self)
        add_commands(self.tree, inbox, put)

    async def setup_hook(self) -> None:
        if self.offered:
            return
        await self.tree.set_translator(Translations())
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            # Without its commands the bot still answers; the next session tries again.
            log.warning("Discord did not take the commands", reason=f"{error.status} {error.code}")
        else:
            self.offered = True

    async def on_ready(self) -> None:
        self.heard.set()

    async def on_connect(self) -> None:
        # Discord: READY begins a session to which nothing of an earlier one is replayed; after a RESUME there is none.
        # discord.py starts handlers in the order of events, so this runs before the first on_message of the session.
        self._lanes.begin()

    async def on_message(self, message: discord.Message) -> None:
        said = read_message(message, self.user.id) if self.user else None
        # What is certainly for others must not fill the lanes: it is nearly all that a busy server says.
        if said is not None and not (self._overheard and self._overheard.surely_not(said)):
            self._lanes.put(said)

    async def on_raw_message_edit(self, raw: discord.RawMessageUpdateEvent) -> None:
        self._follow(raw)

    async def on_raw_message_delete(self, raw: discord.RawMessageDeleteEvent) -> None:
        self._follow(raw)

    async def on_raw_bulk_message_delete(self, raw: discord.RawBulkMessageDeleteEvent) -> None:
        self._follow(raw)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await greet(guild, self._inbox)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        # discord.py: a guild that is only unavailable comes as on_guild_unavailable.
        try:
            await self._inbox.left("discord", str(guild.id))
        except StoreUnavailable as error:
            # Discord tells it once.
            log.error(  # noqa: TRY400 - the sentence is the whole story
                "a server was left, and what is kept of it could not be deleted",
                command=f"drun-chat forget discord:{guild.id}",
                reason=str(error),
            )

    def _follow(self, raw: Changed) -> None:
        change = read_change(raw, self.user.id, discord.utils.utcnow()) if self.user else None
        if change is not None:
            self._lanes.put(change)
