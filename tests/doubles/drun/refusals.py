"""What the gateway answers instead of a reply."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

from tests.doubles.drun.exchange import Answer, Exchange
from tests.doubles.drun.wire import go_json

INTERNAL_URL = "http://10.0.0.1:8000/v1/chat/completions"
"""The gateway tells clients where its upstreams live."""

_WINDOW = "This model's maximum context length is 4096 tokens."
OVERFLOWS: Mapping[str, str] = {
    "vLLM 0.8, messages": f"{_WINDOW} However, you requested 5000 tokens in the messages, "
    "Please reduce the length of the messages.",
    "vLLM 0.8, completion": f"{_WINDOW} However, you requested 5200 tokens (4200 in the messages, 1000 in the "
    "completion). Please reduce the length of the messages or completion.",
    "vLLM 0.11": f"{_WINDOW} However, your request has 5000 input tokens. "
    "Please reduce the length of the input messages.",
    "vLLM 0.11, max_tokens": "'max_tokens' or 'max_completion_tokens' is too large: 1000. This model's maximum context "
    "length is 4096 tokens and your request has 3500 input tokens (1000 > 4096 - 3500).",
    "vLLM 0.33": f"{_WINDOW} However, your prompt contains at least 5000 input tokens, which exceeds this limit even "
    "without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=5000)",
    "SGLang": "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "SGLang, total": "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a "
    "total of 5200 tokens: 4200 tokens from the input messages and 1000 tokens for the completion. "
    "Please reduce the number of tokens in the input messages or the completion to fit within the limit.",
}
"""The engines' ways to say that the conversation is too long for a window of 4,096 tokens."""


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        exchange.call.status = self.status
        # The client may act on the answer before the server has left its handler.
        exchange.call.served = True
        return self.response()

    def response(self) -> web.Response:
        headers = {**self.headers, "Content-Type": self.content_type}
        return web.Response(status=self.status, body=self.body, headers=headers)


def gateway_error(status: int, message: str, *, code: str | None = None, kind: str = "") -> Refusal:
    """The gateway's own shape; `code` may be null and `type` empty."""
    error = {"code": code, "message": message, "param": None, "type": kind}
    return Refusal(status, go_json({"error": error}))


def plain_text(status: int, text: str) -> Refusal:
    return Refusal(status, text.encode(), "text/plain; charset=utf-8")


def no_key() -> Refusal:
    message = (
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY). See https://platform.openai.com/account/api-keys."
    )
    return gateway_error(401, message, kind="invalid_request_error")


def wrong_key(key: str) -> Refusal:
    """The gateway says the whole key back."""
    message = f"Incorrect API key provided: {key}"
    return gateway_error(401, message, code="invalid_api_key", kind="invalid_request_error")


def no_model() -> Refusal:
    return gateway_error(400, "you must provide a model parameter", kind="invalid_request_error")


def no_json() -> Refusal:
    message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly.)"
    return gateway_error(400, message, kind="invalid_request_error")


def unknown_model(model: str) -> Refusal:
    message = f"The model `{model}` does not exist or you do not have access to it."
    return gateway_error(404, message, code="model_not_found", kind="invalid_request_error")


def denied(model: str) -> Refusal:
    message = f"You do not have access to the model `{model}`."
    return gateway_error(403, message, code="model_access_denied", kind="invalid_request_error")


def forbidden() -> Refusal:
    return gateway_error(403, "request blocked", kind="invalid_request_error")


def rate_limited(*, retry_after: str | None = None) -> Refusal:
    """The gateway never sends Retry-After; something in front of it may."""
    message = "You have exceeded the rate limit. Please try again later."
    made = gateway_error(429, message, code="model_rate_limit_exceeded")
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Refusal(made.status, made.body, headers=headers)


def rate_limited_in_plain_text() -> Refusal:
    """Higress, which newer gateways carry."""
    return plain_text(429, "Too many requests")


def no_balance() -> Refusal:
    message = "You exceeded your current quota, please check your plan and billing details."
    return gateway_error(402, message, code="insufficient_quota", kind="insufficient_quota")


def upstream_error(message: str, status: int = 400) -> Refusal:
    """An engine's own error: the gateway turns its numeric code into a string."""
    return gateway_error(status, message, code=str(status), kind="BadRequestError")


def broken() -> Refusal:
    return gateway_error(500, "internal error", kind="internal_error")


def unreachable() -> Refusal:
    message = f'Post "{INTERNAL_URL}": dial tcp 10.0.0.1:8000: connect: connection refused'
    return gateway_error(502, message, kind="upstream_error")


def unavailable() -> Refusal:
    return gateway_error(503, "service unavailable", kind="internal_error")


def error_page() -> Refusal:
    page = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"
    return Refusal(502, page, "text/html")


def no_such_page() -> Refusal:
    """Go's router: every path that is not served."""
    return plain_text(404, f"{HTTPStatus.NOT_FOUND.value} page not found\n")


def no_such_route() -> Refusal:
    """The same of FastAPI, which the engines are built on."""
    return Refusal(HTTPStatus.NOT_FOUND, b'{"detail":"Not Found"}')


def redirect(to: str, status: int = HTTPStatus.FOUND) -> Refusal:
    """A login page that stands before everything."""
    return Refusal(status, b"", headers={"Location": to})


def in_stream(message: str, *, code: object = 400, said: str = "") -> Refusal:
    """An engine without the gateway: it answers 200, says ``said``, and then its error in the place of a chunk."""
    frames: list[dict[str, Any]] = [{"error": {"code": code, "message": message, "param": None}}]
    if said:
        frames.insert(0, {"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": None}]})
    body = b"".join(b"data: " + go_json(frame) + b"\n\n" for frame in frames)
    return Refusal(HTTPStatus.OK, body + b"data: [DONE]\n\n", "text/event-stream; charset=utf-8")


FOREIGN: Mapping[str, Refusal] = {
    "an engine's 401": Refusal(HTTPStatus.UNAUTHORIZED, go_json({"error": "Unauthorized"})),
    "another vendor's 401": gateway_error(
        HTTPStatus.UNAUTHORIZED,
        "Authentication Fails, Your api key: ****3f9a is invalid",
        code="invalid_request_error",
        kind="authentication_error",
    ),
    "a proxy's 401": Refusal(HTTPStatus.UNAUTHORIZED, b"<html><title>401</title></html>", "text/html"),
    "another vendor's 402": gateway_error(
        HTTPStatus.PAYMENT_REQUIRED,
        "Insufficient Balance",
        code="invalid_request_error",
        kind="unknown_error",
    ),
    "a 402 in plain text": plain_text(HTTPStatus.PAYMENT_REQUIRED, "arrears"),
}
"""401 and 402 that are not the gateway's own: of an engine, of DeepSeek's API as its upstream, of a proxy before it."""


@dataclass(frozen=True, slots=True)
class Overflow:
    """Refuses conversations of more than `most` messages, and answers shorter ones."""

    wording: str
    most: int
    otherwise: Answer
    refused: Callable[[str], Refusal] = upstream_error

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        if len(exchange.call.messages) > self.most:
            return await self.refused(self.wording).play(exchange)
        return await self.otherwise.play(exchange)
