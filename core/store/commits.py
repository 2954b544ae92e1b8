"""The last step of a turn: commit.lua, run until the turn says what its messages say now."""

from functools import partial

import msgspec

from core.conversation import Channel, Conversation, Turn
from core.errors import StoreUnavailable
from core.store.claims import Claim, Parked, RawClaim
from core.store.connection import Connections
from core.store.ending import Ending
from core.store.keys import Partition

_CHANGES = 20
"""Times that a commit may find its messages changed while it catches up with them."""


class Commits:
    """Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections, *, ttl_s: int, turns_kept: int, parked_kept: int) -> None:
        self._commit = connections.script("commit")
        self._seal = connections.seal
        self._ttl = ttl_s
        self._turns_kept = turns_kept
        self._parked_kept = parked_kept

    async def end(
        self,
        keys: Partition,
        claim: Claim | RawClaim,
        turn: Turn | None,
        owner: Channel | Conversation,
        parked: Parked | None,
        *,
        messages: int,
    ) -> bool:
        """Ends ``claim``, which took ``messages`` from the queue. False: the lease was lost."""
        conversation = claim.conversation
        ending = Ending.of(claim, turn, parked)
        for _ in range(_CHANGES):
            done = await self._commit(
                [
                    keys.state(conversation),
                    keys.queue(conversation),
                    keys.history(owner),
                    keys.schedule,
                    keys.wake,
                    keys.parked,
                    keys.index(owner),
                    keys.memory(owner),
                    keys.pins(owner),
                    keys.remembering(owner),
                    *ending.marks(partial(keys.seen_message, conversation.channel)),
                ],
                [
                    str(conversation),
                    claim.fence,
                    claim.sequence,
                    self._seal.close(ending.turn.written()) if ending.turn else "",
                    self._turns_kept,
                    self._ttl,
                    messages,
                    self._seal.close(msgspec.json.encode(ending.parked).decode()) if ending.parked else "",
                    self._parked_kept,
                    ending.changes,
                    ending.deleted,
                    int(bool(ending.turn and ending.turn.pinned)),
                    *ending.ids(),
                ],
                kept=True,
            )
            if not isinstance(done, list):
                return bool(done)
            changes, deleted, entries = done
            ending = ending.knowing(changes, deleted, entries, self._seal)
        raise StoreUnavailable("what is to be committed is changed again and again")
