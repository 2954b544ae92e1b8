"""Whatever arrives from d.run, people read the answer, or one true sentence in their own language, and no secret."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.drun.client import ModelClient, http_client
from core.store.connection import Connections
from core.texts import Language
from tests.core.drun.sentences import SENTENCES
from tests.core.drun.talk import QUICK
from tests.core.drun.wire_cases import ASKED, QUESTIONS, THOUGHTS, Case
from tests.core.drun.wire_faults import CASES
from tests.core.scene import Scene, scene
from tests.core.test_secrets import KEY, SECRETS, everything_logged
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

IMPATIENT = replace(QUICK, first_byte_s=0.5, idle_s=0.3)
both_languages = pytest.mark.parametrize("language", QUESTIONS)


@asynccontextmanager
async def playing(connections: Connections, case: Case) -> AsyncGenerator[Scene, None]:
    async with (
        DrunDouble(key=KEY) as drun,
        scene(connections, drun, endpoints=case.endpoints(drun), default=case.default) as stage,
    ):
        if not case.silent:
            yield stage
            return
        async with http_client() as http:
            means = replace(stage.engine.means, client=ModelClient(http, IMPATIENT))
            yield replace(stage, engine=replace(stage.engine, means=means))


@both_languages
@pytest.mark.parametrize("name", CASES)
async def test_people_read_the_answer_or_one_true_sentence(
    connections: Connections, name: str, language: Language
) -> None:
    case = CASES[name]
    question = case.asks + QUESTIONS[language]
    with everything_logged() as written:
        async with playing(connections, case) as stage, asyncio.timeout(20):
            usual, first = case.answers()
            stage.drun.reply = usual
            for earlier in case.before:
                await stage.answer(earlier)
            before = len(stage.drun.requests)
            case.change(stage.drun)
            stage.drun.script(*first)
            shown = await stage.answer(question)
            kept = await stage.kept()
            asked = stage.drun.requests[before:]
    assert shown == [case.shown(question, language)]
    assert len(asked) == case.calls
    assert {call.endpoint for call in asked[-1:]} <= {case.host}
    assert kept[-1].reply.rstrip() == case.said.replace(ASKED, question)
    for told in (*shown, str(kept), written.getvalue()):
        assert SECRETS.search(told) is None, told


def test_all_groups_that_answer_a_question_are_played() -> None:
    groups = {int(name.partition(".")[0]) for name in CASES}
    assert groups == set(range(1, 15)) - {11, 12}, "those two have tests of their own below"
    assert {case.told for case in CASES.values() if case.told} < set(SENTENCES)


@both_languages
async def test_11_who_stops_an_answer_reads_what_came_and_that_it_stopped(
    connections: Connections, language: Language
) -> None:
    script = Script("one two three", gated=True)
    async with playing(connections, Case()) as stage:
        stage.drun.reply = script
        claim, stopping = await stage.asked(QUESTIONS[language]), asyncio.Event()
        surface = stage.platform.of(claim.message)
        answering = stage.answering(claim, stopping)
        await script.release(2)
        await surface.until(lambda: surface.texts() == ["one two ▍"])
        stopping.set()
        await answering
        await stage.drun.until(lambda: stage.drun.requests[0].closed_early)
        assert surface.texts() == [f"one two\n\n_{SENTENCES['stopped'].say(language)}_"]


@both_languages
async def test_12_the_next_question_is_sent_with_what_was_read_and_nothing_else(
    connections: Connections, language: Language
) -> None:
    async with playing(connections, Case()) as stage:
        stage.drun.script(Script("42", thoughts=THOUGHTS), Script("Yes."))
        question = QUESTIONS[language]
        assert [await stage.answer(question), await stage.answer(question)] == [["42"], ["Yes."]]
        said = [("user", question), ("assistant", "42"), ("user", question)]
        assert stage.drun.requests[-1].body == {
            "model": Case().default,
            "messages": [{"role": role, "content": content} for role, content in said],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
