"""One question on its way to its answer: read the model, show what it says, keep what was shown."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from core import texts
from core.allowances import Charge
from core.attached import Attached
from core.attachments import Files, Question
from core.books import Books
from core.cascade import Chosen
from core.conversation import Message, Turn
from core.drun.asking import Asking
from core.drun.breaker import Breakers
from core.drun.catalog import Catalog
from core.drun.client import ModelClient
from core.drun.endpoints import Deployment
from core.errors import ChatError, StoreUnavailable, SurfaceGone
from core.estimate import raw_prompt
from core.hold import Hold, LeaseLost
from core.limits import BudgetUsedUp, Limits, Purse, expected
from core.memory.folding import Answered, Memory
from core.memory.surroundings import Surroundings, surroundings_of
from core.preferences import sampling_of
from core.reasoning import KEPT
from core.reply import Reply, notes, quiet
from core.showing import Showing
from core.shown_thoughts import attached_thoughts
from core.store.channels import Channels
from core.store.thoughts import Thought
from core.surface import Platform
from core.window import room_of

_QUOTED = 80
"""Characters of a question that are kept with its thoughts."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Means:
    """What every answer of a process is made with."""

    client: ModelClient
    catalog: Catalog
    channels: Channels
    breakers: Breakers = field(default_factory=Breakers)
    books: Books = field(default_factory=Books)
    files: Files = field(default_factory=Files)
    limits: Limits | None = None
    """None: there are no budgets."""
    memory: Memory | None = None
    """Sums up what windows have no room for; None: nobody does."""
    now: Callable[[], float] = monotonic
    """The clock of thoughts, in seconds."""


