"""The last answer made anew: shown in the place of the old one, and kept with it.

The turn that asks for it leaves no trace of its own. When the new answer is shown whole, it is swapped into the turn that
it answers, and only then is its own turn committed: whoever takes over in between finds it there, and only commits.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import time
from types import TracebackType
from typing import Self

from core.answering import Answering, Means
from core.attached import Attached
from core.cascade import Chosen
from core.commands.running import asked_in, parse_command
from core.comparing import Comparing, models_of, with_model
from core.conversation import UserMessage, Voice
from core.delivery import Delivery
from core.hold import Hold
from core.memory.surroundings import Surroundings
from core.reply import quiet
from core.splitting import closed
from core.store.answers import Answers, Found
from core.store.claims import Claim
from core.store.kept import Kept
from core.surface import Platform
from core.texts import Language, Text


async def meant_by(answers: Answers, claim: Claim) -> Found | None:
    """The turn whose answer ``claim`` asks to be made anew. Raises StoreUnavailable."""
    if claim.message.replaces:
        return await answers.find(claim.conversation, claim.message.replaces)
    return await answers.last(claim.conversation)


def over(claim: Claim, found: Found) -> tuple[str, ...]:
    """The platform's messages to be written over: the old answer's, then what told of the wait, which is withdrawn.

    An attempt that noted none of the old ones has not found them there, and posted its own.
    """
    old, noted = found.turn.messages, tuple(claim.shown)
    posted_anew = claim.again and not set(old) & set(noted)
    return tuple(dict.fromkeys((*noted, *old) if posted_anew else (*old, *noted)))


async def half_made(answers: Answers, claim: Claim) -> Found | None:
    """The turn whose answer attempts at ``claim`` may have written over; None: they have not, or it was there already."""
    command = parse_command(claim.message.text)
    found = await meant_by(answers, claim) if command and command[0] == "regenerate" else None
    written = found and found.turn.reply and found.turn.answer != claim.message.turn_id
    return found if written else None


def with_old(found: Found, note: str, language: Language) -> str:
    """The old answer as it is shown again, with ``note`` below it that tells why."""
    return "\n\n".join([closed(found.turn.reply.rstrip()), note, quiet(_STAYS.say(language))])


@dataclass(slots=True)
class Regenerating:
    """One turn that makes the answer of ``found`` anew. ``models`` are those that were named."""

    answers: Answers
    means: Means
    hold: Hold
    platform: Platform
    chosen: Chosen
    language: Language
    found: Found
    models: tuple[str, ...] = ()

    async def show(self, delivery: Delivery) -> None:
        """Shows the new answer and keeps it. What failed, or never began, leaves the old one as it was.

        Raises as ``Answering.show``.
        """
        answering = self._answering()
        rewriting = Rewriting(
            delivery, self.found.turn, lambda: answering.said, lambda: self._note(answering)
        )
        turn = await answering.show(rewriting)
        if turn is None or not (answering.said and turn.reply.strip()):
            return
        by = self.hold.claim.message.turn_id
        self.hold.check()
        anew = await self.answers.answer_anew(self.found, lambda kept: kept.anew(turn, by=by, at=int(time())))
        # Thoughts hold the question: of one that was deleted or forgotten meanwhile nothing is kept.
        if anew is not None:
            await answering.remember(None)

    def _answering(self) -> Answering | Comparing:
        claim, turn = self.hold.claim, self.found.turn
        asked = Hold(self._as_then(claim), self.hold.stopping)
        voices = turn.voices or (Voice(turn.author, turn.name),)
        known, payer = Surroundings(voices, turn.before), claim.message.author
        models = self.models or models_of(turn)
        if len(models) > 1:
            return Comparing(
                self.means, asked, self.platform, self.chosen, self.language, models, known, payer
            )
        chosen = with_model(self.chosen, models[0] if models else self.chosen["model"])
        return Answering(self.means, asked, self.platform, chosen, self.language, known=known, payer=payer)

    def _as_then(self, claim: Claim) -> Claim:
        """The old question, asked with what had been said before it. It counts under the new turn's id."""
        turn, before = self.found.turn, self.found.sequence
        question = UserMessage(
            claim.conversation,
            claim.message.event_id,
            claim.message.message_id,
            turn.author,
            asked_in(turn.text),
        )
        history = [
            (each, place)
            for each, place in zip(claim.history, claim.sequences, strict=True)
            if place < before
        ]
        recalled = claim.recalled
        if recalled.upto >= before:
            recalled = replace(recalled, upto=0, summary=None)
        return replace(
            claim,
            messages=(question,),
            history=[each for each, _ in history],
            sequences=[place for _, place in history],
            recalled=recalled,
            first=False,
        )

    def _note(self, answering: Answering | Comparing) -> str:
        turn = self.found.turn
        if turn.reply and not answering.said:
            # What stood in the sections of a comparison goes with them.
            why = answering.notices if isinstance(answering, Comparing) else ()
            return "\n\n".join([*why, quiet(_STAYS.say(self.language))])
        files = _FILES.say(self.language) if any(part.files for part in turn.parts) else ""
        number, model = turn.next_version, answering.model
        version = _VERSION.say(self.language, number=number, model=model) if number > 1 and model else ""
        return "\n\n".join(quiet(each) for each in (version, files) if each)


class Rewriting:
    """The new answer over the messages of the old one, which is shown again where no new one came."""

    def __init__(
        self,
        delivery: Delivery,
        old: Kept,
        said: Callable[[], bool],
        note: Callable[[], str],
    ) -> None:
        """``said``: a model has said something. What is added tells nothing of it: headings and notices are added too."""
        self._delivery = delivery
        self._old = old
        self._said = said
        self._note = note

    @property
    def writer(self) -> asyncio.Task[None]:
        return self._delivery.writer

    @property
    def messages(self) -> list[str]:
        return self._delivery.messages

    @property
    def shown(self) -> int:
        return self._delivery.shown

    async def __aenter__(self) -> Self:
        await self._delivery.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._delivery.__aexit__(kind, error, trace)

    def add(self, text: str) -> None:
        self._delivery.add(text)

    def announce(self, placeholder: str) -> None:
        self._delivery.announce(placeholder)

    def start_over(self) -> None:
        self._delivery.start_over()

    async def finish(self, note: str = "") -> None:
        if not self._said() and self._old.reply:
            self._delivery.start_over()
            self._delivery.add(self._old.reply)
        await self._delivery.finish("\n\n".join(each for each in (note, self._note()) if each))

    async def append(self, attached: Attached | None) -> None:
        """What was folded below the old answer stays as it is."""


_VERSION = Text("Version {number}, by `{model}`.", "第 {number} 版，由 `{model}` 回答。")
_STAYS = Text("The earlier answer stays.", "保留之前的回答。")
_FILES = Text(
    "Files were not read again: the model was given what I had kept of them.",
    "未重新读取文件：模型收到的是我保存的内容。",
)
