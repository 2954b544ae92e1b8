"""How a model is to pick its words, and how many: from the settings and the question to the wire."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.conversation import Message
from core.drun.calls import ChatRequest, Sampling, chat, continuation
from core.drun.client import ModelClient, http_client
from core.errors import WindowExceeded
from tests.core.drun.table import OTHER, QWEN, Table, table
from tests.core.drun.talk import HELLO, MODEL, maas
from tests.doubles.drun import refusals
from tests.doubles.drun.hosts import Shape
from tests.doubles.drun.refusals import OVERFLOWS
from tests.doubles.drun.server import DrunDouble

R1, FLASH, PHI = "public/deepseek-r1", "public/deepseek-v4-flash", "public/phi-4"
ALL = Sampling(0.3, 0.9, 200)


@pytest.mark.parametrize(
    ("own", "default", "expected"),
    [
        (Sampling(), Sampling(), Sampling()),
        (Sampling(), ALL, ALL),
        (ALL, Sampling(1.0, 0.1, 9), ALL),
        (Sampling(temperature=0.0), ALL, Sampling(0.0, 0.9, 200)),
        (Sampling(top_p=0.1), ALL, Sampling(0.3, 0.1, 200)),
        (Sampling(max_tokens=9), ALL, Sampling(0.3, 0.9, 9)),
    ],
)
def test_what_is_set_wins_field_by_field_also_when_it_is_zero(
    own: Sampling, default: Sampling, expected: Sampling
) -> None:
    assert own.over(default) == expected


@pytest.mark.parametrize(("limit", "expected"), [(None, 200), (100, 100), (200, 200), (300, 200), (-5, 1)])
def test_a_limit_makes_it_smaller_and_never_larger(limit: int | None, expected: int) -> None:
    assert ALL.within(limit) == replace(ALL, max_tokens=expected)
    assert Sampling(0.3).within(limit) == Sampling(0.3)


def test_only_what_is_set_stands_in_a_body() -> None:
    plain, full = ChatRequest("m", HELLO), ChatRequest("m", HELLO, ALL, room=512)
    names = {"temperature", "top_p", "max_tokens"}
    assert not names & set(chat(plain))
    assert names & set(continuation(plain)) == {"max_tokens"}, "without it engines stop after 16"
    for body in (chat(full), continuation(full)):
        assert {name: body[name] for name in names} == {
            "temperature": 0.3,
            "top_p": 0.9,
            "max_tokens": 200,
        }


async def test_the_clients_own_holds_where_a_question_says_nothing(drun: DrunDouble) -> None:
    async with http_client() as http:
        client = ModelClient(http, sampling=ALL, completions=[R1])
        for request in (ChatRequest(MODEL, HELLO, Sampling(temperature=1.5)), ChatRequest(R1, HELLO)):
            async with aclosing(client.stream(maas(drun), request)) as deltas:
                assert [delta async for delta in deltas]
    asked = [
        (call.body["temperature"], call.body["top_p"], call.body["max_tokens"]) for call in drun.requests
    ]
    assert asked == [(1.5, 0.9, 200), (0.3, 0.9, 200)]


async def most(found: Table, drun: DrunDouble, model: str, sampling: Sampling | None = None) -> int | None:
    """The ``max_tokens`` that ``model`` is asked with."""
    found.asking.sampling = sampling or Sampling()
    await found.ask(model)
    asked: int | None = drun.requests[-1].body.get("max_tokens")
    return asked


async def test_a_questions_own_is_asked_with_and_the_next_one_has_the_default(drun: DrunDouble) -> None:
    async with table(drun, sampling=Sampling(max_tokens=300)) as found:
        assert await most(found, drun, OTHER, Sampling(temperature=1.0, max_tokens=50)) == 50
        assert drun.requests[-1].body["temperature"] == 1.0
        assert await most(found, drun, OTHER) == 300
        assert "temperature" not in drun.requests[-1].body


async def test_a_thinking_model_is_sent_the_same_as_any_other(drun: DrunDouble) -> None:
    async with table(drun, sampling=ALL) as found:
        await found.ask(R1)
    assert {name: drun.requests[-1].body[name] for name in ("temperature", "top_p")} == {
        "temperature": 0.3,
        "top_p": 0.9,
    }


@pytest.mark.parametrize(("model", "documented"), [(OTHER, 8192), (R1, 32_000)])
async def test_no_more_is_asked_for_than_a_model_is_documented_to_say(
    drun: DrunDouble, model: str, documented: int
) -> None:
    async with table(drun, sampling=Sampling(max_tokens=100_000)) as found:
        assert await most(found, drun, model) == documented
        assert await most(found, drun, model, Sampling(max_tokens=8000)) == 8000


async def test_no_more_is_asked_for_than_the_window_has_left(drun: DrunDouble) -> None:
    drun.maas.models.append(PHI)
    async with table(drun, sampling=Sampling(max_tokens=16_384)) as found:
        short = await most(found, drun, PHI)
        assert short is not None
        assert 16_000 < short < 16_384, "the question has a few tokens"
        long = "word " * 9000
        found.fit = lambda _: [Message("user", long)]
        left = await most(found, drun, PHI)
        assert left is not None
        assert 16_384 // 4 <= left < 16_384 - 9000


async def test_where_the_window_is_a_guess_the_server_says_what_is_too_much(drun: DrunDouble) -> None:
    drun.maas.models.append(FLASH)
    async with table(drun, sampling=Sampling(max_tokens=20_000)) as found:
        assert await most(found, drun, FLASH) == 20_000
        drun.script(refusals.upstream_error(OVERFLOWS["vLLM 0.11, max_tokens"]))
        second = await most(found, drun, FLASH)
        assert second is not None
        assert second <= 4096
        before = len(drun.requests)
        third = await most(found, drun, FLASH)
        assert third is not None
        assert third <= 4096
        assert len(drun.requests) == before + 1, "now the window is known"


async def test_what_cannot_be_made_smaller_is_not_asked_twice(drun: DrunDouble) -> None:
    async with table(drun, sampling=Sampling(max_tokens=10)) as found:
        drun.script(refusals.upstream_error(OVERFLOWS["vLLM 0.11, max_tokens"]))
        with pytest.raises(WindowExceeded):
            await found.ask(OTHER)
    assert len(drun.requests) == 1


@pytest.mark.parametrize(("window", "expected"), [(None, 8192), (131_072, 8192), (4096, 1024)])
async def test_the_room_of_a_continuation_ends_where_the_models_output_does(
    drun: DrunDouble, window: int | None, expected: int
) -> None:
    if window is not None:
        drun.maas.shape = Shape.VLLM
        drun.maas.windows[OTHER] = window
    drun.without_chat(OTHER)
    async with table(drun) as found:
        assert await most(found, drun, OTHER) == expected
        assert drun.requests[-1].continues


async def test_a_service_of_unknown_output_has_a_quarter_of_its_window(drun: DrunDouble) -> None:
    def fit(limit: int) -> Sequence[Message]:
        return HELLO

    drun.without_chat(QWEN)
    async with table(drun) as found:
        found.fit = fit
        assert await most(found, drun, QWEN) == 32_768 // 4
