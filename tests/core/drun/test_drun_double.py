"""The double as a test steers it: replies, faults, pace, and what it saw."""

import asyncio
import json

import httpx
import pytest

from tests.core.drun.raw import BODY, frames, post
from tests.core.drun.talk import MODEL
from tests.doubles.drun import refusals
from tests.doubles.drun.frames import Style, Thought, thought_deltas
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.drun.wire import go_json


async def test_a_stream_is_the_gateways(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.reply_with("a<b & c")
    answer = await post(http, drun.maas_url)
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    *chunks, last = frames(answer)
    assert last == "[DONE]"
    head = '"created":1,"id":"chatcmpl-1","model":"up","object":"chat.completion.chunk"'
    role = '{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}'
    assert chunks[0] == f'{{"choices":[{role}],{head}}}'
    assert r'"content":"a\u003cb "' in chunks[1]
    assert r'"content":"\u0026 "' in chunks[2]
    usage = '"usage":{"completion_tokens":3,"prompt_tokens":2,"total_tokens":5}'
    assert chunks[-1] == f'{{"choices":[],{head},{usage}}}'
    assert json.loads(chunks[-2])["choices"][0]["finish_reason"] == "stop"


async def test_a_stream_of_sglang_has_null_keys_and_ends_in_one_chunk(
    drun: DrunDouble, http: httpx.AsyncClient
) -> None:
    drun.reply = Script("one", style=Style.SGLANG)
    first, second, last, done = frames(await post(http, drun.maas_url))
    assert json.loads(first)["choices"][0]["delta"] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": None,
        "tool_calls": None,
    }
    assert json.loads(second)["choices"][0]["delta"]["role"] is None
    assert json.loads(last)["choices"][0]["finish_reason"] == "stop"
    assert json.loads(last)["usage"]["completion_tokens"] == 1
    assert done == "[DONE]"


