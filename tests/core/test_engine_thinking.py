"""A turn whose model thinks: what is shown, what is remembered, what can be asked for."""

from dataclasses import dataclass, replace

import pytest

from core import texts
from core.commands.command import Call
from core.commands.running import run
from core.hold import Hold
from core.reasoning import KEPT
from core.store.connection import Connections
from tests.core.desks import choose
from tests.core.scene import Scene, scene
from tests.core.store.talk import ROOM, ask, thread
from tests.doubles.drun.frames import Thought
from tests.doubles.drun.refusals import OVERFLOWS, upstream_error
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

THOUGHTS = ("let me ", "see")


@dataclass
class Clock:
    """Every look at it is a second later."""

    at: float = 0.0

    def __call__(self) -> float:
        self.at += 1
        return self.at


def slow(stage: Scene) -> Scene:
    """The same scene, in which thinking takes seconds."""
    means = replace(stage.engine.means, now=Clock())
    return replace(stage, engine=replace(stage.engine, means=means))


async def thoughts_of(stage: Scene, argument: str = "") -> str:
    """What the command answers, with what it attaches."""
    answer = await run(stage.desk, Call(ROOM, "thinking", argument, "en"))
    return answer.text if answer.attached is None else f"{answer.text}\n\n{answer.attached.whole}"


@pytest.mark.parametrize("shape", Thought)
async def test_the_answer_alone_is_shown_and_remembered(stage: Scene, shape: Thought) -> None:
    stage.drun.script(Script("42", thoughts=THOUGHTS, shape=shape))
    assert await stage.answer("what is it?") == ["42"]
    stage.drun.reply_with("Yes.")
    await stage.answer("sure?")
    assert [message["content"] for message in stage.drun.requests[-1].messages] == [
        "what is it?",
        "42",
        "sure?",
    ]
    assert [(turn.reply, turn.complete) for turn in await stage.history()] == [("42", True), ("Yes.", True)]


@pytest.mark.parametrize("shape", Thought)
async def test_a_reply_that_was_thought_about_says_for_how_long(stage: Scene, shape: Thought) -> None:
    stage = slow(stage)
    stage.drun.script(Script("42", thoughts=THOUGHTS * 10, shape=shape))
    [shown] = await stage.answer("what is it?")
    answer, _, note = shown.partition("\n\n")
    assert answer == "42"
    assert note.startswith("_Thought for ")
    assert note.endswith(" s._")
    [turn] = await stage.history()
    assert turn.reply == "42"


async def test_how_long_it_thinks_is_said_while_it_thinks(stage: Scene) -> None:
    stage = slow(stage)
    script = Script("42", thoughts=["hm "] * 20, gated=True)
    stage.drun.script(script)
    claim = await stage.asked("想一想")
    surface = stage.platform.of(claim.message)
    answering = stage.answering(claim)
    await script.release(20)
    await surface.until(lambda: bool(surface.writes) and "秒" in surface.texts()[0])
    assert surface.texts()[0].startswith("思考中…… ")
    await script.finish_up()
    await answering
    assert surface.texts()[0].startswith("42\n\n_思考了 ")


async def test_where_thinking_is_not_to_be_shown_nothing_tells_of_it(stage: Scene) -> None:
    await choose(stage.desk.preferences, "thinking", "off")
    stage = slow(stage)
    stage.drun.script(Script("42", thoughts=THOUGHTS * 10))
    assert await stage.answer("what is it?") == ["42"]
    assert "There are no thoughts" in await thoughts_of(stage)


async def test_a_thought_that_was_shown_is_taken_back(stage: Scene) -> None:
    script = Script(["let me see\n", "</think>", "\n\n", "42"], gated=True)
    stage.drun.script(script)
    claim = await stage.asked("what is it?")
    surface = stage.platform.of(claim.message)
    answering = stage.answering(claim)
    await script.release(1)
    await surface.until(lambda: surface.texts() == ["let me see ▍"])
    await script.finish_up()
    await answering
    assert surface.texts() == ["42"]
    assert [turn.reply for turn in await stage.history()] == ["42"]
    assert (await thoughts_of(stage)).endswith("\n\nlet me see")


async def test_a_long_thought_that_was_shown_leaves_no_message_behind(stage: Scene) -> None:
    long = "".join(f"t{number} " for number in range(1000))
    script = Script([long, "\n</think>\n\n", "42"], gated=True)
    stage.drun.script(script)
    claim = await stage.asked("what is it?")
    surface = stage.platform.of(claim.message)
    answering = stage.answering(claim)
    await script.release(1)
    await surface.until(lambda: len(surface.shown) == 3)
    surface.sealed.clear()
    await script.finish_up()
    await answering
    assert surface.texts() == ["42"]
    assert surface.shown == {"m0": "42"}


