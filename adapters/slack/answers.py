"""What Slack, or a proxy before it, said instead of yes."""

from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError

_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class No:
    """``name`` is Slack's word for it, empty where the answer was not Slack's own."""

    name: str
    status: int
    retry_after: float

    def __str__(self) -> str:
        return self.name or f"HTTP {self.status}"


def no_of(error: SlackApiError) -> No:
    """Reads ``error`` in all three forms that slack_sdk 3.47 gives it: a JSON answer, the text of a proxy, an aiohttp response."""
    response: Any = error.response  # typed as a dictionary or a response; it may be neither
    said = getattr(response, "data", None)
    name = said.get("error") if isinstance(said, dict) else None
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    headers = getattr(response, "headers", None) or {}
    try:
        retry_after = float(headers.get("Retry-After", _RETRY_S))
    except (TypeError, ValueError):
        retry_after = _RETRY_S
    return No(str(name or ""), status, retry_after)
