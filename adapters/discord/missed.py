"""What was said while nobody listened, read from Discord's history."""

import random
from asyncio import sleep, timeout
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import aiohttp
import discord
import structlog

from adapters.discord.events import read_message
from core.conversation import Channel, SaidTo, UserMessage
from core.lanes import Gap
from core.pacing import Budget, Urgency
from core.store.channels import Heard

log = structlog.get_logger()

_PAGE = 100
"""Discord: GET /channels/{id}/messages answers at most 100 messages."""
_CALL_TIMEOUT_S = 30.0
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between the tries to read one page."""
_FIRST = 20
_LOOKED_AT = 1000
"""Channels, at ten a second: more than two minutes would be no catching up any more."""
_QUIET_S = 30 * 24 * 3600
"""A channel is looked at when something was accepted in it within this time.

Longer than messages are read back: who is written to on Monday for the first time since Friday, while the bot is
being restarted, has something to catch up with too.
"""


class LastHeard(Protocol):
    """Where each channel was last heard: core.store.channels.Channels.heard."""

    def __call__(self, platform: str, *, since_s: float) -> Awaitable[list[Heard]]: ...


class Missed:
    """Reads what lies ``hours`` back at most, and ``most`` messages of a channel at a time."""

    def __init__(
        self,
        reader: discord.Client,
        last_heard: LastHeard,
        *,
        hours: float,
        most: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reader = reader
        self._last_heard = last_heard
        self._reach = timedelta(hours=hours)
        self._most = most
        self._now = now
        # Discord: 50 requests a second in all. What is found is answered meanwhile, with a post and edits for each.
        self._pace = Budget(10, 1.0, reserve=0)

    async def heard(self) -> Sequence[Heard]:
        """Raises StoreUnavailable. First come the channels where people wrote last: there they wait for an answer.

        The others come in any order. A process that is replaced before it has read them all leaves them to the next one,
        and in one order for all processes the same ones would always be left.
        """
        since_s = max(_QUIET_S, self._reach.total_seconds())
        found = await self._last_heard("discord", since_s=since_s)
        newest = sorted(found, key=lambda heard: int(heard.last), reverse=True)[:_LOOKED_AT]
        if len(newest) < len(found):
            log.warning(
                "not every channel is looked at", looked_at=len(newest), left_out=len(found) - len(newest)
            )
        first, others = newest[:_FIRST], newest[_FIRST:]
        return [*first, *random.sample(others, len(others))]

    async def missed(self, gap: Gap) -> AsyncGenerator[UserMessage, None]:
        """What was said to the bot in ``gap``, oldest first."""
        where = gap.channel
        after = int(gap.start) - gap.included  # ids grow by at least one
        oldest = discord.utils.time_snowflake(self._now() - self._reach)
        if after < oldest:
            await self._tell_skipped(where, "too old", after, before=oldest)
            after = oldest - 1
        left = self._most
        while left > 0:
            asked = min(_PAGE, left)
            page = await self._page(where, after, asked)
            for message in page:
                if (said := self._to_us(message, where)) is not None:
                    yield said
            if len(page) < asked:
                return
            left -= asked
            after = page[-1].id
        await self._tell_skipped(where, "too many", after)

    def _to_us(self, message: discord.Message, where: Channel) -> UserMessage | None:
        return read_message(message, self._reader.user.id, where) if self._reader.user else None

    async def _page(
        self, where: Channel, after: int, most: int, before: int | None = None
    ) -> list[discord.Message]:
        """Empty also for a channel that cannot be read: the log tells."""
        channel = self._reader.get_partial_messageable(int(where.channel))
        for pause in (*_PAUSES_S, None):
            try:
                async with self._pace.slot(Urgency.FIRST), timeout(_CALL_TIMEOUT_S):
                    pages = channel.history(
                        limit=most,
                        after=discord.Object(after),
                        before=discord.Object(before) if before else None,
                        oldest_first=True,
                    )
                    return [message async for message in pages]
            except discord.HTTPException as error:
                reason = f"{error.status} {error.code}"
                # Gone, forbidden, refused: asking again cannot help, and Discord counts refused requests.
                final = error.status < 500 and error.status != 429  # noqa: PLR2004 - statuses are their own names
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                reason, final = type(error).__name__, False
            if final or pause is None:
                log.warning(
                    "a channel was not read: what was missed in it is lost", channel=str(where), reason=reason
                )
                break
            await sleep(pause)
        return []

    async def _tell_skipped(self, where: Channel, why: str, after: int, before: int | None = None) -> None:
        """Logs how many messages to the bot are left alone, as far as one page tells.

        ``before`` None: some of them may be on their way over the gateway too, and are answered then.
        """
        page = await self._page(where, after, _PAGE, before)
        found = [self._to_us(message, where) for message in page]
        count = sum(each is not None and each.said_to is SaidTo.BOT for each in found)
        if count:
            log.warning(
                "messages that were missed are not answered",
                channel=str(where),
                count=count,
                why=why,
                or_more=len(page) == _PAGE,
            )
