"""The contract as it is on the wire, with no client of ours in between: what the double plays, a real engine does."""

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
import pytest

from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Endpoint
from core.errors import AccessRefused, KeyRefused, ModelUnavailable
from tests.core.drun.served import BOTH, LONGEST, Server, served
from tests.core.drun.talk import ONCE
from tests.core.store.talk import eventually

pytestmark = [pytest.mark.parametrize("server", BOTH, indirect=True)]
SAY_HELLO = {"messages": [{"role": "user", "content": "Say hello."}]}
CONTINUE = {"prompt": "User: Say hello.\n\nAssistant:", "stop": ["\nUser:"]}
CALLS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat.completion": ("/chat/completions", SAY_HELLO),
    "text_completion": ("/completions", CONTINUE),
}
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}
both_calls = pytest.mark.parametrize("kind", CALLS)


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncGenerator[Server, None]:
    async with served(request.param) as found:
        yield found


@pytest.fixture
async def http(server: Server) -> AsyncGenerator[httpx.AsyncClient, None]:
    headers = {"Authorization": f"Bearer {server.endpoint.key}"}
    async with httpx.AsyncClient(
        headers=headers, base_url=server.endpoint.base_url, trust_env=False, timeout=25
    ) as made:
        yield made


def body(server: Server, kind: str, **more: Any) -> dict[str, Any]:
    return {"model": server.model, **CALLS[kind][1], "max_tokens": 5, **more}


async def test_a_list_has_rows_with_the_ids_that_may_be_asked_for(
    server: Server, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/models")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    [row, *_] = [row for row in answer.json()["data"] if row["id"] == server.model]
    assert row["object"] == "model"
    assert isinstance(row["created"], int)
    assert isinstance(row["owned_by"], str)


@both_calls
async def test_a_stream_is_events_with_usage_in_the_last_one_then_done(
    server: Server, http: httpx.AsyncClient, kind: str
) -> None:
    answer = await http.post(CALLS[kind][0], json=body(server, kind, **STREAMED))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *events, rest = answer.text.split("\n\n")
    assert rest == ""
    assert all(event.startswith("data: ") for event in events)
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    assert events[-1] == "data: [DONE]"
    assert {chunk["object"] for chunk in chunks} == {kind if kind == "text_completion" else f"{kind}.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["length"]
    assert choices[-1]["finish_reason"] == "length", "nothing is said after it"
    assert "".join(said(choice) for choice in choices).strip()
    # Of a continuation llama.cpp tells it beside the finish, as SGLang 0.4 does of all.
    assert chunks[-1]["choices"] == [] or kind == "text_completion"
    usage = chunks[-1]["usage"]
    assert usage["completion_tokens"] == 5
    assert usage["total_tokens"] == usage["prompt_tokens"] + 5


def said(choice: dict[str, Any]) -> str:
    return str(choice.get("text") or choice.get("delta", {}).get("content") or "")


@both_calls
async def test_without_a_stream_the_reply_is_one_body_with_its_usage(
    server: Server, http: httpx.AsyncClient, kind: str
) -> None:
    answer = (await http.post(CALLS[kind][0], json=body(server, kind))).json()
    assert answer["object"] == kind
    [choice] = answer["choices"]
    assert choice["text"] if kind == "text_completion" else choice["message"]["content"]
    assert answer["usage"]["completion_tokens"] == 5


@both_calls
async def test_leaving_ends_the_making_of_the_reply(
    server: Server, http: httpx.AsyncClient, kind: str
) -> None:
    # Where a stop text or an end of its own came first, leaving would prove nothing.
    endless = body(server, kind, **STREAMED) | {"max_tokens": LONGEST, "ignore_eos": True, "stop": ["\u2603"]}
    async with http.stream("POST", CALLS[kind][0], json=endless) as answer:
        await anext(answer.aiter_lines())
    made = await eventually(server.made)
    assert made is not None
    assert made < LONGEST // 2


async def test_an_id_that_is_not_listed_is_refused_where_there_is_a_choice(
    server: Server, http: httpx.AsyncClient
) -> None:
    answer = await http.post("/chat/completions", json=body(server, "chat.completion", model="public/none"))
    assert answer.status_code == (404 if server.choosy else 200)
    assert ("error" in answer.json()) is server.choosy


@pytest.mark.parametrize("content", ["{", '{"model": "%s", "max_tokens": 5}'])
async def test_what_is_no_question_is_refused_with_an_error_object(
    server: Server, http: httpx.AsyncClient, content: str
) -> None:
    answer = await http.post("/chat/completions", content=content.replace("%s", server.model))
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


async def test_a_path_that_is_not_served_is_not_found(server: Server, http: httpx.AsyncClient) -> None:
    assert (await http.get("/nothing")).status_code == 404
    async with http_client() as ours:
        elsewhere = Endpoint(
            server.endpoint.deployment, f"{server.endpoint.base_url}/nothing", server.endpoint.key
        )
        with pytest.raises(ModelUnavailable):
            await ModelClient(ours, ONCE).models(elsewhere)


async def test_a_stranger_is_told_nothing_of_the_models(server: Server, http: httpx.AsyncClient) -> None:
    answer = await http.get("/models", headers={"Authorization": "Bearer sk-wrong-0123456789"})
    assert answer.status_code == 401
    assert server.model not in answer.text
    async with http_client() as ours:
        stranger = Endpoint(server.endpoint.deployment, server.endpoint.base_url, "sk-wrong-01")
        with pytest.raises((KeyRefused, AccessRefused)):
            await ModelClient(ours, ONCE).models(stranger)
