"""What the scripts promise, in the plainest Python: one conversation after the other, nothing hidden."""

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from core.conversation import Channel, Conversation, Turn, UserMessage
from core.store.claims import Accepted, Busy, Claim, Kind, Lease, Parked
from core.store.keys import partition_of

PARTITIONS = 2


@dataclass
class Waiting:
    """One message."""

    sequence: int
    message: UserMessage
    kind: Kind
    ahead: int
    shown: list[str] = field(default_factory=list)


@dataclass
class Place:
    """One conversation."""

    queue: list[Waiting] = field(default_factory=list)
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
    taken: int = 0
    """How many of its messages are answered together."""
    failed: str = ""
    stop: bool = False
    finished: list[int] = field(default_factory=list)
    """The sequences of its ended turns, in the order in which they ended."""


@dataclass(frozen=True)
class Expected:
    """What a claim must bring."""

    sequence: int
    messages: list[UserMessage]
    attempt: int
    shown: list[str]
    ahead: int
    failed: str
    again: bool
    history: list[Turn]


class Reference:
    def __init__(self, *, most_waiting: int) -> None:
        self.most_waiting = most_waiting
        self.busy: dict[Channel, Busy] = defaultdict(lambda: Busy.QUEUE)
        self.parked: list[Parked] = []
        self.sequence: dict[Channel, int] = defaultdict(int)
        self.marks: dict[Channel, int] = defaultdict(int)
        self.places: dict[Conversation, Place] = defaultdict(Place)
        self.history: dict[Channel | Conversation, dict[int, Turn]] = defaultdict(dict)
        self.accepted: dict[Conversation, list[int]] = defaultdict(list)
        self.fences: dict[Conversation, int] = defaultdict(int)

    def accept(self, message: UserMessage, kind: Kind) -> Accepted:
        where = message.conversation
        place = self.places[where]
        full = len(place.queue) >= self.most_waiting
        interrupts = kind is Kind.MESSAGE and self.busy[where.channel] is Busy.INTERRUPT and not full
        if kind is Kind.STOP or interrupts:
            self.stop(where)
        ahead, line = (
            len(place.queue),
            sum(
                partition_of(other.channel, PARTITIONS) == partition_of(where.channel, PARTITIONS)
                for other in self.claimable()
            ),
        )
        if full:
            return Accepted(new=False, ahead=ahead, refused=True)
        sequence = self._append(message, kind)
        if where.thread is not None and place.root is None:
            place.root, place.floor = sequence, self.marks[where.channel]
        return Accepted(new=True, ahead=ahead, line=line, sequence=str(sequence))

    def _append(self, message: UserMessage, kind: Kind) -> int:
        where = message.conversation
        self.sequence[where.channel] += 1
        sequence = self.sequence[where.channel]
        queue = self.places[where].queue
        queue.append(Waiting(sequence, message, kind, len(queue)))
        self.accepted[where].append(sequence)
        return sequence

    def place(self, where: Conversation, sequence: int, told: list[str]) -> int:
        place = self.places[where]
        at = next((at for at, waiting in enumerate(place.queue) if waiting.sequence == sequence), -1)
        if at < 0 or (place.attempt is not None and at < place.taken):
            return 0
        if told:
            place.queue[at].shown = told
        # Only what became runnable before it is in the line; the model does not know when that was.
        return at or -1

    def claimable(self) -> set[Conversation]:
        return {where for where, place in self.places.items() if place.queue and not place.leased}

    def claim(self, where: Conversation, fence: str) -> Expected:
        """What the claim must bring."""
        assert int(fence) > self.fences[where], "fences only grow"
        self.fences[where] = int(fence)
        place = self.places[where]
        place.fence, place.leased = fence, True
        place.attempt = (place.attempt or 0) + 1
        again = place.taken > 0
        if not place.taken:
            place.taken = self._together(where)
        taken = place.queue[: place.taken]
        return Expected(
            taken[0].sequence,
            [waiting.message for waiting in taken],
            place.attempt,
            list(dict.fromkeys(id_ for waiting in taken for id_ in waiting.shown)),
            taken[0].ahead,
            place.failed,
            again,
            self._read(where, taken[0].sequence),
        )

    def _together(self, where: Conversation) -> int:
        queue = self.places[where].queue
        if self.busy[where.channel] is Busy.QUEUE or queue[0].kind is not Kind.MESSAGE:
            return 1
        others = (at for at, waiting in enumerate(queue) if waiting.kind is not Kind.MESSAGE)
        return next(others, len(queue))

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
            self.places[claim.conversation].queue[0].shown = shown
        return self.holds(claim)

    def commit(self, claim: Claim, turn: Turn | None, gave_up: str = "") -> bool:
        where = claim.conversation
        place = self.places[where]
        if place.done == claim.fence:
            return True
        if not self.holds(claim):
            return False
        taken, place.queue = place.queue[: place.taken], place.queue[place.taken :]
        place.finished += [waiting.sequence for waiting in taken]
        if turn is not None:
            message = taken[0].message
            owner = where.channel if where.thread is None or message.opens_thread else where
            self.history[owner][taken[0].sequence] = turn
        if gave_up:
            said = tuple(msgspec.json.encode(waiting.message).decode() for waiting in taken)
            self.parked.append(Parked(str(where), said, tuple(claim.shown), gave_up))
        place.done, place.fence, place.leased = claim.fence, None, False
        place.attempt, place.taken, place.stop, place.failed = None, 0, False, ""
        return True

    def requeue(self, parked: Parked) -> bool:
        if parked not in self.parked:
            return False
        self.parked.remove(parked)
        for number, message in enumerate(parked.read()):
            self._append(message, Kind.MESSAGE)
            if number == 0:
                place = self.places[message.conversation]
                place.queue[-1].shown = list(parked.shown)
                if message.opens_thread:
                    place.root = place.queue[-1].sequence
        return True

    def release(self, claim: Claim, failed: str) -> bool:
        held = self.holds(claim)
        if held:
            place = self.places[claim.conversation]
            place.fence, place.leased = None, False
            place.failed = failed or place.failed
            place.attempt = (place.attempt or 0) - (not failed)
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
