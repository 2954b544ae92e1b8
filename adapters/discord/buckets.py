"""The write budgets of every channel, and what Discord's headers say of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.budgets import Budgets
from core.pacing import Budget

_SENDING, _EDITING = 2, 3
"""Parts of /channels/<id>/messages and /channels/<id>/messages/<id> after "channels"; a reaction's path has more."""


def _bucket() -> Budget:
    # Discord: 5 writes in 5 s, for sending and for editing, in each channel (its headers say so; no page does).
    return Budget(5, 5.0)


def _slow_bucket() -> Budget:
    # Discord: one reaction in 0.25 s, put on or taken off, in each channel (the same source).
    return Budget(1, 0.25, reserve=0)


@dataclass(frozen=True, slots=True)
class Buckets:
    """One bucket each for sending, editing and reactions in each channel, whoever's reply it is."""

    posts: Budgets[int] = field(default_factory=lambda: Budgets(_bucket))
    edits: Budgets[int] = field(default_factory=lambda: Budgets(_bucket))
    marks: Budgets[int] = field(default_factory=lambda: Budgets(_slow_bucket))

    def heed(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Obeys the bucket that Discord names in the headers of its answer to ``path``, whatever we believed."""
        if method == "GET":
            return  # reading has buckets of its own
        found = path.partition("/channels/")[2].split("/")
        if headers.get("X-RateLimit-Remaining") == "0" and found[1:2] == ["messages"]:
            budgets = {_SENDING: self.posts, _EDITING: self.edits}.get(len(found), self.marks)
            budgets.of(int(found[0])).pause(float(headers.get("X-RateLimit-Reset-After", 0)))
