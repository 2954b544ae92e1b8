"""How much there is to do, for whoever looks from outside."""

from dataclasses import dataclass

from core.store.connection import Connections, translating
from core.store.keys import PARTITIONS, Partition

COUNTED = 1000
"""Conversations of one partition whose turns are counted: the server does nothing else meanwhile."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits, and what is being answered, at one moment of each partition."""

    waiting: int
    """Conversations that any worker may claim."""
    answered: int
    """Conversations that are being answered, or rest for seconds before they are tried again."""
    turns: int
    """Turns that wait, also behind one that is being answered."""
    more_turns: bool
    """There are so many conversations that ``turns`` leaves some out."""


@translating
async def settled_partitions(connections: Connections) -> int | None:
    """How many partitions this Redis has; None: nobody has used it yet. Raises StoreUnavailable."""
    found = await connections.ask.get(PARTITIONS)
    return int(found) if found else None


@translating
async def standing(connections: Connections, partitions: int) -> Standing:
    """Reads, and changes nothing. Raises StoreUnavailable."""
    script = connections.script("standing")
    waiting = answered = turns = 0
    more = False
    for keys in map(Partition, range(partitions)):
        due, later, said, cut = await script([keys.schedule], [keys.prefix, COUNTED])
        waiting, answered, turns, more = waiting + due, answered + later, turns + said, more or bool(cut)
    return Standing(waiting, answered, turns, more)
