"""What the double refuses, as the gateway does."""

from typing import Any

import httpx
import pytest

from tests.core.drun.raw import BODY, error, post
from tests.core.drun.talk import MODEL
from tests.doubles.drun import refusals
from tests.doubles.drun.hosts import Shape
from tests.doubles.drun.server import DrunDouble


@pytest.mark.parametrize("header", [None, "", "sk-right", "bearer sk-right", "Bearer", "Basic sk-right"])
async def test_a_request_without_a_key_is_told_so(drun: DrunDouble, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
        for answer in (await post(http, drun.maas_url), await http.get(f"{drun.service_url}/models")):
            assert answer.status_code == 401
            assert error(answer)["code"] is None
            assert error(answer)["message"].startswith("You didn't provide an API key.")


async def test_a_wrong_key_is_said_back_whole(drun: DrunDouble) -> None:
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sk-WRONG"}, trust_env=False) as http:
        for answer in (await post(http, drun.service_url), await http.get(f"{drun.maas_url}/models")):
            assert answer.status_code == 401
            assert error(answer) == {
                "code": "invalid_api_key",
                "message": "Incorrect API key provided: sk-WRONG",
                "param": None,
                "type": "invalid_request_error",
            }


async def test_a_deleted_key_is_refused_at_once(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    assert (await post(http, drun.maas_url)).status_code == 200
    drun.keys.clear()
    assert (await post(http, drun.maas_url)).status_code == 401


@pytest.mark.parametrize(
    "path", ["", "/", "/chat/completions", "/v1", "/v1/", "/v1/embeddings", "/V1/models", "/v1/models/"]
)
async def test_every_other_path_is_a_page_not_found(
    drun: DrunDouble, http: httpx.AsyncClient, path: str
) -> None:
    for url in (drun.maas_url, drun.service_url):
        answer = await http.get(url.removesuffix("/v1") + path)
        assert (answer.status_code, answer.text) == (404, "404 page not found\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["//v1/models", "/v1//models", "//v1//models"])
async def test_a_double_slash_is_redirected(drun: DrunDouble, http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(drun.maas_url.removesuffix("/v1") + path)
    assert (answer.status_code, answer.headers["Location"]) == (301, "/v1/models")


async def test_options_are_answered_with_nothing(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    assert (await http.options(f"{drun.maas_url}/models")).status_code == 204


async def test_each_host_knows_only_its_own_models(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.maas.models.append("u-1100a15812cc/qwen2")
    for url, model in (
        (drun.maas_url, "u-1100a15812cc/qwen2"),
        (drun.service_url, MODEL),
        (drun.maas_url, "public/none"),
        (drun.maas_url, "public/DeepSeek-V3"),
    ):
        answer = await post(http, url, {**BODY, "model": model})
        assert answer.status_code == 404
        assert error(answer)["code"] == "model_not_found"
        assert error(answer)["message"].startswith(f"The model `{model}` does not exist")


async def test_models_are_listed_as_the_gateway_does(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.maas.models[:] = ["public/b", "public/a"]
    listing = (await http.get(f"{drun.maas_url}/models")).json()
    assert list(listing) == ["data"]
    assert [row["id"] for row in listing["data"]] == ["public/a", "public/b"]
    assert listing["data"][0]["permission"] is None
    assert drun.listings == ["maas"]


async def test_a_list_may_change_and_may_fail(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.service.models.clear()
    assert (await http.get(f"{drun.service_url}/models")).json() == {"data": []}
    drun.service.listing_fault = refusals.unavailable()
    assert (await http.get(f"{drun.service_url}/models")).status_code == 503
    assert (await http.get(f"{drun.maas_url}/models")).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": None},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "bot", "content": "hi"}]},
        {"messages": ["hi"]},
        {"max_tokens": 0},
        {"max_tokens": -1},
        {"max_tokens": "7"},
        {"max_tokens": None},
        {"stream": "yes"},
        {"stream_options": True},
        {"temperature": 3},
    ],
)
async def test_a_defective_body_is_refused(
    drun: DrunDouble, http: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    answer = await post(http, drun.maas_url, {**BODY, **change})
    assert answer.status_code == 400
    assert error(answer)["code"] == "400"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(
    drun: DrunDouble, http: httpx.AsyncClient, body: bytes
) -> None:
    answer = await http.post(f"{drun.maas_url}/chat/completions", content=body)
    assert answer.status_code == 400
    assert error(answer)["message"].startswith("We could not parse the JSON body")


@pytest.mark.parametrize("model", [None, "", 7])
async def test_a_body_without_a_model_is_refused(
    drun: DrunDouble, http: httpx.AsyncClient, model: Any
) -> None:
    answer = await post(http, drun.maas_url, {**BODY, "model": model})
    assert answer.status_code == 400
    assert error(answer)["message"] == "you must provide a model parameter"


async def test_a_bucket_belongs_to_one_model(drun: DrunDouble, http: httpx.AsyncClient) -> None:
    drun.limit(MODEL, 2, seconds=3600)
    answers = [await post(http, drun.maas_url) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert error(answers[2])["type"] == ""
    assert (await post(http, drun.maas_url, {**BODY, "model": "public/deepseek-r1"})).status_code == 200


@pytest.mark.parametrize("shape", Shape)
async def test_a_list_has_the_shape_of_who_writes_it(
    drun: DrunDouble, http: httpx.AsyncClient, shape: Shape
) -> None:
    drun.maas.shape = shape
    drun.maas.windows["public/deepseek-v3"] = 4096
    listed = (await http.get(f"{drun.maas_url}/models")).json()
    assert ("object" in listed) is (shape is not Shape.GATEWAY), "the gateway's has none"
    row = listed["data"][-1]
    assert row["id"] == "public/deepseek-v3"
    assert row.get("max_model_len") == (4096 if shape is Shape.VLLM else None)
    assert row["owned_by"] == {Shape.GATEWAY: "VLLM", Shape.VLLM: "vllm", Shape.SGLANG: "sglang"}[shape]


async def test_another_region_serves_its_own_services_to_the_same_keys(
    drun: DrunDouble, http: httpx.AsyncClient
) -> None:
    region = await drun.region("sh-07", ["u-1100a15812cc/phi", "public/not-here"])
    for model, status in (
        ("u-1100a15812cc/phi", 200),
        ("public/not-here", 404),
        ("u-1100a15812cc/qwen2", 404),
    ):
        assert (await post(http, region.url, {**BODY, "model": model})).status_code == status
        assert drun.requests[-1].endpoint == "sh-07"
    drun.keys.clear()
    assert (await post(http, region.url)).status_code == 401
