import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.drun.refusals import refusal, reported
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
    PicturesRefused,
    ReplyCut,
    WindowExceeded,
)
from tests.doubles.drun import refusals
from tests.doubles.drun.refusals import FOREIGN, OVERFLOWS, Refusal

KEY = "sk-x1VDTAFB7-_secret"
BODIES = st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "message", "type", "detail"]), inner, max_size=3)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


def read(answer: Refusal, *, key: str = KEY) -> ModelError:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return refusal(answer.status, headers, answer.body, model="public/x", key=key)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (refusals.no_key, KeyRefused),
        (lambda: refusals.wrong_key(KEY), KeyRefused),
        (refusals.no_balance, NoBalance),
        *((partial(replace, answer), AccessRefused) for answer in FOREIGN.values()),
        (lambda: refusals.denied("public/x"), ModelUnknown),
        (refusals.forbidden, ModelRefused),
        (lambda: refusals.unknown_model("public/x"), ModelUnknown),
        (lambda: refusals.upstream_error("The model `public/x` does not exist.", 404), ModelUnknown),
        (lambda: Refusal(404, b'{"error":"model \'x\' not found, try pulling it first"}'), ModelUnknown),
        (lambda: Refusal(404, b'{"object":"error","message":"The model `x` does not exist."}'), ModelUnknown),
        (refusals.no_such_page, NotServed),
        (refusals.no_such_route, NotServed),
        (lambda: refusals.upstream_error("File Not Found", 404), NotServed),
        (lambda: Refusal(404, b"<html>Our model farm moved.</html>", "text/html"), NotServed),
        (refusals.rate_limited, ModelBusy),
        (refusals.rate_limited_in_plain_text, ModelBusy),
        (refusals.no_model, ModelRefused),
        (refusals.no_json, ModelRefused),
        (
            lambda: refusals.upstream_error("At most 1 image(s) may be provided in one prompt."),
            PicturesRefused,
        ),
        (lambda: refusals.upstream_error("public/x is not a multimodal model"), PicturesRefused),
        (lambda: Refusal(422, b'{"detail":[{"msg":"Field required"}]}'), ModelRefused),
        *((partial(Refusal, status, b""), NotServed) for status in (204, 301, 302, 303, 307, 308)),
        (lambda: Refusal(408, b""), ModelUnavailable),
        (refusals.broken, ModelUnavailable),
        (refusals.unreachable, ModelUnavailable),
        (refusals.error_page, ModelUnavailable),
        (refusals.unavailable, ModelUnavailable),
        (lambda: Refusal(504, b"upstream timed out", "text/plain"), ModelUnavailable),
        *(
            (partial(Refusal, status, b""), ModelUnavailable)
            for status in (501, 505, 520, 524, 529, 530, 599)
        ),
    ],
)
def test_every_refusal_has_its_own_error(make: Callable[[], Refusal], expected: type[ModelError]) -> None:
    assert type(read(make())) is expected


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://login.example.com/in?token=sk-x1VDTAFB7-_secret#a", "redirects to login.example.com;"),
        ("https://me:word@login.example.com:8443/", "redirects to login.example.com;"),
        ("http://sso.corp.internal/login", "redirects to <address>;"),
        ("http://10.0.0.1/login", "redirects to <address>;"),
        (f"http://{KEY}/login", "redirects to <key>;"),
        ("/login?for=sk-x1VDTAFB7-_secret", "redirects to another path;"),
        ("http://[::1", "redirects to another path;"),
        ("", "HTTP 302; no model is served at this address"),
    ],
)
def test_the_log_names_the_host_that_a_redirect_leads_to_and_nothing_else_of_it(
    location: str, told: str
) -> None:
    error = read(refusals.redirect(location))
    assert told in str(error)
    for secret in ("secret", "word", "10.0.0.1", "internal", "8443", "token"):
        assert secret not in str(error)


@pytest.mark.parametrize("name", FOREIGN)
def test_the_log_says_where_to_look_when_the_refusal_is_not_d_runs_own(name: str) -> None:
    error = read(FOREIGN[name])
    assert "look at the key and the account of what stands behind d.run" in str(error)
    assert "d.run" not in error.notice("en") + error.notice("zh")


