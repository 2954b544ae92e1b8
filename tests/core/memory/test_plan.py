"""When turns are folded, and which."""

from hypothesis import given
from hypothesis import strategies as st

from core.conversation import Turn
from core.memory.plan import ENOUGH, MANY, due
from core.store.turns import TURNS_READ
from core.window import cost_of

SMALL = Turn("U1", "what?", "that")
ROOM = 1_000


def turns_of(*words: int) -> list[Turn]:
    return [Turn("U1", "word " * count, "yes") for count in words]


def test_nothing_is_due_while_all_fits_well() -> None:
    assert due([SMALL] * 10, range(1, 11), 0, ROOM) is None


def test_what_is_folded_already_does_not_count_again() -> None:
    turns = turns_of(*[100] * 10)
    assert due(turns, range(1, 11), 0, ROOM) is not None
    assert due(turns, range(1, 11), 7, ROOM) is None


def test_too_many_turns_are_folded_before_a_claim_leaves_some_behind() -> None:
    most = range(1, MANY + 2)
    assert due([SMALL] * MANY, most[:-1], 0, 10**6) is None
    assert due([SMALL] * (MANY + 1), most, 0, 10**6) == MANY + 1 - ENOUGH
    assert MANY + 1 < TURNS_READ


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.integers(0, 40), st.integers(200, 4_000))
def test_what_stays_takes_half_of_the_room_and_the_next_folding_is_a_quarter_away(
    words: list[int], upto: int, room: int
) -> None:
    turns, sequences = turns_of(*words), range(1, len(words) + 1)
    fresh = sum(cost_of(turn) for at, turn in zip(sequences, turns, strict=True) if at > upto)
    until = due(turns, sequences, upto, room)
    if until is None:
        assert fresh * 4 <= room * 3
        return
    assert fresh * 4 > room * 3
    assert until > upto
    left = sum(cost_of(turn) for turn in turns[until:])
    assert left * 2 <= room
    assert (left + cost_of(turns[until - 1])) * 2 > room - 2, "no more was folded than had to be"
    assert due(turns, sequences, until, room) is None
