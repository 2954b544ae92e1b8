"""Deleting for good what one person asked in a workspace.

Histories are not all theirs: turns are taken out one by one, each by the script that follows deleted messages too, so a
summary that was made with them is forgotten and made anew of what is left.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import structlog

from core.conversation import Channel, Conversation
from core.errors import StoreUnavailable
from core.store.connection import Connections, translating
from core.store.ending import read_entry
from core.store.kept import read_kept
from core.store.keys import STOPS, partition_of
from core.store.owners import Owned
from core.store.parked import ParkedTurns
from core.store.preferences import AUDIT_KEPT, Changed
from core.store.scanning import all_owned, removed
from core.store.sealing import Seal
from core.store.turns import TURNS_KEPT
from core.store.unsaid import unsaid, wordless

_READ = 100
"""Turns of a history that are read at once."""
_TRIES = 20
_MADE_OF_IT = frozenset({"memory", "remembering", "thoughts", "thinker"})
"""What does not tell whose words it was made of: it goes in every channel in which the person was answered."""
_THEIRS = frozenset({"settings", "audit", "usage", "told"})
"""Of a person's own keys. What is left of ``allowance`` goes in 25 hours: forgetting must not refill a budget."""

_changed = msgspec.json.Decoder(Changed)
log = structlog.get_logger()


