import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.conversation import Delta, Usage
from core.drun.chunks import ErrorFrame, read_chunk, read_whole
from core.errors import ReplyCut

KEYS = st.sampled_from(
    [
        *("choices", "delta", "message", "content", "reasoning", "reasoning_content", "reasoning_details"),
        *("text", "finish_reason", "usage", "prompt_tokens", "completion_tokens", "error"),
    ]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=5))
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


def choice(**delta: Any) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}


def chunk(*choices: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"id": "chatcmpl-1", "model": "up", "choices": list(choices), **more}).encode()


def deltas_or_cut(data: bytes) -> list[Delta]:
    try:
        return list(read_chunk(data))
    except ReplyCut:
        return []


@settings(deadline=None)
@given(st.binary(max_size=60))
@example(b'{"choices":[{"delta":{"content":"\xff"}}]}')
@example(b'{"\xff":1}')
@example(b'{"choices":' + b"[" * 200_000)
@example(b'{"unknown":' + b"[" * 200_000)
@example(b'{"usage":{"prompt_tokens":' + b"9" * 5_000 + b"}}")
def test_no_bytes_raise_anything_but_a_cut_reply(data: bytes) -> None:
    assert all(isinstance(delta, Delta) for delta in deltas_or_cut(data))


@settings(deadline=None)
@given(JSON)
def test_no_json_raises_anything_but_a_cut_reply(value: Any) -> None:
    for delta in deltas_or_cut(json.dumps(value).encode()):
        assert isinstance(delta.text, str)
        assert isinstance(delta.reasoning, str)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_as_it_was_said(text: str, thought: str) -> None:
    whole = Delta(text, thought)
    found = list(read_chunk(chunk(choice(content=text, reasoning_content=thought))))
    assert found == ([whole] if whole != Delta() else [])


@pytest.mark.parametrize(
    "thought",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"reasoning_content": None, "reasoning": "hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "h"}, {"text": "m"}, {"type": "other"}]},
    ],
)
def test_a_thought_is_found_once_under_any_name(thought: dict[str, Any]) -> None:
    assert list(read_chunk(chunk(choice(**thought, content=None)))) == [Delta(reasoning="hm")]


@pytest.mark.parametrize(
    "nothing",
    [
        chunk(choice(role="assistant", content="")),
        chunk(choice(role="assistant", content=None, reasoning_content=None, tool_calls=None)),
        chunk(choice()),
        chunk(),
        b"{}",
        b'{"choices":null,"usage":null,"error":null}',
        b'{"choices":[{"delta":null}]}',
    ],
)
def test_a_chunk_that_says_nothing_gives_nothing(nothing: bytes) -> None:
    assert list(read_chunk(nothing)) == []


def test_html_that_go_escaped_is_read_as_it_was_meant() -> None:
    data = rb'{"choices":[{"delta":{"content":"\u003cthink\u003ea\u0026b"}}]}'
    assert list(read_chunk(data)) == [Delta("<think>a&b")]


def test_usage_comes_without_choices() -> None:
    data = chunk(usage={"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7})
    assert list(read_chunk(data)) == [Delta(usage=Usage(5, 2))]


def test_usage_comes_in_the_chunk_that_finishes() -> None:
    last = {**choice(role=None, content=None), "finish_reason": "length", "matched_stop": 7}
    data = chunk(last, usage={"prompt_tokens": 5, "completion_tokens": None})
    assert list(read_chunk(data)) == [Delta(finish="length"), Delta(usage=Usage(5, 0))]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"prompt_tokens": 5.0, "completion_tokens": 2.0}, Usage(5, 2)),
        ({"prompt_tokens": "5", "completion_tokens": "2"}, Usage(5, 2)),
        ({"prompt_tokens": 5, "completion_tokens": "two", "reasoning_tokens": 1.0}, Usage(5, 0, 1)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "completion_tokens_details": [1]}, Usage(5, 2)),
        ({"prompt_tokens": -5}, None),
        ({"prompt_tokens": True}, None),
        ({"prompt_tokens": "9" * 5_000}, None),
        ([5, 2], None),
        ("none", None),
    ],
)
def test_no_spelling_of_a_number_costs_the_finish_reason_beside_it(told: Any, expected: Usage | None) -> None:
    finish, *usage = read_chunk(chunk({**choice(), "finish_reason": "stop"}, usage=told))
    assert finish == Delta(finish="stop")
    assert [delta.usage for delta in usage] == ([expected] if expected else [])


@pytest.mark.parametrize(
    "broken",
    [
        b"null",
        b"",
        b"[]",
        b'"text"',
        b'{"choices":[{"delta":{"content":"cut',
        b'{"choices":[{"delta":{"content":7}}]}',
        b'{"error":{"message":"engine died","code":500}}',
        b'{"error":"engine died"}',
        b'{"error":{}}',
    ],
)
def test_what_the_gateway_makes_of_a_failure_cuts_the_reply(broken: bytes) -> None:
    with pytest.raises(ReplyCut):
        list(read_chunk(broken))


def test_an_error_in_mid_stream_is_told_without_its_addresses() -> None:
    with pytest.raises(ReplyCut) as caught:
        list(read_chunk(b'{"error":{"message":"Post http://10.0.0.1:8000/v1: refused"}}'))
    assert "10.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"error":{"message":"no","code":400}}',
        b'{"object":"error","message":"no","type":"BadRequestError","param":null,"code":400}',
        b'{"object":"error","error":{"message":"no","code":400}}',
    ],
)
def test_what_an_engine_says_of_its_error_is_kept_for_who_can_read_it(data: bytes) -> None:
    with pytest.raises(ErrorFrame) as caught:
        read_chunk(data)
    assert caught.value.error == {"message": "no", "code": 400}
    assert "no" not in str(caught.value).split()


def test_a_whole_body_is_an_end_in_itself() -> None:
    body = {
        "id": "cmp-1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "tool_calls": []}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
    assert list(read_whole(json.dumps(body).encode())) == [
        Delta("hi"),
        Delta(usage=Usage(3, 1)),
        Delta(finish="stop"),
    ]


def test_a_whole_body_keeps_its_own_finish_reason() -> None:
    body = b'{"choices":[{"message":{"content":"hi"},"finish_reason":"length"}]}'
    assert list(read_whole(body)) == [Delta("hi", finish="length")]


def test_a_whole_body_that_is_an_error_cuts_the_reply() -> None:
    with pytest.raises(ReplyCut):
        list(read_whole(b'{"error":{"message":"no"}}'))


def test_a_continuation_has_its_text_in_the_choice() -> None:
    data = b'{"object":"text_completion","choices":[{"text":"hi","index":0,"finish_reason":null}]}'
    assert list(read_chunk(data)) == [Delta("hi")]
