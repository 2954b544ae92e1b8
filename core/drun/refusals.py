"""d.run's HTTP errors, read into the error tree. By status first, then code, then message: codes may be null."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from core.drun.chunks import UNREADABLE
from core.errors import (
    KeyRefused,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    ModelUnknown,
    NoBalance,
    PicturesRefused,
    WindowExceeded,
)

# The wordings of vLLM 0.8 to 0.33, SGLang 0.4 and 0.5, and llama.cpp.
_TOO_LONG = re.compile(
    r"context (?:length|size|window)|maximum context|too large: \d+|longer than the model|exceed_context",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"context length(?: is| of| \()\s*([0-9]{1,9})\b|available context size \(([0-9]{1,9})\b", re.IGNORECASE
)
# vLLM; DeepSeek's API, which may stand behind the gateway; llama.cpp.
_PICTURES = re.compile(
    r"at most ([0-9]{1,4}) image\(?s|not a multimodal model|unknown variant `image_url`|image input is not supported",
    re.IGNORECASE,
)
_UNSUITED = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_FINAL: Mapping[int, type[ModelError]] = {401: KeyRefused, 402: NoBalance}
_KEY = re.compile(r"sk-[A-Za-z0-9_-]{4,}")
# The gateway writes its upstreams as Go does: "Post \"http://...\"", "dial tcp 10.0.0.1:8000", "lookup name on ...".
_ADDRESS = re.compile(
    r"\w+://[^\s\"\\]+|\d+\.\d+\.\d+\.\d+(?::\d+)?|\[[0-9a-f:.]+(?:%\w+)?\](?::\d+)?|(?<=\blookup )[^\s:]+"
    # Names that only an installation's own network knows, and any host that is named with its port.
    r"|\b[\w.-]{1,200}\.(?:internal|local|svc|cluster|lan)\b[\w.-]{0,200}(?::\d+)?"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}:\d{2,5}\b"
    r"|(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])",
    re.IGNORECASE,
)


def refusal(status: int, headers: Mapping[str, str], body: bytes, *, model: str, key: str) -> ModelError:
    """The error for an answer with ``status`` to a call with ``key``. Its text holds no key and no internal address.

    The gateway echoes a wrong key in full in its 401, and internal URLs in its 502.
    """
    code, message = _read(body)
    detail = redacted(f"HTTP {status} {code} {message}".strip(), key)
    # Not a table of 5xx: proxies and load balancers have their own (Cloudflare: 520 to 527 and 530).
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelUnavailable(detail)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ModelBusy(detail, retry_after=_seconds(headers.get("retry-after")))
    if status in _UNSUITED and (unsuited := _unsuited(status, code, message, detail)):
        return unsuited
    if status == HTTPStatus.NOT_FOUND or code in {"model_not_found", "model_access_denied"}:
        return ModelUnknown(detail, model=model)
    return _FINAL.get(status, ModelRefused)(detail)


def _unsuited(status: int, code: str, message: str, detail: str) -> ModelError | None:
    """What the request held too much of, if that is what ``message`` says."""
    if status == HTTPStatus.BAD_REQUEST and _TOO_LONG.search(f"{code} {message}"):
        named = _LIMIT.search(message)
        return WindowExceeded(detail, limit=int(named[1] or named[2]) if named else None)
    if pictures := _PICTURES.search(message):
        return PicturesRefused(detail, most=int(pictures[1] or 0))
    return None


def redacted(text: str, key: str) -> str:
    """``text`` without keys and addresses, short enough for a log line.

    ``key`` is the caller's own, which need not look like one of d.run's in a private installation.
    """
    if key:
        text = re.sub(rf"(?<!\w){re.escape(key)}(?!\w)", "<key>", text)
    return _ADDRESS.sub("<address>", _KEY.sub("<key>", text))[:300]


def _read(body: bytes) -> tuple[str, str]:
    """Code and message of an error body in any of its shapes: nested, flat, a string, or no JSON at all."""
    try:
        found: Any = msgspec.json.decode(body)
    except UNREADABLE:
        return "", body.decode(errors="replace")
    if isinstance(found, dict):
        found = found.get("error", found)
    if not isinstance(found, dict):
        return "", str(found)
    return str(found.get("code") or found.get("type") or ""), str(found.get("message") or "")


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None  # a date: d.run sends none, and guessing at clocks helps nobody
