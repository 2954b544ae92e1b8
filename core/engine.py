"""Answering one turn: the whole policy, top to bottom."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog

from core import texts
from core.commands import Call, Desk, chosen_or_default, parse_command
from core.conversation import Message, Turn, Usage, UserMessage
from core.delivery import Delivery
from core.drun.catalog import Model
from core.drun.client import ChatRequest, ModelClient
from core.drun.endpoints import Deployment
from core.errors import ChatError, ModelUnavailable, ReplyCut, StoreUnavailable, SurfaceGone, WindowExceeded
from core.hold import Hold, LeaseLost
from core.store.claims import Claim
from core.surface import Platform
from core.window import fit

ATTEMPTS = 3
"""A turn that took its worker down this often is ended with a notice instead of being tried for ever."""
_NOTICE_ATTEMPTS = 2
"""How many more it may take to say so."""
_STORE_TRIES = 3
_ELSEWHERE_S = 5.0
"""How often a turn is looked at whose platform is not set up."""

log = structlog.get_logger()


@dataclass(slots=True)
class Reply:
    """What the model has said so far."""

    text: list[str] = field(default_factory=list)
    thought: bool = False
    finish: str | None = None
    usage: Usage | None = None
    model: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """Answers claimed turns, each on the platform it came from."""

    desk: Desk
    client: ModelClient
    platforms: Mapping[str, Platform]
    instructions: str = ""
    language: texts.LanguageChoice = "auto"

    async def answer(self, hold: Hold) -> None:
        """Shows the reply to the claimed turn and commits it.

        Raises LeaseLost, StoreUnavailable when the turn could not be committed, and SurfaceFailed when the platform
        failed for too long: it will be claimed again.
        A turn of a platform that is not here is given back.
        """
        claim, message = hold.claim, hold.claim.message
        language = texts.language_of(message.text, self.language)
        command = parse_command(message.text)
        if message.conversation.channel.platform not in self.platforms:
            # Another worker may have it, or this one when it is set up again: no attempt is lost.
            log.warning("a turn of a platform that is off here", conversation=str(claim.conversation))
            await self.desk.turns.release(claim, wait_s=_ELSEWHERE_S)
        elif claim.attempt > ATTEMPTS:
            await self._give_up(hold, language)
        elif command is not None:
            call = Call(message.conversation, *command, language, claim.sequence, self._spelling(message))
            await self._say(hold, (await self.desk.run(call)).text)
        elif not message.text.strip():
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
        claim, reply = hold.claim, Reply()
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
        said = "".join(reply.text)[: delivery.shown]
        turn = Turn(
            claim.message.author,
            claim.message.text,
            said,
            complete=complete,
            id=claim.message.turn_id,
            model=reply.model,
            usage=reply.usage,
            messages=tuple(delivery.messages),
        )
        await self._commit(claim, turn)

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
                reply.note = _quiet(texts.STOPPED.say(language))
        except ChatError as error:
            log.warning(
                "a turn failed",
                conversation=str(hold.claim.conversation),
                reason=f"{type(error).__name__} {error}",
            )
            if isinstance(error, ReplyCut) and not reply.text:
                error = ModelUnavailable(str(error))  # there is nothing above that could be incomplete
            reply.note = f"⚠️ {error.notice(language)}"
        finally:
            # Cancelling is what closes the request, and so what makes the model stop.
            reading.cancel()
            stop.cancel()
            await asyncio.gather(reading, stop, return_exceptions=True)
        return False

    async def _ask(self, claim: Claim, reply: Reply, delivery: Delivery, language: texts.Language) -> None:
        model = await chosen_or_default(self.desk.catalog, claim.model)
        try:
            await self._stream(model, self._fit(claim, model.window), reply, delivery)
        except WindowExceeded as error:
            # The server knows its window better than our table, and counts tokens better than our estimate.
            if reply.text:
                raise
            limit = min(error.limit or model.window, model.window) // 2
            await self._stream(model, self._fit(claim, limit), reply, delivery)
        reply.note = _note(reply, model, language)

    def _fit(self, claim: Claim, limit: int) -> Sequence[Message]:
        return fit(self.instructions, claim.history, claim.message.text, limit=limit)

    async def _stream(
        self, model: Model, messages: Sequence[Message], reply: Reply, delivery: Delivery
    ) -> None:
        reply.model = model.id
        async with aclosing(self.client.stream(model.endpoint, ChatRequest(model.id, messages))) as deltas:
            async for delta in deltas:
                if delta.text:
                    reply.text.append(delta.text)
                    delivery.add(delta.text)
                reply.thought = reply.thought or bool(delta.reasoning)
                reply.finish = delta.finish or reply.finish
                reply.usage = delta.usage or reply.usage

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
            messages=claim.shown,
            again=claim.attempt > 1,
            placeholder=placeholder,
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


def _note(reply: Reply, model: Model, language: texts.Language) -> str:
    """What is to be said under a reply that ended by itself."""
    notes = []
    if not "".join(reply.text).strip():
        only_thought = reply.thought and reply.finish == "length"
        notes.append((texts.ONLY_REASONING if only_thought else texts.NO_TEXT).say(language))
    elif reply.finish == "length":
        notes.append(_quiet(texts.CUT_BY_LENGTH.say(language)))
    elif reply.finish == "content_filter":
        notes.append(_quiet(texts.FILTERED.say(language)))
    if model.endpoint.deployment is Deployment.DEMO:
        notes.append(_quiet(texts.DEMO_MODEL.say(language)))
    return "\n\n".join(notes)


def _quiet(text: str) -> str:
    return f"_{text}_"
