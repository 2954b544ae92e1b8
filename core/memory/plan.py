"""When turns are folded into the summary, and which."""

from collections.abc import Sequence

from core.conversation import Turn
from core.window import cost_of

MANY, ENOUGH = 92, 76
"""Turns that are not folded yet: more are too many, and so many stay. A claim brings 100, so none is missed."""


def due(turns: Sequence[Turn], sequences: Sequence[int], upto: int, room: int) -> int | None:
    """The sequence up to which the summary should reach now; None while it is good enough.

    ``upto`` is what it reaches, and ``room`` what the window has for the talk, in raw tokens.

    A turn is folded before the window has no room for it, else it would be in neither for a while. So folding begins when
    those that are not folded take three fourths of the room (the last one is the next question's), and goes on until
    they take half of it: one call of a model for each fourth of a window that is talked through, not one a turn.
    """
    fresh = [(at, cost_of(turn)) for at, turn in zip(sequences, turns, strict=True) if at > upto]
    if len(fresh) <= MANY and sum(cost for _, cost in fresh) * 4 <= room * 3:
        return None
    left = room // 2
    for number, (at, cost) in enumerate(reversed(fresh)):
        left -= cost
        if left < 0 or number >= ENOUGH:
            return at
    return None