@dataclass(slots=True)
class Answering:
    """One turn. ``chosen`` is what counts for who asked, where they asked."""

    means: Means
    hold: Hold
    platform: Platform
    chosen: Chosen
    language: texts.Language
    reply: Reply = field(init=False)
    purse: Purse = field(init=False)
    around: Surroundings = field(default_factory=Surroundings)
    room: int = 0
    """What the window had for the talk, in raw tokens; 0: nothing was sent."""
    refused: bool = False
    """By a budget: nothing was asked."""
    known: Surroundings | None = None
    """What the platform need not be asked, as it is kept with a question that is asked again."""
    payer: str = ""
    """Who asks it again: it counts for them."""
    _fits: tuple[object, ...] = ()
    """What ``reply.sent`` was made for."""

    def __post_init__(self) -> None:
        claim = self.hold.claim
        self.reply = Reply(Question(claim.message), now=self.means.now)
        if self.payer:
            claim = replace(claim, messages=(replace(claim.message, author=self.payer),))
        self.purse = Purse(self.means.limits, claim, self.platform, self.chosen)

    @property
    def model(self) -> str:
        """Who was asked; empty as long as that is nobody."""
        return self.reply.model

    @property
    def said(self) -> bool:
        """The model has said something that stands; notices are no part of it."""
        return bool("".join(self.reply.text).strip())

    @property
    def _thinking(self) -> bool:
        """That a model thinks, and for how long, is shown; what it thought may be asked for."""
        return self.chosen["thinking"] != "off"

    async def show(self, delivery: Showing) -> Turn | None:
        """Shows the answer as it comes, and returns what is to be remembered of it: nothing where a budget refused.

        Raises SurfaceFailed when the platform failed for too long, and StoreUnavailable when budgets could not be
        asked: the turn is left to a later attempt.
        """
        claim, reply, books = self.hold.claim, self.reply, self.means.books
        try:
            async with delivery:
                complete = await self._read(delivery)
                await delivery.finish(reply.note)
                if self.chosen["thinking"] == "full":
                    await delivery.append(self._thoughts())
        except SurfaceGone as error:
            # Nothing more can be shown there. Any other SurfaceError leaves the turn to a later attempt.
            complete = False
            log.warning("a reply could not be shown", conversation=str(claim.conversation), reason=str(error))
        except LeaseLost:
            raise  # whoever has it now holds what this one held
        except Exception:
            books.give_back(self.purse.granted)
            raise
        if self.refused:
            return None
        # What was shown is what happened: a later question may refer to nothing else.
        shown = "".join(reply.text)[: delivery.shown]
        said = reply.said()
        turn = Turn(
            claim.message.author,
            reply.question.kept(),
            shown,
            complete=complete,
            id=claim.message.turn_id,
            model=reply.model,
            usage=books.usage(said) if said else None,
            messages=tuple(delivery.messages),
        )
        turn = self.around.part_of(turn)
        if said is not None:
            books.learn(said)
            books.settle(claim, self._paid(turn), said, held=self.purse.granted)
        return turn

    def _paid(self, turn: Turn) -> Turn:
        return replace(turn, author=self.payer) if self.payer else turn

    async def remember(self, turn: Turn | None) -> None:
        """Keeps what was thought, for whoever asks, once ``turn`` is committed. Losing it harms nobody."""
        if self.means.memory is not None and turn is not None and self.room > 0:
            self.means.memory.follow(
                Answered(self.hold.claim, turn, self.reply.model, self.room, self.language)
            )
        if not self._thinking or (thought := self._thought()) is None:
            return
        with suppress(StoreUnavailable):
            await self.means.channels.thoughts.keep(self.hold.claim.conversation, thought)

    def _thought(self) -> Thought | None:
        thoughts, asked = self.reply.thoughts, self.reply.question.kept()[:_QUOTED]
        text = thoughts.text
        if not text:
            return None
        return Thought(text, max(0, thoughts.size - KEPT), int(thoughts.seconds), self.reply.model, asked)

    def _thoughts(self) -> Attached | None:
        """What follows the answer where thoughts are shown in full; it is no part of the history."""
        thought = self._thought()
        return attached_thoughts(thought, self.language) if thought else None

    async def _read(self, delivery: Showing) -> bool:
        """Reads the model until it ends, is stopped, or the platform takes no more. True: the reply is complete."""
        reply = self.reply
        reading = asyncio.create_task(self._ask(delivery), name="reading")
        stop = asyncio.create_task(self.hold.stopping.wait(), name="stop")
        try:
            await asyncio.wait({reading, stop, delivery.writer}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                await reading
                return reply.finish == "stop"
            if stop.done():
                reply.note = quiet(texts.STOPPED.say(self.language))
        except StoreUnavailable:
            raise
        except BudgetUsedUp as error:
            self.refused, reply.note = True, error.notice(self.language)
            log.info("a budget is used up", conversation=str(self.hold.claim.conversation), budget=str(error))
        except ChatError as error:
            log.warning(
                "a turn failed",
                conversation=str(self.hold.claim.conversation),
                reason=f"{type(error).__name__} {error}",
            )
            told = [f"⚠️ {error.notice(self.language)}", *map(quiet, reply.question.notes(self.language))]
            reply.note = "\n\n".join(told)
        finally:
            # Cancelling is what closes the request, and so what makes the model stop.
            reading.cancel()
            stop.cancel()
            await asyncio.gather(reading, stop, return_exceptions=True)
        return False

    async def _ask(self, delivery: Showing) -> None:
        means, reply, question = self.means, self.reply, self.reply.question
        asking = Asking(means.client, means.catalog, means.breakers, sampling=sampling_of(self.chosen))
        listening = asyncio.create_task(self._listen(), name="surroundings")
        try:
            await means.files.read(question, self.platform, means.catalog)
            self.around = await listening
        finally:
            listening.cancel()
        async with aclosing(question.asked(asking, self.chosen["model"], self._fit)) as said:
            async for asked, delta in said:
                reply.take(asked, delta)
                await self.purse.hold(asked, self._expected)
                if delta.retracted:
                    delivery.start_over()
                if delta.text:
                    delivery.add(delta.text)
                elif delta.reasoning and self._thinking and (seconds := reply.thoughts.due()) is not None:
                    delivery.announce(texts.THINKING_FOR.say(self.language, seconds=seconds))
        gone = await self._gone()
        reply.note = "\n\n".join([*notes(reply, self.language), *map(quiet, self._who(gone))])

    async def _listen(self) -> Surroundings:
        return self.known or await surroundings_of(self.hold.claim, self.platform)

    async def _gone(self) -> str:
        """That what was chosen is not offered any more, where this turn is the one to tell the channel."""
        asked, message = self.reply.asked, self.hold.claim.message
        if asked is None or not asked.gone(self.language):
            return ""
        try:
            told = await self.means.channels.told_before(
                message.conversation.channel, asked.chosen.gone, turn=message.turn_id
            )
        except StoreUnavailable:
            told = False  # heard twice does less harm than never
        return "" if told else asked.gone(self.language)

    def _who(self, gone: str) -> Iterator[str]:
        """How long it was thought about, and who answered, where it is not who was expected to."""
        reply, language = self.reply, self.language
        yield from reply.question.notes(language)
        asked = reply.asked
        if asked is None:
            return
        if self._thinking and reply.thoughts.worth_telling:
            yield texts.THOUGHT_FOR.say(language, seconds=int(reply.thoughts.seconds))
        if instead := asked.instead(language):
            yield instead
        if gone:
            yield gone
        if asked.model.endpoint.deployment is Deployment.DEMO:
            yield texts.DEMO_MODEL.say(language)
        elif self.chosen["footer"] == "on":
            yield texts.FOOTER.say(language, model=asked.model.label)

    def _fit(self, limit: int) -> Sequence[Message]:
        reply, claim, system = self.reply, self.hold.claim, self.chosen["system"]
        assert reply.asked  # noqa: S101 - whoever is asked is named before anything is sent
        calibration = self.means.books.calibration(reply.model)
        # A budget asks for it right before it is sent, and counting a long talk keeps the loop for milliseconds.
        fits = reply.model, limit, calibration, reply.question.most
        if fits == self._fits:
            return reply.sent
        self._fits = ()
        reply.sent = reply.question.fit(
            system,
            claim.history,
            limit=limit,
            calibration=calibration,
            model=reply.asked.model,
            around=self.around.around(claim),
        )
        # Only now: what does not fit is refused, and nobody is asked to sum it up either.
        self.room, self._fits = room_of(system, limit, calibration), fits
        return reply.sent

    def _expected(self) -> Charge | None:
        """What the answer may use, of whoever is asked now; None when it will not be asked: the question does not fit."""
        reply = self.reply
        assert reply.asked  # noqa: S101 - as above
        model, means = reply.asked.model, self.means
        try:
            prompt = raw_prompt(self._fit(model.window))
        except ChatError:
            return None
        sampling = sampling_of(self.chosen).over(means.client.sampling)
        return expected(model, means.books.calibration(model.id).tokens(prompt), sampling)
