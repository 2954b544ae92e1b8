"""The running summary from end to end: made beside the replies, and sent with later ones."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from core.books import Books
from core.changes import Edited
from core.chores import Chores
from core.conversation import Conversation, Turn
from core.drun.asking import Asking
from core.engine import Engine
from core.estimate import UNKNOWN, raw_prompt
from core.hold import Hold
from core.memory.folding import Memory
from core.memory.prompt import ASK, Prompt
from core.store.connection import Connections
from core.store.keys import partition_of
from core.store.scopes import Scope
from core.store.summaries import Folded, Summaries
from core.store.usage import Spending
from core.window import EARLIER
from tests.core.scene import Scene, scene
from tests.core.store.talk import GENERAL, ROOM, ask, claimed, exchange, said, thread, until
from tests.doubles.drun.records import ChatCall
from tests.doubles.drun.refusals import rate_limited
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

SUMS_UP = "public/deepseek-r1"
ANSWERS = "public/small"
"""Nothing is known of it: its window is 8,192 tokens."""


@dataclass(frozen=True)
class Remembering:
    stage: Scene
    engine: Engine
    chores: Chores

    async def answer(self, text: str, where: Conversation = ROOM, *, opens_thread: bool = False) -> None:
        """A whole turn, and what is done beside it."""
        claim = await ask(self.stage.turns, text, where, opens_thread=opens_thread)
        await self.engine.answer(Hold(claim))
        await until(lambda: not self.chores.running)

    @property
    def summings(self) -> list[ChatCall]:
        return [call for call in self.stage.drun.requests if call.messages[0]["content"] in {ASK.en, ASK.zh}]

    def sent(self) -> list[str]:
        """Of the last answer."""
        answers = [call for call in self.stage.drun.requests if call not in self.summings]
        return [str(message["content"]) for message in answers[-1].messages]


@asynccontextmanager
async def remembering(
    stage: Scene, connections: Connections, model: str = SUMS_UP
) -> AsyncGenerator[Remembering, None]:
    async with Chores() as chores:
        books = Books(chores, usage=Spending(connections))
        means = replace(stage.engine.means, books=books)
        memory = Memory(
            Summaries(connections, partitions=1),
            chores,
            books,
            lambda: Asking(means.client, means.catalog, means.breakers),
            model,
        )
        yield Remembering(stage, replace(stage.engine, means=replace(means, memory=memory)), chores)


@pytest.fixture
async def stage(connections: Connections, drun: DrunDouble) -> AsyncGenerator[Scene, None]:
    drun.maas.models.append(ANSWERS)
    async with scene(connections, drun, default=ANSWERS) as made:
        yield made


@pytest.fixture
async def talk(stage: Scene, connections: Connections) -> AsyncGenerator[Remembering, None]:
    async with remembering(stage, connections) as made:
        yield made


def long(number: int, words: int = 150) -> str:
    return f"fact {number}: " + "word " * words


async def fill(talk: Remembering, where: Conversation = ROOM) -> None:
    """So much that the next long turn is one too many."""
    for number in range(11):
        await exchange(talk.stage.turns, long(number), where)


async def test_what_the_window_has_no_room_for_is_summed_up_beside_the_reply_and_sent_later(
    talk: Remembering, connections: Connections
) -> None:
    await fill(talk)
    talk.stage.drun.script(Script("An answer."), Script("Ada told six facts."))
    await talk.answer(long(50, 400))
    [call] = talk.summings
    assert call.model == SUMS_UP
    assert "fact 0:" in call.prompt
    assert "Assistant: re: fact 0:" in call.prompt
    assert "fact 50:" not in call.prompt, "the newest stay as they are"
    talk.stage.drun.script(Script("Another."))
    await talk.answer("and now?")
    assert f"{EARLIER}Ada told six facts." in talk.sent()[0]
    assert talk.sent()[-1] == "and now?"
    assert len(talk.summings) == 1, "once is enough for a while"
    sums = await Spending(connections).of(Scope.channel(GENERAL), 1)
    person = await Spending(connections).of(Scope.person(GENERAL, "ada"), 1)
    assert (sums.turns, person.turns) == (2, 2)
    assert sums.prompt_tokens > person.prompt_tokens > 0


async def test_the_next_summary_goes_on_from_the_last(talk: Remembering) -> None:
    await fill(talk)
    talk.stage.drun.script(
        Script("An answer."), Script("The first summary."), Script("Yes."), Script("The second.")
    )
    await talk.answer(long(50, 400))
    await fill(talk)
    await talk.answer(long(51))
    first, second = talk.summings
    assert "The first summary." not in first.prompt
    assert "The first summary." in second.prompt
    assert "fact 0:" not in second.prompt.split("since:")[0]
    talk.stage.drun.script(Script("Another."))
    await talk.answer("and now?")
    assert "The second." in talk.sent()[0]


async def test_an_edit_of_what_was_summed_up_begins_the_summary_anew(talk: Remembering) -> None:
    first = await exchange(talk.stage.turns, "my name is Ada")
    await fill(talk)
    talk.stage.drun.script(Script("An answer."), Script("She is called Ada."))
    await talk.answer(long(50, 400))
    assert "my name is Ada" in talk.summings[0].prompt
    assert (await talk.stage.turns.amend(Edited(GENERAL, first.message.message_id, "my name is Bob"))).changed
    talk.stage.drun.script(Script("Another."), Script("He is called Bob."), Script("Bob."))
    await talk.answer("and now?")
    assert not any("She is called Ada." in text for text in talk.sent())
    assert "my name is Bob" in talk.summings[1].prompt
    assert "Ada" not in talk.summings[1].prompt.replace("re: my name is Ada", "")
    await talk.answer("what is my name?")
    assert "He is called Bob." in talk.sent()[0]


async def test_a_long_thread_has_a_summary_of_its_own(talk: Remembering) -> None:
    inside = thread("1")
    await exchange(talk.stage.turns, "the root of it", inside, opens_thread=True)
    await fill(talk, inside)
    talk.stage.drun.script(
        Script("An answer."), Script("What the thread is about."), Script("Yes."), Script("No.")
    )
    await talk.answer(long(50, 400), inside)
    assert "the root of it" in talk.summings[0].prompt
    await talk.answer("and now?", inside)
    assert "What the thread is about." in talk.sent()[0]
    await talk.answer("what is this channel about?")
    assert not any("What the thread is about." in text for text in talk.sent())


async def test_the_turn_that_opens_a_thread_is_summed_up_with_its_channel(
    talk: Remembering, connections: Connections
) -> None:
    await fill(talk)
    talk.stage.drun.script(Script("An answer."), Script("What the channel is about."), Script("Yes."))
    await talk.answer(long(50, 400), thread("1"), opens_thread=True)
    assert await connections.ask.exists(partition_of(GENERAL, 1).memory(GENERAL))
    await talk.answer("and now?", thread("2"), opens_thread=True)
    assert "What the channel is about." in talk.sent()[0]


async def test_switched_off_nothing_is_summed_up(stage: Scene, connections: Connections) -> None:
    async with remembering(stage, connections, "OFF") as talk:
        await fill(talk)
        stage.drun.reply_with("An answer.")
        await talk.answer(long(50, 400))
        assert talk.summings == []


async def test_without_a_choice_whoever_answered_sums_up(stage: Scene, connections: Connections) -> None:
    async with remembering(stage, connections, "") as talk:
        await fill(talk)
        stage.drun.reply_with("An answer.")
        await talk.answer(long(50, 400))
        assert [call.model for call in talk.summings] == [ANSWERS]


@pytest.mark.parametrize(
    "failure", [rate_limited(retry_after="0"), Script(""), Script("It goes on and", finish="length")]
)
async def test_a_summary_that_fails_harms_no_reply_and_is_not_tried_with_the_very_next_turn(
    talk: Remembering, failure: Script
) -> None:
    await fill(talk)
    talk.stage.drun.script(Script("An answer."))
    talk.stage.drun.script(failure, times=3)
    claim = await ask(talk.stage.turns, long(50, 400))
    await talk.engine.answer(Hold(claim))
    assert talk.stage.platform.of(claim.message).texts() == ["An answer."]
    await until(lambda: not talk.chores.running)
    tried = len(talk.summings)
    assert tried > 0
    await talk.answer(long(51))
    assert len(talk.summings) == tried


async def test_nobody_waits_for_a_summary(talk: Remembering) -> None:
    await fill(talk)
    summary = Script("Slow.", gated=True)
    talk.stage.drun.script(Script("An answer."), summary, Script("Another."))
    claim = await ask(talk.stage.turns, long(50, 400))
    await talk.engine.answer(Hold(claim))
    await until(lambda: talk.summings)
    await talk.stage.turns.accept(said("and now?"))
    await talk.engine.answer(Hold(await claimed(talk.stage.turns)))
    assert talk.sent()[-1] == "and now?"
    await summary.release(3)
    await until(lambda: not talk.chores.running)


def folded(*turns: Turn) -> Sequence[Folded]:
    return [Folded(number, turn) for number, turn in enumerate(turns, 1)]


def test_a_prompt_takes_as_many_turns_as_fit_and_tells_which() -> None:
    turns = folded(*(Turn("U1", long(number, 300), "yes", name="Ada") for number in range(20)))
    prompt = Prompt(turns, "What was.", "en")
    messages = prompt.fit(4_096, UNKNOWN)
    assert raw_prompt(messages) <= UNKNOWN.room(3_072)
    assert 2 < prompt.taken < 20
    assert prompt.reaches == prompt.taken
    assert f"Ada: fact {prompt.taken - 1}:" in messages[1].content
    assert f"Ada: fact {prompt.taken}:" not in messages[1].content
    assert "What was." in messages[1].content


def test_one_turn_that_is_larger_than_the_window_is_cut_and_not_left_for_ever() -> None:
    prompt = Prompt(folded(Turn("U1", "word " * 5_000, "yes"), Turn("U1", "more", "yes")), "", "zh")
    messages = prompt.fit(1_024, UNKNOWN)
    assert raw_prompt(messages) <= UNKNOWN.room(768)
    assert prompt.reaches == 1
    assert messages[0].content == ASK.zh
    assert "用户: word word" in messages[1].content