async def test_without_stream_the_reply_is_one_body(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.reply_with("hi there")
    answer = await post(http, drun.maas_url, {**BODY, "stream": False})
    [choice] = answer.json()["choices"]
    assert choice["message"] == {"content": "hi there", "role": "assistant"}
    assert "finish_reason" not in choice


async def test_answers_are_given_by_prompt_then_in_turn_then_as_usual(
    drun: DrunDouble, http: httpx.AsyncClient
) -> None:
    drun.answer_to("weather", Script("rain"))
    drun.script(refusals.broken(), Script("second"))
    drun.reply_with("usual")
    weather = {**BODY, "messages": [{"role": "user", "content": "what weather?"}]}
    assert "rain" in (await post(http, drun.maas_url, weather)).text
    assert (await post(http, drun.maas_url)).status_code == 500
    assert "second" in (await post(http, drun.maas_url)).text
    assert "usual" in (await post(http, drun.maas_url)).text
    drun.reply = None
    assert "hello" in (await post(http, drun.maas_url)).text


async def test_a_request_is_recorded(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    await post(http, drun.maas_url)
    await post(http, drun.service_url)
    first, second = drun.requests
    assert (first.endpoint, first.model, first.status, first.served) == ("maas", MODEL, 200, True)
    assert (first.messages, first.prompt) == (BODY["messages"], "hello")
    assert (second.endpoint, second.status) == ("service", 404)
    assert first.at <= second.at


async def test_a_released_piece_can_be_read_and_no_other(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    script = Script("one two three", gated=True)
    drun.reply = script
    async with http.stream("POST", f"{drun.maas_url}/chat/completions", json=BODY) as answer:
        lines = answer.aiter_lines()

        async def next_content() -> str:
            async for line in lines:
                if line.startswith("data: {") and (choices := json.loads(line[6:])["choices"]):
                    return str(choices[0]["delta"].get("content") or choices[0]["finish_reason"] or "")
            return "the end"

        await script.release()
        assert script.sent == 1
        assert [await next_content(), await next_content()] == ["", "one "]
        await script.release(2)
        assert [await next_content(), await next_content()] == ["two ", "three"]
        assert not drun.requests[0].served
        await script.finish_up()
        assert [await next_content(), await next_content()] == ["stop", "the end"]
    assert drun.requests[0].served


async def test_calls_at_the_same_time_are_counted(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    script = Script("one", gated=True)
    drun.reply = script
    calls = [asyncio.create_task(post(http, drun.maas_url)) for _ in range(3)]
    await drun.until(lambda: drun.in_flight == 3)
    await script.finish_up()
    await asyncio.gather(*calls)
    await drun.until(lambda: drun.in_flight == 0)
    await post(http, drun.maas_url)
    assert drun.max_in_flight == 3


async def test_a_client_that_leaves_is_noticed_while_nothing_is_sent(
    drun: DrunDouble, http: httpx.AsyncClient
) -> None:
    drun.reply = Script("one two", fault=Fault.STALL, after=1)
    async with http.stream("POST", f"{drun.maas_url}/chat/completions", json=BODY) as answer:
        await anext(answer.aiter_lines())
        assert not drun.requests[0].closed_early
    await drun.until(lambda: drun.requests[0].closed_early)
    assert drun.requests[0].closed_at is not None
    assert drun.requests[0].closed_at > drun.requests[0].at


async def test_closing_the_double_is_not_the_clients_leaving() -> None:
    async with DrunDouble() as drun, asyncio.TaskGroup() as tasks:
        drun.reply = Script("one two", fault=Fault.STALL, after=1)
        _, port = drun.maas_url.removesuffix("/v1").removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection("127.0.0.1", int(port))
        body = json.dumps(BODY).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {drun.key}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await drun.until(lambda: drun.in_flight == 1)
        tasks.create_task(drun.__aexit__(None, None, None))
    await drun.until(lambda: drun.in_flight == 0)
    assert not drun.requests[0].closed_early
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        (Fault.NULL, "null"),
        (Fault.DONE, "[DONE]"),
        (Fault.MALFORMED, '{"choices":[{"delta":{"content":"cut'),
    ],
)
async def test_a_fault_comes_where_it_was_asked_for(
    drun: DrunDouble, http: httpx.AsyncClient, fault: Fault, last: str
) -> None:
    drun.script(Script("one two", fault=fault), Script("one two", fault=fault, after=1))
    assert frames(await post(http, drun.maas_url)) == [last]
    *before, end = frames(await post(http, drun.maas_url))
    assert end == last
    assert [json.loads(frame)["choices"][0]["delta"]["content"] for frame in before] == ["", "one "]


async def test_an_engines_error_frame_is_followed_by_done(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.reply = Script("one", fault=Fault.ERROR)
    found, done = frames(await post(http, drun.maas_url))
    assert json.loads(found)["error"]["type"] == "InternalServerError"
    assert done == "[DONE]"


async def test_a_clean_end_is_clean(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.reply = Script("one two", fault=Fault.END, after=1)
    assert len(frames(await post(http, drun.maas_url))) == 2


async def test_a_reset_is_no_clean_end(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.reply = Script("one two", fault=Fault.RESET, after=1)
    with pytest.raises(httpx.ReadError):
        await post(http, drun.maas_url)


async def test_bytes_are_cut_where_the_seed_says() -> None:
    async def pieces(seed: int) -> list[bytes]:
        async with DrunDouble(seed=seed) as drun, httpx.AsyncClient(trust_env=False) as http:
            drun.reply_with("世界 " * 20)
            headers = {"Authorization": f"Bearer {drun.key}"}
            url = f"{drun.maas_url}/chat/completions"
            async with http.stream("POST", url, json=BODY, headers=headers) as answer:
                return [piece async for piece in answer.aiter_raw()]

    first, again, other = await pieces(1), await pieces(1), await pieces(2)
    assert b"".join(first) == b"".join(again) == b"".join(other)
    assert [piece for piece in first if not is_text(piece)], "no cut fell into a letter"
    assert [piece for piece in first if piece.count(b"\n\n") and not piece.endswith(b"\n\n")]
    assert len(first) != len(other)


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("shape", Thought)
def test_every_shape_of_thought_keeps_its_words(shape: Thought) -> None:
    found = go_json(list(thought_deltas(["let me ", "see"], shape))).decode()
    assert "let me " in found
    assert "see" in found


async def test_a_wait_that_is_in_vain_says_what_was_seen(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    await post(http, drun.maas_url)
    with pytest.raises(TimeoutError, match=r"in flight: 0; last calls: \['public/deepseek-v3 200"):
        await drun.until(lambda: len(drun.requests) > 1, timeout=0.05)
