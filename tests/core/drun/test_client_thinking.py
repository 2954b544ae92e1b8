"""Thoughts in all their shapes, over real sockets."""

from collections.abc import Sequence
from contextlib import aclosing

import pytest

from core.conversation import Delta
from core.drun.calls import ChatRequest
from core.drun.client import ModelClient
from core.errors import ReplyCut
from tests.core.drun.talk import (
    HELLO,
    MODEL,
    ask,
    finish_of,
    maas,
    model_client,
    service,
    text_of,
    thought_of,
)
from tests.doubles.drun.frames import Style, Thought
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

SERVICE_MODEL = "u-1100a15812cc/qwen2"
THOUGHTS = ["let ", "me <", "see"]
ANSWER = "It is <b>42</b>."


def said(deltas: Sequence[Delta]) -> tuple[str, str]:
    """Text and thought as they stand in the end."""
    last = max((at for at, delta in enumerate(deltas) if delta.retracted), default=0)
    return text_of(deltas[last:]), thought_of(deltas[last:]).strip()


def retractions(deltas: Sequence[Delta]) -> int:
    return sum(delta.retracted for delta in deltas)


async def heard(client: ModelClient, drun: DrunDouble, *, reasoning: bool = False) -> list[Delta]:
    request = ChatRequest(MODEL, HELLO, reasoning=reasoning)
    async with aclosing(client.stream(maas(drun), request)) as deltas:
        return [delta async for delta in deltas]


@pytest.mark.parametrize("reasoning", [False, True], ids=["nothing is known", "known to reason"])
@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("shape", Thought)
async def test_no_shape_of_thought_gets_into_the_answer(
    drun: DrunDouble, shape: Thought, style: Style, reasoning: bool
) -> None:
    drun.reply = Script(ANSWER, thoughts=THOUGHTS, shape=shape, style=style)
    async with model_client() as client:
        deltas = await heard(client, drun, reasoning=reasoning)
    assert said(deltas) == (ANSWER, "let me <see")
    assert finish_of(deltas) == ["stop"]
    assert [delta.usage for delta in deltas if delta.usage]
    assert retractions(deltas) == (shape is Thought.CLOSING_TAG and not reasoning)


@pytest.mark.parametrize("seed", range(10))
async def test_tags_may_be_cut_anywhere(seed: int) -> None:
    async with DrunDouble(seed=seed) as drun:
        drun.reply = Script(list(ANSWER), thoughts=list("let me see"), shape=Thought.TAGS)
        assert said(await ask(drun)) == (ANSWER, "let me see")


async def test_a_model_that_begins_inside_its_thought_is_remembered(drun: DrunDouble) -> None:
    drun.reply = Script(ANSWER, thoughts=THOUGHTS, shape=Thought.CLOSING_TAG)
    async with model_client() as client:
        replies = [await heard(client, drun) for _ in range(3)]
    assert [said(deltas) for deltas in replies] == [(ANSWER, "let me <see")] * 3
    assert [retractions(deltas) for deltas in replies] == [1, 0, 0]


async def test_what_is_remembered_holds_for_one_model_at_one_endpoint(drun: DrunDouble) -> None:
    drun.script(Script(ANSWER, thoughts=THOUGHTS, shape=Thought.CLOSING_TAG))
    drun.reply_with("one two")
    async with model_client() as client:
        await heard(client, drun)
        for endpoint, model in ((service(drun), SERVICE_MODEL), (maas(drun), "public/deepseek-r1")):
            async with aclosing(client.stream(endpoint, ChatRequest(model, HELLO))) as deltas:
                assert (await anext(deltas)).text == "one "


async def test_a_model_that_stopped_thinking_is_heard_at_once_again(drun: DrunDouble) -> None:
    drun.script(Script(ANSWER, thoughts=THOUGHTS, shape=Thought.CLOSING_TAG))
    drun.reply_with("Just this.")
    async with model_client() as client:
        await heard(client, drun)
        for taken_back in (1, 0):
            deltas = await heard(client, drun)
            assert (text_of(deltas), retractions(deltas)) == ("Just this.", taken_back)


async def test_a_model_known_to_reason_that_answers_at_once_is_held_only_once(drun: DrunDouble) -> None:
    drun.reply_with("Just this.")
    async with model_client() as client:
        first, second = [await heard(client, drun, reasoning=True) for _ in range(2)]
    assert said(first) == said(second) == ("Just this.", "")
    assert (retractions(first), retractions(second)) == (1, 0)