@pytest.mark.parametrize("shape", Thought)
async def test_thoughts_that_ate_the_whole_output_have_their_own_sentence(
    connections: Connections, drun: DrunDouble, shape: Thought
) -> None:
    said = {Thought.TAGS: ["<think>", *THOUGHTS], Thought.CLOSING_TAG: list(THOUGHTS)}
    # The catalog knows this one to reason: shape E could not be told from an answer otherwise.
    async with scene(connections, drun, default="public/deepseek-r1") as stage:
        if shape in said:
            drun.script(Script(said[shape], finish="length"))
        else:
            drun.script(Script("", thoughts=THOUGHTS, shape=shape, finish="length"))
        assert await stage.answer("what is it?") == [texts.ONLY_REASONING.en]
        assert [(turn.reply, turn.complete) for turn in await stage.history()] == [("", False)]


@pytest.mark.parametrize(
    ("finish", "sentence"),
    [
        ("stop", texts.NO_TEXT),
        ("content_filter", texts.FILTERED),
        ("abort", texts.ENDED_EARLY),
        ("tool_calls", texts.ENDED_EARLY),
    ],
)
async def test_an_answer_of_nothing_says_why(stage: Scene, finish: str, sentence: texts.Text) -> None:
    stage.drun.script(Script("", thoughts=THOUGHTS, finish=finish))
    assert await stage.answer("what is it?") == [sentence.en]


@pytest.mark.parametrize(
    "finish", ["abort", "repetition", "insufficient_system_resource", "tool_calls", "new one"]
)
async def test_a_finish_reason_that_nobody_knows_is_an_end_that_is_told(stage: Scene, finish: str) -> None:
    stage.drun.script(Script("Once upon", finish=finish))
    assert await stage.answer("a story") == [f"Once upon\n\n_{texts.ENDED_EARLY.en}_"]
    assert [(turn.reply, turn.complete) for turn in await stage.history()] == [("Once upon", False)]


async def test_a_reply_that_broke_off_while_it_was_thought_about_is_a_model_out_of_reach(
    stage: Scene,
) -> None:
    stage.drun.reply = Script("never", thoughts=THOUGHTS, fault=Fault.NULL, after=2)
    assert await stage.answer("what is it?") == ["⚠️ The model cannot be reached right now. Please try again."]


async def test_a_conversation_that_cannot_be_shortened_is_not_sent_twice(stage: Scene) -> None:
    stage.drun.reply = upstream_error(OVERFLOWS["vLLM 0.8, messages"])
    assert await stage.answer("hello") == ["⚠️ The conversation is too long for this model."]
    assert len(stage.drun.requests) == 1


async def test_a_limit_that_nobody_names_shortens_the_conversation_too(stage: Scene) -> None:
    stage.drun.script(Script("Hi."))
    await stage.answer("hi")
    stage.drun.reply = upstream_error("Please reduce the length of the prompt: context length exceeded")
    assert await stage.answer("and now?") == ["⚠️ The conversation is too long for this model."]
    assert len(stage.drun.requests) == 2, "both turns would have fitted again"


async def test_the_thoughts_of_the_last_reply_can_be_asked_for(stage: Scene) -> None:
    assert "There are no thoughts" in await thoughts_of(stage)
    stage.drun.script(Script("42", thoughts=["So:\n", "6 * 7 @everyone <!channel>"]))
    await stage.answer("what is\n6 * 7?")
    shown = await thoughts_of(stage)
    assert shown == (
        "`public/deepseek-v3` thought for 0 s about “what is 6 * 7?”:\n\nSo:\n6 * 7 @everyone <!channel>"
    )
    stage.drun.script(Script("No thought about that."))
    await stage.answer("and now?")
    assert await thoughts_of(stage) == shown, "the last that had any"
    head, folded = await stage.answer("/thinking")
    assert head == shown.partition("\n\n")[0]
    assert folded.startswith("[Thoughts · 0 s] So:")


async def test_long_thoughts_are_shown_from_their_end_and_say_how_much_is_left_out(stage: Scene) -> None:
    thoughts = [f"w{number} " for number in range(12_000)]
    stage.drun.script(Script("42", thoughts=thoughts))
    await stage.answer("what is it?")
    shown = await thoughts_of(stage)
    assert shown.endswith("w11999")
    left_out = len("".join(thoughts)) - KEPT
    assert f"_The first {left_out} characters are left out._" in shown
    assert KEPT - 100 < len(shown) < KEPT + 200


async def test_thoughts_are_gone_after_a_reset(stage: Scene) -> None:
    stage.drun.script(Script("42", thoughts=THOUGHTS))
    await stage.answer("what is it?")
    await stage.answer("/reset")
    assert "There are no thoughts" in await thoughts_of(stage)


async def test_a_thread_has_its_own_thoughts(stage: Scene) -> None:
    for number in ("1", "2"):
        stage.drun.script(Script("42", thoughts=[f"thought {number}"]))
        await stage.engine.answer(Hold(await ask(stage.turns, "what is it?", thread(number))))
    for number in ("1", "2"):
        said = await run(stage.desk, Call(thread(number), "thinking", "", "en"))
        assert said.attached is not None
        assert said.attached.text == f"thought {number}"
