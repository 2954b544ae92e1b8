"""What a reply does when the platform does not do what it should, or somebody ends it."""

import asyncio
from collections import deque

import pytest

from core.delivery import BUSY_S, FIRST_TEXT_WAIT_S
from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.pacing import Budget
from tests.core.replies import deliver, told
from tests.fakes.clock import now, virtual_time
from tests.fakes.surface import FakeSurface


@virtual_time
async def test_a_note_that_comes_during_a_write_does_not_count_as_shown_when_the_platform_fails() -> None:
    surface = FakeSurface(outcomes=deque([None, SurfaceGone()]))
    async with deliver(surface) as delivery:
        delivery.add("Half")
        surface.gate.clear()
        await surface.until(lambda: surface.in_flight)
        delivery.add(" a reply")
        finishing = asyncio.create_task(delivery.finish("_Stopped._"))
        await asyncio.sleep(1)
        surface.gate.set()

        with pytest.raises(SurfaceGone):
            await finishing

    assert surface.texts() == ["Half ▍"]
    assert delivery.shown == len("Half")


@virtual_time
async def test_a_busy_platform_is_left_alone_for_as_long_as_it_said() -> None:
    surface = FakeSurface(outcomes=deque([SurfaceBusy(retry_after=7), None, SurfaceBusy(retry_after=9)]))
    async with deliver(surface) as delivery:
        delivery.add("one")
        await asyncio.sleep(5)
        delivery.add(" two")
        await asyncio.sleep(5)
        delivery.add(" three")
        await asyncio.sleep(5)
        await delivery.finish()

    assert told(surface) == [
        (FIRST_TEXT_WAIT_S, "one ▍"),
        (FIRST_TEXT_WAIT_S + 7, "one two ▍"),
        (10, "one two three ▍"),
        (19, "one two three"),
    ]


@virtual_time
async def test_the_pause_that_a_busy_platform_asks_for_is_kept_by_all_its_replies() -> None:
    edits = Budget(100, 60, now=now)
    busy, other = (
        FakeSurface(edits=edits, outcomes=deque([None, SurfaceBusy(retry_after=30)])),
        FakeSurface(edits=edits),
    )
    async with deliver(busy) as one, deliver(other) as two:
        for delivery in (one, two):
            delivery.add("Half")
        await asyncio.sleep(1)
        one.add(" a reply")
        await asyncio.sleep(1)
        two.add(" a reply")
        await asyncio.gather(one.finish(), two.finish())

    assert [write.at for write in other.writes] == [FIRST_TEXT_WAIT_S, 31]


@virtual_time
async def test_a_platform_that_is_busy_for_ever_is_given_up() -> None:
    surface = FakeSurface(outcomes=deque([SurfaceBusy(retry_after=10)] * 100))
    async with deliver(surface) as delivery:
        delivery.add("Yes")
        with pytest.raises(SurfaceFailed, match="no hope"):
            await delivery.finish()

    assert BUSY_S - 10 <= surface.writes[-1].at <= BUSY_S + 10


@pytest.mark.parametrize("error", [SurfaceFailed, SurfaceError])
@virtual_time
async def test_a_post_that_fails_is_tried_ever_later_for_a_minute(error: type[SurfaceError]) -> None:
    surface = FakeSurface(outcomes=deque([error("what it said")] * 100))
    async with deliver(surface) as delivery:
        delivery.add("Yes")
        with pytest.raises(SurfaceFailed, match="what it said"):
            await delivery.finish()

    assert [write.at for write in surface.writes] == [
        0,
        0.5,
        1.5,
        3.5,
        7.5,
        15.5,
        23.5,
        31.5,
        39.5,
        47.5,
        55.5,
    ]


@virtual_time
async def test_edits_that_fail_while_the_model_writes_end_nothing() -> None:
    surface = FakeSurface(outcomes=deque([None, *[SurfaceFailed()] * 20]))
    async with deliver(surface) as delivery:
        for number in range(300):
            delivery.add(f"{number} ")
            await asyncio.sleep(1)
        assert not delivery.writer.done()
        await delivery.finish()

    assert surface.texts() == [" ".join(map(str, range(300)))]


