"""The two calls that ask a model, and which of them it takes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.conversation import Message
from core.drun.prompts import STOPS, rendered
from core.errors import ModelError, PicturesRefused

# vLLM's wording, and its other one for a model without a chat template (a base model).
_NO_CHAT = re.compile(r"does not support Chat Completions|must provide a chat template", re.IGNORECASE)


HOTTEST = 2.0
"""The highest temperature that engines take."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model picks its words, and how many they may be. None leaves it to the server.

    d.run documents no model that refuses any of it, so what is set is sent to all, to those that think as well. Its
    documentation advises to set ``temperature`` or ``top_p``, not both.
    """

    temperature: float | None = None
    """From 0, always the likeliest word, to ``HOTTEST``."""
    top_p: float | None = None
    """Above 0, up to 1."""
    max_tokens: int | None = None
    """Of one reply, thoughts included. Never 0: d.run's console takes it for no limit, engines refuse it."""

    def over(self, other: "Sampling") -> "Sampling":
        """What is set here, and ``other``'s where nothing is."""
        return Sampling(
            other.temperature if self.temperature is None else self.temperature,
            other.top_p if self.top_p is None else self.top_p,
            other.max_tokens if self.max_tokens is None else self.max_tokens,
        )

    def within(self, limit: int | None) -> "Sampling":
        """With no more than ``limit`` tokens. What is not set stays so: the server knows its own limit."""
        if limit is None or self.max_tokens is None or self.max_tokens <= limit:
            return self
        return replace(self, max_tokens=max(1, limit))

    def body(self) -> dict[str, float]:
        """What is set, by the names of both calls."""
        named = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model, with all it is sent."""

    model: str
    messages: Sequence[Message]
    sampling: Sampling = Sampling()
    room: int = 1024
    """Tokens that the window leaves for the reply. The legacy call has to name a number: without one, engines stop
    after 16 tokens."""
    reasoning: bool = False
    """The model is known to think first: until its content tells otherwise, it is taken for thought."""
    completes: bool = False
    """The model is known to take no chats."""


@dataclass(slots=True)
class Habit:
    """What is known of one model at one endpoint, from the settings or from experience."""

    completes: bool = False
    """It only continues texts: the legacy ``/v1/completions``."""
    learned: bool = False
    """That it completes was said by its server, not by the settings."""
    begins_inside: bool | None = None
    """Its content begins within a thought; None: nobody has seen."""

    def learned_to_complete(self, error: ModelError) -> bool:
        """``error`` says that the model takes no chats, which was not known before."""
        if self.completes or _NO_CHAT.search(str(error)) is None:
            return False
        self.completes = self.learned = True
        return True

    def call(self, request: ChatRequest) -> tuple[str, dict[str, Any]]:
        """The path and the body that ask for ``request``. Raises PicturesRefused."""
        if self.completes:
            return "/completions", continuation(request)
        return "/chat/completions", chat(request)


def chat(request: ChatRequest) -> dict[str, Any]:
    """The body of ``/chat/completions``."""
    said = [{"role": message.role, "content": _content(message)} for message in request.messages]
    return {"model": request.model, "messages": said, **request.sampling.body(), **_STREAMED}


def continuation(request: ChatRequest) -> dict[str, Any]:
    """The body of ``/completions``. It has to name ``max_tokens``: engines stop after 16 otherwise.

    Raises PicturesRefused: a text to be continued has no place for pictures.
    """
    messages = request.messages
    if any(message.pictures for message in messages):
        raise PicturesRefused("a model that only continues texts is sent no pictures")
    prompt = {"model": request.model, "prompt": rendered(messages), "stop": list(STOPS)}
    sampling = request.sampling.over(Sampling(max_tokens=request.room))
    return {**prompt, **sampling.body(), **_STREAMED}


_STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


def _content(message: Message) -> str | list[dict[str, Any]]:
    # Parts only where there are pictures: the templates of models that see none know nothing of parts.
    if not message.pictures:
        return message.content
    shown = [{"type": "image_url", "image_url": {"url": picture}} for picture in message.pictures]
    return [{"type": "text", "text": message.content}, *shown]
