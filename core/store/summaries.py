"""The running summary of each history: what was said in the turns that the window has no room for any more.

One belongs to a channel, and one to each thread that outgrew the window; a thread without one of its own reads its
channel's, as long as that goes no further than the thread reads. claim.lua hands it out with the history. It holds while
no word of what it was made of is edited or deleted, and no reset comes.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.conversation import Channel, Conversation, Turn
from core.store.connection import Connections, translating
from core.store.keys import partition_of

ALONE_S = 150
"""How long one worker has a history for itself; after a failure nobody tries before that has passed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was said, in a model's words."""

    text: str
    model: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Recalled:
    """The summary that came with a claim, and what a new one must be made for. All numbers are as Redis wrote them."""

    floor: str = "0"
    """Nothing up to this sequence is read: there was a reset."""
    mark: str = "0"
    """That of the last reset in this very conversation."""
    root: str = ""
    """The last sequence of the channel that a thread reads; empty outside threads."""
    shared: str = "0"
    """How often words of the channel's history were changed."""
    own: str = ""
    """As ``shared``, for the thread's own history."""
    upto: int = 0
    """The sequence that the summary reaches; 0: there is none."""
    summary: Summary | None = None

    @classmethod
    def of(cls, told: Sequence[str]) -> "Recalled":
        """Of the last part of what claim.lua returns."""
        mark, root, floor, shared, own, upto, said = (str(each) for each in told)
        summary = _summary(said) if said else None
        return cls(floor, mark, root, shared, own, int(upto) if summary else 0, summary)


NOTHING = Recalled()


@dataclass(frozen=True, slots=True)
class Making:
    """The right to make one summary."""

    owner: Channel | Conversation
    recalled: Recalled
    token: str


@dataclass(frozen=True, slots=True)
class Folded:
    """A turn with its place in the order."""

    sequence: int
    turn: Turn


class Summaries:
    """Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._redis = connections.ask
        self._seal = connections.seal
        self._partitions = partitions
        self._fold = connections.script("fold")

    @translating
    async def begin(self, owner: Channel | Conversation, recalled: Recalled) -> Making | None:
        """The right to make the summary of what ``owner`` reads. None: somebody else has it, or was faster."""
        keys, token = partition_of(_channel(owner), self._partitions), secrets.token_hex(8)
        if not await self._redis.set(keys.remembering(owner), token, nx=True, ex=ALONE_S):
            return None
        making = Making(owner, recalled, token)
        # redis-py types replies for all protocols and encodings at once; these are texts.
        now: Any = await self._redis.hmget(keys.memory(owner), ["upto", "floor", "shared", "own"])
        own = recalled.own if isinstance(owner, Conversation) else ""
        made_since = now[1:] == [recalled.floor, recalled.shared, own] and now[0] != str(recalled.upto)
        # A thread may go on from its channel's, without one of its own.
        ended_since = isinstance(owner, Channel) and recalled.upto and now[0] is None
        if made_since or ended_since:
            # For the same history, or too old since the claim: that one must not live on in the next.
            await self._run(making, 0, "")
            return None
        return making

    @translating
    async def turns(self, making: Making, *, after: int, until: int, most: int) -> list[Folded]:
        """What ``making``'s owner reads after one sequence, up to another: the oldest first, at most ``most``."""
        owner, recalled = making.owner, making.recalled
        channel = _channel(owner)
        keys = partition_of(channel, self._partitions)
        shared_until, own_after = until, 0
        if isinstance(owner, Conversation):
            shared_until, own_after = min(until, int(recalled.root)), max(after, int(recalled.mark))
        found: list[str] = await self._range(
            keys.history(channel), max(after, int(recalled.floor)), shared_until, most
        )
        if isinstance(owner, Conversation) and len(found) < most:
            found += await self._range(keys.history(owner), own_after, until, most - len(found))
        return [_folded(self._seal.open(each)) for each in found]

    @translating
    async def keep(self, making: Making, summary: Summary, *, upto: int) -> bool:
        """False: it was made in vain, as what it was made of has changed."""
        return await self._run(making, upto, self._seal.close(msgspec.json.encode(summary).decode()))

    @translating
    async def end(self, making: Making) -> None:
        """Others may make it now."""
        await self._run(making, 0, "")

    async def _run(self, making: Making, upto: int, said: str) -> bool:
        owner, recalled, channel = making.owner, making.recalled, _channel(making.owner)
        keys, in_thread = partition_of(channel, self._partitions), isinstance(owner, Conversation)
        names = [keys.remembering(owner), keys.memory(owner), keys.history(owner), keys.channel(channel)]
        if isinstance(owner, Conversation):
            names.append(keys.state(owner))
        own = recalled.own if in_thread else ""
        return bool(await self._fold(names, [making.token, recalled.floor, recalled.shared, own, upto, said]))

    async def _range(self, key: str, after: int, until: int, most: int) -> Any:
        return await self._redis.zrange(key, f"({after}", str(until), byscore=True, offset=0, num=most)


def _channel(owner: Channel | Conversation) -> Channel:
    return owner if isinstance(owner, Channel) else owner.channel


def _folded(member: str) -> Folded:
    sequence, _, turn = member.partition(" ")
    return Folded(int(sequence), _turn.decode(turn))


def _summary(said: str) -> Summary | None:
    """None for what another version wrote: the talk goes on without."""
    try:
        return _kept.decode(said)
    except ValueError:
        return None


def summary_of(text: str, model: str) -> Summary:
    """Made now."""
    return Summary(text, model, datetime.now(UTC))


_turn = msgspec.json.Decoder(Turn)
_kept = msgspec.json.Decoder(Summary)