@virtual_time
async def test_the_end_is_tried_at_once_after_an_edit_that_failed() -> None:
    surface = FakeSurface(outcomes=deque([None, *[SurfaceFailed()] * 5]))
    async with deliver(surface) as delivery:
        delivery.add("one")
        await asyncio.sleep(1)
        delivery.add(" two")
        await asyncio.sleep(20)  # five failures: the next try would come 16 s after the last one
        await delivery.finish()

    assert surface.texts() == ["one two"]
    assert surface.writes[-1].at == pytest.approx(21)


@virtual_time
async def test_a_post_whose_answer_was_lost_is_looked_for_and_not_posted_again() -> None:
    surface = FakeSurface(outcomes=deque([SurfaceFailed("no answer")]), ghosts=True)
    async with deliver(surface) as delivery:
        delivery.add("Just one.")
        await delivery.finish()

    assert surface.texts() == ["Just one."]
    assert [write.kind for write in surface.writes] == ["post", "edit"]


@virtual_time
async def test_what_an_attempt_that_died_has_posted_is_looked_for() -> None:
    surface = FakeSurface(earlier=["m0"])
    async with deliver(surface, again=True) as delivery:
        delivery.add("Whole.")
        await delivery.finish()

    assert surface.texts() == ["Whole."]
    assert [write.kind for write in surface.writes] == ["edit"]


@virtual_time
async def test_a_write_that_failed_less_often_is_shown_in_the_end() -> None:
    surface = FakeSurface(outcomes=deque([SurfaceFailed(), SurfaceBusy(retry_after=1), SurfaceFailed()]))
    async with deliver(surface) as delivery:
        delivery.add("Yes")
        await delivery.finish()

    assert surface.texts() == ["Yes"]


@pytest.mark.parametrize("gone_at", [0, 1])
@virtual_time
async def test_the_writer_ends_early_when_nothing_more_can_be_shown(gone_at: int) -> None:
    surface = FakeSurface(outcomes=deque([*[None] * gone_at, SurfaceGone("deleted")]))
    async with deliver(surface) as delivery:
        delivery.add("one")
        await asyncio.sleep(1)
        delivery.add(" two")
        await asyncio.wait({delivery.writer}, timeout=60)
        delivery.add(" three")

        assert delivery.writer.done()
        with pytest.raises(SurfaceGone, match="deleted"):
            await delivery.finish()

    assert len(surface.writes) == gone_at + 1
    assert delivery.shown == gone_at * len("one")


@virtual_time
async def test_leaving_without_an_end_stops_a_write_that_is_under_way_and_all_that_would_follow() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        delivery.add("one")
        surface.gate.clear()
        await surface.until(lambda: surface.in_flight)
        delivery.add(" two")

    assert not surface.in_flight
    assert delivery.writer.cancelled()
    surface.gate.set()
    await asyncio.sleep(60)
    assert len(surface.writes) == 1
    assert surface.posts.idle
    assert surface.edits.idle


@virtual_time
async def test_leaving_gives_back_the_place_among_those_who_wait() -> None:
    surface = FakeSurface(edits=Budget(2, 60, now=now))
    async with deliver(surface) as delivery:
        for number in range(4):
            delivery.add(f" {number}")
            await asyncio.sleep(1)

    await asyncio.sleep(60)
    assert surface.edits.idle
    assert len(surface.writes) == 2


@virtual_time
async def test_an_error_inside_the_block_is_not_hidden_by_what_the_writer_met() -> None:
    surface = FakeSurface(outcomes=deque([SurfaceGone()]))

    async def fail() -> None:
        async with deliver(surface) as delivery:
            delivery.add("one")
            await asyncio.wait({delivery.writer})
            raise LookupError("the reason")

    with pytest.raises(LookupError, match="the reason"):
        await fail()
