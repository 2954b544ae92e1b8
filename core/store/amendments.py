"""What people edit, delete and pin on a platform, followed wherever it is kept: waiting, being answered, or in a history.

Whoever changes something reads it, makes it anew, and swaps it if it is still what was read. A message is in one place
at a time: in its conversation's queue until the commit, which is one script, puts its turn into a history and the ids
of all its messages into that history's index. So a swap that fails is looked for again where it is now.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import structlog

from core.changes import Amended, Change, Deleted, Edited, Pinned, Was
from core.conversation import Channel, Conversation, UserMessage
from core.errors import StoreUnavailable
from core.store.connection import Connections, translating
from core.store.ending import Queued, read_entry, rewritten
from core.store.kept import Kept, read_kept
from core.store.keys import STOPS, partition_of

REMEMBERED_S = 24 * 3600
"""As long as a platform may still tell of the message itself: Slack delivers again for up to 24 hours."""
_TRIES = 20

# What the scripts answer.
_NOTHING, _ACCEPTED, _IN_HISTORY = 0, 1, 2
_CHANGED_MEANWHILE, _WAITING, _ANSWERING, _OLDER = 0, 1, 2, -1
_KINDS: dict[type[Change], str] = {Edited: "e", Deleted: "d", Pinned: "p"}

_ids = msgspec.json.Decoder(list[str])
_text = msgspec.json.Decoder(str)

log = structlog.get_logger()


class Amendments:
    """Every method raises StoreUnavailable when Redis does not answer: then the change may be handed in again."""

    def __init__(self, connections: Connections, *, partitions: int) -> None:
        self._redis = connections.ask
        self._partitions = partitions
        self._seal = connections.seal
        self._look = connections.script("look")
        self._amend = connections.script("amend")
        self._amend_question = connections.script("amend_question")

    @translating
    async def amend(self, change: Change) -> Amended:
        """Follows ``change``, once however often it is told. One call where nothing is known of its messages."""
        ids = change.message_ids if isinstance(change, Deleted) else (change.message_id,)
        if not ids:
            return Amended()
        places = await self._places(change, ids)
        amended = [await self._one(change, id_, place) for id_, place in zip(ids, places, strict=True)]
        return next((each for each in reversed(amended) if each.changed), amended[-1])

    async def catch_up(self, message: UserMessage, noted: str) -> None:
        """``message`` was accepted just now, and had been edited before: ``noted`` is what accept.lua found."""
        at, _, text = noted.partition(" ")
        if not text:
            return
        where = message.conversation
        edited = Edited(
            where.channel, message.message_id, _text.decode(self._seal.open(text)), where.thread, int(at)
        )
        try:
            (place,) = await self._places(edited, (message.message_id,))
            await self._one(edited, message.message_id, place)
        except StoreUnavailable as error:
            # It is accepted, so nobody will hand it in again: better answered as it was than not at all.
            log.warning("an early edit is lost", channel=str(where.channel), reason=str(error))

    async def _places(self, change: Change, ids: Sequence[str]) -> list[Any]:
        keys = partition_of(change.channel, self._partitions)
        owners = _owners(change, ids[0])
        marks = [(keys.seen_message(change.channel, id_), keys.edited(change.channel, id_)) for id_ in ids]
        edited = change if isinstance(change, Edited) else None
        found: list[Any] = await self._look(
            [
                *(keys.index(owner) for owner in owners),
                *(keys.history(owner) for owner in owners),
                *(key for pair in marks for key in pair),
            ],
            [
                _KINDS[type(change)],
                _moment(change),
                self._seal.close(msgspec.json.encode(edited.text).decode())
                if edited and edited.to_bot
                else "",
                REMEMBERED_S,
                *ids,
            ],
        )
        return found

    async def _one(self, change: Change, id_: str, place: Any) -> Amended:
        looked = False
        for _ in range(_TRIES):
            amended: Amended | None = None
            if place[0] == _NOTHING:
                return Amended()
            if place[0] == _IN_HISTORY:
                amended = await self._in_history(change, id_, *place[1:])
            elif (waiting := await self._entry(change, id_)) is not None:
                amended = await self._in_queue(change, *waiting)
            elif looked:
                # It was in no history after it was in no queue: its turn has ended without a trace.
                return Amended()
            else:
                looked = True
            if amended is not None:
                return amended
            (place,) = await self._places(change, (id_,))
        raise StoreUnavailable("what is to be amended is changed again and again")

    async def _in_history(
        self, change: Change, id_: str, owner_number: int, sequence: str, member: str
    ) -> Amended | None:
        """None: somebody was faster."""
        channel, keys = change.channel, partition_of(change.channel, self._partitions)
        text = member.partition(" ")[2]
        try:
            turn = read_kept(self._seal.open(text))
        except ValueError:
            log.exception("a turn cannot be read, and so not be amended", channel=str(channel))
            return Amended()
        conversation = Conversation(channel, turn.thread)
        amended = Amended(Was.ANSWERED, conversation=conversation, turn=turn.id)
        new = _amended_turn(turn, change, id_)
        if new == turn:
            return amended
        owner = _owners(change, id_)[owner_number - 1]
        state, *told = await self._amend(
            [
                keys.history(owner),
                keys.index(owner),
                keys.state(owner) if isinstance(owner, Conversation) else keys.channel(channel),
                keys.history(conversation if turn.thread else channel),
                keys.queue(conversation),
                keys.edited(channel, id_),
                keys.memory(owner),
                keys.pins(owner),
            ],
            [
                sequence,
                text,
                self._seal.close(new.written()) if new else "",
                _moment(change),
                int(new is None or not new.says_as(turn)),
                "own" if isinstance(owner, Conversation) else "shared",
                int(new is not None and new.pinned),
            ],
            kept=True,
        )
        if state == _CHANGED_MEANWHILE:
            return None
        return amended if state == _OLDER else replace(amended, changed=True, last=bool(told[0]))

    async def _entry(self, change: Change, id_: str) -> tuple[Conversation, str, Queued] | None:
        """Where ``id_`` waits or is being answered."""
        keys = partition_of(change.channel, self._partitions)
        channel, thread = _owners(change, id_)
        for conversation in (Conversation(channel), thread):
            # redis-py types replies for all protocols and encodings at once; these are texts.
            entries: Any = await self._redis.lrange(keys.queue(conversation), 0, -1)
            for entry in entries:
                try:
                    message = read_entry(entry, self._seal)
                except ValueError:
                    continue  # another version's; claims park it
                if message.message_id == id_:
                    return conversation, entry, message
        return None

    async def _in_queue(
        self, change: Change, conversation: Conversation, entry: str, message: Queued
    ) -> Amended | None:
        """None: somebody was faster."""
        keys = partition_of(change.channel, self._partitions)
        new, deleted = _amended_message(message, change), isinstance(change, Deleted)
        amended = Amended(Was.WAITING, conversation=conversation, turn=message.turn_id)
        if new == message:
            return amended
        state, *told = await self._amend_question(
            [
                keys.queue(conversation),
                keys.state(conversation),
                keys.schedule,
                keys.edited(change.channel, message.message_id),
            ],
            [
                str(conversation),
                entry.partition(" ")[0],
                entry,
                rewritten(entry, new, self._seal),
                rewritten(entry, replace(new, text="", attachments=()), self._seal) if deleted else "",
                int(deleted),
                _moment(change),
                STOPS,
            ],
            kept=True,
        )
        if state == _CHANGED_MEANWHILE:
            return None
        if state == _OLDER:
            return amended
        amended = replace(amended, changed=True, last=bool(told[0]))
        if state == _ANSWERING:
            return replace(amended, was=Was.ANSWERING)
        if not deleted:
            return amended
        return replace(amended, withdrawn=message, shown=tuple(_ids.decode(told[1])) if told[1] else ())


def _owners(change: Change, id_: str) -> tuple[Channel, Conversation]:
    """Whose history may have it: the channel's, or that of its thread, which has the id of its first message."""
    return change.channel, Conversation(change.channel, change.thread or id_)


def _moment(change: Change) -> str:
    return str(change.at) if isinstance(change, Edited) and change.at else ""


def _amended_turn(turn: Kept, change: Change, id_: str) -> Kept | None:
    """None: nothing is left of it."""
    match change:
        case Deleted():
            bare = turn.pinned_at(id_, pinned=False)
            return bare.unanswered() if id_ in turn.messages else bare.without(id_)
        case Pinned():
            return turn.pinned_at(id_, pinned=change.pinned)
        case Edited():
            marked = turn if change.pinned is None else turn.pinned_at(id_, pinned=change.pinned)
            return marked.edited(id_, change.text)


def _amended_message(message: Queued, change: Change) -> Queued:
    match change:
        case _ if message.deleted:
            return message
        case Deleted():
            return replace(message, deleted=True)
        case Pinned():
            return replace(message, pinned=change.pinned)
        case Edited():
            pinned = message.pinned if change.pinned is None else change.pinned
            return replace(message, text=change.text, pinned=pinned)
