"""Who answers when the chosen one cannot: both deployments on the wire, and a clock of the test's own."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from core.conversation import Message
from core.drun.asking import Asking, Fit
from core.drun.breaker import REST_S
from core.drun.endpoints import Deployment, Endpoint
from core.drun.fallback import Order
from core.errors import (
    KeyRefused,
    ModelBusy,
    ModelError,
    ModelUnavailable,
    ModelUnknown,
    NoBalance,
    QuestionTooLong,
    ReplyCut,
)
from tests.core.drun.table import OTHER, QWEN, TWIN, hello, models_of, table
from tests.core.drun.talk import HELLO
from tests.doubles.drun import refusals
from tests.doubles.drun.exchange import Answer
from tests.doubles.drun.hosts import Shape
from tests.doubles.drun.refusals import FOREIGN
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

FAILS: dict[str, tuple[Answer, int, str]] = {
    # what the service does, how often it is tried, what people are told
    "busy": (refusals.rate_limited(retry_after="0"), 2, f"`{TWIN}` answered: `{QWEN}` is busy."),
    "500": (refusals.broken(), 2, f"`{TWIN}` answered: `{QWEN}` cannot be reached."),
    "529": (refusals.plain_text(529, "overloaded"), 2, f"`{TWIN}` answered: `{QWEN}` cannot be reached."),
    "another vendor's 401": (
        FOREIGN["another vendor's 401"],
        1,
        f"`{TWIN}` answered: `{QWEN}` cannot be reached.",
    ),
    "another vendor's 402": (
        FOREIGN["another vendor's 402"],
        1,
        f"`{TWIN}` answered: `{QWEN}` cannot be reached.",
    ),
    "a wrong address": (refusals.no_such_page(), 1, f"`{TWIN}` answered: `{QWEN}` cannot be reached."),
    "a login page": (
        refusals.redirect("https://login.example.com/"),
        1,
        f"`{TWIN}` answered: `{QWEN}` cannot be reached.",
    ),
    "unknown": (refusals.unknown_model(QWEN), 1, f"`{TWIN}` answered: `{QWEN}` is not there."),
    "cut": (
        Script("Never", fault=Fault.END, thoughts=["hm"], after=1),
        2,
        f"`{TWIN}` answered: `{QWEN}` cannot be reached.",
    ),
}


@pytest.mark.parametrize("how", FAILS)
async def test_maas_answers_for_a_service_that_cannot_and_says_so(both: DrunDouble, how: str) -> None:
    answer, tries, sentence = FAILS[how]
    async with table(both) as found:
        both.script(answer, times=tries)
        both.script(Script("From MaaS."))
        assert await found.ask() == "From MaaS."
        assert found.asked.instead("en") == sentence
        assert TWIN in found.asked.instead("zh")
    assert models_of(both) == [*[QWEN] * tries, TWIN]


async def test_a_service_answers_for_maas(both: DrunDouble) -> None:
    async with table(both) as found:
        both.script(refusals.unavailable(), times=2)
        both.script(Script("Dedicated."))
        assert await found.ask(TWIN) == "Dedicated."
        assert found.asked.instead("en") == f"`{QWEN}` answered: `{TWIN}` cannot be reached."


async def test_who_answers_itself_is_not_told_of(both: DrunDouble) -> None:
    async with table(both) as found:
        await found.ask()
        assert (found.asked.instead("en"), found.asked.gone("en")) == ("", "")


@pytest.mark.parametrize(
    ("order", "chosen", "expected"),
    [(Order.SERVICE_FIRST, TWIN, QWEN), (Order.MAAS_FIRST, QWEN, TWIN), (Order.MAAS_FIRST, TWIN, TWIN)],
)
async def test_the_order_that_is_set_decides_who_is_asked_first(
    both: DrunDouble, order: Order, chosen: str, expected: str
) -> None:
    async with table(both, order=order) as found:
        await found.ask(chosen)
        same = "" if chosen == expected else f"`{expected}` answered, the same model as `{chosen}`."
        assert found.asked.instead("en") == same
    assert models_of(both) == [expected]


async def test_switched_off_nobody_stands_in(both: DrunDouble) -> None:
    async with table(both, order=Order.OFF) as found:
        both.script(refusals.unavailable(), times=3)
        with pytest.raises(ModelUnavailable):
            await found.ask()
    assert models_of(both) == [QWEN] * 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(refusals.no_balance(), NoBalance), (refusals.wrong_key("sk-wrong"), KeyRefused)],
)
async def test_what_the_operator_has_to_hear_is_not_hidden_by_a_twin(
    both: DrunDouble, answer: Answer, expected: type[ModelError]
) -> None:
    async with table(both) as found:
        both.script(answer)
        with pytest.raises(expected):
            await found.ask()
    assert models_of(both) == [QWEN]


async def test_after_the_first_word_nobody_stands_in(both: DrunDouble) -> None:
    async with table(both) as found:
        both.script(Script("Half an answer", fault=Fault.NULL, after=2))
        with pytest.raises(ReplyCut):
            await found.ask()
        assert "".join(delta.text for _, delta in found.last) == "Half an "
    assert models_of(both) == [QWEN]


async def test_when_all_fail_the_chosen_ones_error_is_told(both: DrunDouble) -> None:
    async with table(both, order=Order.MAAS_FIRST) as found:
        both.script(refusals.unavailable(), times=2)
        both.script(refusals.rate_limited(retry_after="0"), times=3)
        with pytest.raises(ModelBusy):
            await found.ask()
    assert models_of(both) == [*[TWIN] * 2, *[QWEN] * 3], "the last one is tried as often as ever"


async def test_one_who_stands_in_with_too_small_a_window_is_no_fault_of_the_question(
    both: DrunDouble,
) -> None:
    def fit(limit: int) -> Sequence[Message]:
        if limit < 30_000:
            raise QuestionTooLong(size=20_000, limit=limit)
        return HELLO

    both.service.shape = Shape.VLLM
    both.service.windows[QWEN] = 4096
    async with table(both) as found:
        both.script(refusals.rate_limited(retry_after="0"), times=2)
        with pytest.raises(ModelBusy):
            await _said(found.asking, TWIN, fit)
        with pytest.raises(QuestionTooLong):
            await _said(found.asking, QWEN, fit)
    assert models_of(both) == [TWIN] * 2


async def test_somebody_silent_is_left_for_a_twin_after_one_wait(both: DrunDouble) -> None:
    async with table(both, first_sign_s=0.2) as found:
        both.script(Script("Too late.", headers_s=float("inf")))
        both.script(Script("In time."))
        assert await found.ask() == "In time."
        await both.until(lambda: both.requests[0].closed_early)
    assert models_of(both) == [QWEN, TWIN]


async def test_a_dead_endpoint_costs_one_time_out_and_not_one_for_each_message(both: DrunDouble) -> None:
    calls = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        dead = Endpoint(Deployment.SERVICE, f"http://{host}:{port}/v1", both.key)
        async with table(both, service_at=dead) as found:
            await found.ask()
            assert calls == 1 + 2, (
                "its list, and two tries of one question: a connection may be dropped by chance"
            )
            for _ in range(5):
                await found.ask()
                assert found.asked.model.id == TWIN
            assert calls == 1 + 2
            assert found.asking.breakers.open(found.asked.chosen.model)
            assert not found.asking.breakers.open(found.asked.model)
    assert models_of(both) == [TWIN] * 6


async def test_without_a_twin_one_who_is_down_is_told_of_at_once_and_tried_again_later(
    drun: DrunDouble,
) -> None:
    async with table(drun) as found:
        for _ in range(3):
            drun.script(refusals.unavailable(), times=3)
            with pytest.raises(ModelUnavailable):
                await found.ask(OTHER)
        tried = len(drun.requests)
        assert tried == 9
        with pytest.raises(ModelUnavailable, match="left alone for a while"):
            await found.ask(OTHER)
        assert len(drun.requests) == tried, "it was not asked"
        await found.ask("public/deepseek-r1")
        found.clock.now += REST_S
        drun.script(Script("Back."))
        assert await found.ask(OTHER) == "Back."
        await found.ask(OTHER)


async def test_one_who_is_down_is_tried_by_one_and_the_rest_ask_its_twin(both: DrunDouble) -> None:
    async with table(both) as found:
        for _ in range(3):
            both.script(refusals.unavailable(), times=2)
            both.script(Script("From MaaS."))
            await found.ask()
        found.clock.now += REST_S
        probe = Script("Back.", gated=True)
        both.answer_to("hello", probe)
        before = len(both.requests)
        first = asyncio.create_task(_said(found.asking))
        await both.until(lambda: len(both.requests) == before + 1)
        second = asyncio.create_task(_said(found.asking))
        await both.until(lambda: len(both.requests) == before + 2)
        assert models_of(both)[-2:] == [QWEN, TWIN]
        await probe.finish_up()
        assert [await first, await second] == [QWEN, TWIN]
        assert await _said(found.asking) == QWEN


async def test_a_twin_that_thought_for_one_who_then_failed_begins_anew(both: DrunDouble) -> None:
    async with table(both) as found:
        both.script(Script("Never", thoughts=["I wonder"], fault=Fault.END, after=1), times=2)
        both.script(Script("Here.", thoughts=["Sure."]))
        assert await found.ask() == "Here."
        mine = [delta for asked, delta in found.last if asked is found.asked]
        assert "".join(delta.reasoning for delta in mine) == "Sure."


async def test_a_model_that_went_away_is_replaced_by_the_default_after_one_look_at_the_list(
    drun: DrunDouble,
) -> None:
    async with table(drun) as found:
        await found.ask("public/deepseek-r1")
        drun.maas.models.remove("public/deepseek-r1")
        drun.script(Script("Here instead."))
        assert await found.ask("public/deepseek-r1") == "Here instead."
        gone = f"`public/deepseek-r1` is not offered any more; `{OTHER}` answers."
        assert found.asked.gone("en") == gone
        assert drun.listings.count("maas") == 2
        await found.ask("public/deepseek-r1")
        assert drun.listings.count("maas") == 2, "now the list is right"
        assert models_of(drun) == ["public/deepseek-r1", "public/deepseek-r1", OTHER, OTHER]


@pytest.mark.parametrize("answer", [refusals.no_such_page(), refusals.no_such_route()])
async def test_a_path_that_is_not_served_tells_nothing_of_the_list(drun: DrunDouble, answer: Answer) -> None:
    async with table(drun) as found:
        await found.ask(OTHER)
        drun.script(answer)
        with pytest.raises(ModelUnavailable):
            await found.ask(OTHER)
        assert drun.listings.count("maas") == 1
        assert models_of(drun) == [OTHER, OTHER]
        drun.reply = Script("At the right address again.")
        assert await found.ask(OTHER) == "At the right address again."


async def test_a_model_that_is_listed_and_refused_is_an_error_and_no_loop(drun: DrunDouble) -> None:
    async with table(drun) as found:
        for _ in range(5):
            drun.script(refusals.denied("public/deepseek-r1"))
            with pytest.raises(ModelUnknown):
                await found.ask("public/deepseek-r1")
        assert drun.listings.count("maas") == 2
    assert len(drun.requests) == 5


async def _said(asking: Asking, chosen: str = QWEN, fit: Fit = hello) -> str:
    """Who answers, after a whole reply."""
    who = ""
    async with aclosing(asking.stream(chosen, fit)) as said:
        async for asked, _ in said:
            who = asked.model.id
    return who
