from typing import Any


class SlackError(Exception):
    """An answer of the Web API with ok=false; Slack sends it as HTTP 200."""

    def __init__(self, code: str, *, messages: tuple[str, ...] = (), **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.body: dict[str, Any] = {"ok": False, "error": code, **extra}
        if messages:
            self.body["response_metadata"] = {"messages": list(messages)}
