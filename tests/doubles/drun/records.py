import time
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.drun.watch import Watch

Json = dict[str, Any]
HostName = str
"""`maas`, `service`, or the name that a test gave to another region."""


@dataclass(slots=True, eq=False)
class ChatCall:
    """One call of `/v1/chat/completions` or `/v1/completions`, also when it was refused. Times are time.monotonic(), in seconds."""

    endpoint: HostName
    headers: dict[str, str]
    connection: str
    """The client's side of the TCP connection, which is another one for every connection."""
    body: Json = field(default_factory=dict)
    """Empty when it was no JSON object."""
    continues: bool = False
    """It was a call of `/v1/completions`."""
    at: float = field(default_factory=time.monotonic)
    status: int | None = None
    """What it was answered, None as long as it was not."""
    served: bool = False
    """Everything the double meant to send was sent."""
    closed_early: bool = False
    """The client went away before that."""
    closed_at: float | None = None

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def messages(self) -> list[dict[str, str]]:
        return list(self.body.get("messages") or ())

    @property
    def prompt(self) -> str:
        """The last thing that was said, or the whole text to be continued."""
        if self.continues:
            return str(self.body.get("prompt", ""))
        return said_in(self.body["messages"][-1]) if self.body.get("messages") else ""

    @property
    def pictures(self) -> list[str]:
        """The addresses of all pictures, in order."""
        parts = [part for message in self.body.get("messages") or () for part in _parts(message)]
        return [str(part["image_url"]["url"]) for part in parts if part.get("type") == "image_url"]


def said_in(message: Json) -> str:
    """The text of a message, whether or not it is one part of several."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in _parts(message) if part.get("type") == "text")


def _parts(message: Json) -> list[Json]:
    content = message.get("content")
    return content if isinstance(content, list) else []


@dataclass(slots=True, eq=False)
class Log:
    """Everything that clients did."""

    watch: Watch = field(default_factory=Watch)
    requests: list[ChatCall] = field(default_factory=list)
    listings: list[HostName] = field(default_factory=list)
    """The hosts whose `/v1/models` was called, in order."""
    in_flight: int = 0
    max_in_flight: int = 0

    def begin(self, call: ChatCall) -> None:
        self.requests.append(call)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self.watch.notify()

    def end(self) -> None:
        self.in_flight -= 1
        self.watch.notify()

    def told(self) -> list[Json]:
        """Every call as JSON, without keys."""
        return [
            {
                "endpoint": call.endpoint,
                "continues": call.continues,
                "body": call.body,
                "status": call.status,
                "served": call.served,
                "closed_early": call.closed_early,
            }
            for call in self.requests
        ]
