"""The running summary: turns for which the window has no room are put into a few words, beside the replies."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic

import structlog

from core.books import Books, Said
from core.chores import Chores
from core.conversation import Channel, Conversation, Message, Turn, Usage
from core.drun.asking import Asked, Asking
from core.errors import ChatError, StoreUnavailable
from core.memory.plan import due
from core.memory.prompt import LONGEST, Prompt
from core.store.claims import Claim
from core.store.summaries import Making, Summaries, Summary, summary_of
from core.texts import Language

OFF = "off"
"""For the model: nothing is summed up."""
_AT_ONCE = 100
"""Turns that are read for one call of a model; as many of them as fit are folded with it."""
_CALLS = 5
"""Calls of a model in a row. What is left then waits for the next turn: a history that was edited begins anew."""
_WITHIN_S = 120.0
"""For all of them: shorter than the right to make a summary lasts."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answered:
    """One turn that was committed just now."""

    claim: Claim
    turn: Turn
    model: str
    """Who answered; empty: nobody."""
    room: int
    """What the window had for the talk, in raw tokens."""
    language: Language


@dataclass(frozen=True, slots=True)
class Memory:
    """One for all turns of a process. Nothing here is awaited by a reply, and none fails with it."""

    summaries: Summaries
    chores: Chores
    books: Books
    asking: Callable[[], Asking]
    model: str = ""
    """Who sums up; empty: whoever answered, and ``off``: nobody."""

    def follow(self, answered: Answered) -> None:
        """Begins to fold what the window will soon have no room for, if that is due."""
        claim, model = answered.claim, self.model or answered.model
        if self.model.lower() == OFF or not model:
            return
        sequences = [*claim.sequences, int(claim.sequence)]
        until = due([*claim.history, answered.turn], sequences, claim.recalled.upto, answered.room)
        if until is not None:
            self.chores.begin(self._fold(answered, model, until), "a summary")

    async def _fold(self, answered: Answered, model: str, until: int) -> None:
        claim = answered.claim
        owner = _owner(claim)
        try:
            async with asyncio.timeout(_WITHIN_S):
                making = await self.summaries.begin(owner, claim.recalled)
                # After a failure the right is not given back: nobody tries again with the very next turn.
                if making is not None and await self._all(making, answered, model, until):
                    await self.summaries.end(making)
        except (StoreUnavailable, ChatError, TimeoutError) as error:
            reason = f"{type(error).__name__} {error}".strip()
            log.info("nothing was summed up", conversation=str(claim.conversation), reason=reason)

    async def _all(self, making: Making, answered: Answered, model: str, until: int) -> bool:
        """False: others should not try at once."""
        summary, upto = making.recalled.summary, making.recalled.upto
        for _ in range(_CALLS):
            turns = await self.summaries.turns(making, after=upto, until=until, most=_AT_ONCE)
            if not turns:
                break
            prompt = Prompt(turns, summary.text if summary else "", answered.language)
            summary = await self._made(prompt, model, answered.claim)
            if summary is None:
                return False
            upto = prompt.reaches
            if not await self.summaries.keep(making, summary, upto=upto):
                break
            log.info("summed up", conversation=str(answered.claim.conversation), turns=prompt.taken)
        return True

    async def _made(self, prompt: Prompt, model: str, claim: Claim) -> Summary | None:
        """None: the model had nothing to say, or did not come to an end. Raises ChatError."""
        reply = _Reply()

        def fitted(limit: int) -> Sequence[Message]:
            assert reply.asked  # noqa: S101 - whoever is asked is named before anything is sent
            reply.sent = prompt.fit(limit, self.books.calibration(reply.asked.model.id))
            return reply.sent

        try:
            async with aclosing(self.asking().stream(model, fitted)) as said:
                async for asked, delta in said:
                    if asked is not reply.asked or delta.retracted:
                        reply.start_over(asked)
                    reply.text.append(delta.text)
                    reply.finish = delta.finish or reply.finish
                    reply.usage = delta.usage or reply.usage
        finally:
            self._count(reply, prompt, claim)
        text = "".join(reply.text).strip()
        if reply.finish != "stop" or not text or reply.asked is None:
            return None
        return summary_of(text[:LONGEST], reply.asked.model.id)

    def _count(self, reply: "_Reply", prompt: Prompt, claim: Claim) -> None:
        if reply.asked is not None:
            took_s = monotonic() - reply.since
            said = Said(
                reply.asked.model, reply.sent, "".join(reply.text), reported=reply.usage, took_s=took_s
            )
            self.books.learn(said)
            self.books.settle_beside(claim, f"summary:{claim.message.turn_id}:{prompt.reaches}", said)


@dataclass(slots=True)
class _Reply:
    asked: Asked | None = None
    text: list[str] = field(default_factory=list)
    sent: Sequence[Message] = ()
    finish: str | None = None
    usage: Usage | None = None
    since: float = field(default_factory=monotonic)

    def start_over(self, asked: Asked) -> None:
        self.asked, self.finish, self.usage = asked, None, None
        self.text.clear()


def _owner(claim: Claim) -> Channel | Conversation:
    """Whose history gained the turn, and is read by whoever asks there next."""
    where = claim.conversation
    return where.channel if where.thread is None or claim.message.opens_thread else where
