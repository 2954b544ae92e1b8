"""How a turn ends when people have changed its messages while it was being answered.

A queue's entry is the truth of its message: whoever amends one rewrites it and counts that (``amended:<sequence>`` in the
conversation's state). A commit names the count that it knows of, and is given the entries instead when there were more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import time

import msgspec

from core.conversation import Turn, UserMessage
from core.store.claims import Claim, Parked, RawClaim
from core.store.kept import Kept, kept
from core.store.sealing import Seal


@dataclass(frozen=True, slots=True)
class Queued(UserMessage):
    """A message as its entry has it. Whoever reads it as a plain UserMessage does not see the rest."""

    deleted: bool = False
    pinned: bool = False


_queued = msgspec.json.Decoder(Queued)


def read_entry(entry: str, seal: Seal) -> Queued:
    """An entry is sequence, kind, turns ahead and message. Raises ValueError for what another version wrote."""
    return _queued.decode(seal.open(entry.split(" ", 3)[3]))


def rewritten(entry: str, message: Queued, seal: Seal) -> str:
    """``entry`` with ``message`` in place of its own."""
    return " ".join([*entry.split(" ", 3)[:3], seal.close(msgspec.json.encode(message).decode())])


@dataclass(frozen=True, slots=True)
class Ending:
    """What a commit writes, as far as the changes are known that were counted."""

    written: Sequence[UserMessage]
    """What was claimed, as its entries had it: what they say now is compared with that."""
    answered: Kept | None
    """The turn as it was answered."""
    turn: Kept | None
    parked: Parked | None
    changes: int = 0
    deleted: int = 0
    """Messages of the reply that are gone."""

    @classmethod
    def of(cls, claim: Claim | RawClaim, turn: Turn | None, parked: Parked | None) -> "Ending":
        claimed, written = (claim.messages, claim.written) if isinstance(claim, Claim) else ((), ())
        answered = replace(kept(turn, claimed), at=int(time())) if turn else None
        return cls(written or claimed, answered, answered, parked)

    def knowing(self, changes: int, deleted: int, entries: Sequence[str], seal: Seal) -> "Ending":
        """With all that commit.lua has told."""
        try:
            messages = [read_entry(entry, seal) for entry in entries]
        except ValueError:
            # Parked, because this version cannot read it.
            return replace(self, changes=changes, deleted=deleted)
        if all(message.deleted for message in messages):
            return replace(self, turn=None, parked=None, changes=changes, deleted=deleted)
        turn = self.answered
        for was, now in zip(self.written, messages, strict=False):
            turn = turn and _caught_up(turn, was, now)
        if turn and deleted:
            turn = turn.unanswered()
        return replace(self, turn=turn, changes=changes, deleted=deleted)

    def marks(self, mark_of: Callable[[str], str]) -> list[str]:
        """Where it stands of each message of the reply whether it is gone."""
        return [mark_of(message) for message in self.turn.messages] if self.turn else []

    def ids(self) -> list[str]:
        """The platform's messages of the turn."""
        turn = self.turn
        if turn is None:
            return []
        before = (remark.message_id for remark in turn.before)
        return [*before, *(part.id for part in turn.parts), *turn.messages]


def _caught_up(turn: Kept, was: UserMessage, now: Queued) -> Kept | None:
    if now.deleted:
        return turn.without(now.message_id)
    turn = turn.pinned_at(now.message_id, pinned=now.pinned)
    return turn if now.text == was.text else turn.edited(now.message_id, now.text)
