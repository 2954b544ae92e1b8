"""d.run's HTTP errors, read into the error tree. By status first, then code, then message: codes may be null."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

from core.drun.chunks import UNREADABLE
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
_UNKNOWN = {"model_not_found", "model_access_denied"}
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)
# The gateway's own code, and its words where it has no code. Other servers, whose refusals it passes on, have others.
_OWN: Mapping[int, tuple[str, str, type[ModelError]]] = {
    HTTPStatus.UNAUTHORIZED: ("invalid_api_key", "You didn't provide an API key", KeyRefused),
    HTTPStatus.PAYMENT_REQUIRED: ("insufficient_quota", "You exceeded your current quota", NoBalance),
}
_REFUSED = re.compile("4[0-9]{2}")
# Where an error object has a name in the place of a number: the gateway's, OpenAI's, and the engines' type.
_NAMED: Mapping[str, int] = {
    "BadRequestError": HTTPStatus.BAD_REQUEST,
    "context_length_exceeded": HTTPStatus.BAD_REQUEST,
    "invalid_api_key": HTTPStatus.UNAUTHORIZED,
    "insufficient_quota": HTTPStatus.PAYMENT_REQUIRED,
    "model_access_denied": HTTPStatus.FORBIDDEN,
    "model_not_found": HTTPStatus.NOT_FOUND,
    "model_rate_limit_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "rate_limit_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
}
# For the operator.
_NOT_HERE = "no model is served at this address: look at the base URL, and at what stands before d.run"
_NOT_OURS = (
    "not in d.run's own words: look at the key and the account of what stands behind d.run (an engine, "
    "another vendor), or at what stands before it"
)
_KEY = re.compile(r"sk-[A-Za-z0-9_-]{4,}|(?<=\bBearer )(?!auth\b)[^\s\"']+", re.IGNORECASE)
# The gateway writes its upstreams as Go does: "Post \"http://...\"", "dial tcp 10.0.0.1:8000", "lookup name on ...".
_ADDRESS = re.compile(
    r"\w+://[^\s\"\\]+|\d+\.\d+\.\d+\.\d+(?::\d+)?|\[[0-9a-f:.]+(?:%\w+)?\](?::\d+)?|(?<=\blookup )[^\s:]+"
    # Names that only an installation's own network knows, and any host that is named with its port.
    r"|\b[\w.-]{1,200}\.(?:internal|local|svc|cluster|lan)\b[\w.-]{0,200}(?::\d+)?"
    r"|\b(?=[\w-]{0,63}[a-z_.])[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}:\d{2,5}\b"
    r"|(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])",
    re.IGNORECASE,
)
_READ = 4000
"""Characters of a message that are looked at: far more than is kept of it, and few enough for any page."""
# An upstream's name without its port. d.run's own addresses are in its documentation, and tell the operator something.
_NAME = re.compile(
    r"(?<![\w.-])(?!(?:[\w-]{1,63}\.){1,8}d\.run\b)(?:[\w-]{1,63}\.){2,8}[a-z]{2,24}(?![\w.-]*\w)",
    re.IGNORECASE,
)


def refusal(status: int, headers: Mapping[str, str], body: bytes, *, model: str, key: str) -> ModelError:
    """The error for an answer with ``status`` to a call with ``key``. Its text holds no key and no internal address.

    The gateway echoes a wrong key in full in its 401, and internal URLs in its 502.
    """
    found = _decoded(body)
    code, message = _read(found)
    detail = redacted(f"HTTP {status} {code} {message}".strip(), key)
    if status < HTTPStatus.BAD_REQUEST:
        return NotServed(f"HTTP {status}{_led_to(headers.get('location', ''), key)}; {_NOT_HERE}")
    # Not a table of 5xx: proxies and load balancers have their own (Cloudflare: 520 to 527 and 530).
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelUnavailable(detail)
    # Every server says 404 of a path, which tells nothing of any model.
    if status == HTTPStatus.NOT_FOUND and not (isinstance(found, dict) and _of_model(code, message)):
        return NotServed(f"{detail}; {_NOT_HERE}")
    return _final(status, _Said(code, message, detail, model), _seconds(headers.get("retry-after")))


def reported(error: Any, *, model: str, key: str, begun: bool) -> ModelError:
    """The error for an ``error`` object in the place of a chunk: ReplyCut where asking again may help.

    Engines answer 200, and then say in their stream what the gateway would say with a status. ``begun``: a word was
    said already, and whatever happened then has cut the reply.
    """
    code, message = _read({"error": error})
    said = _Said(code, message, redacted(f"an error in the stream: {code} {message}".strip(), key), model)
    status = _NAMED.get(code) or (int(code) if _REFUSED.fullmatch(code) else None)
    if status is None and not code.isdecimal() and _unsuited(HTTPStatus.BAD_REQUEST, said) is not None:
        status = HTTPStatus.BAD_REQUEST
    vague = status == HTTPStatus.REQUEST_TIMEOUT or (
        status == HTTPStatus.NOT_FOUND and not _of_model(code, message)
    )
    return ReplyCut(said.detail) if begun or vague or status is None else _final(status, said)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a server said of its refusal to ask ``model``."""

    code: str
    message: str
    detail: str
    """All of it for the log, redacted."""
    model: str


