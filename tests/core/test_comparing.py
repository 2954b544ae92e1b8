"""/compare and /ask, as turns: questions that a command asks."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from core.changes import Edited, Pinned
from core.comparing import models_of
from core.conversation import Usage
from core.hold import Hold
from core.store.connection import Connections
from tests.core.play import Play, play, prompts, scripts
from tests.core.store.talk import ROOM, claimed, eventually, expire, said
from tests.doubles.drun.refusals import broken
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

BOTH = "/compare deepseek-v3 deepseek-r1 count"
ONE, TWO = "public/deepseek-v3", "public/deepseek-r1"


@pytest.fixture
async def here(connections: Connections, drun: DrunDouble) -> AsyncGenerator[Play, None]:
    async with play(connections, drun) as made:
        yield made


def by_model(drun: DrunDouble, one: Script, two: Script) -> None:
    drun.answer_as(ONE, one)
    drun.answer_as(TWO, two)


async def test_ask_is_a_question_and_remembered_as_one(here: Play, drun: DrunDouble) -> None:
    drun.script(*scripts("One."))
    claim = await here.ask("/ask count")
    assert here.wall.texts() == ["One."]
    assert prompts(drun) == [["count"]]
    turn = await here.last()
    assert (turn.id, turn.text, turn.reply) == (claim.message.turn_id, "count", "One.")


@pytest.mark.parametrize(
    ("command", "said_back"),
    [
        ("/ask", "Write the question behind it"),
        ("/compare", "Write two models and the question behind it"),
        ("/compare deepseek-v3 deepseek-r1", "Write two models and the question behind it"),
        ("/compare deepseek-v3 deepseek-v3 why?", "Both are `public/deepseek-v3`"),
        ("/compare deepseek-v3 gpt-9 why?", "`gpt-9` does not exist"),
    ],
)
async def test_what_cannot_be_asked_is_answered_with_what_would_be_right(
    here: Play, drun: DrunDouble, command: str, said_back: str
) -> None:
    await here.ask(command)
    assert here.wall.texts()[0].find(said_back) >= 0
    assert not drun.requests
    assert await here.stage.history() == []


async def test_both_answers_stand_in_one_reply_and_in_the_history_each_with_its_model(
    here: Play, drun: DrunDouble
) -> None:
    drun.answer_as(ONE, Script("One two."))
    drun.answer_as(TWO, Script("Eins zwei."))
    claim = await here.ask(BOTH)
    assert here.wall.texts() == [f"**{ONE}**\n\nOne two.\n\n**{TWO}**\n\nEins zwei."]
    assert prompts(drun) == [["count"], ["count"]]
    turn = await here.last()
    assert (turn.id, turn.text, turn.complete) == (claim.message.turn_id, "count", True)
    assert turn.reply == here.wall.texts()[0]
    assert models_of(turn) == (ONE, TWO)
    assert turn.usage == Usage(4, 4)


async def test_both_are_read_at_once_and_the_second_is_shown_when_the_first_has_ended(
    here: Play, drun: DrunDouble
) -> None:
    one, two = Script("One two three", gated=True), Script("Eins zwei drei", gated=True)
    by_model(drun, one, two)
    await here.stage.turns.accept(said(BOTH))
    answering = asyncio.create_task(here.engine.answer(Hold(await claimed(here.stage.turns))))
    await drun.until(lambda: drun.in_flight == 2)
    await one.release(1)
    await two.finish_up()

    async def shown() -> bool:
        return any("One" in text for text in here.wall.texts())

    await eventually(shown)
    assert "Eins" not in here.wall.texts()[0]
    await one.finish_up()
    await answering
    assert here.wall.texts() == [f"**{ONE}**\n\nOne two three\n\n**{TWO}**\n\nEins zwei drei"]


async def test_code_that_the_first_left_open_does_not_swallow_the_second(
    here: Play, drun: DrunDouble
) -> None:
    by_model(drun, Script("```py\nx = 1"), Script("Eins."))
    await here.ask(BOTH)
    assert here.wall.texts() == [f"**{ONE}**\n\n```py\nx = 1\n```\n\n**{TWO}**\n\nEins."]


async def test_one_that_fails_says_so_in_its_place_and_the_other_one_counts(
    here: Play, drun: DrunDouble
) -> None:
    drun.answer_as(ONE, broken())
    drun.answer_as(TWO, Script("Eins."))
    await here.ask(BOTH)
    (text,) = here.wall.texts()
    assert text.startswith(f"**{ONE}**\n\n⚠️")
    assert text.endswith(f"\n\n**{TWO}**\n\nEins.")
    turn = await here.last()
    assert not turn.complete
    assert "⚠️" not in turn.reply
    assert turn.reply.endswith("Eins.")


async def test_where_both_fail_nothing_is_remembered_as_an_answer(here: Play, drun: DrunDouble) -> None:
    drun.reply = broken()
    await here.ask(BOTH)
    assert here.wall.texts()[0].count("⚠️") == 2
    assert (await here.last()).reply == ""


async def test_a_stop_ends_both(here: Play, drun: DrunDouble) -> None:
    by_model(drun, Script("One two", gated=True), Script("Eins zwei", gated=True))
    await here.stage.turns.accept(said(BOTH))
    hold = Hold(await claimed(here.stage.turns))
    answering = asyncio.create_task(here.engine.answer(hold))
    await drun.until(lambda: drun.in_flight == 2)
    hold.stopping.set()
    await answering
    await drun.until(lambda: all(call.closed_early for call in drun.requests))
    assert here.wall.texts()[0].count("_Stopped._") == 2


async def test_whoever_takes_over_writes_both_over_what_was_shown(
    here: Play, drun: DrunDouble, connections: Connections
) -> None:
    one = Script("One two three", gated=True)
    by_model(drun, one, Script("Eins."))
    question = said(BOTH)
    await here.stage.turns.accept(question)
    dying = asyncio.create_task(here.engine.answer(Hold(await claimed(here.stage.turns))))
    await drun.until(lambda: drun.in_flight >= 1)
    await one.release(1)

    async def checkpointed() -> bool:
        return bool(await connections.ask.hexists(f"drun:{{0}}:state:{ROOM}", "shown:1"))

    await eventually(checkpointed)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await expire(connections.ask, ROOM)
    by_model(drun, Script("Un."), Script("Eins."))
    await here.engine.answer(Hold(await claimed(here.stage.turns)))
    assert here.wall.texts() == [f"**{ONE}**\n\nUn.\n\n**{TWO}**\n\nEins."]


async def test_a_comparison_is_made_anew_by_both_or_by_one_that_is_named(
    here: Play, drun: DrunDouble
) -> None:
    by_model(drun, Script("One."), Script("Eins."))
    await here.ask(BOTH)
    by_model(drun, Script("Two."), Script("Zwei."))
    await here.ask("/regenerate")
    assert here.wall.texts()[0].startswith(f"**{ONE}**\n\nTwo.\n\n**{TWO}**\n\nZwei.\n\n_Version 2")
    await here.ask("/regenerate deepseek-r1")
    assert here.wall.texts() == [f"Zwei.\n\n_Version 3, by `{TWO}`._"]
    assert [each.model for each in (await here.last()).versions] == [f"{ONE} + {TWO}"] * 2


async def test_a_comparison_made_anew_in_which_both_fail_leaves_the_old_one(
    here: Play, drun: DrunDouble
) -> None:
    by_model(drun, Script("One."), Script("Eins."))
    await here.ask(BOTH)
    (old,), before = here.wall.texts(), await here.last()
    drun.answer_as(ONE, broken())
    drun.answer_as(TWO, broken())
    await here.ask("/regenerate")
    (text,) = here.wall.texts()
    assert text.startswith(f"{old}\n\n⚠️")
    assert text.endswith("_The earlier answer stays._")
    assert "Version 2" not in text
    assert await here.last() == before


async def test_a_comparison_made_anew_in_which_one_fails_is_a_new_version(
    here: Play, drun: DrunDouble
) -> None:
    by_model(drun, Script("One."), Script("Eins."))
    await here.ask(BOTH)
    drun.answer_as(ONE, broken())
    drun.answer_as(TWO, Script("Zwei."))
    await here.ask("/regenerate")
    (text,) = here.wall.texts()
    assert text.startswith(f"**{ONE}**\n\n⚠️")
    assert "Zwei.\n\n_Version 2" in text
    assert (await here.last()).version == 2


async def test_a_message_that_names_its_models_is_answered_by_them(here: Play, drun: DrunDouble) -> None:
    await here.take(replace(said("count"), models=(TWO,)))
    await here.take(replace(said("count"), models=(ONE, TWO)))
    assert here.wall.texts()[0] == f"You asked {TWO}: count"
    assert [call.model for call in drun.requests[:1]] == [TWO]
    assert {call.model for call in drun.requests[1:]} == {ONE, TWO}


async def test_an_edited_comparison_is_asked_again_as_it_says_now(here: Play, drun: DrunDouble) -> None:
    claim = await here.ask(BOTH)
    edited = Edited(ROOM.channel, claim.message.message_id, f"{BOTH} again")
    assert (await here.stage.turns.amend(edited)).last
    await here.ask("/regenerate")
    assert prompts(drun)[-2:] == [["count again"]] * 2


@pytest.mark.parametrize("line", [BOTH, "/ask count"])
async def test_a_pin_while_it_is_answered_leaves_the_question_as_it_was_asked(
    here: Play, drun: DrunDouble, line: str
) -> None:
    one = Script("One two", gated=True)
    by_model(drun, one, Script("Eins."))
    await here.stage.turns.accept(said(line))
    claim = await claimed(here.stage.turns)
    answering = asyncio.create_task(here.engine.answer(Hold(claim)))
    await drun.until(lambda: drun.in_flight >= 1)
    await here.stage.turns.amend(Pinned(ROOM.channel, claim.message.message_id, pinned=True))
    await one.finish_up()
    await answering
    turn = await here.last()
    assert (turn.text, turn.pinned) == ("count", True)


async def test_a_comparison_that_is_edited_while_it_is_answered_says_what_it_says_now(
    here: Play, drun: DrunDouble
) -> None:
    one = Script("One two", gated=True)
    by_model(drun, one, Script("Eins."))
    await here.stage.turns.accept(said(BOTH))
    claim = await claimed(here.stage.turns)
    answering = asyncio.create_task(here.engine.answer(Hold(claim)))
    await drun.until(lambda: drun.in_flight >= 1)
    await here.stage.turns.amend(Edited(ROOM.channel, claim.message.message_id, f"{BOTH} again"))
    await one.finish_up()
    await answering
    assert (await here.last()).text == f"{BOTH} again"
