"""What the scripts promise, in the plainest Python: one conversation after the other, nothing hidden."""

from collections import defaultdict
from dataclasses import dataclass, field

from core.conversation import Channel, Conversation, Turn, UserMessage
from core.store.claims import Claim, Lease


@dataclass
class Place:
    """One conversation."""

    queue: list[tuple[int, UserMessage]] = field(default_factory=list)
    root: int | None = None
    floor: int = 0
    mark: int = 0
    fence: str | None = None
    """Of the lease that counts now."""
    leased: bool = False
    """It has not run out."""
    done: str | None = None
    """The fence that committed last."""
    attempt: int | None = None
    shown: list[str] = field(default_factory=list)
    stop: bool = False
    finished: list[int] = field(default_factory=list)
    """The sequences of its ended turns, in the order in which they ended."""


class Reference:
    def __init__(self) -> None:
        self.sequence: dict[Channel, int] = defaultdict(int)
        self.marks: dict[Channel, int] = defaultdict(int)
        self.places: dict[Conversation, Place] = defaultdict(Place)
        self.history: dict[Channel | Conversation, dict[int, Turn]] = defaultdict(dict)
        self.accepted: dict[Conversation, list[int]] = defaultdict(list)
        self.fences: dict[Conversation, int] = defaultdict(int)

    def accept(self, message: UserMessage) -> int:
        """How many turns come before it."""
        where = message.conversation
        self.sequence[where.channel] += 1
        sequence = self.sequence[where.channel]
        place = self.places[where]
        if where.thread is not None and place.root is None:
            place.root, place.floor = sequence, self.marks[where.channel]
        place.queue.append((sequence, message))
        self.accepted[where].append(sequence)
        return len(place.queue) - 1

    def claimable(self) -> set[Conversation]:
        return {where for where, place in self.places.items() if place.queue and not place.leased}

    def claim(self, where: Conversation, fence: str) -> tuple[int, UserMessage, int, list[Turn]]:
        """Sequence, message, attempt and history that the claim must bring."""
        assert int(fence) > self.fences[where], "fences only grow"
        self.fences[where] = int(fence)
        place = self.places[where]
        sequence, message = place.queue[0]
        place.fence, place.leased = fence, True
        place.attempt = (place.attempt or 0) + 1
        return sequence, message, place.attempt, self._read(where, sequence)

    def _read(self, where: Conversation, sequence: int) -> list[Turn]:
        place, said = self.places[where], self.history[where.channel]
        if place.root is None:
            return [turn for at, turn in sorted(said.items()) if self.marks[where.channel] < at <= sequence]
        floor = max(place.floor, place.mark)
        shared = [turn for at, turn in sorted(said.items()) if floor < at <= place.root]
        return shared + [turn for at, turn in sorted(self.history[where].items()) if at > place.mark]

    def holds(self, claim: Claim) -> bool:
        return self.places[claim.conversation].fence == claim.fence

    def renew(self, claim: Claim) -> Lease:
        if not self.holds(claim):
            return Lease.LOST
        place = self.places[claim.conversation]
        place.leased = True
        return Lease.STOP if place.stop else Lease.KEPT

    def checkpoint(self, claim: Claim, shown: list[str]) -> bool:
        if self.holds(claim):
            self.places[claim.conversation].shown = shown
        return self.holds(claim)

    def commit(self, claim: Claim, turn: Turn | None) -> bool:
        where = claim.conversation
        place = self.places[where]
        if place.done == claim.fence:
            return True
        if not self.holds(claim):
            return False
        sequence, message = place.queue.pop(0)
        place.finished.append(sequence)
        if turn is not None:
            owner = where.channel if where.thread is None or message.opens_thread else where
            self.history[owner][sequence] = turn
        place.done, place.fence, place.leased = claim.fence, None, False
        place.attempt, place.shown, place.stop = None, [], False
        return True

    def release(self, claim: Claim) -> bool:
        held = self.holds(claim)
        if held:
            place = self.places[claim.conversation]
            place.fence, place.leased = None, False
            place.attempt = (place.attempt or 0) - 1
        return held

    def stop(self, where: Conversation) -> bool:
        place = self.places[where]
        place.stop = place.stop or place.attempt is not None
        return place.attempt is not None

    def reset(self, where: Conversation, sequence: int | None) -> None:
        mark = self.sequence[where.channel] if sequence is None else sequence
        if where.thread is None:
            self.marks[where.channel] = max(self.marks[where.channel], mark)
        else:
            self.places[where].mark = max(self.places[where].mark, mark)