FRAMES: list[tuple[Any, type[ModelError]]] = [
    # what stands under "error", and what it is before the first word
    ({"code": 400, "message": OVERFLOWS["SGLang"]}, WindowExceeded),
    ({"code": "400", "message": OVERFLOWS["vLLM 0.11"]}, WindowExceeded),
    ({"code": None, "type": "BadRequestError", "message": OVERFLOWS["SGLang"]}, WindowExceeded),
    ({"code": None, "type": "invalid_request_error", "message": OVERFLOWS["SGLang"]}, WindowExceeded),
    ({"code": "context_length_exceeded", "message": "context length is 5"}, WindowExceeded),
    (OVERFLOWS["SGLang"], WindowExceeded),
    ({"code": 400, "message": "At most 1 image(s) may be provided"}, PicturesRefused),
    ({"code": 400, "message": "tools are not supported"}, ModelRefused),
    ({"code": 401, "message": "Unauthorized"}, AccessRefused),
    ({"code": "invalid_api_key", "message": "Incorrect API key provided"}, KeyRefused),
    ({"code": 402, "message": "Insufficient Balance"}, AccessRefused),
    ({"code": "insufficient_quota", "message": "no"}, NoBalance),
    ({"code": 403, "message": "blocked"}, ModelRefused),
    ({"code": "model_access_denied", "message": "no"}, ModelUnknown),
    ({"code": 404, "message": "The model `x` does not exist."}, ModelUnknown),
    ({"code": 422, "message": "no"}, ModelRefused),
    ({"code": 429, "message": "slow down"}, ModelBusy),
    ({"code": "model_rate_limit_exceeded", "message": "no"}, ModelBusy),
    ({"code": 404, "message": "no such adapter"}, ReplyCut),
    ({"code": 408, "message": "late"}, ReplyCut),
    ({"code": 500, "message": "engine died"}, ReplyCut),
    ({"code": 500, "message": OVERFLOWS["SGLang"]}, ReplyCut),
    ({"code": 7, "message": "no"}, ReplyCut),
    ({"code": 302, "message": "no"}, ReplyCut),
    ({"code": "³00", "message": "no"}, ReplyCut),
    ("engine died", ReplyCut),
    ({}, ReplyCut),
    ([7], ReplyCut),
]


@pytest.mark.parametrize(("error", "expected"), FRAMES)
def test_an_error_in_the_stream_is_read_as_a_refusal_before_the_first_word_and_cuts_after_it(
    error: Any, expected: type[ModelError]
) -> None:
    assert type(reported(error, model="public/x", key=KEY, begun=False)) is expected
    assert type(reported(error, model="public/x", key=KEY, begun=True)) is ReplyCut


@settings(deadline=None)
@given(BODIES.map(lambda body: body.decode(errors="replace")), st.booleans())
def test_no_error_in_a_stream_breaks_the_reading_of_it(text: str, begun: bool) -> None:
    try:
        error = json.loads(text)
    except ValueError:
        error = text
    found = reported(error, model="public/x", key=KEY, begun=begun)
    assert found.notice("en")


@pytest.mark.parametrize("begun", [False, True])
def test_an_error_in_the_stream_is_told_to_the_log_without_its_secrets(*, begun: bool) -> None:
    error = {"code": 400, "message": f"no room; {KEY} at {refusals.INTERNAL_URL}"}
    found = reported(error, model="public/x", key=KEY, begun=begun)
    assert str(found) == "an error in the stream: 400 no room; <key> at <address>"


@pytest.mark.parametrize("wording", OVERFLOWS.values(), ids=OVERFLOWS)
def test_every_engines_words_for_a_full_window_name_its_limit(wording: str) -> None:
    error = read(refusals.upstream_error(wording))
    assert isinstance(error, WindowExceeded)
    assert error.limit == (None if "too large" in wording and "length is" not in wording else 4096)


def test_a_flat_body_of_an_engine_is_read_as_well() -> None:
    body = {"object": "error", "message": OVERFLOWS["SGLang"], "type": "BadRequestError", "code": 400}
    error = read(Refusal(400, json.dumps(body).encode()))
    assert isinstance(error, WindowExceeded)
    assert error.limit == 4096


def test_llama_cpp_names_its_limit_too() -> None:
    message = "the request exceeds the available context size (2048 tokens), try increasing it"
    body = {"error": {"code": 400, "message": message, "type": "exceed_context_size_error"}}
    error = read(Refusal(400, json.dumps(body).encode()))
    assert isinstance(error, WindowExceeded)
    assert error.limit == 2048


