"""The two calls that ask a model, and which of them it takes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.conversation import Message
from core.drun.prompts import STOPS, rendered
from core.errors import ModelError, PicturesRefused

# vLLM's wording, and its other one for a model without a chat template (a base model).
_NO_CHAT = re.compile(r"does not support Chat Completions|must provide a chat template", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model, with all it is sent."""

    model: str
    messages: Sequence[Message]
    max_tokens: int | None = None
    """None leaves it to the server; 0, which the documentation offers, is refused by the engines."""
    room: int = 1024
    """Tokens that the window leaves for the reply. The legacy call has to name a number: without one, engines stop
    after 16 tokens."""
    reasoning: bool = False
    """The model is known to think first: until its content tells otherwise, it is taken for thought."""


@dataclass(slots=True)
class Habit:
    """What is known of one model at one endpoint, from the settings or from experience."""

    completes: bool = False
    """It only continues texts: the legacy ``/v1/completions``."""
    begins_inside: bool | None = None
    """Its content begins within a thought; None: nobody has seen."""

    def learned_to_complete(self, error: ModelError) -> bool:
        """``error`` says that the model takes no chats, which was not known before."""
        if self.completes or _NO_CHAT.search(str(error)) is None:
            return False
        self.completes = True
        return True

    def call(self, request: ChatRequest) -> tuple[str, dict[str, Any]]:
        """The path and the body that ask for ``request``. Raises PicturesRefused."""
        if self.completes:
            most = request.max_tokens or request.room
            return "/completions", continuation(request.model, request.messages, max_tokens=most)
        return "/chat/completions", chat(request.model, request.messages, max_tokens=request.max_tokens)


def chat(model: str, messages: Sequence[Message], *, max_tokens: int | None) -> dict[str, Any]:
    """The body of ``/chat/completions``."""
    said = [{"role": message.role, "content": _content(message)} for message in messages]
    body: dict[str, Any] = {"model": model, "messages": said, **_STREAMED}
    return body if max_tokens is None else {**body, "max_tokens": max_tokens}


def continuation(model: str, messages: Sequence[Message], *, max_tokens: int) -> dict[str, Any]:
    """The body of ``/completions``. It has to name ``max_tokens``: engines stop after 16 otherwise.

    Raises PicturesRefused: a text to be continued has no place for pictures.
    """
    if any(message.pictures for message in messages):
        raise PicturesRefused("a model that only continues texts is sent no pictures")
    prompt = {"model": model, "prompt": rendered(messages), "stop": list(STOPS), "max_tokens": max_tokens}
    return {**prompt, **_STREAMED}


_STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


def _content(message: Message) -> str | list[dict[str, Any]]:
    # Parts only where there are pictures: the templates of models that see none know nothing of parts.
    if not message.pictures:
        return message.content
    shown = [{"type": "image_url", "image_url": {"url": picture}} for picture in message.pictures]
    return [{"type": "text", "text": message.content}, *shown]
