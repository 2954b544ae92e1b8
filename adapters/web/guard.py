"""Who may use the page: this machine's own browser, or whoever knows the token.

A page on 127.0.0.1 is reachable by every site that this machine's browser visits. The Host rule keeps out names
that an attacker points at 127.0.0.1 (DNS rebinding), the Origin rules keep out requests that another site makes.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from adapters.web.refusals import NOT_THE_PAGE, WRONG_HOST, WRONG_ORIGIN, Refusal
from adapters.web.settings import Settings

COOKIE = "drun_chat"
SESSION_S = 30 * 24 * 3600

_PORT = re.compile(r":\d{1,5}$")


class Guard:
    """The rules for one server; pure but for the time it is told."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.web_token.get_secret_value() if settings.web_token else ""
        self._only_loopback_names = settings.loopback and not self._token
        self._names = {"127.0.0.1", "localhost", "[::1]", settings.web_host.lower()}

    @property
    def asks(self) -> bool:
        """A token is needed."""
        return bool(self._token)

    def check(self, method: str, headers: Mapping[str, str], *, form: bool = False) -> None:
        """Raises Refusal for a request that the page itself did not make. ``form``: it need not be JSON."""
        host = headers.get("Host", "")
        if self._only_loopback_names and _PORT.sub("", host).lower() not in self._names:
            raise Refusal(403, WRONG_HOST)
        origin = headers.get("Origin")
        if origin is not None and not _same(origin, host):
            raise Refusal(403, WRONG_ORIGIN)
        if method in {"GET", "HEAD"}:
            return
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        ours = origin is not None or headers.get("Sec-Fetch-Site") in {"same-origin", "none"}
        # Another site cannot send JSON without asking first (CORS), and asking is answered with no.
        if not ours or (kind != "application/json" and not form):
            raise Refusal(403, NOT_THE_PAGE)

    def is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    def session(self, now: float) -> str:
        """What the cookie holds: proof of the token that is not the token, good for 30 days in every process."""
        until = str(int(now) + SESSION_S)
        return f"{until}.{self._signature(until)}"

    def knows(self, session: str, now: float) -> bool:
        """``session`` was made with the token in use now, and is not over."""
        until, _, signature = session.partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._signature(until).encode())
        return genuine and int(until) > now

    def _signature(self, until: str) -> str:
        return hmac.new(
            self._token.encode(), f"drun-chat session {until}".encode(), hashlib.sha256
        ).hexdigest()


def _same(origin: str, host: str) -> bool:
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