def test_the_refused_model_is_named_to_people() -> None:
    assert "`public/x`" in read(refusals.unknown_model("public/x")).notice("en")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("2", 2.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after_is_taken_in_seconds_or_not_at_all(header: str | None, expected: float | None) -> None:
    error = read(refusals.rate_limited(retry_after=header))
    assert isinstance(error, ModelBusy)
    assert error.retry_after == expected


@settings(deadline=None)
@given(st.integers(201, 599), BODIES)
@example(400, b"\xff context length is 5")
@example(400, b'{"error":{"message":"\xff"}}')
@example(500, b"[" * 200_000)
@example(400, b'{"error":{"message":"context length is ' + b"9" * 5_000 + b'"}}')
@example(400, '{"error":{"message":"context length is ²"}}'.encode())
def test_no_answer_of_a_server_breaks_the_reading_of_it(status: int, body: bytes) -> None:
    error = refusal(status, {}, body, model="public/x", key=KEY)
    assert isinstance(error, ModelError)
    assert error.notice("en")


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60))
@example("sk-short.with/other+letters=")
@example('no-prefix-"quoted"\\')
def test_the_key_is_never_repeated_whatever_it_looks_like(key: str) -> None:
    error = read(refusals.wrong_key(key), key=key)
    assert key not in str(error)
    assert key not in error.notice("en") + error.notice("zh")
    assert str(error).startswith("HTTP 401 invalid_api_key Incorrect API key provided: <key>")


def test_another_key_is_not_repeated_either() -> None:
    assert KEY not in str(read(refusals.wrong_key(KEY), key="sk-of-ours"))


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        (f'Post "{refusals.INTERNAL_URL}": EOF', "10.0.0.1"),
        ("dial tcp 10.0.0.1:8000: connect: connection refused", "10.0.0.1"),
        ("read tcp 10.0.0.2:41234->10.0.0.1:8000: read: connection reset by peer", "10.0.0."),
        ("dial tcp [fd00::1]:8000: connect: connection refused", "fd00"),
        ("dial tcp: lookup vllm.models.svc on 10.96.0.10:53: no such host", "vllm.models"),
        ("http://user:word@inner/v1", "inner"),
    ],
)
def test_no_internal_address_is_repeated(message: str, secret: str) -> None:
    error = read(refusals.gateway_error(502, message, kind="upstream_error"))
    assert secret not in str(error)
    assert secret not in error.notice("en")
    assert "<address>" in str(error)


@pytest.mark.parametrize(
    "secret",
    [
        "vllm-0:8000",
        "localhost:8000",
        "VLLM_head:443",
        "worker-3.prod.daocloud.io",
        "worker-3.prod.daocloud.io:8000",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc",
        "bearer x7",
    ],
)
def test_no_name_of_an_upstream_and_no_token_of_another_is_repeated(secret: str) -> None:
    error = read(
        refusals.gateway_error(502, f"{secret}: refused ({secret}), not {secret}.", kind="upstream_error")
    )
    for part in (secret, secret.rpartition(" ")[2]):
        assert part not in str(error)


def test_what_tells_the_operator_something_is_kept() -> None:
    told = "certificate is not valid for 'sh-02.d.run', at line 1 column 99, vLLM 0.11.0 of public/qwen2.5-7b"
    assert told in str(read(refusals.gateway_error(502, told, kind="upstream_error")))


@pytest.mark.parametrize("part", ["code", "type"])
def test_a_secret_is_not_repeated_from_beside_the_message(part: str) -> None:
    body: dict[str, Any] = {"error": {part: f"{KEY} at {refusals.INTERNAL_URL}", "message": "no"}}
    error = read(Refusal(500, json.dumps(body).encode()))
    assert KEY not in str(error)
    assert "10.0.0.1" not in str(error)


def test_a_page_of_html_makes_no_log_line_of_its_length() -> None:
    assert len(str(read(Refusal(502, b"<p>" * 10_000, "text/html")))) < 400


@pytest.mark.parametrize(
    ("message", "most"),
    [
        ("At most 1 image(s) may be provided in one request.", 1),
        ("At most 2 image(s) may be provided in one prompt.", 2),
        ("At most 0 image(s) may be provided in one prompt.", 0),
        ("public/x is not a multimodal model", 0),
        ("messages[1]: unknown variant `image_url`, expected `text` at line 1 column 99", 0),
    ],
)
def test_how_many_pictures_a_model_takes_is_read(message: str, most: int) -> None:
    error = read(refusals.upstream_error(message))
    assert isinstance(error, PicturesRefused)
    assert error.most == most
