"""The chunks of a stream, as the engines write them and the gateway passes them on."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

Json = dict[str, Any]
UPSTREAM_MODEL = "up"
"""The gateway leaves the upstream's model name in stream chunks, whatever id was asked for."""


class Style(Enum):
    """Whose stream the gateway passes on."""

    VLLM = "role, content, finish and usage in chunks of their own"
    SGLANG = "null keys everywhere, finish and usage in one chunk (0.4.6 with include_usage)"


class Thought(Enum):
    """Where a reasoning model's thoughts stand."""

    REASONING_CONTENT = "A: delta.reasoning_content (vLLM up to 0.11, SGLang, DeepSeek)"
    REASONING = "B: delta.reasoning (vLLM 0.16 and later)"
    BOTH = "C: the same text under both names (vLLM 0.12)"
    TAGS = "D: <think> in content (no reasoning parser)"
    CLOSING_TAG = "E: only </think> in content (a template that opens the tag in the prompt)"
    DETAILS = "F: delta.reasoning_details (MiniMax)"


def thought_deltas(thoughts: Sequence[str], shape: Thought) -> Iterator[Json]:
    """The deltas for `thoughts`; tags come in pieces, as a tokenizer may cut them."""
    if shape is Thought.TAGS:
        yield from ({"content": piece} for piece in ("<th", "in", "k>"))
    for text in thoughts:
        match shape:
            case Thought.REASONING_CONTENT:
                yield {"reasoning_content": text}
            case Thought.REASONING:
                yield {"reasoning": text}
            case Thought.BOTH:
                yield {"reasoning": text, "reasoning_content": text}
            case Thought.TAGS | Thought.CLOSING_TAG:
                yield {"content": text}
            case Thought.DETAILS:
                yield {"reasoning_details": [{"type": "reasoning.text", "text": text}]}
    if shape in {Thought.TAGS, Thought.CLOSING_TAG}:
        yield from ({"content": piece} for piece in ("</", "think", ">\n\n"))


class Frames:
    """Makes the chunks of one reply."""

    def __init__(
        self,
        style: Style,
        created: int,
        *,
        prompt_tokens: int,
        completion_tokens: int,
        continues: bool = False,
    ) -> None:
        self._style = style
        self._continues = continues
        self._head = {
            "id": f"{'cmpl' if continues else 'chatcmpl'}-{created}",
            "object": "text_completion" if continues else "chat.completion.chunk",
            "created": created,
            "model": UPSTREAM_MODEL,
        }
        self._usage = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }

    def head(self) -> list[Json]:
        """What comes before the first piece: a continuation has no role."""
        return [] if self._continues else [self.role()]

    def role(self) -> Json:
        content = None if self._style is Style.SGLANG else ""
        return self._choice({"role": "assistant", "content": content})

    def delta(self, delta: Json) -> Json:
        return self._choice(delta)

    def ending(self, finish: str) -> list[Json]:
        """The last chunks. The gateway always asks for usage, whether or not the client did."""
        if self._style is Style.SGLANG and not self._continues:
            return [{**self._choice({}, finish), "usage": self._usage}]
        ending = self._choice({"content": ""}, finish)
        ending["choices"][0]["stop_reason"] = None
        return [ending, {**self._head, "choices": [], "usage": self._usage}]

    def whole(self, text: str) -> Json:
        """A reply in one body, as d.run's documentation shows one: `tool_calls` beside the message, no finish reason."""
        choice: Json = {"index": 0, "message": {"role": "assistant", "content": text}, "tool_calls": []}
        if self._continues:
            return {
                **self._head,
                "choices": [{"index": 0, "text": text, "finish_reason": "stop"}],
                "usage": self._usage,
            }
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": self._usage}

    def _choice(self, delta: Json, finish: str | None = None) -> Json:
        if self._continues:
            text = {"text": delta.get("content") or "", "index": 0, "logprobs": None, "finish_reason": finish}
            return {**self._head, "choices": [text]}
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        if self._style is Style.VLLM:
            return {**self._head, "choices": [choice]}
        empty = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None}
        choice |= {"delta": {**empty, **delta}, "matched_stop": None}
        return {**self._head, "choices": [choice], "usage": None}
