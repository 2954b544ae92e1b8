"""What goes wrong, which error it is, and whether it is tried again."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from time import monotonic

import pytest
from structlog.testing import capture_logs

from core.conversation import Delta, Message
from core.drun.calls import ChatRequest
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.drun.limiter import Limiter
from core.drun.sse import LONGEST_LINE
from core.errors import (
    AccessRefused,
    KeyRefused,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    ModelUnknown,
    NoBalance,
    NotServed,
    ReplyCut,
    WindowExceeded,
)
from tests.core.drun.talk import (
    HELLO,
    MODEL,
    ONCE,
    QUICK,
    ask,
    finish_of,
    maas,
    text_of,
)
from tests.doubles.drun import refusals
from tests.doubles.drun.refusals import FOREIGN, OVERFLOWS, Overflow, Refusal, in_stream
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusals.no_balance(), NoBalance),
        (refusals.denied(MODEL), ModelUnknown),
        (refusals.forbidden(), ModelRefused),
        (refusals.unknown_model(MODEL), ModelUnknown),
        (refusals.no_such_page(), NotServed),
        (refusals.no_such_route(), NotServed),
        (refusals.redirect("https://login.example.com/"), NotServed),
        *((answer, AccessRefused) for answer in FOREIGN.values()),
        (in_stream("tools are not supported"), ModelRefused),
        (in_stream("Unauthorized", code=401), AccessRefused),
        (refusals.upstream_error("tools are not supported"), ModelRefused),
    ],
)
async def test_a_final_refusal_is_not_tried_again(
    drun: DrunDouble, answer: Refusal, expected: type[ModelError]
) -> None:
    drun.reply = answer
    with pytest.raises(ModelError) as caught:
        await ask(drun)
    assert type(caught.value) is expected
    assert len(drun.requests) == 1


@pytest.mark.parametrize(
    "key", ["sk-wrong-KEY_0123456789", "a.key/with+other=letters", "x", "sk-“typographic”"]
)
async def test_a_wrong_key_is_refused_and_never_repeated(drun: DrunDouble, key: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        await ask(drun, endpoint=maas(drun, key))
    assert len(drun.requests) == 1
    assert f"provided: {key}" not in str(caught.value)
    assert "<key>" in str(caught.value)


@pytest.mark.parametrize("wording", OVERFLOWS.values(), ids=OVERFLOWS)
async def test_a_full_window_is_told_with_its_limit_and_a_shorter_talk_is_answered(
    drun: DrunDouble, wording: str
) -> None:
    drun.reply = Overflow(wording, 1, Script("fits"))
    with pytest.raises(WindowExceeded) as caught:
        await ask(drun, messages=[*HELLO, Message("assistant", "hi"), *HELLO])
    assert caught.value.limit == 4096
    assert len(drun.requests) == 1
    assert text_of(await ask(drun)) == "fits"


async def test_a_full_window_that_an_engine_tells_in_its_stream_is_told_with_its_limit_too(
    drun: DrunDouble,
) -> None:
    drun.reply = Overflow(OVERFLOWS["SGLang"], 1, Script("fits"), in_stream)
    with pytest.raises(WindowExceeded) as caught:
        await ask(drun, messages=[*HELLO, Message("assistant", "hi"), *HELLO])
    assert caught.value.limit == 4096
    assert len(drun.requests) == 1
    assert text_of(await ask(drun)) == "fits"


async def test_an_error_in_the_stream_after_the_first_word_cuts_the_reply_and_says_why(
    drun: DrunDouble,
) -> None:
    drun.reply = in_stream(f"slow down, {refusals.INTERNAL_URL}", code=429, said="one ")
    heard: list[Delta] = []
    with pytest.raises(ReplyCut, match="an error in the stream: 429 slow down, <address>"):
        await ask(drun, heard=heard)
    assert (text_of(heard), len(drun.requests)) == ("one ", 1)


async def test_an_error_before_what_was_held_back_is_one_after_the_first_word(drun: DrunDouble) -> None:
    # "<" might have begun a thought; it turns out to be the answer when nothing follows.
    drun.reply = in_stream("slow down", code=429, said="<")
    heard: list[Delta] = []
    with pytest.raises(ReplyCut):
        await ask(drun, heard=heard)
    assert (text_of(heard), len(drun.requests)) == ("<", 1)


async def test_a_limiter_learns_from_a_model_that_says_in_its_stream_that_it_is_busy(
    drun: DrunDouble,
) -> None:
    drun.reply = in_stream("slow down", code=429)
    async with http_client(ONCE) as http, aclosing(Limiter()) as limiter:
        client = ModelClient(http, ONCE, limiter=limiter)
        with capture_logs() as logs, pytest.raises(ModelBusy):
            await anext(client.stream(maas(drun), ChatRequest(MODEL, HELLO)))
    assert [told["event"] for told in logs] == ["a model is busy; requests to it are spaced"]


# What may be helped by asking again, before the first word.

RETRIED: dict[str, tuple[Callable[[], Refusal | Script], type[ModelError]]] = {
    "429": (refusals.rate_limited, ModelBusy),
    "429 with Retry-After": (lambda: refusals.rate_limited(retry_after="0.01"), ModelBusy),
    "429 in plain text": (refusals.rate_limited_in_plain_text, ModelBusy),
    "500": (refusals.broken, ModelUnavailable),
    "502": (refusals.unreachable, ModelUnavailable),
    "502 in HTML": (refusals.error_page, ModelUnavailable),
    "503": (refusals.unavailable, ModelUnavailable),
    "null": (lambda: Script("never", fault=Fault.NULL), ReplyCut),
    "error": (lambda: Script("never", fault=Fault.ERROR), ReplyCut),
    "429 in the stream": (lambda: in_stream("slow down", code=429), ModelBusy),
    "end": (lambda: Script("never", fault=Fault.END), ReplyCut),
    "[DONE] only": (lambda: Script("never", fault=Fault.DONE), ReplyCut),
    "malformed": (lambda: Script("never", fault=Fault.MALFORMED), ReplyCut),
    "reset": (lambda: Script("never", fault=Fault.RESET), ReplyCut),
    "null after thoughts": (lambda: Script("never", thoughts=["hm"], fault=Fault.NULL, after=1), ReplyCut),
}


@pytest.mark.parametrize("name", RETRIED)
async def test_a_failure_before_the_first_word_is_tried_again(drun: DrunDouble, name: str) -> None:
    make, _ = RETRIED[name]
    drun.script(make(), times=2)
    drun.reply = Script("at last")
    assert text_of(await ask(drun)) == "at last"
    assert len(drun.requests) == 3


@pytest.mark.parametrize("name", RETRIED)
async def test_a_failure_that_stays_is_told_after_the_last_attempt(drun: DrunDouble, name: str) -> None:
    make, expected = RETRIED[name]
    drun.reply = make()
    with pytest.raises(ModelError) as caught:
        await ask(drun)
    assert type(caught.value) is expected
    assert len(drun.requests) == 3
    for shown in (str(caught.value), caught.value.notice("en"), caught.value.notice("zh")):
        assert "10.0.0.1" not in shown
        assert drun.key not in shown


@pytest.mark.parametrize(
    "fault", [Fault.NULL, Fault.ERROR, Fault.END, Fault.DONE, Fault.MALFORMED, Fault.RESET, Fault.STALL]
)
async def test_a_failure_after_the_first_word_is_not_tried_again(drun: DrunDouble, fault: Fault) -> None:
    script = Script("one two three", fault=fault, after=2, gated=True)
    drun.reply = script
    heard: list[Delta] = []
    patience = replace(QUICK, idle_s=1.0 if fault is Fault.STALL else QUICK.idle_s)
    asking = asyncio.create_task(ask(drun, patience=patience, heard=heard))
    await script.release(2)
    await drun.until(lambda: script.sent == 2)
    await script.finish_up()
    with pytest.raises(ReplyCut):
        await asking
    assert len(drun.requests) == 1
    assert text_of(heard) == "one two "


@pytest.mark.parametrize(
    "fault", [Fault.NULL, Fault.ERROR, Fault.END, Fault.MALFORMED, Fault.RESET, Fault.STALL]
)
async def test_a_reply_that_has_finished_is_whole_whatever_follows(drun: DrunDouble, fault: Fault) -> None:
    drun.reply = Script("all said", thoughts=["hm"], fault=fault, after=None)
    deltas = await ask(drun, patience=replace(QUICK, idle_s=0.3))
    assert (text_of(deltas), finish_of(deltas)) == ("all said", ["stop"])
    assert len(drun.requests) == 1


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with DrunDouble() as drun:
        endpoint = maas(drun)
    with pytest.raises(ModelUnavailable):
        await ask(drun, endpoint=endpoint)
    assert drun.requests == []


async def test_retry_after_is_waited_for(drun: DrunDouble) -> None:
    drun.script(refusals.rate_limited(retry_after="0.4"))
    await ask(drun)
    first, second = drun.requests
    assert second.at - first.at >= 0.4


async def test_retry_after_beyond_all_patience_is_not_waited_for(drun: DrunDouble) -> None:
    drun.script(refusals.rate_limited(retry_after="3600"))
    with pytest.raises(ModelBusy):
        await ask(drun, patience=replace(QUICK, total_s=2.0))
    assert len(drun.requests) == 1


@pytest.mark.parametrize("limited", [True, False])
async def test_retry_after_beyond_all_patience_is_told_at_once_to_all_who_ask(
    drun: DrunDouble, *, limited: bool
) -> None:
    drun.reply = refusals.rate_limited(retry_after="3600")
    began = monotonic()
    async with http_client(QUICK) as http, aclosing(Limiter()) as limiter:
        client = ModelClient(http, QUICK, limiter=limiter if limited else None)
        for _ in range(3):
            with pytest.raises(ModelBusy) as caught:
                async with aclosing(client.stream(maas(drun), ChatRequest(MODEL, HELLO))) as deltas:
                    await anext(deltas)
            assert "for 60 minutes" in caught.value.notice("en")
    assert monotonic() - began < QUICK.total_s / 2
    assert len(drun.requests) == (1 if limited else 3), "who was told does not ask again"


@pytest.mark.parametrize("limited", [True, False])
async def test_retry_after_beyond_a_first_byte_is_not_cut_short(drun: DrunDouble, *, limited: bool) -> None:
    drun.script(refusals.rate_limited(retry_after="0.6"))
    patience = replace(QUICK, first_byte_s=0.2)
    async with http_client(patience) as http, aclosing(Limiter()) as limiter:
        client = ModelClient(http, patience, limiter=limiter if limited else None)
        assert [delta async for delta in client.stream(maas(drun), ChatRequest(MODEL, HELLO))]
    first, second = drun.requests
    assert second.at - first.at >= 0.6


def test_a_busy_model_is_given_more_time_than_a_broken_one() -> None:
    patience = replace(QUICK, retry_wait_s=1.0)
    assert [patience.pause(ModelUnavailable(), attempt, 1.0) for attempt in range(3)] == [1.0, 2.0, 4.0]
    assert [patience.pause(ModelBusy(), attempt, 1.0) for attempt in range(3)] == [2.0, 4.0, 8.0]


async def test_an_address_that_cannot_be_written_is_unavailable() -> None:
    async with DrunDouble() as drun:
        with pytest.raises(ModelUnavailable):
            await ask(drun, endpoint=Endpoint(Deployment.MAAS, "https://☃.-/v1", "sk-a"))
    assert drun.requests == []


@pytest.mark.parametrize("status", [408, 504, 520])
async def test_what_proxies_answer_for_a_server_out_of_reach_is_tried_again(
    drun: DrunDouble, status: int
) -> None:
    drun.script(refusals.plain_text(status, "upstream"))
    drun.reply = Script("at last")
    assert text_of(await ask(drun)) == "at last"
    assert len(drun.requests) == 2


async def test_another_vendors_unprocessable_request_is_a_refusal(drun: DrunDouble) -> None:
    drun.reply = refusals.upstream_error("Invalid parameters", 422)
    with pytest.raises(ModelRefused):
        await ask(drun)
    assert len(drun.requests) == 1


@pytest.mark.parametrize(
    "body", [b'{"error":{"message":"engine died","code":500}}', b"<html>busy</html>", b"", b"null", b"[]"]
)
async def test_a_body_that_is_no_reply_is_one_that_was_cut(drun: DrunDouble, body: bytes) -> None:
    drun.script(Refusal(200, body))
    drun.reply = Script("at last")
    assert text_of(await ask(drun)) == "at last"
    assert len(drun.requests) == 2


async def test_a_last_frame_without_its_empty_line_is_read(drun: DrunDouble) -> None:
    frames = b'data: {"choices":[{"delta":{"content":"all said"},"finish_reason":"stop"}]}'
    drun.reply = Refusal(200, frames, "text/event-stream; charset=utf-8")
    deltas = await ask(drun)
    assert (text_of(deltas), finish_of(deltas)) == ("all said", ["stop"])


async def test_a_line_without_an_end_does_not_fill_the_memory(drun: DrunDouble) -> None:
    drun.reply = Refusal(200, b"data: " + b"x" * (LONGEST_LINE + 1), "text/event-stream")
    with pytest.raises(ReplyCut, match="a line of more than"):
        await ask(drun, patience=ONCE)


async def test_an_answer_of_nothing_is_an_answer(drun: DrunDouble) -> None:
    drun.reply = Script("")
    deltas = await ask(drun)
    assert (text_of(deltas), finish_of(deltas), len(drun.requests)) == ("", ["stop"], 1)
