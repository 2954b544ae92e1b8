"""The client over real sockets: what is asked, and what comes out."""

import pytest

from core.conversation import Message
from core.drun.calls import ChatRequest, Sampling
from core.drun.endpoints import Deployment, Endpoint
from core.errors import (
    KeyRefused,
    ModelBusy,
    ModelError,
    ModelUnavailable,
    ModelUnknown,
    NotServed,
)
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
from tests.doubles.drun import refusals
from tests.doubles.drun.frames import Style, Thought
from tests.doubles.drun.refusals import Refusal
from tests.doubles.drun.script import Dress, Script
from tests.doubles.drun.server import DrunDouble

SERVICE_MODEL = "u-1100a15812cc/qwen2"
ANSWER = "Grüße, <b>世界</b> & \u2028 all 👩‍🚀 of you"


@pytest.mark.parametrize("style", Style)
async def test_a_reply_arrives_whole_in_every_engines_style(drun: DrunDouble, style: Style) -> None:
    drun.reply = Script(ANSWER, style=style)
    deltas = await ask(drun)
    assert text_of(deltas) == ANSWER
    assert finish_of(deltas) == ["stop"]
    [usage] = [delta.usage for delta in deltas if delta.usage]
    assert usage.completion_tokens == len(Script(ANSWER).pieces)


@pytest.mark.parametrize("seed", range(20))
async def test_a_reply_does_not_depend_on_where_its_bytes_are_cut(seed: int) -> None:
    async with DrunDouble(seed=seed) as drun:
        drun.reply = Script(ANSWER)
        assert text_of(await ask(drun)) == ANSWER


@pytest.mark.parametrize(
    "shape", [Thought.REASONING_CONTENT, Thought.REASONING, Thought.BOTH, Thought.DETAILS]
)
async def test_thoughts_are_kept_apart_from_the_answer(drun: DrunDouble, shape: Thought) -> None:
    drun.reply = Script("42", thoughts=["let ", "me see"], shape=shape)
    deltas = await ask(drun)
    assert (thought_of(deltas), text_of(deltas)) == ("let me see", "42")


@pytest.mark.parametrize("finish", ["stop", "length", "content_filter", "insufficient_system_resource"])
async def test_a_reply_says_why_it_ended_in_the_engines_word(drun: DrunDouble, finish: str) -> None:
    drun.reply = Script("so far", finish=finish)
    assert finish_of(await ask(drun)) == [finish]


async def test_only_thoughts_are_a_whole_reply(drun: DrunDouble) -> None:
    drun.reply = Script("", thoughts=["round ", "and round"], finish="length")
    deltas = await ask(drun)
    assert (text_of(deltas), finish_of(deltas), len(drun.requests)) == ("", ["length"], 1)


@pytest.mark.parametrize(
    "dress",
    [
        Dress(comments=True),
        Dress(space=False),
        Dress(line_end=b"\r\n"),
        Dress(line_end=b"\r"),
        Dress(b"\r", space=False, comments=True),
    ],
)
async def test_a_reply_may_be_written_in_any_dress(drun: DrunDouble, dress: Dress) -> None:
    drun.reply = Script(ANSWER, dress=dress)
    assert text_of(await ask(drun)) == ANSWER


async def test_one_frame_may_hold_a_megabyte(drun: DrunDouble) -> None:
    drun.reply = Script(["好" * 350_000])
    assert text_of(await ask(drun)) == "好" * 350_000


async def test_a_whole_body_instead_of_a_stream_is_an_answer_too(drun: DrunDouble) -> None:
    drun.reply = Script(ANSWER, whole=True)
    deltas = await ask(drun)
    assert (text_of(deltas), finish_of(deltas)) == (ANSWER, ["stop"])