def _final(status: int, said: _Said, retry_after: float | None = None) -> ModelError:
    """The error for a 4xx that a model's server means."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ModelBusy(said.detail, retry_after=retry_after)
    if unsuited := _unsuited(status, said):
        return unsuited
    if status == HTTPStatus.NOT_FOUND or said.code in _UNKNOWN:
        return ModelUnknown(said.detail, model=said.model)
    if status in _OWN:
        code, words, own = _OWN[status]
        ours = said.code == code or words in said.message
        return own(said.detail) if ours else AccessRefused(f"{said.detail}; {_NOT_OURS}")
    return ModelRefused(said.detail)


def _of_model(code: str, message: str) -> bool:
    return code in _UNKNOWN or _MODEL.search(message) is not None


def _unsuited(status: int, said: _Said) -> ModelError | None:
    """What the request held too much of, if that is what was said."""
    if status == HTTPStatus.BAD_REQUEST and _TOO_LONG.search(f"{said.code} {said.message}"):
        named = _LIMIT.search(said.message)
        return WindowExceeded(said.detail, limit=int(named[1] or named[2]) if named else None)
    if status in _UNSUITED and (pictures := _PICTURES.search(said.message)):
        return PicturesRefused(said.detail, most=int(pictures[1] or 0))
    return None


def _led_to(location: str, key: str) -> str:
    """Where a redirect leads, told by its host alone: a path or a query may hold what a login wants."""
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    if not location:
        return ""
    return f" redirects to {_without_addresses(host, key)}" if host else " redirects to another path"


def redacted(text: str, key: str) -> str:
    """``text`` without keys and addresses, also of hosts that are only named, short enough for a log line.

    ``key`` is the caller's own, which need not look like one of d.run's in a private installation.
    """
    return _NAME.sub("<address>", _without_addresses(text, key))[:300]


def _without_addresses(text: str, key: str) -> str:
    text = text[:_READ]
    if key:
        text = re.sub(rf"(?<!\w){re.escape(key)}(?!\w)", "<key>", text)
    return _ADDRESS.sub("<address>", _KEY.sub("<key>", text))


def _decoded(body: bytes) -> Any:
    """The JSON of ``body``, or its text where it is none."""
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return body.decode(errors="replace")


def _read(found: Any) -> tuple[str, str]:
    """Code and message of an error in any of its shapes: nested, flat, a string, or no JSON at all."""
    if isinstance(found, dict):
        found = found.get("error", found)
    if not isinstance(found, dict):
        return "", str(found)
    return str(found.get("code") or found.get("type") or ""), str(found.get("message") or "")


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value) if value else math.nan
    except ValueError:
        seconds = math.nan  # a date: d.run sends none, and guessing at clocks helps nobody
    return max(0.0, seconds) if math.isfinite(seconds) else None
