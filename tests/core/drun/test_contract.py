"""What every server behind the client has to be: the double, and a real engine (llama.cpp with the demo model).

Only the shape of answers is asked for, never their words.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

import httpx
import pytest

from core.conversation import Delta, Message
from core.drun.calls import ChatRequest, Sampling
from core.drun.client import ModelClient, http_client
from core.drun.patience import Patience
from core.errors import AccessRefused, KeyRefused, ModelUnavailable, WindowExceeded
from tests.core.drun.served import BOTH, Server, served
from tests.core.drun.talk import finish_of, text_of

pytestmark = [pytest.mark.parametrize("server", BOTH, indirect=True)]
QUESTION = (Message("system", "You are brief."), Message("user", "Say hello."))
PATIENCE = Patience(first_byte_s=50.0, idle_s=50.0, total_s=50.0, retries=0)


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncGenerator[Server, None]:
    async with served(request.param) as found:
        yield found


@pytest.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient, None]:
    async with http_client() as made:
        yield made


async def asked(
    client: ModelClient,
    server: Server,
    *,
    messages: Sequence[Message] = QUESTION,
    max_tokens: int | None = 12,
) -> list[Delta]:
    request = ChatRequest(server.model, messages, Sampling(max_tokens=max_tokens), room=16)
    async with aclosing(client.stream(server.endpoint, request)) as deltas:
        return [delta async for delta in deltas]


async def test_its_models_are_listed(server: Server, http: httpx.AsyncClient) -> None:
    listed = await ModelClient(http, PATIENCE).models(server.endpoint)
    assert server.model in [each.id for each in listed]


async def test_a_reply_comes_in_pieces_ends_once_and_tells_what_it_cost(
    server: Server, http: httpx.AsyncClient
) -> None:
    deltas = await asked(ModelClient(http, PATIENCE), server)
    assert len([delta for delta in deltas if delta.text]) > 1
    assert text_of(deltas).strip()
    assert finish_of(deltas) in (["stop"], ["length"])
    assert not any(delta.retracted or delta.reasoning for delta in deltas)
    [usage] = [delta.usage for delta in deltas if delta.usage]
    assert usage.prompt_tokens > 0
    assert 0 < usage.completion_tokens <= 12


async def test_a_limit_ends_the_reply_and_says_so(server: Server, http: httpx.AsyncClient) -> None:
    deltas = await asked(ModelClient(http, PATIENCE), server, max_tokens=2)
    assert finish_of(deltas) == ["length"]


async def test_a_model_may_be_asked_to_continue_a_text(server: Server, http: httpx.AsyncClient) -> None:
    deltas = await asked(ModelClient(http, PATIENCE, completions=[server.model]), server)
    assert finish_of(deltas) in (["stop"], ["length"])
    assert not any(name in text_of(deltas) for name in ("\nUser:", "\nAssistant:"))


async def test_a_reply_that_is_held_as_a_thought_is_the_answer_in_the_end(
    server: Server, http: httpx.AsyncClient
) -> None:
    client = ModelClient(http, PATIENCE)
    request = ChatRequest(server.model, QUESTION, Sampling(max_tokens=100), reasoning=True)
    async with aclosing(client.stream(server.endpoint, request)) as stream:
        deltas = [delta async for delta in stream]
    taken_back = [at for at, delta in enumerate(deltas) if delta.retracted]
    if finish_of(deltas) == ["stop"]:
        assert len(taken_back) == 1
        assert text_of(deltas[taken_back[0] :]).strip()
    else:
        assert (taken_back, text_of(deltas)) == ([], "")


async def test_a_reply_can_be_left_and_the_next_one_is_answered(
    server: Server, http: httpx.AsyncClient
) -> None:
    client = ModelClient(http, PATIENCE)
    request = ChatRequest(server.model, QUESTION, Sampling(max_tokens=200))
    async with aclosing(client.stream(server.endpoint, request)) as deltas:
        await anext(deltas)
    assert finish_of(await asked(client, server))


async def test_a_wrong_key_is_refused(server: Server, http: httpx.AsyncClient) -> None:
    stranger = replace(server, endpoint=replace(server.endpoint, key="sk-wrong-0123456789"))
    with pytest.raises((KeyRefused, AccessRefused)) as caught:
        await asked(ModelClient(http, PATIENCE), stranger)
    assert "sk-wrong-0123456789" not in str(caught.value)


async def test_a_conversation_beyond_the_window_is_told(server: Server, http: httpx.AsyncClient) -> None:
    many = [*QUESTION, *(Message(role, "word " * 20) for _ in range(100) for role in ("assistant", "user"))]
    with pytest.raises(WindowExceeded) as caught:
        await asked(ModelClient(http, PATIENCE), server, messages=many)
    assert caught.value.limit in (server.endpoint.window, 4096)


async def test_an_address_without_a_server_is_out_of_reach(server: Server, http: httpx.AsyncClient) -> None:
    nowhere = replace(server, endpoint=replace(server.endpoint, base_url="http://127.0.0.1:1/v1"))
    with pytest.raises(ModelUnavailable):
        await asked(ModelClient(http, PATIENCE), nowhere)
