"""Taking in what people write on a platform that repeats nothing: in order, also while Redis is away.

Each channel has a lane. A lane holds messages, and gaps: stretches of which the platform has to be asked what was
said there. Its one task takes them from the front, so nothing in a channel overtakes anything, and no channel waits
for another. That order is also what makes a channel's last accepted message a safe place to read on from: whatever
was said to the bot before it has been accepted before it. Who accepts something past its lane must not give it an id
that counts as later than what the lane still holds.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import structlog

from core.changes import Amended, Change
from core.conversation import Channel, UserMessage
from core.errors import StoreUnavailable
from core.store.channels import Heard
from core.store.claims import Accepted

log = structlog.get_logger()

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 3.0
_LAST_CHANCE_S = 2.0
"""How long the end waits for what is still held."""


@dataclass(frozen=True, slots=True)
class Gap:
    """All that was said in ``channel`` after the message ``start``, and ``start`` too when it is ``included``."""

    channel: Channel
    start: str
    included: bool = False


class Accept(Protocol):
    """core.inbox.Inbox.accept."""

    def __call__(self, message: UserMessage, *, insisting: bool = False) -> Awaitable[Accepted]: ...


Amend = Callable[[Change], Awaitable[Amended]]
"""core.inbox.Inbox.amend."""


class History(Protocol):
    """What a platform can tell of the time in which nobody listened."""

    async def heard(self) -> Sequence[Heard]:
        """The channels to look at, in the order to look. Raises StoreUnavailable."""
        ...

    def missed(self, gap: Gap) -> AsyncGenerator[UserMessage, None]:
        """What was said to the bot in ``gap`` until now, oldest first.

        Ends early, and says so in the log, when the platform does not tell.
        """
        ...


@dataclass(slots=True)
class _Lane:
    entries: deque[UserMessage | Change | Gap] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    reading: bool = False


class Lanes:
    """``async with Lanes(inbox.accept, room=1000) as lanes: lanes.put(message)``.

    At most ``room`` messages are held; one too many becomes a gap at the end of its lane, and is read again from the
    platform. Without a ``history`` it is lost, and so is what nobody heard.
    """

    def __init__(
        self,
        accept: Accept,
        *,
        room: int,
        history: History | None = None,
        amend: Amend | None = None,
    ) -> None:
        self._accept = accept
        self._amend = amend
        self._room = room
        self._history = history
        self._lanes: dict[Channel, _Lane] = {}
        self._held = 0
        self._dropped = 0
        self._looking: asyncio.Task[None] | None = None
        self._closing = False
        self._looked = asyncio.Event()
        """Cleared while it is not known yet in which channels something was missed."""
        self._looked.set()
        self._answers = asyncio.Event()
        """Cleared while Redis is away."""
        self._answers.set()

    @property
    def held(self) -> int:
        """Messages that were handed in and are not accepted yet."""
        return self._held

    @property
    def busy(self) -> int:
        """Channels that have something to take in."""
        return len(self._lanes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is held has a short chance. The next start finds again what is not accepted then, unless it was a ``keep``."""
        self._closing = True
        try:
            # Before all was read, what came after it must not be accepted: the next start would read on behind it.
            running = [task for task in self._tasks() if not task.done()]
            if self._looked.is_set() and running:
                for lane in self._lanes.values():
                    if lane.reading and lane.task:
                        lane.task.cancel()
                await asyncio.wait(running, timeout=_LAST_CHANCE_S)
        finally:
            running = [*self._tasks()]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            if self._lanes:
                log.warning(
                    "the end came before all was taken in; the next start looks for it",
                    messages=self._held,
                    channels=len(self._lanes),
                )

    def _tasks(self) -> Iterator[asyncio.Task[None]]:
        yield from (lane.task for lane in self._lanes.values() if lane.task)
        if self._looking:
            yield self._looking

    def put(self, said: UserMessage | Change, *, keep: bool = False) -> None:
        """Takes ``said`` in when its turn comes. A change too many is left out; ``keep``: no history has it, so it finds room."""
        channel = said.conversation.channel if isinstance(said, UserMessage) else said.channel
        lane = self._lanes.setdefault(channel, _Lane())
        if keep or self._held < self._room:
            lane.entries.append(said)
            self._held += 1
        elif isinstance(said, UserMessage):
            self._drop(lane, said)
        self._go_on(channel, lane)

    def _drop(self, lane: _Lane, message: UserMessage) -> None:
        if not self._dropped:
            log.warning("too many messages wait for Redis; more are not held", room=self._room)
        self._dropped += 1
        # A gap that nobody has begun to read reaches to the time when it is read: it covers this one too.
        if self._history is not None and not (lane.entries and isinstance(lane.entries[-1], Gap)):
            channel = message.conversation.channel
            lane.entries.append(Gap(channel, message.message_id, included=True))

    def begin(self) -> None:
        """The platform connects anew, and will not tell what was said since it was last connected.

        To be called before the first message of the new session is put. From then on no lane goes on until the store
        has said where each channel was last heard: a message accepted earlier would move that mark past what was
        missed.
        """
        if self._history is None or self._closing:
            return
        self._looked.clear()
        # A look that has not ended will do: nothing was accepted since it began.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_back(self._history), name="look back")

    async def _look_back(self, history: History) -> None:
        try:
            for each in await self._where(history):
                lane = self._lanes.setdefault(each.channel, _Lane())
                # In front of what is held: that was either held before the session broke, and is read again, or is
                # newer than anything missed. An unread gap in front reaches until now by itself.
                if not (lane.entries and isinstance(lane.entries[0], Gap)):
                    lane.entries.appendleft(Gap(each.channel, each.last))
                self._go_on(each.channel, lane)
        except Exception:  # whatever is wrong there, people are heard
            log.exception("it is not known where something was missed")
        finally:
            self._looked.set()

    async def _where(self, history: History) -> Sequence[Heard]:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                heard = await history.heard()
            except StoreUnavailable as error:
                self._away(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                self._back()
                return heard

    def _go_on(self, channel: Channel, lane: _Lane) -> None:
        if lane.entries and lane.task is None and not self._closing:
            lane.task = asyncio.create_task(self._drain(channel, lane), name=f"lane of {channel}")
        elif not lane.entries and lane.task is None:
            del self._lanes[channel]

    async def _drain(self, channel: Channel, lane: _Lane) -> None:
        while lane.entries:
            await self._looked.wait()
            if self._closing and isinstance(lane.entries[0], Gap):
                return
            entry = lane.entries.popleft()
            if isinstance(entry, Gap):
                lane.reading = True
                await self._read(entry)
                lane.reading = False
            else:
                if isinstance(entry, UserMessage):
                    await self._hand_in(entry, until_taken=False)
                else:
                    await self._follow(entry)
                self._let_go()
        del self._lanes[channel]

    def _let_go(self) -> None:
        self._held -= 1
        if not self._held and self._dropped:
            if self._history is None:
                log.error("messages were lost: too many waited for Redis", count=self._dropped)
            self._dropped = 0

    async def _read(self, gap: Gap) -> None:
        assert self._history is not None  # noqa: S101 - only a history makes gaps
        try:
            # What is read while Redis is away only waits, beside the room. Not for ever: maybe nobody else asks Redis.
            async with asyncio.timeout(_LONGEST_PAUSE_S):
                await self._answers.wait()
        except TimeoutError:
            pass
        try:
            async with aclosing(self._history.missed(gap)) as missed:
                async for message in missed:
                    await self._hand_in(message, until_taken=True)
        except Exception:  # a lane outlives whatever a platform's library raises
            log.exception("what was missed in a channel was not read", channel=str(gap.channel))

    async def _hand_in(self, message: UserMessage, *, until_taken: bool) -> None:
        """``until_taken``: a queue that is full is waited for, as nobody is there to be told to ask again."""

        async def taken() -> bool:
            accepted = await self._accept(message, insisting=until_taken)
            return not (accepted.refused and until_taken)

        channel = str(message.conversation.channel)
        await self._until(taken, "a message was lost", channel=channel, message=message.message_id)

    async def _follow(self, change: Change) -> None:
        async def followed() -> bool:
            if self._amend is not None:
                await self._amend(change)
            return True

        await self._until(followed, "a change was not followed", channel=str(change.channel))

    async def _until(self, step: Callable[[], Awaitable[bool]], lost: str, **of: str) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                done = await step()
            except StoreUnavailable as error:
                self._away(error)
            except Exception:  # one message that cannot be taken in must not keep the others out
                log.exception(lost, **of)
                return
            else:
                self._back()
                if done:
                    return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _away(self, error: StoreUnavailable) -> None:
        if self._answers.is_set():
            self._answers.clear()
            log.warning("Redis does not answer: what people write is held in memory", reason=str(error))

    def _back(self) -> None:
        if not self._answers.is_set():
            self._answers.set()
            log.info("Redis answers again", messages=self._held)
