"""Asking the double with nothing in between."""

from typing import Any

import httpx

from tests.core.drun.talk import MODEL

BODY: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "stream": True}


async def post(http: httpx.AsyncClient, url: str, body: Any = BODY) -> httpx.Response:
    return await http.post(f"{url}/chat/completions", json=body)


def frames(answer: httpx.Response) -> list[str]:
    *found, rest = answer.text.split("\n\n")
    assert rest == ""
    assert all(frame.startswith("data: ") for frame in found)
    return [frame.removeprefix("data: ") for frame in found]


def error(answer: httpx.Response) -> Any:
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "Retry-After" not in answer.headers
    return answer.json()["error"]
