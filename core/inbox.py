"""What a platform gets from the core: where to hand in what people wrote, and what to ask."""

from dataclasses import dataclass, replace

import structlog

from core.changes import Amended, Change, Edited
from core.chores import Chores, happens
from core.commands.desk import Desk
from core.commands.running import parse_command, question_of
from core.conversation import Channel, SaidTo, UserMessage
from core.door import Door
from core.errors import StoreUnavailable
from core.greeting import greeting
from core.outage import Outage
from core.overheard import Overheard
from core.store.claims import Accepted, Kind
from core.store.journal import Journals
from core.texts import LanguageChoice
from core.waiting import Waiting

log = structlog.get_logger()

_ENDED_S = 60.0
"""By then all that was under way has lost its lease, and has written its last."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """One for all platforms: messages become turns, commands are run at ``desk`` at once."""

    desk: Desk
    journals: Journals
    """For a platform that has to keep its own messages, as the page does."""
    language: LanguageChoice = "auto"
    waiting: Waiting | None = None
    outage: Outage | None = None
    overheard: Overheard | None = None
    """None: only what was written to the bot is handed in here."""
    door: Door | None = None
    """None: everybody is answered."""
    chores: Chores | None = None
    """None: what is to be looked at again is left as it is."""

    async def accept(self, message: UserMessage, *, insisting: bool = False) -> Accepted:
        """Makes ``message`` a turn, once however often it comes. Raises StoreUnavailable: then it is not accepted.

        What was not written to the bot, and is not wanted from it, is left alone.

        Only after this may a platform be told that its event has arrived. Who has to wait, or is refused,
        is told so beside it: Slack delivers again what is not acked within three seconds. ``insisting``: what is refused is handed in again until
        it is taken, so nobody is told of it.
        """
        # First: it asks nobody, and whoever is not answered shall cost nothing. To the platform the event has arrived.
        if self.door and not self.door.opens(message):
            return Accepted(new=False)
        if self.overheard and not await self.overheard.answered(message):
            return Accepted(new=False)
        # JSON can carry half of a surrogate pair, and neither Redis nor a model can be sent one.
        sound = question_of(message.text.encode("utf-8", "replace").decode())
        command = parse_command(sound)
        alone = command is not None or message.models
        kind = Kind.STOP if command == ("stop", "") else Kind.COMMAND if alone else Kind.MESSAGE
        sound_message = replace(message, text=sound)
        try:
            accepted = await self.desk.turns.accept(sound_message, kind)
        except StoreUnavailable:
            if self.outage and message.said_to is SaidTo.BOT:
                self.outage.begun(sound_message)
            raise
        if self.outage:
            self.outage.over()
        if self.waiting and accepted.new:
            self.waiting.accepted(sound_message, accepted)
        elif self.waiting and accepted.refused and not insisting:
            self.waiting.refused(sound_message, accepted.ahead)
        return accepted

    async def amend(self, change: Change) -> Amended:
        """Follows ``change``, once however often it comes, and tells what it was. Raises StoreUnavailable.

        As with ``accept``, only after this may a platform be told that its event has arrived.
        """
        if isinstance(change, Edited):
            # As in accept.
            change = replace(change, text=question_of(change.text.encode("utf-8", "replace").decode()))
        amended = await self.desk.turns.amend(change)
        if self.waiting and amended.withdrawn:
            self.waiting.withdrawn(amended.withdrawn, amended.shown)
        return amended

    async def greeting(self, channel: Channel, author: str = "") -> str | None:
        """What the bot says in ``channel``, where it has just come, once however often that is told.

        ``author``: who alone reads it; empty: everybody there. None: it was said before, by this process or another one,
        or whoever would read it is not answered. Raises StoreUnavailable.
        """
        return await greeting(self.desk, channel, author)

    async def left(self, platform: str, workspace: str) -> None:
        """The bot was removed from ``workspace``: all that is kept of it goes, and goes again what turns under way left.

        Raises StoreUnavailable: then some of it is left, and it may be told again.
        """
        erasing = self.desk.channels.erasing

        async def again(chores: Chores) -> None:
            await happens(chores.ending, within_s=_ENDED_S)
            await erasing.workspace(platform, workspace)

        await erasing.workspace(platform, workspace)
        log.info("a workspace was left, and nothing is kept of it", platform=platform, workspace=workspace)
        if self.chores is not None:
            self.chores.begin(again(self.chores), "forget a workspace")
