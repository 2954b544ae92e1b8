"""What d.run's engines write into a stream, read into deltas.

The gateway always asks for usage, so the last chunk has no choices; SGLang puts finish and usage into one chunk;
content may be a text, empty, null or absent; further keys appear (``stop_reason``, ``matched_stop``, ``timings``).
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from core.conversation import Delta, Usage
from core.errors import ReplyCut

DONE = b"[DONE]"
_DIGITS = re.compile("[0-9]{1,15}")
_MOST = 10**15
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON it was to read: no UTF-8 and endless brackets have their own."""


class _Reason(msgspec.Struct, gc=False):
    text: str | None = None


class _Content(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[_Reason] | None = None

    def thought(self) -> str:
        # vLLM 0.12 sends the same text under both names: one of them, never both.
        if told := self.reasoning_content or self.reasoning:
            return told
        if not self.reasoning_details:
            return ""  # nearly every token
        return "".join(reason.text or "" for reason in self.reasoning_details)


_NOTHING = _Content()


class _Choice(msgspec.Struct, gc=False):
    text: str | None = None
    """What the legacy completions have in the place of a message."""
    delta: _Content | None = None
    message: _Content | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    # Any: a number in a shape that nobody foresaw must not cost the finish reason beside it.
    usage: Any = None
    error: Any = None
    # An error as older engines write it: flat, with "error" for its object.
    object: Any = None
    message: Any = None
    code: Any = None

    def failure(self) -> Any:
        """The error object that came in the place of a chunk; None: this is one."""
        if self.error is None and self.object == "error":
            return {"message": self.message, "code": self.code}
        return self.error


_chunk = msgspec.json.Decoder(_Chunk | None)


class ErrorFrame(ReplyCut):
    """An error object in the place of a chunk, as an engine without the gateway sends it.

    ``error`` is whatever it wrote, with all its secrets: for ``core.drun.refusals.reported`` alone.
    """

    def __init__(self, error: Any) -> None:
        super().__init__("the model server reported an error in its stream")
        self.error = error


def read_chunk(data: bytes) -> list[Delta]:
    """The deltas of one event's data.

    Raises ReplyCut for what the gateway makes of an upstream that failed in mid-stream: ``null``, or something that
    is no JSON; and ErrorFrame.
    """
    try:
        chunk = _chunk.decode(data)
    except UNREADABLE as error:
        raise ReplyCut(f"a frame that is no chunk: {error}") from error
    if chunk is None:
        raise ReplyCut("the gateway sent null, which stands for an error upstream")
    if (failure := chunk.failure()) is not None:
        raise ErrorFrame(failure)
    return _deltas(chunk)


def _deltas(chunk: _Chunk) -> list[Delta]:
    deltas = []
    for choice in chunk.choices or ():
        content = choice.delta or choice.message or _NOTHING
        text, thought = content.content or choice.text or "", content.thought()
        if text or thought or choice.finish_reason:
            deltas.append(Delta(text, thought, choice.finish_reason or None))
    if chunk.usage is not None and (usage := _usage(chunk.usage)) is not None:
        deltas.append(Delta(usage=usage))
    return deltas


def _usage(told: Any) -> Usage | None:
    if not isinstance(told, dict) or (prompt := whole_number(told.get("prompt_tokens"))) is None:
        return None
    details = told.get("completion_tokens_details")
    thought = whole_number(details.get("reasoning_tokens")) if isinstance(details, dict) else None
    if thought is None:
        thought = whole_number(told.get("reasoning_tokens"))  # where SGLang puts them
    return Usage(prompt, whole_number(told.get("completion_tokens")) or 0, thought)


def whole_number(told: Any) -> int | None:
    """A count as whoever wrote it may spell it, ``5``, ``5.0`` or ``"5"``; None for what is none."""
    if isinstance(told, str) and _DIGITS.fullmatch(told):
        return int(told)
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < _MOST:
        return None
    return int(told)


def read_whole(body: bytes) -> Iterator[Delta]:
    """The deltas of a reply that came as one JSON body although a stream was asked for.

    d.run's own sample of such a body has no finish reason: a whole body is an end in itself.
    """
    finished = False
    for delta in read_chunk(body):
        finished = finished or delta.finish is not None
        yield delta
    if not finished:
        yield Delta(finish="stop")
