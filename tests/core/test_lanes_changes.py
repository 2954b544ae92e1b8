"""Edits and deletions on a platform that repeats nothing: after what was said before them, also while Redis is away."""

import asyncio

from structlog.testing import capture_logs

from core.changes import Amended, Change, Deleted, Edited
from core.errors import StoreUnavailable
from core.lanes import Lanes
from tests.core.test_lanes import Platform, channel, settled
from tests.fakes.clock import virtual_time

EDIT, DELETION = Edited(channel("a"), "2", "changed"), Deleted(channel("a"), ("1",))


class Changing(Platform):
    """Tells what was accepted when each change was followed."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[tuple[Change, list[int]]] = []

    async def amend(self, change: Change) -> Amended:
        await asyncio.sleep(0.01)
        if self.away:
            raise StoreUnavailable("away")
        if self.broken and isinstance(change, Deleted):
            raise ValueError("no such change")
        self.followed.append((change, self.in_channel()))
        return Amended()


@virtual_time
async def test_a_change_is_followed_after_what_was_said_before_it() -> None:
    platform = Changing()
    platform.away = True
    first, second, third = platform.say(1, 2, 3)
    async with Lanes(platform.accept, room=10, amend=platform.amend) as lanes:
        for each in (first, second, EDIT, DELETION, third):
            lanes.put(each)
        await asyncio.sleep(30)
        assert (platform.followed, lanes.held) == ([], 5)
        platform.away = False
        await settled(lanes)
    assert platform.followed == [(EDIT, [1, 2]), (DELETION, [1, 2])]
    assert platform.in_channel() == [1, 2, 3]


@virtual_time
async def test_a_change_that_cannot_be_followed_keeps_nothing_else_out() -> None:
    platform = Changing()
    platform.broken.add(99)
    (first,) = platform.say(1)
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=10, amend=platform.amend) as lanes:
            for each in (DELETION, EDIT, first):
                lanes.put(each)
            await settled(lanes)
    assert [change for change, _ in platform.followed] == [EDIT]
    assert platform.in_channel() == [1]
    assert [line["event"] for line in logs] == ["a change was not followed"]


@virtual_time
async def test_a_change_that_finds_no_room_is_left_out() -> None:
    platform = Changing()
    platform.away = True
    (first,) = platform.say(1)
    async with Lanes(platform.accept, room=1, amend=platform.amend) as lanes:
        lanes.put(first)
        lanes.put(EDIT)
        lanes.put(Deleted(channel("b"), ("1",)))
        assert (lanes.held, lanes.busy) == (1, 1)
        platform.away = False
        await settled(lanes)
    assert (platform.followed, platform.in_channel()) == ([], [1])
