"""A change and a commit at once: whichever comes first, the outcome is the same."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from core.changes import Amended, Change, Deleted, Edited, Pinned
from core.conversation import Conversation, Turn, UserMessage
from core.store.claims import Busy, Claim
from core.store.connection import Connections, connect
from core.store.turns import Turns
from tests.core.store.talk import DAY_S, GENERAL, ROOM, answered, ask, expire, said, thread, turns_of

T = TypeVar("T")

PLACES = (ROOM, thread("t1"), thread("t2"))


async def kept(turns: Turns, where: Conversation = ROOM) -> list[tuple[str, str, bool]]:
    """What the next question is answered with."""
    claim = await ask(turns, "?", where)
    assert await turns.commit(claim, None)
    return [(turn.text, turn.reply, turn.pinned) for turn in claim.history]


Make = Callable[[str], Change]
CHANGES: dict[str, tuple[Make, list[tuple[str, str, bool]]]] = {
    "edited": (lambda id_: Edited(GENERAL, id_, "changed", at=5), [("changed", "re", False)]),
    "deleted": (lambda id_: Deleted(GENERAL, (id_,)), []),
    "pinned": (lambda id_: Pinned(GENERAL, id_, pinned=True), [("said", "re", True)]),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("head_start", range(8))
@pytest.mark.parametrize("first", ["the change", "the commit"])
async def test_a_commit_and_a_change_at_once_have_one_outcome(
    redis_url: str, what: str, head_start: int, first: str
) -> None:
    """Two connections, and a head start of some rounds of the loop for either: they meet in every order."""
    change, expected = CHANGES[what]
    async with connect(redis_url) as one, connect(redis_url) as other:
        turns, changing = turns_of(one), turns_of(other)
        claim = await ask(turns, "said")
        steps: list[Callable[[], Awaitable[Amended | bool]]] = [
            lambda: turns.commit(claim, replace(answered(claim, "re"), messages=("p1",))),
            lambda: changing.amend(change(claim.message.message_id)),
        ]
        if first == "the change":
            steps.reverse()
        ahead = asyncio.ensure_future(steps[0]())
        for _ in range(head_start):
            await asyncio.sleep(0)
        outcomes = [await steps[1](), await ahead]
        assert True in outcomes
        assert any(isinstance(each, Amended) and each.changed for each in outcomes)
        assert await kept(turns) == expected


@dataclass
class Question:
    """What one message is, in the plainest words."""

    message: UserMessage
    text: str
    edited: int = 0
    deleted: bool = False
    pinned: bool = False
    accepted: bool = False
    ended: bool = False


@dataclass
class Answer:
    """A turn that was committed: of which questions, by which message."""

    where: Conversation
    questions: list[Question]
    shown: str
    deleted: bool = False
    pinned: bool = False

    def kept(self) -> tuple[str, str, bool] | None:
        left = [question for question in self.questions if not question.deleted]
        if not left:
            return None
        text = "\n\n".join(question.text for question in left)
        pinned = any(question.pinned for question in left) or (self.pinned and not self.deleted)
        return text, "" if self.deleted else "re", pinned


@dataclass
class Model:
    """Messages and answers as they are on the platform: history must say the same."""

    questions: dict[str, Question] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)


class Amending(RuleBasedStateMachine):
    """People who ask, edit, delete and pin in any order, while workers answer, die and take over."""

    questions: "Bundle[Question]" = Bundle("questions")

    def __init__(self, runner: asyncio.Runner, connections: Sequence[Connections]) -> None:
        super().__init__()
        self.runner, self.ask = runner, connections[0].ask
        self.run(self.ask.flushdb())
        self.turns = [
            Turns(each, partitions=1, lease_s=100, history_ttl_s=DAY_S, look_again_s=0, busy=Busy.COLLECT)
            for each in connections
        ]
        self.model = Model()
        self.moment = 0
        self.held: dict[Conversation, Claim] = {}

    def run(self, step: Awaitable[T]) -> T:
        async def stepped() -> T:
            return await step

        return self.runner.run(stepped())

    @rule(target=questions, where=st.sampled_from(PLACES), late=st.booleans())
    def say(self, where: Conversation, late: bool) -> Question:
        """``late``: the event comes after others that tell of the message."""
        message = said("said", where)
        question = Question(message, message.text)
        self.model.questions[message.message_id] = question
        if not late:
            self._accept(question)
        return question

    @rule(question=questions)
    def deliver(self, question: Question) -> None:
        self._accept(question)

    def _accept(self, question: Question) -> None:
        expected = not (question.accepted or question.deleted)
        assert self.run(self.turns[0].accept(question.message)).new is expected
        question.accepted = question.accepted or expected

    @rule(question=questions, stale=st.booleans(), worker=st.integers(0, 1))
    def edit(self, question: Question, stale: bool, worker: int) -> None:
        self.moment += 1
        at = max(1, question.edited - 1) if stale and question.edited > 1 else self.moment + 1
        text = f"said at {at}"
        where = question.message.conversation
        change = Edited(GENERAL, question.message.message_id, text, where.thread, at, to_bot=True)
        self.run(self.turns[worker].amend(change))
        if at >= question.edited:
            self.moment = question.edited = at
            question.text = text

    @rule(some=st.lists(questions, min_size=1, max_size=3, unique_by=id), worker=st.integers(0, 1))
    def delete(self, some: list[Question], worker: int) -> None:
        thread_of = some[0].message.conversation.thread
        some = [each for each in some if each.message.conversation.thread == thread_of]
        change = Deleted(GENERAL, tuple(each.message.message_id for each in some), thread_of)
        self.run(self.turns[worker].amend(change))
        for each in some:
            each.deleted = True

    @rule(question=questions, pinned=st.booleans())
    def pin(self, question: Question, pinned: bool) -> None:
        where = question.message.conversation
        self.run(self.turns[1].amend(Pinned(GENERAL, question.message.message_id, pinned, where.thread)))
        if question.accepted and not question.deleted:
            question.pinned = pinned

    @rule(back=st.integers(0, 5), pinned=st.none() | st.booleans())
    def change_an_answer(self, back: int, pinned: bool | None) -> None:
        if not self.model.answers:
            return
        answer = self.model.answers[-1 - back % len(self.model.answers)]
        thread_of = answer.where.thread
        if pinned is None:
            self.run(self.turns[1].amend(Deleted(GENERAL, (answer.shown,), thread_of)))
            answer.deleted = True
        elif not answer.deleted:
            self.run(self.turns[1].amend(Pinned(GENERAL, answer.shown, pinned, thread_of)))
            answer.pinned = pinned

    @rule(worker=st.integers(0, 1))
    def claim(self, worker: int) -> None:
        found = self.run(self.turns[worker].claim())
        if isinstance(found, Claim):
            self.held[found.conversation] = found

    @rule(worker=st.integers(0, 1), at=st.integers(0, 3))
    def commit(self, worker: int, at: int) -> None:
        if not self.held:
            return
        where = list(self.held)[at % len(self.held)]
        self._commit(self.held.pop(where), worker)

    def _commit(self, claim: Claim, worker: int) -> None:
        shown = f"p{len(self.model.answers)}"
        turn = replace(answered(claim, "re"), messages=(shown,))
        assert self.run(self.turns[worker].commit(claim, turn))
        asked = [self.model.questions[message.message_id] for message in claim.messages]
        for question in asked:
            question.ended = True
        self.model.answers.append(Answer(claim.conversation, asked, shown))

    @rule(at=st.integers(0, 3))
    def die(self, at: int) -> None:
        if self.held:
            where = list(self.held)[at % len(self.held)]
            del self.held[where]
            self.run(expire(self.ask, where))

    def teardown(self) -> None:
        """Everything that is left is answered, and then each history is what stands on the platform."""
        for where in list(self.held):
            self._commit(self.held.pop(where), 0)
        while isinstance(found := self.run(self.turns[0].claim()), Claim):
            self._commit(found, 1)
        for question in self.model.questions.values():
            assert question.ended or question.deleted or not question.accepted
        for where in PLACES:
            expected = [answer.kept() for answer in self.model.answers if answer.where == where]
            found_there = self.run(self._read(where))
            assert found_there == [each for each in expected if each is not None]

    async def _read(self, where: Conversation) -> list[tuple[str, str, bool]]:
        owner = where.channel if where.thread is None else where
        # redis-py types replies for all protocols and encodings at once; these are texts.
        members: Any = await self.ask.zrange(f"drun:{{0}}:history:{owner}", 0, -1)
        turns = [msgspec.json.decode(member.partition(" ")[2], type=Turn) for member in members]
        return [(turn.text, turn.reply, turn.pinned) for turn in turns]


def test_history_is_what_stands_on_the_platform(redis_url: str) -> None:
    async def open_two(stack: AsyncExitStack) -> list[Connections]:
        return [await stack.enter_async_context(connect(redis_url)) for _ in range(2)]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        connections = runner.run(open_two(stack))
        try:
            run_state_machine_as_test(
                lambda: Amending(runner, connections),  # type: ignore[arg-type]  # it calls what it is given
                settings=settings(
                    max_examples=120,
                    stateful_step_count=50,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow],
                ),
            )
        finally:
            runner.run(stack.aclose())
