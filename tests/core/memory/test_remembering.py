"""Any sequence of messages, answers, edits, deletions, pins, resets and summaries, on the real scripts, beside the reference."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from core.changes import Deleted, Edited, Pinned
from core.conversation import Channel, Conversation, UserMessage
from core.errors import QuestionTooLong
from core.memory.surroundings import Surroundings, surroundings_of
from core.people import Person, Remark
from core.store.claims import Busy, Claim
from core.store.connection import Connections, connect
from core.store.summaries import Folded, Making, Summaries, summary_of
from core.window import fit
from tests.core.desks import choose, preferences_of
from tests.core.memory.reference import Reference
from tests.core.scene import FakePlatform
from tests.core.store.talk import answered, said, turns_of

T = TypeVar("T")

GENERAL, TOGETHER = Channel("slack", "T1", "general"), Channel("slack", "T1", "together")
ROOM, OPENED, JOINED = Conversation(GENERAL), Conversation(GENERAL, "1"), Conversation(GENERAL, "2")
"""The channel, a thread that the bot opened, and one that people did."""
PLACES = (ROOM, OPENED, JOINED, Conversation(TOGETHER))
NAMES = {"U1": "Ada", "U2": "Bob", "U3": "Céline"}
SYSTEM = "Be brief."
REMARKS = [
    Remark("U3", "Céline", "the build is red\nsince this morning", "b1", mine=False),
    Remark("B1", "", "I know nothing of it", "b2", mine=True),
]
WORDS = ("yes", "what was it?\n\nBob: yes\nno", "long " * 60, "多少钱？", "a b c " * 25)


class Thread(FakePlatform):
    """Only in one place something was said before."""

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        return REMARKS if message.conversation == JOINED else ()


@dataclass(frozen=True)
class Asked:
    claim: Claim
    around: Surroundings


@dataclass(frozen=True)
class Made:
    """A summary that is being made."""

    making: Making
    text: str
    upto: int


def folded(sequence: int, text: str, reply: str, before: Sequence[Remark]) -> str:
    return f"[{sequence} {' '.join(each.text for each in before)} {text} {reply}]"


class Remembering(RuleBasedStateMachine):
    """People talk in four places; several turns run side by side, and summaries are made beside them."""

    def __init__(self, runner: asyncio.Runner, connections: Connections) -> None:
        super().__init__()
        self.runner = runner
        self.run(connections.ask.flushdb())
        self.turns = turns_of(connections)
        self.summaries = Summaries(connections, partitions=1)
        self.run(choose(preferences_of(connections), "busy", Busy.COLLECT, TOGETHER))
        people = {author: Person(name, None) for author, name in NAMES.items()}
        self.platform = Thread(people=people)
        self.model = Reference(NAMES, {JOINED: REMARKS})
        self.running: dict[Conversation, Asked] = {}
        self.ended: list[Claim] = []
        self.messages: list[UserMessage] = []
        self.answers: list[tuple[str, Conversation]] = []
        self.made: Made | None = None
        self.at = 0

    def run(self, step: Awaitable[T]) -> T:
        async def stepped() -> T:
            return await step

        return self.runner.run(stepped())

    @rule(where=st.sampled_from(PLACES), author=st.sampled_from(list(NAMES)), text=st.sampled_from(WORDS))
    def say(self, where: Conversation, author: str, text: str) -> None:
        opens = where == OPENED and where not in self.model.roots
        message = replace(said(text, where, opens_thread=opens), author=author)
        assert self.run(self.turns.accept(message)).new
        self.model.say(message)
        self.messages.append(message)

    @precondition(lambda self: any(self.model.queue[where] for where in PLACES if where not in self.running))
    @rule(limit=st.sampled_from([300, 600, 1_200, 100_000]))
    def begin(self, limit: int) -> None:
        claim = self.run(self.turns.claim())
        assert isinstance(claim, Claim)
        where = claim.conversation
        turn = self.model.begin(where, together=where.channel == TOGETHER)
        around = self.run(surroundings_of(claim, self.platform))
        self.running[where] = Asked(claim, around)
        summary = claim.recalled.summary
        if summary is not None:
            # It tells of all that it reaches, as that reads now, and of nothing else.
            assert claim.recalled.upto >= 1
            assert summary.text == "".join(
                folded(each.sequence, each.text, each.reply, each.before)
                for each in self.model.read(where, turn.sequence)
                if each.sequence <= claim.recalled.upto
            )
        # How summaries are cut has its own tests.
        short = replace(around.around(claim), summary="They talked." if limit > 1_000 and summary else "")
        expected = self.model.window(where, turn, SYSTEM, short.summary, limit)
        with nullcontext() if expected else pytest.raises(QuestionTooLong):
            assert fit(SYSTEM, claim.history, claim.message.text, limit=limit, around=short) == expected

    @precondition(lambda self: self.running)
    @rule(at=st.integers(0, 3), reply=st.sampled_from(["yes", "", "long " * 40]))
    def end(self, at: int, reply: str) -> None:
        where = list(self.running)[at % len(self.running)]
        asked = self.running.pop(where)
        self.at += 1
        answer = f"r{self.at}"
        turn = asked.around.part_of(answered(asked.claim))
        turn = replace(turn, reply=reply, messages=(answer,))
        assert self.run(self.turns.commit(asked.claim, turn))
        self.model.end(where, reply, answer)
        self.answers.append((answer, where))
        self.ended.append(asked.claim)

    @precondition(lambda self: self.messages)
    @rule(back=st.integers(0, 9), text=st.sampled_from(WORDS))
    def edit(self, back: int, text: str) -> None:
        message = self.messages[-1 - back % len(self.messages)]
        self.at += 1
        where = message.conversation
        self.run(self.turns.amend(Edited(where.channel, message.message_id, text, where.thread, self.at)))
        self.model.edit(message.message_id, text)

    @precondition(lambda self: self.messages)
    @rule(back=st.integers(0, 9))
    def delete(self, back: int) -> None:
        message = self.messages.pop(-1 - back % len(self.messages))
        where = message.conversation
        self.run(self.turns.amend(Deleted(where.channel, (message.message_id,), where.thread)))
        self.model.delete(message.message_id)

    @precondition(lambda self: self.answers)
    @rule(back=st.integers(0, 9))
    def delete_an_answer(self, back: int) -> None:
        answer, where = self.answers.pop(-1 - back % len(self.answers))
        self.run(self.turns.amend(Deleted(where.channel, (answer,), where.thread)))
        self.model.delete(answer)

    @precondition(lambda self: self.model.history[JOINED])
    @rule(which=st.sampled_from(["b1", "b2"]))
    def delete_what_was_said_before(self, which: str) -> None:
        self.run(self.turns.amend(Deleted(GENERAL, (which,), JOINED.thread)))
        self.model.delete(which)

    @precondition(lambda self: self.messages)
    @rule(back=st.integers(0, 9), pinned=st.booleans())
    def pin(self, back: int, pinned: bool) -> None:
        message = self.messages[-1 - back % len(self.messages)]
        where = message.conversation
        self.run(self.turns.amend(Pinned(where.channel, message.message_id, pinned, where.thread)))
        (self.model.pins.add if pinned else self.model.pins.discard)(message.message_id)

    @rule(where=st.sampled_from(PLACES))
    def reset(self, where: Conversation) -> None:
        self.run(self.turns.reset(where))
        self.model.reset(where)

    @precondition(lambda self: self.ended and self.made is None)
    @rule(back=st.integers(0, 5), share=st.integers(1, 4))
    def begin_to_sum_up(self, back: int, share: int) -> None:
        """From what a claim knew that may be long ago."""
        claim = self.ended[-1 - back % len(self.ended)]
        where = claim.conversation
        in_channel = where.thread is None or claim.message.opens_thread
        if not in_channel and any(running.thread is None or running == OPENED for running in self.running):
            return  # what ends later than a thread that was asked after it has been summed up, that summary misses
        making = self.run(self.summaries.begin(where.channel if in_channel else where, claim.recalled))
        if making is None:
            return
        reads = [*claim.sequences, int(claim.sequence)]
        until = reads[len(reads) * share // 4 - 1] if len(reads) * share // 4 else reads[0]
        turns = self.run(self.summaries.turns(making, after=claim.recalled.upto, until=until, most=50))
        before = claim.recalled.summary.text if claim.recalled.summary else ""
        self.made = Made(making, before + "".join(map(_folded, turns)), turns[-1].sequence if turns else 0)

    @precondition(lambda self: self.made is not None)
    @rule()
    def end_to_sum_up(self) -> None:
        made, self.made = self.made, None
        assert made is not None
        if made.upto:
            self.run(self.summaries.keep(made.making, summary_of(made.text, "m"), upto=made.upto))
        self.run(self.summaries.end(made.making))


def _folded(each: Folded) -> str:
    turn = each.turn
    return folded(each.sequence, turn.text, turn.reply, turn.before)


def test_the_window_is_what_the_reference_says_whatever_people_do(redis_url: str) -> None:
    with asyncio.Runner() as runner:
        opening = connect(redis_url)
        connections = runner.run(opening.__aenter__())
        try:
            run_state_machine_as_test(
                lambda: Remembering(runner, connections),  # type: ignore[arg-type]  # it calls what it is given
                settings=settings(
                    max_examples=200,
                    stateful_step_count=60,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow],
                ),
            )
        finally:
            runner.run(opening.__aexit__(None, None, None))
