"""Nobody who waits is met with silence: a mark on a question that waits, and a sentence where the wait is long.

A **mark** is put on a question that has others before it, and taken off when its answer begins. Whoever puts it on
asks afterwards whether the answer has begun, and takes it off again; whoever answers takes it off. One of the two comes
last. A process that is killed right after putting it on may leave a mark.

A **notice** is the reply's first message before there is a reply. Redis decides whose it is: ``place`` notes it only
while the turn waits, and then the reply is written over it; otherwise it is withdrawn. Before it is posted UNTOLD is
noted in its place, so that who claims the turn knows of a notice whose process may have been killed, and looks for it.
It never takes over what it finds: somebody may be withdrawing it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from core import texts
from core.chores import Chores, happens
from core.conversation import Channel, Conversation, UserMessage
from core.errors import StoreUnavailable, SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.marks import Marks
from core.pacing import Urgency
from core.speaking import language_for
from core.store.claims import Accepted, Busy, Claim
from core.surface import NOTICE, REFUSAL, Platform, Surface

log = structlog.get_logger()

CROWD = 3
"""So many turns before one's own are worth a sentence; for fewer the mark says enough."""
MARK_AFTER_S = 0.5
"""What is answered sooner needs no mark."""
TELL_AFTER_S = 2.0
"""A burst is gone by then. A turn with nothing before it that still waits has met workers that are all busy."""
UNTOLD = "?"
"""Stands among a turn's messages for a notice of which only its own process knows yet. No platform's id is that."""
_ANOTHERS_TIME_S = 5.0
"""How long another process may take to post a notice and to withdraw it."""
_WATCHED = 500
"""Fewer than there may be chores: what is put on in a flood has to be taken off."""
_REFUSALS = 1000
_TRIES = 3


class Line(Protocol):
    """``place`` of core.store.turns.Turns."""

    def __call__(
        self, conversation: Conversation, sequence: str, *, told: Sequence[str] = ()
    ) -> Awaitable[int]: ...


