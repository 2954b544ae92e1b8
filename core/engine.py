"""Answering one turn: the whole policy, top to bottom."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic

import structlog

from core import texts
from core.attachments import Files, Question
from core.books import Books
from core.commands import Call, Desk, parse_command
from core.conversation import Channel, Message, Turn, UserMessage
from core.delivery import Delivery
from core.drun.asking import Asking
from core.drun.breaker import Breakers
from core.drun.client import ModelClient
from core.drun.endpoints import Deployment
from core.errors import ChatError, ModelUnavailable, ReplyCut, StoreUnavailable, SurfaceGone
from core.hold import Hold, LeaseLost
from core.reasoning import KEPT
from core.reply import Reply, notes, quiet
from core.store.claims import Claim
from core.store.thoughts import Thought
from core.surface import Platform
from core.waiting import UNTOLD

ATTEMPTS = 3
"""A turn that failed this often, or took its worker down, is ended with a notice instead of being tried for ever."""
_NOTICE_ATTEMPTS = 2
"""How many more it may take to say so."""
_STORE_TRIES = 3
_QUOTED = 80
"""Characters of a question that are kept with its thoughts."""
_ELSEWHERE_S = 5.0
"""How often a turn is looked at whose platform is not set up."""

_TOLD = 10_000
"""Channels that are remembered to have been told; with more of them some are told again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Engine:
    """Answers claimed turns, each on the platform it came from."""

    desk: Desk
    client: ModelClient
    platforms: Mapping[str, Platform]
    instructions: str = ""
    language: texts.LanguageChoice = "auto"
    begun: Callable[[Claim], None] = lambda _: None
    """Told of each turn whose answer begins: its messages wait no more."""
    thinking: bool = True
    """That a model thinks, and for how long, is shown; what it thought may be asked for."""
    breakers: Breakers = field(default_factory=Breakers)
    books: Books = field(default_factory=Books)
    files: Files = field(default_factory=Files)
    told: set[tuple[Channel, str]] = field(default_factory=set)
    """Which channels have heard that a model is gone, since this process began."""
    now: Callable[[], float] = monotonic
    """The clock of thoughts, in seconds."""

    async def answer(self, hold: Hold) -> None:
        """Shows the reply to the claimed turn and commits it.

        Raises LeaseLost, StoreUnavailable when the turn could not be committed, and SurfaceFailed when the platform
        failed for too long: it will be claimed again.
        A turn of a platform that is not here is given back.
        """
        claim, message = hold.claim, hold.claim.message
        if message.conversation.channel.platform in self.platforms:
            self.begun(claim)
        language = texts.language_of(message.text, self.language)
        command = parse_command(message.text)
        if message.conversation.channel.platform not in self.platforms:
            # Another worker may have it, or this one when it is set up again: no attempt is lost.
            # That the platform is off was told when it went; this comes every few seconds, for each of its turns.
            log.debug("a turn of a platform that is off here", conversation=str(claim.conversation))
            await self.desk.turns.release(claim, wait_s=_ELSEWHERE_S)
        elif claim.attempt > ATTEMPTS:
            await self._give_up(hold, language)
        elif command is not None:
            call = Call(message.conversation, *command, language, claim.sequence, self._spelling(message))
            await self._say(hold, (await self.desk.run(call)).text)
        elif not (message.text.strip() or message.attachments):
            await self._say(hold, texts.EMPTY_MENTION.say(language, help=self._spelling(message)("help")))
        else:
            await self._reply(hold, language)

    def _spelling(self, message: UserMessage) -> Callable[[str], str]:
        platform = self.platforms[message.conversation.channel.platform]
        return lambda command: platform.spelled(command, message.conversation)

    async def _give_up(self, hold: Hold, language: texts.Language) -> None:
        """Says so, as long as that can be hoped for; the turn is kept where ``drun-chat turns`` shows it."""
        claim = hold.claim
        reason = claim.failed or "its workers ended without a word"
        log.error("a turn was given up", conversation=str(claim.conversation), reason=reason)
        if claim.attempt <= ATTEMPTS + _NOTICE_ATTEMPTS:
            await self._say(hold, texts.GAVE_UP.say(language), gave_up=reason)
        else:
            await self._commit(claim, None, gave_up=reason)

    async def _say(self, hold: Hold, text: str, *, gave_up: str = "") -> None:
        """Shows words of our own; they are no part of the history."""
        claim, delivery = hold.claim, self._delivery(hold)
        try:
            async with delivery:
                await delivery.finish(text)
        except SurfaceGone as error:
            log.warning(
                "a notice could not be shown", conversation=str(claim.conversation), reason=str(error)
            )
        await self._commit(replace(claim, shown=delivery.messages), None, gave_up=gave_up)

    async def _reply(self, hold: Hold, language: texts.Language) -> None:
        claim, reply = hold.claim, Reply(Question(hold.claim.message), now=self.now)
        delivery = self._delivery(hold, placeholder=texts.THINKING.say(language))
        try:
            async with delivery:
                complete = await self._read(hold, reply, delivery, language)
                await delivery.finish(reply.note)
        except SurfaceGone as error:
            # Nothing more can be shown there. Any other SurfaceError leaves the turn to a later attempt.
            complete = False
            log.warning("a reply could not be shown", conversation=str(claim.conversation), reason=str(error))
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
            usage=self.books.usage(said) if said else None,
            messages=tuple(delivery.messages),
        )
        if said is not None:
            self.books.learn(said)
            self.books.settle(claim, turn, said)
        # Afterwards: of a turn that somebody else ends they are not the thoughts.
        await self._commit(claim, turn)
        await self._remember(claim, reply)

    async def _remember(self, claim: Claim, reply: Reply) -> None:
        """Keeps what was thought, for whoever asks. Losing it harms nobody."""
        thoughts = reply.thoughts
        if not (self.thinking and thoughts.text):
            return
        thought = Thought(
            thoughts.text,
            max(0, thoughts.size - KEPT),
            int(thoughts.seconds),
            reply.model,
            reply.question.kept()[:_QUOTED],
        )
        with suppress(StoreUnavailable):
            await self.desk.channels.thoughts.keep(claim.conversation, thought)

    async def _read(
        self,
        hold: Hold,
        reply: Reply,
        delivery: Delivery,
        language: texts.Language,
    ) -> bool:
        """Reads the model until it ends, is stopped, or the platform takes no more. True: the reply is complete."""
        reading = asyncio.create_task(self._ask(hold.claim, reply, delivery, language), name="reading")
        stop = asyncio.create_task(hold.stopping.wait(), name="stop")
        try:
            await asyncio.wait({reading, stop, delivery.writer}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                await reading
                return reply.finish == "stop"
            if stop.done():
                reply.note = quiet(texts.STOPPED.say(language))
        except ChatError as error:
            log.warning(
                "a turn failed",
                conversation=str(hold.claim.conversation),
                reason=f"{type(error).__name__} {error}",
            )
            if isinstance(error, ReplyCut) and not "".join(reply.text).strip():
                error = ModelUnavailable(str(error))  # there is nothing above that could be incomplete
            told = [f"⚠️ {error.notice(language)}", *map(quiet, reply.question.notes(language))]
            reply.note = "\n\n".join(told)
        finally:
            # Cancelling is what closes the request, and so what makes the model stop.
            reading.cancel()
            stop.cancel()
            await asyncio.gather(reading, stop, return_exceptions=True)
        return False

    async def _ask(self, claim: Claim, reply: Reply, delivery: Delivery, language: texts.Language) -> None:
        question, asking = reply.question, Asking(self.client, self.desk.catalog, self.breakers)
        await self.files.read(
            question, self.platforms[claim.conversation.channel.platform], self.desk.catalog
        )
        async with aclosing(question.asked(asking, claim.model, partial(self._fit, claim, reply))) as said:
            async for asked, delta in said:
                reply.take(asked, delta)
                if delta.retracted:
                    delivery.start_over()
                if delta.text:
                    delivery.add(delta.text)
                elif delta.reasoning and self.thinking and (seconds := reply.thoughts.due()) is not None:
                    delivery.announce(texts.THINKING_FOR.say(language, seconds=seconds))
        reply.note = "\n\n".join([*notes(reply, language), *map(quiet, self._who(claim, reply, language))])

    def _who(self, claim: Claim, reply: Reply, language: texts.Language) -> Iterator[str]:
        """How long it was thought about, and who answered, where it is not who was expected to."""
        yield from reply.question.notes(language)
        asked = reply.asked
        if asked is None:
            return
        if self.thinking and reply.thoughts.worth_telling:
            yield texts.THOUGHT_FOR.say(language, seconds=int(reply.thoughts.seconds))
        if instead := asked.instead(language):
            yield instead
        told = (claim.conversation.channel, asked.chosen.gone)
        if asked.chosen.gone and told not in self.told:
            if len(self.told) >= _TOLD:
                self.told.clear()
            self.told.add(told)
            yield asked.gone(language)
        if asked.model.endpoint.deployment is Deployment.DEMO:
            yield texts.DEMO_MODEL.say(language)

    def _fit(self, claim: Claim, reply: Reply, limit: int) -> Sequence[Message]:
        assert reply.asked  # noqa: S101 - whoever is asked is named before anything is sent
        reply.sent = reply.question.fit(
            self.instructions,
            claim.history,
            limit=limit,
            calibration=self.books.calibration(reply.model),
            model=reply.asked.model,
        )
        return reply.sent

    def _delivery(self, hold: Hold, placeholder: str = "…") -> Delivery:
        claim = hold.claim
        surface = self.platforms[claim.conversation.channel.platform].surface(claim.message)

        async def checkpoint(messages: Sequence[str]) -> None:
            # A message that nobody remembers would be posted again by whoever takes over.
            await _insist(lambda: self.desk.turns.checkpoint(claim, messages))

        return Delivery(
            surface,
            check=hold.check,
            checkpoint=checkpoint,
            messages=[message for message in claim.shown if message != UNTOLD],
            again=claim.again,
            placeholder=placeholder,
            doubt=quiet(texts.MAYBE_TWICE.say(texts.language_of(claim.message.text, self.language))),
        )

    async def _commit(self, claim: Claim, turn: Turn | None, *, gave_up: str = "") -> None:
        await _insist(lambda: self.desk.turns.commit(claim, turn, gave_up=gave_up))


async def _insist(write: Callable[[], Awaitable[bool]]) -> None:
    """Writes what must not be lost to a short outage. Raises LeaseLost, and StoreUnavailable for a longer one."""
    for tried in range(1, _STORE_TRIES + 1):
        try:
            if not await write():
                raise LeaseLost
        except StoreUnavailable:
            # Checkpoint and commit change nothing when run twice: an unknown outcome may be asked for again.
            if tried == _STORE_TRIES:
                raise
            await asyncio.sleep(tried)
        else:
            return