async def test_a_model_whose_thoughts_come_by_themselves_is_never_held(drun: DrunDouble) -> None:
    drun.script(Script(ANSWER, thoughts=THOUGHTS))
    drun.reply_with("<think> is a tag.")
    async with model_client() as client:
        assert retractions(await heard(client, drun, reasoning=True)) == 0
        await heard(client, drun, reasoning=True)
    drun.reply = Script("<think> is a tag, and </think>\n\nanother.", thoughts=THOUGHTS)
    assert said(await ask(drun)) == ("<think> is a tag, and </think>\n\nanother.", "let me <see")


@pytest.mark.parametrize("shape", Thought)
async def test_thoughts_that_ate_the_whole_output_are_no_answer(drun: DrunDouble, shape: Thought) -> None:
    tags = {Thought.TAGS: ["<think>", *THOUGHTS], Thought.CLOSING_TAG: THOUGHTS}
    if shape in tags:
        drun.reply = Script(tags[shape], finish="length")
    else:
        drun.reply = Script("", thoughts=THOUGHTS, shape=shape, finish="length")
    async with model_client() as client:
        deltas = await heard(client, drun, reasoning=True)
    assert (text_of(deltas), thought_of(deltas), finish_of(deltas)) == ("", "let me <see", ["length"])


async def test_an_answer_about_the_tags_arrives_as_it_was_said(drun: DrunDouble) -> None:
    answer = (
        "Models write `<think>` first:\n```\n<think>\nhm\n</think>\n\n42\n```\nand `</think>`\n\nafter it."
    )
    drun.reply = Script(list(answer))
    deltas = await ask(drun)
    assert (text_of(deltas), thought_of(deltas), retractions(deltas)) == (answer, "", 0)


@pytest.mark.parametrize("shape", [Thought.REASONING_CONTENT, Thought.TAGS])
async def test_thoughts_of_a_failed_attempt_are_taken_back(drun: DrunDouble, shape: Thought) -> None:
    pieces = 2 if shape is Thought.REASONING_CONTENT else 4  # the opening tag comes in three
    drun.script(Script("never", thoughts=["wrong ", "way"], shape=shape, fault=Fault.NULL, after=pieces))
    drun.reply = Script(ANSWER, thoughts=["right"], shape=shape)
    deltas = await ask(drun)
    assert thought_of(deltas).startswith("wrong ")
    assert said(deltas) == (ANSWER, "right")
    assert len(drun.requests) == 2


async def test_text_held_as_a_thought_is_not_yet_a_word(drun: DrunDouble) -> None:
    """Nobody has seen it: the question may be asked again."""
    drun.script(Script(["let me", " see"], fault=Fault.RESET, after=1))
    drun.reply = Script(ANSWER, thoughts=["right"], shape=Thought.CLOSING_TAG)
    async with model_client() as client:
        deltas = await heard(client, drun, reasoning=True)
    assert said(deltas) == (ANSWER, "right")
    assert len(drun.requests) == 2


async def test_text_that_was_handed_out_counts_as_said_though_it_was_taken_back(drun: DrunDouble) -> None:
    pieces = ["let me see\n", "</think>", "\n\n", "It"]
    drun.reply = Script([*pieces, " is"], fault=Fault.NULL, after=len(pieces))
    with pytest.raises(ReplyCut):
        await ask(drun)
    assert len(drun.requests) == 1


async def test_what_was_held_back_is_said_before_a_reply_breaks_off(drun: DrunDouble) -> None:
    for fault in (Fault.NULL, Fault.END):
        deltas: list[Delta] = []
        drun.reply = Script(["1 ", "<th", "ink"], fault=fault, after=2)
        with pytest.raises(ReplyCut):
            await ask(drun, heard=deltas)
        assert text_of(deltas) == "1 <th"


async def test_blanks_alone_are_not_yet_a_word(drun: DrunDouble) -> None:
    drun.script(Script(["\n\n", "never"], fault=Fault.NULL, after=1))
    drun.reply = Script(ANSWER)
    assert said(await ask(drun))[0] == ANSWER
    assert len(drun.requests) == 2


async def test_a_whole_body_may_hold_a_thought_too(drun: DrunDouble) -> None:
    drun.reply = Script(f"<think>hm</think>\n\n{ANSWER}", whole=True)
    assert said(await ask(drun)) == (ANSWER, "hm")
