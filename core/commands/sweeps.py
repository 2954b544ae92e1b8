"""Commands that go through the whole store: one at a time for each person."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.conversation import Channel
from core.texts import Text
from core.wrong import CommandRefused


class Busy(CommandRefused):
    text = Text(
        "I am still busy with what you asked for before. Please try again when it is done.",
        "您之前的请求还在处理中，请等它完成后再试。",
    )


@dataclass(slots=True)
class Sweeps:
    """Those that run in this process. Anyone may give them, and each looks at every key of every server."""

    _running: set[tuple[str, str]] = field(default_factory=set)

    @contextmanager
    def one(self, channel: Channel, author: str) -> Generator[None, None, None]:
        """Raises Busy while another one of the same person runs. All whom nobody knows are one person."""
        who = (channel.platform, author)
        if who in self._running:
            raise Busy
        self._running.add(who)
        try:
            yield
        finally:
            self._running.discard(who)
