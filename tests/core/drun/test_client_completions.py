"""Models that only continue texts: the legacy /v1/completions."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from core.conversation import Delta, Message
from core.drun.calls import ChatRequest, Sampling
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Endpoint
from core.drun.prompts import STOPS
from core.errors import ModelRefused, ModelUnavailable, NoBalance
from tests.core.drun.talk import (
    HELLO,
    MODEL,
    QUICK,
    finish_of,
    maas,
    service,
    text_of,
    thought_of,
)
from tests.doubles.drun import refusals
from tests.doubles.drun.frames import Thought
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

R1 = "public/deepseek-r1"
QWEN2 = "u-1100a15812cc/qwen2"
TALK = (Message("system", "Be brief."), Message("user", "hi"), Message("assistant", "Hello."), *HELLO)


async def asked(
    endpoint: Endpoint,
    model: str,
    *,
    completions: Sequence[str] = (),
    messages: Sequence[Message] = TALK,
    times: int = 1,
    max_tokens: int | None = None,
) -> list[Delta]:
    """The last of ``times`` replies."""
    deltas: list[Delta] = []
    async with http_client() as http:
        client = ModelClient(http, QUICK, completions=completions)
        for _ in range(times):
            request = ChatRequest(model, messages, Sampling(max_tokens=max_tokens), room=512)
            async with aclosing(client.stream(endpoint, request)) as stream:
                deltas = [delta async for delta in stream]
    return deltas


async def test_the_pages_own_call_of_deepseek_r1_as_a_completion(drun: DrunDouble) -> None:
    drun.reply = Script("Why is the sky blue? Because of Rayleigh.", thoughts=["hm"], shape=Thought.TAGS)
    deltas = await asked(maas(drun), R1, completions=[R1])
    assert (text_of(deltas), thought_of(deltas).strip()) == (
        "Why is the sky blue? Because of Rayleigh.",
        "hm",
    )
    [call] = drun.requests
    assert (call.endpoint, call.model, call.continues) == ("maas", R1, True)


async def test_the_pages_own_call_of_a_model_service_as_a_completion(drun: DrunDouble) -> None:
    drun.reply_with("Hello from Qwen2.")
    deltas = await asked(service(drun), QWEN2, completions=[QWEN2])
    assert (text_of(deltas), finish_of(deltas)) == ("Hello from Qwen2.", ["stop"])
    [call] = drun.requests
    assert (call.endpoint, call.model, call.continues) == ("service", QWEN2, True)


async def test_the_request_holds_the_transcript_its_stops_and_a_limit(drun: DrunDouble) -> None:
    await asked(maas(drun), R1, completions=[R1])
    assert drun.requests[0].body == {
        "model": R1,
        "prompt": "System: Be brief.\n\nUser: hi\n\nAssistant: Hello.\n\nUser: hello\n\nAssistant:",
        "stop": list(STOPS),
        "max_tokens": 512,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    await asked(maas(drun), R1, completions=[R1], max_tokens=7)
    assert drun.requests[1].body["max_tokens"] == 7


async def test_an_answer_of_many_tokens_is_not_cut_after_sixteen(drun: DrunDouble) -> None:
    drun.reply_with("word " * 100)
    deltas = await asked(maas(drun), R1, completions=[R1])
    assert (len(text_of(deltas).split()), finish_of(deltas)) == (100, ["stop"])


async def test_a_model_without_a_chat_template_is_asked_the_other_way_at_once_and_ever_after(
    drun: DrunDouble,
) -> None:
    drun.without_chat(R1)
    drun.reply_with("Here I am.")
    assert text_of(await asked(maas(drun), R1, times=3)) == "Here I am."
    assert [call.continues for call in drun.requests] == [False, True, True, True]


async def test_vllms_other_wording_is_understood_too(drun: DrunDouble) -> None:
    drun.script(
        refusals.upstream_error(
            "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat "
            "template if the tokenizer does not define one."
        )
    )
    drun.reply_with("Here I am.")
    assert text_of(await asked(maas(drun), MODEL)) == "Here I am."
    assert [call.continues for call in drun.requests] == [False, True]


async def test_learning_it_costs_none_of_the_attempts(drun: DrunDouble) -> None:
    drun.script(
        refusals.upstream_error("The model does not support Chat Completions API"),
        refusals.broken(),
        refusals.broken(),
        Script("At last."),
    )
    assert text_of(await asked(maas(drun), MODEL)) == "At last."


async def test_a_model_that_takes_neither_is_refused_and_not_asked_in_circles(drun: DrunDouble) -> None:
    drun.script(
        refusals.upstream_error("The model does not support Chat Completions API"),
        refusals.upstream_error("The model does not support Completions API"),
    )
    with pytest.raises(ModelRefused):
        await asked(maas(drun), MODEL)
    assert len(drun.requests) == 2


@pytest.mark.parametrize(
    "said",
    [
        "Hello there.\nUser: and you?\nAssistant: fine",
        " Assistant: Hello there.\nUser:",
        "Hello there.<|im_end|>\n<|im_start|>user",
        "Hello there.</s>",
    ],
)
async def test_what_the_server_leaks_of_stops_and_roles_is_cut(drun: DrunDouble, said: str) -> None:
    drun.reply = Script(list(said), leaks=True, delay_s=0.001)
    deltas = await asked(maas(drun), R1, completions=[R1])
    assert (text_of(deltas), finish_of(deltas)) == ("Hello there.", ["stop"])


async def test_a_model_that_goes_on_talking_for_the_user_is_left(drun: DrunDouble) -> None:
    script = Script(["Yes.", "\nUser:", " and", " on", " and", " on"], leaks=True, gated=True)
    drun.reply = script
    async with http_client() as http:
        client = ModelClient(http, QUICK, completions=[R1])
        stream = client.stream(maas(drun), ChatRequest(R1, HELLO))

        async def read() -> list[str | None]:
            async with aclosing(stream):
                return [delta.text or delta.finish async for delta in stream]

        _, read_so_far = await asyncio.gather(script.release(2), read())
        assert read_so_far == ["Yes.", "stop"]
    await drun.until(lambda: drun.requests[0].closed_early)


@pytest.mark.parametrize("fault", [Fault.NULL, Fault.END, Fault.RESET, Fault.DONE, Fault.MALFORMED])
async def test_a_continuation_fails_and_is_tried_again_like_any_reply(drun: DrunDouble, fault: Fault) -> None:
    drun.script(Script("never", fault=fault))
    drun.reply_with("At last.")
    assert text_of(await asked(maas(drun), R1, completions=[R1])) == "At last."


async def test_a_continuation_may_come_as_one_body(drun: DrunDouble) -> None:
    drun.reply = Script("In one.", whole=True)
    deltas = await asked(maas(drun), R1, completions=[R1])
    assert (text_of(deltas), finish_of(deltas)) == ("In one.", ["stop"])


async def test_the_refusals_of_a_continuation_are_those_of_every_call(drun: DrunDouble) -> None:
    drun.script(refusals.no_balance())
    with pytest.raises(NoBalance):
        await asked(maas(drun), R1, completions=[R1])
    drun.reply = refusals.broken()
    with pytest.raises(ModelUnavailable):
        await asked(maas(drun), R1, completions=[R1])
