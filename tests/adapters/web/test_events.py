"""What the browser sends becomes the core's values, or a refusal with a sentence."""

import json
from typing import Any

import pytest

from adapters.web.events import LONGEST_TEXT, conversation_of, read_message, read_title
from adapters.web.refusals import Refusal
from core.conversation import Channel, UserMessage


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_message_is_named_by_the_browser_in_both_ways() -> None:
    message = read_message("general", body({"id": "0123abcd", "text": " Hi 你好\n", "more": 1}))
    assert message == UserMessage(conversation_of("general"), "0123abcd", "0123abcd", "you", " Hi 你好\n")
    assert message.conversation.channel == Channel("web", "local", "general")
    assert message.conversation.thread is None


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"id": "01234567", "text": "\\ud800"}',
        body({"id": "01234567"}),
        body({"text": "a"}),
        body({"id": 1, "text": "a"}),
        body({"id": "01234567", "text": None}),
        body({"id": "short", "text": "a"}),
        body({"id": "a:b:c:d:e", "text": "a"}),
        body({"id": "x" * 65, "text": "a"}),
        body({"id": "01234567\n", "text": "a"}),
    ],
)
def test_what_is_no_message_is_refused_with_a_sentence(wrong: bytes) -> None:
    with pytest.raises(Refusal, match="not the JSON") as refused:
        read_message("general", wrong)
    assert refused.value.status == 400


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_an_empty_message_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="empty"):
        read_message("general", body({"id": "01234567", "text": text}))


def test_the_longest_text_fits_and_one_letter_more_is_refused() -> None:
    message = read_message("general", body({"id": "01234567", "text": "x" * LONGEST_TEXT}))
    assert len(message.text) == LONGEST_TEXT
    with pytest.raises(Refusal, match="at most 100,000 characters") as refused:
        read_message("general", body({"id": "01234567", "text": "x" * (LONGEST_TEXT + 1)}))
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("given", "title"),
    [("Redis", "Redis"), ("  a \n b\t", "a b"), ("排查 问题", "排查 问题"), ("a\u202eb\0", "a b")],
)
def test_a_title_is_one_clean_line(given: str, title: str) -> None:
    assert read_title(body({"title": given})) == title


@pytest.mark.parametrize("given", ["", "  ", "\n", "x" * 61])
def test_a_title_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(Refusal, match="1 to 60 characters"):
        read_title(body({"title": given}))