class Forgetting:
    """Raises StoreUnavailable when Redis does not answer: then some of it may be left, and it can be run again."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._connections = connections
        self._redis = connections.ask
        self._seal = connections.seal
        self._partitions = partitions
        self._parked = ParkedTurns(connections, partitions=partitions)
        self._amend = connections.script("amend")
        self._amend_question = connections.script("amend_question")
        self._swap = connections.script("swap")

    async def person(
        self, channel: Channel, author: str, *, spared: tuple[Conversation, str] | None = None
    ) -> None:
        """``spared`` is the turn in which they ask for it: its conversation and its sequence."""
        await self._drop_parked(channel, author)
        keys = [key async for key in all_owned(self._connections, channel.platform, channel.workspace)]
        # First what may still become history, then history: so no turn slips from the one into the other.
        answered = set()
        for key in keys:
            if key.kind == "queue" and await self._in_queue(key.conversation, author, spared):
                answered.add(key.place)
        async for key in all_owned(self._connections, channel.platform, channel.workspace):
            if key.kind == "history" and await self._in_history(key.conversation, author):
                answered.add(key.place)
            elif key.kind == "audit" and not key.author:
                await self._in_audit(key.key, author)
        # Before what is made of it goes: whoever was handed an old summary must not keep it again, made longer.
        for place in answered:
            await outdate(self._connections, place, self._partitions)
        keys = [key async for key in all_owned(self._connections, channel.platform, channel.workspace)]
        await removed(self._connections, [key.key for key in keys if _goes(key, author, answered)])
        await self._early_edits([key for key in keys if key.kind == "edited"])

    async def _drop_parked(self, channel: Channel, author: str) -> None:
        for each in await self._parked.all():
            where = Conversation.parse(each.turn.conversation).channel
            if (where.platform, where.workspace) != (channel.platform, channel.workspace):
                continue
            try:
                messages = each.turn.read()
            except ValueError:
                log.warning(
                    "a turn that was given up cannot be read, and so may be anybody's", id=each.turn.id
                )
                continue
            if any(message.author == author for message in messages):
                await self._parked.remove(each)

    @translating
    async def _in_queue(
        self, conversation: Conversation, author: str, spared: tuple[Conversation, str] | None
    ) -> bool:
        """Drops what they asked that waits, and stops what is being answered. True: there was something."""
        keys = partition_of(conversation.channel, self._partitions)
        queue, found = keys.queue(conversation), False
        for _ in range(_TRIES):
            # redis-py types replies for all protocols and encodings at once; these are texts.
            entries: Any = await self._redis.lrange(queue, 0, -1)
            theirs = [
                entry
                for entry in entries
                if _asked_by(entry, author, self._seal) and (conversation, entry.partition(" ")[0]) != spared
            ]
            if not theirs:
                return found
            found = True
            for entry in theirs:
                blank = wordless(entry, self._seal)
                await self._amend_question(
                    [queue, keys.state(conversation), keys.schedule, keys.edited(conversation.channel, "")],
                    [str(conversation), entry.partition(" ")[0], entry, blank, blank, 1, "", STOPS],
                )
        raise StoreUnavailable("what is to be forgotten is changed again and again")

    async def _in_history(self, owner: Conversation, author: str) -> bool:
        """True: there was something of theirs, or may have been in what a full history has lost since."""
        key, last, found, count = partition_of(owner.channel, self._partitions).history(owner), "0", False, 0
        while members := await self._turns(key, last):
            last = members[-1].partition(" ")[0]
            count += len(members)
            for member in members:
                found |= await self._unsay(owner, member, author)
        return found or count >= TURNS_KEPT

    @translating
    async def _turns(self, key: str, after: str) -> Sequence[str]:
        found: Any = await self._redis.zrange(key, f"({after}", "+inf", byscore=True, offset=0, num=_READ)
        return list(found)

    @translating
    async def _unsay(self, owner: Conversation, member: str, author: str) -> bool:
        """Takes what they said out of one turn. True: there was something."""
        keys, sequence = partition_of(owner.channel, self._partitions), member.partition(" ")[0]
        for tried in range(_TRIES):
            text = member.partition(" ")[2]
            try:
                turn = read_kept(self._seal.open(text))
            except ValueError:
                log.warning("a turn cannot be read, and so may be anybody's", conversation=str(owner))
                return False
            new = unsaid(turn, author)
            if new == turn:
                return tried > 0
            within = Conversation(owner.channel, turn.thread)
            state, *_ = await self._amend(
                [
                    keys.history(owner),
                    keys.index(owner),
                    keys.state(owner) if owner.thread else keys.channel(owner.channel),
                    keys.history(within),
                    keys.queue(within),
                    keys.edited(owner.channel, ""),
                    keys.memory(owner),
                    keys.pins(owner),
                ],
                [
                    sequence,
                    text,
                    self._seal.close(new.written()) if new else "",
                    "",
                    1,
                    "own" if owner.thread else "shared",
                    int(new is not None and new.pinned),
                ],
                kept=True,
            )
            if state == 1:
                return True
            found: Any = await self._redis.zrange(keys.history(owner), sequence, sequence, byscore=True)
            if not found:
                return True
            (member,) = found
        raise StoreUnavailable("what is to be forgotten is changed again and again")

    @translating
    async def _in_audit(self, key: str, author: str) -> None:
        """What they changed for others still holds; only who it was is forgotten."""
        notes: Any = await self._redis.lrange(key, 0, AUDIT_KEPT)
        pairs = []
        for note in notes:
            changed = _changed.decode(self._seal.open(note))
            if changed.author == author:
                anonymous = msgspec.json.encode(replace(changed, author="")).decode()
                pairs += [note, self._seal.close(anonymous)]
        if pairs:
            await self._swap([key], ["list", *pairs])

    @translating
    async def _early_edits(self, keys: Sequence[Owned]) -> None:
        """Edits of messages that are still to come do not tell whose they are: they go without their text."""
        for key in keys:
            noted: Any = await self._redis.get(key.key)
            if " " in (noted or ""):
                await self._redis.unlink(key.key)


@translating
async def outdate(connections: Connections, channel: Channel, partitions: int) -> None:
    """Counts the words of ``channel`` as changed: a summary that is made of what they were comes too late from now on.

    Raises StoreUnavailable.
    """
    key = partition_of(channel, partitions).channel(channel)
    for count in ("epoch", "words"):
        await connections.ask.hincrby(key, count)


def _asked_by(entry: str, author: str, seal: Seal) -> bool:
    try:
        message = read_entry(entry, seal)
    except ValueError:
        return False  # another version's; claims park it
    return message.author == author and not message.deleted


def _goes(key: Owned, author: str, answered: set[Channel]) -> bool:
    if key.kind == "journal":
        # Where a platform keeps its own messages, its only person has written all of them.
        return key.channel != "index"
    if key.author:
        return key.author == author and key.kind in _THEIRS
    return key.partition is not None and key.kind in _MADE_OF_IT and key.place in answered
