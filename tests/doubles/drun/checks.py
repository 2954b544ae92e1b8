"""What a body has to be before a model is asked."""

import base64
import re
from collections.abc import Callable
from typing import Any

from tests.doubles.drun.refusals import Refusal, upstream_error

ROLES = {"system", "user", "assistant", "tool"}


def defect(body: dict[str, Any], *, continues: bool = False) -> Refusal | None:
    """Why an engine would not take `body`, or None. Stricter than some engines, never milder than vLLM.

    `continues`: it is one of `/v1/completions`.
    """
    for name, sound in _FIELDS.items():
        if name in body and not sound(body[name]):
            return upstream_error(f"{name}: invalid value {body[name]!r}")
    if continues:
        prompt = body.get("prompt")
        if not isinstance(prompt, str) or not prompt or "messages" in body:
            return upstream_error("prompt: must be a text that is not empty, and there are no messages")
        return None
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return upstream_error("messages: must hold at least one message")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return upstream_error(f"messages.{index}.role: invalid value")
        content = message.get("content")
        if not (_are_parts(content) if isinstance(content, list) else _is_text(content)):
            return upstream_error(f"messages.{index}.content: must be a text that is not empty")
    return None


def _are_parts(parts: list[Any]) -> bool:
    """Texts and pictures, one of them at least. A picture is in the request: engines have no token for Slack's files."""
    return bool(parts) and all(isinstance(part, dict) and _is_part(part) for part in parts)


def _is_part(part: dict[str, Any]) -> bool:
    if part.get("type") == "text":
        return _is_text(part.get("text"))
    found = _DATA.fullmatch(str((part.get("image_url") or {}).get("url")))
    if part.get("type") != "image_url" or found is None:
        return False
    try:
        return base64.b64decode(found["data"], validate=True).startswith(_BEGINNINGS[found["kind"]])
    except ValueError:
        return False


_DATA = re.compile(r"data:image/(?P<kind>png|jpeg);base64,(?P<data>.+)")
_BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff"}


def _is_count(value: Any) -> bool:
    # d.run's console offers 0 for "no limit"; the engines refuse it.
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "max_tokens": _is_count,
    "stop": lambda value: isinstance(value, list) and len(value) <= 4 and all(map(_is_text, value)),
    "stream": lambda value: isinstance(value, bool),
    "stream_options": lambda value: isinstance(value, dict),
    "temperature": lambda value: isinstance(value, int | float) and 0 <= value <= 2,
}
