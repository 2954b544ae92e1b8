"""Reading from Discord once, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from core.known import NotTold

_OK, _NOT_ALLOWED, _ABSENT, _TOO_MANY = 200, 401, 404, 429
_NOT_ALLOWED_S = 600.0
"""Discord counts refused requests, and blocks an address with 10,000 of them in ten minutes."""
_RETRY_S = 1.0


class Absent(Exception):
    """Discord knows nothing by this id, or nothing that the bot may see."""


@dataclass(frozen=True, slots=True)
class Api:
    """Discord's REST, for questions that may remain unanswered.

    Not discord.py's own: 2.7.1 asks up to five times, for minutes, and if a call of it is given up while Discord limits
    the whole bot, its client waits for ever with every later one (HTTPClient._global_over is cleared and not set).
    """

    session: aiohttp.ClientSession
    url: str
    token: str
    user_agent: str
    """Discord: requests without one of its form may be blocked."""

    async def get(self, path: str, **query: str) -> Any:
        """The JSON of an answer, asked for once. Raises Absent and NotTold; the deadline is the caller's."""
        headers = {"Authorization": f"Bot {self.token}", "User-Agent": self.user_agent}
        try:
            async with self.session.get(
                f"{self.url.rstrip('/')}/{path}", params=query, headers=headers, allow_redirects=False
            ) as response:
                if response.status == _OK:
                    return await response.json()
                if response.status == _ABSENT:
                    raise Absent(path)
                raise NotTold(f"HTTP {response.status}", pause_s=_pause(response.status, response.headers))
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotTold(type(error).__name__) from error


def _pause(status: int, headers: Mapping[str, str]) -> float:
    if status == _TOO_MANY:
        try:
            return float(headers.get("Retry-After", _RETRY_S))
        except ValueError:
            return _RETRY_S
    return _NOT_ALLOWED_S if status == _NOT_ALLOWED else 0.0
