"""What the double does for programs that a test does not share a process with, and the legacy completions."""

import json
from typing import Any

import httpx
import pytest

from tests.core.drun.raw import BODY, error, frames, post
from tests.core.drun.talk import MODEL
from tests.doubles.drun.controls import FAULTS, STATUSES
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

PROMPT: dict[str, Any] = {"model": MODEL, "prompt": "User: hello\n\nAssistant:", "stream": True}


def asking(text: str) -> dict[str, Any]:
    return {**BODY, "messages": [{"role": "user", "content": text}]}


async def continued(http: httpx.AsyncClient, url: str, **more: Any) -> httpx.Response:
    return await http.post(f"{url}/completions", json={**PROMPT, **more})


@pytest.mark.parametrize("name", STATUSES)
async def test_a_question_may_ask_for_a_status(drun: DrunDouble, http: httpx.AsyncClient, name: str) -> None:
    answer = await post(http, drun.maas_url, asking(f"please !fault:{name}"))
    assert str(answer.status_code) == name[:3]


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in {"reset", "stall"}])
async def test_a_question_may_ask_for_a_broken_stream(
    drun: DrunDouble, http: httpx.AsyncClient, name: str
) -> None:
    at_once = await post(http, drun.maas_url, asking(f"!fault:{name}"))
    later = await post(http, drun.maas_url, asking(f"!fault:{name}@2"))
    assert "one" not in at_once.text
    assert "two" in later.text
    assert 'finish_reason":"stop' not in at_once.text + later.text


async def test_a_question_may_ask_for_a_reset(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ReadError):
        await post(http, drun.maas_url, asking("!fault:reset@1"))


async def test_a_question_may_ask_for_silence(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await http.post(f"{drun.maas_url}/chat/completions", json=asking("!fault:stall@1"), timeout=0.3)


async def test_every_call_can_be_read_from_outside_without_its_key(
    drun: DrunDouble, http: httpx.AsyncClient
) -> None:
    await post(http, drun.maas_url)
    await post(http, drun.service_url)
    async with httpx.AsyncClient(trust_env=False) as stranger:
        told = await stranger.get(drun.service_url.removesuffix("/v1") + "/_requests")
    first, second = told.json()
    assert (first["endpoint"], first["body"], first["status"]) == ("maas", BODY, 200)
    assert (second["endpoint"], second["status"]) == ("service", 404)
    assert drun.key not in told.text


async def test_a_bucket_belongs_to_one_key(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.keys.add("sk-another")
    drun.limit(MODEL, 1, seconds=3600)
    other = {"Authorization": "Bearer sk-another"}
    statuses = [
        (await http.post(f"{drun.maas_url}/chat/completions", json=BODY, headers=headers)).status_code
        for headers in ({}, {}, other, other)
    ]
    assert statuses == [200, 429, 200, 429]
    drun.limit(MODEL, 1, seconds=3600)
    assert (await post(http, drun.maas_url)).status_code == 200


async def test_a_continuation_is_said_as_one(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.reply_with("one two")
    *chunks, ending, usage, done = frames(await continued(http, drun.maas_url))
    assert [json.loads(chunk)["choices"][0]["text"] for chunk in chunks] == ["one ", "two"]
    assert json.loads(ending)["choices"][0]["finish_reason"] == "stop"
    assert json.loads(usage)["object"] == "text_completion"
    assert json.loads(usage)["usage"]["completion_tokens"] == 2
    assert done == "[DONE]"
    assert (drun.requests[0].continues, drun.requests[0].prompt) == (True, PROMPT["prompt"])


async def test_a_continuation_without_a_limit_ends_after_sixteen_tokens(
    drun: DrunDouble, http: httpx.AsyncClient
) -> None:
    drun.reply_with("word " * 20)
    *chunks, ending, _, _ = frames(await continued(http, drun.maas_url))
    assert (len(chunks), json.loads(ending)["choices"][0]["finish_reason"]) == (16, "length")


@pytest.mark.parametrize(("leaks", "said"), [(False, "yes"), (True, "yes\nUser: and")])
async def test_a_stop_ends_the_reply_unless_the_server_leaks_it(
    drun: DrunDouble, http: httpx.AsyncClient, leaks: bool, said: str
) -> None:
    drun.reply = Script(["y", "es", "\nUs", "er: and"], leaks=leaks)
    *chunks, _, _, _ = frames(await continued(http, drun.maas_url, stop=["\nUser:"]))
    assert "".join(json.loads(chunk)["choices"][0]["text"] for chunk in chunks) == said


async def test_a_model_without_a_chat_template_only_continues(
    drun: DrunDouble, http: httpx.AsyncClient
) -> None:
    drun.without_chat(MODEL)
    refused = await post(http, drun.maas_url)
    assert refused.status_code == 400
    assert error(refused)["message"] == "The model does not support Chat Completions API"
    assert error(refused)["code"] == "400"
    assert (await continued(http, drun.maas_url)).status_code == 200


@pytest.mark.parametrize(
    "change", [{"prompt": ""}, {"prompt": None}, {"messages": []}, {"stop": "x"}, {"stop": list("abcde")}]
)
async def test_a_defective_continuation_is_refused(
    drun: DrunDouble, http: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    assert (await continued(http, drun.maas_url, **change)).status_code == 400


async def test_a_limit_cuts_the_reply(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.reply_with("one two three")
    *_, text, ending, usage, _ = frames(await post(http, drun.maas_url, {**BODY, "max_tokens": 2}))
    assert json.loads(text)["choices"][0]["delta"]["content"] == "two "
    assert json.loads(ending)["choices"][0]["finish_reason"] == "length"
    assert "usage" in json.loads(usage)


async def test_the_pauses_of_a_reply_are_the_seeds(http: httpx.AsyncClient) -> None:
    async def waited(seed: int) -> list[float]:
        drawn: list[float] = []
        async with DrunDouble(seed=seed) as drun:
            script = Script("one two three", jitter_s=0.001)
            drun.reply = script
            headers = {"Authorization": f"Bearer {drun.key}"}
            await http.post(f"{drun.maas_url}/chat/completions", json=BODY, headers=headers)
            drawn += script.waited
        return drawn

    first, again, other = await waited(1), await waited(1), await waited(2)
    assert len(first) == 4
    assert first == again != other