async def test_the_request_holds_what_was_asked_and_nothing_else(drun: DrunDouble) -> None:
    messages = [Message("system", "Be brief."), Message("user", "hi"), Message("assistant", "yes?"), HELLO[0]]
    await ask(drun, messages=messages)
    [call] = drun.requests
    assert call.body == {
        "model": MODEL,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert call.headers["User-Agent"] == "drun-chat"


async def test_a_limit_of_the_answer_is_sent_when_there_is_one(drun: DrunDouble) -> None:
    async with model_client() as client:
        async for _ in client.stream(maas(drun), ChatRequest(MODEL, HELLO, Sampling(max_tokens=7))):
            pass
    assert drun.requests[0].body["max_tokens"] == 7


async def test_each_endpoint_answers_for_its_own_models(drun: DrunDouble) -> None:
    assert SERVICE_MODEL in text_of(await ask(drun, endpoint=service(drun), model=SERVICE_MODEL))
    with pytest.raises(ModelUnknown):
        await ask(drun, endpoint=maas(drun), model=SERVICE_MODEL)
    assert [call.endpoint for call in drun.requests] == ["service", "maas"]


async def test_one_connection_serves_many_questions(drun: DrunDouble) -> None:
    async with model_client() as client:
        for _ in range(3):
            async for _ in client.stream(maas(drun), ChatRequest(MODEL, HELLO)):
                pass
    assert len({call.connection for call in drun.requests}) == 1


async def test_models_are_listed_in_the_servers_order(drun: DrunDouble) -> None:
    drun.maas.models[:] = ["public/b", "public/a"]
    async with model_client() as client:
        assert [each.id for each in await client.models(maas(drun))] == ["public/a", "public/b"]
        assert [each.id for each in await client.models(service(drun))] == [SERVICE_MODEL]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusals.rate_limited(), ModelBusy),
        (refusals.unreachable(), ModelUnavailable),
        (refusals.error_page(), ModelUnavailable),
        (refusals.no_such_page(), NotServed),
        (refusals.redirect("https://login.example.com/"), NotServed),
        (refusals.unknown_model("public/x"), ModelUnavailable),
        (Refusal(200, b"<html>", "text/html"), ModelUnavailable),
        (Refusal(200, b'{"data":{}}'), ModelUnavailable),
        (Refusal(200, b'{"data":[{"id":"\xff"}]}'), ModelUnavailable),
        (Refusal(200, b'{"more":' + b"[" * 100_000), ModelUnavailable),
    ],
)
async def test_a_list_that_is_none_has_its_error(
    drun: DrunDouble, answer: Refusal, expected: type[ModelError]
) -> None:
    drun.maas.listing_fault = answer
    async with model_client() as client:
        with pytest.raises(ModelError) as caught:
            await client.models(maas(drun))
    assert type(caught.value) is expected
    assert "10.0.0.1" not in str(caught.value)


async def test_without_a_key_no_header_is_sent_and_a_server_that_wants_none_answers(
    drun: DrunDouble,
) -> None:
    drun.keys.add("")
    keyless = Endpoint(Deployment.MAAS, drun.maas_url, "")
    drun.reply = Script(ANSWER)
    assert text_of(await ask(drun, endpoint=keyless)) == ANSWER
    assert "Authorization" not in drun.requests[0].headers
    async with model_client() as client:
        assert await client.models(keyless)


async def test_without_a_key_the_gateway_says_that_it_wants_one(drun: DrunDouble) -> None:
    keyless = Endpoint(Deployment.MAAS, drun.maas_url, "")
    with pytest.raises(KeyRefused, match="You didn't provide an API key"):
        await ask(drun, endpoint=keyless)
    assert [call.status for call in drun.requests] == [401]
    async with model_client() as client:
        with pytest.raises(KeyRefused):
            await client.models(keyless)


async def test_a_wrong_key_lists_nothing_and_is_not_repeated(drun: DrunDouble) -> None:
    async with model_client() as client:
        with pytest.raises(KeyRefused) as caught:
            await client.models(maas(drun, "wrong.key/of+ours"))
    assert "wrong.key" not in str(caught.value)