@dataclass(slots=True)
class _Watch:
    """A turn that was accepted here, as long as there may be something to say of its wait."""

    message: UserMessage
    sequence: str
    ahead: int
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody in this process answers it, or it is the end. Other processes do not tell."""
    marking: bool = False
    marked: bool = False


class Waiting:
    """Tells of the wait, beside the turns: nothing here holds up an accept, an ack or a reply, and nothing fails them.

    ``chores`` owns what is under way. What is too much for it is left out.
    """

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        chores: Chores,
        *,
        place: Line,
        busy_of: Callable[[Channel], Awaitable[Busy]],
        language: texts.LanguageChoice = "auto",
    ) -> None:
        self._platforms = platforms
        self._chores = chores
        self._place = place
        self._busy_of = busy_of
        self._language = language
        self._marks = Marks()
        self._watches: dict[str, _Watch] = {}
        self._refused: dict[str, None] = {}
        chores.at_end(self._end)

    def accepted(self, message: UserMessage, accepted: Accepted) -> None:
        """``message`` became a turn."""
        watch = _Watch(message, accepted.sequence, accepted.ahead, marking=accepted.ahead > 0)
        if len(self._watches) < _WATCHED and self._chores.begin(self._attend(watch), "attend to who waits"):
            self._watches[message.turn_id] = watch

    def refused(self, message: UserMessage, ahead: int) -> None:
        """Says that ``message`` is not taken, once however often it is handed in."""
        if message.turn_id in self._refused:
            return
        self._refused[message.turn_id] = None
        if len(self._refused) > _REFUSALS:
            del self._refused[next(iter(self._refused))]
        self._chores.begin(self._refuse(message, ahead), "refuse a message")

    def begun(self, claim: Claim) -> None:
        """A worker of this process answers ``claim`` now."""
        for message in claim.messages:
            watch = self._watches.pop(message.turn_id, None)
            if watch is not None:
                watch.begun.set()
            # What is being marked now is seen to by its own task. Of what is not watched nothing is known.
            if message in claim.waited and (watch is None or (watch.marked and not watch.marking)):
                self._chores.begin(self._unmark(message), "take a mark off")
        if UNTOLD in claim.shown:
            self._chores.begin(self._look_for_notices(claim), "look for a notice")

    def withdrawn(self, message: UserMessage, shown: Sequence[str]) -> None:
        """``message`` was deleted while it waited: what is ``shown`` tells of the wait of nobody."""
        if (watch := self._watches.pop(message.turn_id, None)) is not None:
            watch.begun.set()
        if shown:
            self._chores.begin(self._withdraw_all(message, shown), "withdraw notices")

    async def _attend(self, watch: _Watch) -> None:
        try:
            if watch.ahead:
                # Side by side: a mark that waits for its platform holds up no notice.
                async with asyncio.TaskGroup() as steps:
                    steps.create_task(self._step(self._mark(watch)))
                    steps.create_task(self._step(self._tell(watch)))
            else:
                await self._step(self._tell(watch))
        finally:
            if self._watches.get(watch.message.turn_id) is watch:
                del self._watches[watch.message.turn_id]

    async def _step(self, step: Awaitable[None]) -> None:
        try:
            await step
        except StoreUnavailable as error:
            log.info("a wait is not told of", reason=str(error))

    async def _mark(self, watch: _Watch) -> None:
        message = watch.message
        try:
            surface = self._surface(message)
            if surface is None or await happens(watch.begun, within_s=MARK_AFTER_S):
                return
            watch.marked = await self._marks.put_on(surface, message, unless=watch.begun)
            if not watch.marked:
                return
            # Only now: an answer that begins after this was asked finds the mark where it is.
            waits = await self._place(message.conversation, watch.sequence)
            if not waits or watch.begun.is_set():
                await self._unmark(message)
                watch.marked = False
        finally:
            watch.marking = False

    async def _unmark(self, message: UserMessage) -> None:
        if (surface := self._surface(message)) is not None:
            await self._marks.take_off(surface, message)

    async def _tell(self, watch: _Watch) -> None:
        message = watch.message
        surface = self._surface(message)
        if surface is None or await happens(watch.begun, within_s=TELL_AFTER_S):
            return
        if watch.ahead:
            # Where all that wait are answered together there is no line.
            together = await self._busy_of(message.conversation.channel) is not Busy.QUEUE
            if watch.ahead < CROWD or together:
                return
        try:
            notice = await self._post_notice(surface, watch)
        except SurfaceError as error:
            log.info("a notice was not posted", channel=str(message.conversation.channel), reason=str(error))
            return
        if notice and not await self._place(message.conversation, watch.sequence, told=[notice]):
            await self._withdraw(surface, notice)

    async def _post_notice(self, surface: Surface, watch: _Watch) -> str:
        """Its id; empty when the answer has begun. Not final: what is final may be closed, and this is written over."""
        message = watch.message
        language = await self._language_of(message)
        for left in reversed(range(_TRIES)):
            try:
                # Replies draw on the same budget, and come first.
                async with surface.posts.slot(Urgency.EDIT):
                    if watch.begun.is_set():
                        return ""
                    number = await self._place(message.conversation, watch.sequence, told=[UNTOLD])
                    if not number:
                        return ""
                    text = texts.BUSY.say(language, number=number)
                    return await surface.post(NOTICE, text, final=False)
            except SurfaceBusy as error:
                surface.posts.pause(error.retry_after)
                if not left:
                    raise
            except SurfaceFailed:
                # It may be there all the same. If it is not found now, who answers looks for it.
                return await surface.find(NOTICE) or ""
        return ""

    async def _withdraw(self, surface: Surface, notice: str) -> None:
        """The answer began elsewhere: two first messages would contradict each other."""
        for left in reversed(range(_TRIES)):
            try:
                async with surface.edits.slot(Urgency.EDIT):
                    await surface.withdraw(notice)
            except SurfaceGone:
                return  # somebody was faster
            except SurfaceError as error:
                if isinstance(error, SurfaceBusy):
                    surface.edits.pause(error.retry_after)
                elif not left:
                    log.warning("a notice could not be withdrawn", reason=str(error))
            else:
                return

    async def _withdraw_all(self, message: UserMessage, shown: Sequence[str]) -> None:
        for notice in shown:
            if notice != UNTOLD and (surface := self._surface(message)) is not None:
                await self._withdraw(surface, notice)

    async def _look_for_notices(self, claim: Claim) -> None:
        await happens(self._chores.ending, within_s=_ANOTHERS_TIME_S)
        for message in claim.messages:
            surface = self._surface(message)
            try:
                found = await surface.find(NOTICE) if surface else None
            except SurfaceError as error:
                log.warning("a notice that may be there was not looked for", reason=str(error))
                continue
            if surface and found and found not in claim.shown:
                await self._withdraw(surface, found)

    async def _refuse(self, message: UserMessage, ahead: int) -> None:
        text = texts.REFUSED.say(await self._language_of(message), count=ahead)
        try:
            if (surface := self._surface(message)) is not None:
                async with surface.posts.slot(Urgency.EDIT):
                    await surface.post(REFUSAL, text, final=True)
        except SurfaceError as error:
            log.warning(
                "a refusal was not said", channel=str(message.conversation.channel), reason=str(error)
            )

    def _end(self) -> None:
        for watch in self._watches.values():
            watch.begun.set()

    def _surface(self, message: UserMessage) -> Surface | None:
        platform = self._platforms.get(message.conversation.channel.platform)
        return platform.surface(message) if platform else None

    async def _language_of(self, message: UserMessage) -> texts.Language:
        platform = self._platforms.get(message.conversation.channel.platform)
        return await language_for(message, self._language, platform)
