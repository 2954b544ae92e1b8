"""From a question to the model and back, over the real wire, the same on every platform."""

import re

import pytest

from tests.doubles.drun import refusals
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import Stage


async def test_a_question_is_answered(redis_url: str, stage: Stage, drun: DrunDouble) -> None:
    drun.reply_with("Hello from d.run.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("what is 1 < 2 & 3 > 2?")
        await stage.until(lambda: stage.answers(asked) == ["Hello from d.run."])
    request = drun.requests[-1]
    assert request.messages[-1] == {"role": "user", "content": "what is 1 < 2 & 3 > 2?"}
    assert request.model == "public/deepseek-v3"
    assert stage.throttled == 0


async def test_an_answer_is_shown_while_it_is_written(redis_url: str, stage: Stage, drun: DrunDouble) -> None:
    script = Script("one two three four five six", gated=True)
    drun.script(script)
    async with running(redis_url, drun, stage):
        asked = await stage.ask("count")
        await script.release(2)
        await stage.until(lambda: stage.answers(asked) and "one two" in stage.answers(asked)[0])
        assert stage.writing(asked)
        await script.release(2)
        await stage.until(lambda: "four" in stage.answers(asked)[0])
        await script.finish_up()
        await stage.until(lambda: stage.answers(asked) == ["one two three four five six"])


async def test_a_long_answer_goes_on_in_the_next_message(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    lines = [f"line {number} of the program" for number in range(stage.limit // 10)]
    drun.reply_with("Here:\n\n```python\n" + "\n".join(lines) + "\n```\n\nThat is all.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("a long program, please")
        await stage.until(lambda: stage.answers(asked) and stage.answers(asked)[-1].endswith("That is all."))
    shown = stage.answers(asked)
    assert len(shown) > 1
    assert all(len(text) <= stage.limit for text in shown)
    assert [line for text in shown for line in text.split("\n") if line.startswith("line ")] == lines
    assert all(text.count("```") % 2 == 0 for text in shown)
    assert stage.throttled == 0


async def test_nobody_is_notified_by_what_a_model_writes(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    drun.reply_with("@everyone @here @channel <!channel> <!here|x> <!subteam^S1> <@U123> <@&99> <@1> done")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("shout")
        await stage.until(lambda: stage.answers(asked) and stage.answers(asked)[-1].endswith("done"))
    assert stage.broadcasts() == 0


FAILURES = {
    "key": (refusals.wrong_key("sk-SECRETSECRET"), "The d.run API key was refused"),
    "balance": (refusals.no_balance(), "no balance left"),
    "unreachable": (refusals.unreachable(), "cannot be reached right now"),
    "unknown": (refusals.unknown_model("public/deepseek-v3"), "does not exist here"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_becomes_one_honest_sentence(
    redis_url: str, stage: Stage, drun: DrunDouble, failure: str
) -> None:
    answer, sentence = FAILURES[failure]
    drun.reply = answer
    async with running(redis_url, drun, stage):
        asked = await stage.ask("hello?")
        await stage.until(lambda: stage.answers(asked) and sentence in stage.answers(asked)[-1])
    assert not re.search(r"sk-|10\.0\.0\.1|Traceback", "".join(stage.answers(asked)))


async def test_a_cut_answer_says_that_it_is_incomplete(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    drun.script(Script("These are the first words.", fault=Fault.NULL, after=5))
    drun.reply_with("Again.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("tell me")
        await stage.until(lambda: stage.answers(asked) and "cut off" in stage.answers(asked)[-1])
        assert stage.answers(asked)[-1].startswith("These are the first words.")
        assert not stage.writing(asked)
        again = await stage.ask_on(asked, "go on")
        await stage.until(lambda: "Again." in stage.answers(again))
    assert {"role": "assistant", "content": "These are the first words."} in drun.requests[-1].messages


async def test_questions_of_one_conversation_are_answered_one_at_a_time_in_order(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first, second = Script("first answer", gated=True), Script("second answer")
    drun.answer_to("first question", first)
    drun.answer_to("second question", second)
    drun.answer_to("elsewhere", Script("other answer"))
    async with running(redis_url, drun, stage):
        asked = await stage.ask("first question")
        await script_began(drun, first)
        await stage.ask_on(asked, "second question")
        other = await stage.ask("elsewhere", channel="other")
        await stage.until(lambda: stage.answers(other) == ["other answer"])
        assert not any("second" in text for text in stage.answers(asked))
        await first.finish_up()
        await stage.until(lambda: stage.answers(asked) == ["first answer", "second answer"])
    asked_second = next(r for r in drun.requests if r.messages[-1]["content"] == "second question")
    assert {"role": "assistant", "content": "first answer"} in asked_second.messages


async def test_history_is_there_after_a_restart(redis_url: str, stage: Stage, drun: DrunDouble) -> None:
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("my name is Ada")
        await stage.until(lambda: stage.answers(asked) == ["Noted."])
    async with running(redis_url, drun, stage):
        again = await stage.ask("what is my name?")
        await stage.until(lambda: "Noted." in stage.answers(again))
    said = [message["content"] for message in drun.requests[-1].messages]
    assert said[-3:] == ["my name is Ada", "Noted.", "what is my name?"]


async def test_the_model_is_switched_by_text_and_stays_over_a_restart(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("hello")
        await stage.until(lambda: stage.answers(asked) == ["Yes."])
        listed = await stage.ask_on(asked, "/model")
        await stage.until(lambda: stage.told(listed) and "public/deepseek-r1" in stage.told(listed)[-1])
        wrong = await stage.ask_on(asked, "/model deepseek-r9")
        await stage.until(lambda: stage.told(wrong) and "Did you mean" in stage.told(wrong)[-1])
        switched = await stage.ask_on(asked, "/model deepseek-r1 channel")
        await stage.until(
            lambda: stage.answers(switched) and "`public/deepseek-r1`" in stage.answers(switched)[-1]
        )
        no_command = await stage.ask_on(asked, "/sing")
        await stage.until(lambda: stage.told(no_command) and "/model`" in stage.told(no_command)[-1])
    async with running(redis_url, drun, stage):
        again = await stage.ask("hello again")
        await stage.until(lambda: "Yes." in stage.answers(again))
    assert drun.requests[-1].model == "public/deepseek-r1"
    assert not any("/model" in message["content"] for message in drun.requests[-1].messages)


async def test_a_stop_ends_the_answer_with_what_was_shown(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    script = Script("one two three four five six", gated=True)
    drun.script(script)
    drun.reply_with("Fine.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("count")
        await script.release(2)
        await stage.until(lambda: stage.answers(asked) and "two" in stage.answers(asked)[0])
        await stage.ask_on(asked, "/stop")
        await stage.until(lambda: "Stopped." in stage.answers(asked)[0])
        await drun.until(lambda: drun.requests[-1].closed_early)
        again = await stage.ask_on(asked, "and?")
        await stage.until(lambda: "Fine." in stage.answers(again))
    assert {"role": "assistant", "content": "one two "} in drun.requests[-1].messages


async def test_a_question_that_cannot_fit_is_refused_with_its_size(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    settings = {
        "DRUN_SERVICE_MODELS": "u-1100a15812cc/qwen2=baichuan2-13b-Chat",
        "DRUN_DEFAULT_MODEL": "u-1100a15812cc/qwen2",
    }
    async with running(redis_url, drun, stage, settings=settings):
        asked = await stage.ask("🙂很长" * 1200)
        await stage.until(lambda: stage.answers(asked) and "消息太长：约 37" in stage.answers(asked)[-1])
    assert not drun.requests


async def script_began(drun: DrunDouble, script: Script) -> None:
    await drun.until(lambda: drun.in_flight > 0)
