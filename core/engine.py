"""What becomes of one claimed turn: a command's answer, a notice, or a model's reply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from core import texts
from core.answering import Answering, Means
from core.attached import Attached
from core.cascade import Chosen
from core.commands.command import Call
from core.commands.desk import Desk
from core.commands.running import parse_command, run
from core.conversation import Turn, UserMessage
from core.delivery import Delivery
from core.errors import SurfaceGone
from core.hold import Hold, insist
from core.preferences import language_choice
from core.reply import quiet
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
        language = texts.language_of(message.text, language_choice(chosen))
        command = parse_command(message.text)
        if claim.attempt > ATTEMPTS:
            await self._give_up(hold, language)
        elif (why := self.desk.admission.admits(claim.conversation.channel, message.author)) is not None:
            # It was accepted before the lists were changed.
            await self._say(hold, why.say(language), language)
        elif command is not None:
            spell = self._spelling(message)
            call = Call(message.conversation, *command, language, claim.sequence, spell, message.author)
            answer = await run(self.desk, call)
            await self._say(hold, answer.text, language, attached=answer.attached)
        elif not (message.text.strip() or message.attachments):
            help_ = self._spelling(message)("help")
            await self._say(hold, texts.EMPTY_MENTION.say(language, help=help_), language)
        else:
            await self._reply(hold, chosen, language)

    def _spelling(self, message: UserMessage) -> Callable[[str], str]:
        platform = self.desk.platforms[message.conversation.channel.platform]
        return lambda command: platform.spelled(command, message.conversation)

    async def _give_up(self, hold: Hold, language: texts.Language) -> None:
        """Says so, as long as that can be hoped for; the turn is kept where ``drun-chat turns`` shows it."""
        claim = hold.claim
        reason = claim.failed or "its workers ended without a word"
        log.error("a turn was given up", conversation=str(claim.conversation), reason=reason)
        if claim.attempt <= ATTEMPTS + _NOTICE_ATTEMPTS:
            await self._say(hold, texts.GAVE_UP.say(language), language, gave_up=reason)
        else:
            await self._commit(claim, None, gave_up=reason)

    async def _say(
        self,
        hold: Hold,
        text: str,
        language: texts.Language,
        *,
        attached: Attached | None = None,
        gave_up: str = "",
    ) -> None:
        """Shows words of our own; they are no part of the history."""
        claim, delivery = hold.claim, self._delivery(hold, language)
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

    async def _reply(self, hold: Hold, chosen: Chosen, language: texts.Language) -> None:
        claim = hold.claim
        platform = self.desk.platforms[claim.conversation.channel.platform]
        answering = Answering(self.means, hold, platform, chosen, language)
        delivery = self._delivery(hold, language, placeholder=texts.THINKING.say(language))
        turn = await answering.show(delivery)
        await self._commit(claim if turn else replace(claim, shown=delivery.messages), turn)
        # Afterwards: of a turn that somebody else ends they are not the thoughts.
        await answering.remember(turn)

    def _delivery(self, hold: Hold, language: texts.Language, placeholder: str = "…") -> Delivery:
        claim = hold.claim
        surface = self.desk.platforms[claim.conversation.channel.platform].surface(claim.message)

        async def checkpoint(messages: Sequence[str]) -> None:
            # A message that nobody remembers would be posted again by whoever takes over.
            await insist(lambda: self.desk.turns.checkpoint(claim, messages))

        return Delivery(
            surface,
            check=hold.check,
            checkpoint=checkpoint,
            messages=[message for message in claim.shown if message != UNTOLD],
            again=claim.again,
            placeholder=placeholder,
            doubt=quiet(texts.MAYBE_TWICE.say(language)),
        )

    async def _commit(self, claim: Claim, turn: Turn | None, *, gave_up: str = "") -> None:
        await insist(lambda: self.desk.turns.commit(claim, turn, gave_up=gave_up))
