"""What becomes of one claimed turn: a command's answer, a notice, or a model's reply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from core import texts
from core.alone import tell_alone
from core.answering import Answering, Means
from core.attached import Attached
from core.cascade import Chosen
from core.commands.command import Answer, Call
from core.commands.desk import Desk
from core.commands.regenerate import FORGOTTEN, NOTHING_YET
from core.commands.running import parse_command, run
from core.comparing import Comparing, with_model
from core.conversation import Conversation, Turn, UserMessage
from core.delivery import Delivery
from core.errors import StoreUnavailable, SurfaceGone
from core.greeting import empty_mention
from core.hold import Hold, insist
from core.preferences import language_choice
from core.regenerating import Regenerating, half_made, meant_by, over, with_old
from core.reply import quiet
from core.speaking import language_for
from core.store.answers import Found
from core.store.claims import Claim
from core.waiting import UNTOLD

ATTEMPTS = 3
"""A turn that failed this often, or took its worker down, is ended with a notice instead of being tried for ever."""
_NOTICE_ATTEMPTS = 2
"""How many more it may take to say so."""
_ELSEWHERE_S = 5.0
"""How often a turn is looked at whose platform is not set up."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Engine:
    """Answers claimed turns, each on the platform it came from."""

    desk: Desk
    means: Means
    begun: Callable[[Claim], None] = lambda _: None
    """Told of each turn whose answer begins: its messages wait no more."""

    async def answer(self, hold: Hold) -> None:
        """Shows the reply to the claimed turn and commits it.

        Raises LeaseLost, StoreUnavailable when the turn could not be committed, and SurfaceFailed when the platform
        failed for too long: it will be claimed again.
        A turn of a platform that is not here is given back.
        """
        claim, message = hold.claim, hold.claim.message
        if message.conversation.channel.platform not in self.desk.platforms:
            # Another worker may have it, or this one when it is set up again: no attempt is lost.
            # That the platform is off was told when it went; this comes every few seconds, for each of its turns.
            log.debug("a turn of a platform that is off here", conversation=str(claim.conversation))
            await self.desk.turns.release(claim, wait_s=_ELSEWHERE_S)
            return
        self.begun(claim)
        chosen = await self.desk.preferences.beside(claim.settings, claim.conversation, message.author)
        platform = self.desk.platforms[message.conversation.channel.platform]
        language = await language_for(message, language_choice(chosen), platform, claim.history)
        command = parse_command(message.text)
        if claim.attempt > ATTEMPTS:
            await self._give_up(hold, language)
        elif (why := self.desk.admission.admits(claim.conversation.channel, message.author)) is not None:
            # It was accepted before the lists were changed.
            await self._tell(hold, Answer(why.say(language)), language)
        elif command is not None:
            spell = self._spelling(message)
            # A command that opens a thread is about the place it was written in: the thread holds nothing yet.
            where = Conversation(claim.conversation.channel) if message.opens_thread else claim.conversation
            call = Call(where, *command, language, claim.sequence, spell, message.author, claim.conversation)
            await self._obey(hold, await run(self.desk, call), chosen, language)
        elif not (message.text.strip() or message.attachments):
            await self._say(hold, empty_mention(self._spelling(message), language), language)
        else:
            await self._reply(hold, chosen, language)

    async def _obey(self, hold: Hold, answer: Answer, chosen: Chosen, language: texts.Language) -> None:
        """Says what a command has answered, or asks what it asks."""
        asks, claim = answer.asks, hold.claim
        if asks is None:
            await self._tell(hold, answer, language)
        elif not asks.again:
            asked = replace(claim.message, text=asks.text, models=asks.models)
            await self._reply(
                hold, chosen, language, replace(claim, messages=(asked,), written=claim.messages)
            )
        elif (found := await meant_by(self.desk.turns.answers, claim)) is None:
            nothing = FORGOTTEN if claim.message.replaces else NOTHING_YET
            await self._tell(hold, Answer(nothing.say(language)), language)
        else:
            await self._again(hold, found, asks.models, chosen)

    async def _again(self, hold: Hold, found: Found, models: tuple[str, ...], chosen: Chosen) -> None:
        """Makes an answer anew, over the messages of the old one. The turn that asks for it leaves no other trace."""
        claim, answers = hold.claim, self.desk.turns.answers
        if found.turn.answer != claim.message.turn_id:  # else an attempt that died had it done
            platform = self.desk.platforms[claim.conversation.channel.platform]
            language = texts.language_of(found.turn.text, language_choice(chosen))
            regenerating = Regenerating(answers, self.means, hold, platform, chosen, language, found, models)
            thinking = texts.THINKING.say(language)
            await regenerating.show(self._delivery(hold, language, thinking, over(claim, found)))
        await self._commit(claim, None)

    def _spelling(self, message: UserMessage) -> Callable[[str], str]:
        platform = self.desk.platforms[message.conversation.channel.platform]
        return lambda command: platform.spelled(command, message.conversation)

    async def _give_up(self, hold: Hold, language: texts.Language) -> None:
        """Says so, as long as that can be hoped for; the turn is kept where ``drun-chat turns`` shows it."""
        claim = hold.claim
        reason = claim.failed or "its workers ended without a word"
        log.error("a turn was given up", conversation=str(claim.conversation), reason=reason)
        if claim.attempt <= ATTEMPTS + _NOTICE_ATTEMPTS:
            notice, old = texts.GAVE_UP.say(language), await half_made(self.desk.turns.answers, claim)
            text, shown = (with_old(old, notice, language), over(claim, old)) if old else (notice, None)
            await self._say(hold, text, language, gave_up=reason, shown=shown)
        else:
            await self._commit(claim, None, gave_up=reason)

    async def _tell(self, hold: Hold, answer: Answer, language: texts.Language) -> None:
        """Says ``answer``: to whoever gave the command alone, unless it is for all who talk there."""
        claim, channel = hold.claim, hold.claim.conversation.channel
        platform = self.desk.platforms[channel.platform]
        for_all = answer.public or answer.attached is not None or platform.direct(channel)
        if for_all or not platform.whispers:
            await self._say(hold, answer.text, language, attached=answer.attached)
            return
        surface = platform.surface(claim.message)
        told = [message for message in claim.shown if message != UNTOLD]
        try:
            await tell_alone(surface, answer.text, check=hold.check, instead_of=told)
        except SurfaceGone as error:
            log.warning("nobody could be told", conversation=str(claim.conversation), reason=str(error))
        await self._commit(claim, None)

    async def _say(
        self,
        hold: Hold,
        text: str,
        language: texts.Language,
        *,
        attached: Attached | None = None,
        gave_up: str = "",
        shown: Sequence[str] | None = None,
    ) -> None:
        """Shows words of our own; they are no part of the history."""
        claim, delivery = hold.claim, self._delivery(hold, language, shown=shown)
        try:
            async with delivery:
                await delivery.finish(text)
                # What was thought before it was given up is no part of what is said now.
                if attached is not None or gave_up:
                    await delivery.append(attached)
        except SurfaceGone as error:
            log.warning(
                "a notice could not be shown", conversation=str(claim.conversation), reason=str(error)
            )
        await self._commit(replace(claim, shown=delivery.messages), None, gave_up=gave_up)

    async def _reply(
        self, hold: Hold, chosen: Chosen, language: texts.Language, asked: Claim | None = None
    ) -> None:
        """Answers what was claimed, or what was ``asked`` by it."""
        claim = asked or hold.claim
        platform = self.desk.platforms[claim.conversation.channel.platform]
        answering: Answering | Comparing
        own, models = Hold(claim, hold.stopping), claim.message.models
        if len(models) > 1:
            answering = Comparing(self.means, own, platform, chosen, language, models)
        else:
            here = with_model(chosen, models[0]) if models else chosen
            answering = Answering(self.means, own, platform, here, language)
        delivery = self._delivery(hold, language, placeholder=texts.THINKING.say(language))
        turn = await answering.show(delivery)
        await self._commit(claim if turn else replace(claim, shown=delivery.messages), turn)
        # Afterwards: of a turn that somebody else ends they are not the thoughts, and none are left of a deleted one.
        if not (hold.stopping.is_set() and await self._is_gone(claim)):
            await answering.remember(turn)

    async def _is_gone(self, claim: Claim) -> bool:
        """Its question was deleted meanwhile, so that nothing is remembered of it; also when that is not known."""
        try:
            return await self.desk.turns.answers.find(claim.conversation, claim.message.turn_id) is None
        except StoreUnavailable:
            return True

    def _delivery(
        self,
        hold: Hold,
        language: texts.Language,
        placeholder: str = "…",
        shown: Sequence[str] | None = None,
    ) -> Delivery:
        """``shown``: the messages to be written over, where these are not the claim's alone."""
        claim = hold.claim
        written_over = claim.shown if shown is None else shown
        surface = self.desk.platforms[claim.conversation.channel.platform].surface(claim.message)

        async def checkpoint(messages: Sequence[str]) -> None:
            # A message that nobody remembers would be posted again by whoever takes over.
            await insist(lambda: self.desk.turns.checkpoint(claim, messages))

        return Delivery(
            surface,
            check=hold.check,
            checkpoint=checkpoint,
            messages=[message for message in written_over if message != UNTOLD],
            again=claim.again,
            placeholder=placeholder,
            doubt=quiet(texts.MAYBE_TWICE.say(language)),
        )

    async def _commit(self, claim: Claim, turn: Turn | None, *, gave_up: str = "") -> None:
        await insist(lambda: self.desk.turns.commit(claim, turn, gave_up=gave_up))
