"""The write budgets of every channel, and what Discord's headers say of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.budgets import Budgets
from core.pacing import Budget

_OF_ALL_MESSAGES = 2  # parts of /channels/<id>/messages after "channels"; an edit names its message as well


def _bucket() -> Budget:
    # Discord: 5 writes in 5 s, for sending and for editing, in each channel (its headers say so; no page does).
    return Budget(5, 5.0)


@dataclass(frozen=True, slots=True)
class Buckets:
    """One bucket for sending and one for editing in each channel, whoever's reply it is."""

    posts: Budgets[int] = field(default_factory=lambda: Budgets(_bucket))
    edits: Budgets[int] = field(default_factory=lambda: Budgets(_bucket))

    def heed(self, path: str, headers: Mapping[str, str]) -> None:
        """Obeys the bucket that Discord names in the headers of its answer to ``path``, whatever we believed."""
        found = path.partition("/channels/")[2].split("/")
        if headers.get("X-RateLimit-Remaining") == "0" and found[1:2] == ["messages"]:
            budgets = self.posts if len(found) == _OF_ALL_MESSAGES else self.edits
            budgets.of(int(found[0])).pause(float(headers.get("X-RateLimit-Reset-After", 0)))
