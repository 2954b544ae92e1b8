"""A reply that was begun before, and the ids that let the next attempt find it."""

import asyncio
from collections import deque
from collections.abc import Sequence

import pytest

from core.delivery import BUSY_S, Delivery
from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.hold import LeaseLost
from tests.core.replies import deliver, expected, no_checkpoint
from tests.fakes.clock import now, virtual_time
from tests.fakes.surface import FakeSurface, Write


@virtual_time
async def test_messages_of_an_earlier_attempt_are_written_over_and_surplus_ones_withdrawn() -> None:
    surface = FakeSurface(earlier=["a", "b", "c"])
    async with deliver(surface, ["a", "b", "c"]) as delivery:
        delivery.add("Yes")
        await asyncio.sleep(1)
        await delivery.finish()

    assert surface.shown == {"a": "Yes"}
    assert [(write.kind, write.message) for write in surface.writes] == [
        ("edit", "a"),
        ("edit", "a"),
        ("withdraw", "b"),
        ("withdraw", "c"),
    ]


@virtual_time
async def test_a_reply_longer_than_the_earlier_attempt_goes_on_in_new_messages() -> None:
    surface = FakeSurface(limit=300, earlier=["a", "b"])
    text = "".join(f"w{number} " for number in range(200))
    async with deliver(surface, ["a", "b"]) as delivery:
        delivery.add(text)
        await delivery.finish()

    assert surface.texts() == expected(surface, text)
    assert list(surface.shown)[:3] == ["a", "b", "m2"]


@virtual_time
async def test_a_surplus_message_that_somebody_else_removed_is_no_failure() -> None:
    surface = FakeSurface(earlier=["a", "b", "c"], outcomes=deque([None, SurfaceGone()]))
    async with deliver(surface, ["a", "b", "c"]) as delivery:
        delivery.add("Yes")
        await delivery.finish()

    assert surface.writes[-1] == Write(0, "withdraw", "c")


@virtual_time
async def test_withdrawing_is_tried_again_like_any_write() -> None:
    outcomes: deque[SurfaceError | None] = deque([None, SurfaceBusy(retry_after=7), SurfaceFailed()])
    surface = FakeSurface(earlier=["a", "b"], outcomes=outcomes)
    async with deliver(surface, ["a", "b"]) as delivery:
        delivery.add("Yes")
        await delivery.finish()

    assert surface.shown == {"a": "Yes"}
    assert [write.at for write in surface.writes] == [0, 0, 7, 7.5]


@virtual_time
async def test_all_ids_are_kept_after_each_new_message_before_anything_else_is_written() -> None:
    surface = FakeSurface(limit=300, earlier=["a"])
    text = "".join(f"w{number} " for number in range(200))
    kept = []

    async def checkpoint(messages: Sequence[str]) -> None:
        before = len(surface.writes)
        assert surface.writes[-1].kind == "post"
        await asyncio.sleep(5)
        assert len(surface.writes) == before, "something was written before the id was kept"
        kept.append(list(messages))

    async with Delivery(surface, check=lambda: None, checkpoint=checkpoint, messages=["a"]) as delivery:
        delivery.add(text)
        await asyncio.sleep(12)
        await delivery.finish()

    posts = [write.message for write in surface.writes if write.kind == "post"]
    assert kept == [["a", *posts[: count + 1]] for count in range(len(posts))]
    assert len(posts) > 1


@virtual_time
async def test_a_reply_whose_ids_cannot_be_kept_is_written_no_further() -> None:
    surface = FakeSurface()

    async def checkpoint(messages: Sequence[str]) -> None:
        raise ConnectionError("the lease is lost")

    async with Delivery(surface, check=lambda: None, checkpoint=checkpoint) as delivery:
        delivery.add("one")
        await asyncio.wait({delivery.writer}, timeout=60)
        delivery.add(" two")
        with pytest.raises(ConnectionError, match="lease"):
            await delivery.finish()

    assert len(surface.writes) == 1


@virtual_time
@pytest.mark.parametrize("quick", [True, False], ids=["the text is whole", "the text is growing"])
async def test_where_the_bot_may_not_look_it_posts_and_says_that_it_may_be_twice(quick: bool) -> None:
    surface = FakeSurface(blind=True)
    delivery = Delivery(
        surface, check=lambda: None, checkpoint=no_checkpoint, again=True, doubt="Perhaps twice."
    )
    async with delivery:
        delivery.add("Yes")
        if not quick:
            await asyncio.sleep(1)
        await delivery.finish("Stopped.")

    assert surface.texts() == ["Yes\n\nStopped.\n\nPerhaps twice."] or surface.texts() == [
        "Yes\n\nPerhaps twice.\n\nStopped."
    ]
    assert delivery.shown == len("Yes")


@virtual_time
async def test_nothing_is_written_once_the_lease_may_have_ended() -> None:
    """As in a process that was stopped for longer than its lease, and goes on where it was."""
    surface = FakeSurface(limit=300)
    lost = False

    def check() -> None:
        if lost:
            raise LeaseLost

    async with Delivery(surface, check=check, checkpoint=no_checkpoint, messages=["a", "b"]) as delivery:
        surface.shown.update(a="", b="")
        delivery.add("one")
        await asyncio.sleep(3)
        assert [write.kind for write in surface.writes] == ["edit"]
        lost = True
        delivery.add(" two " * 200)
        with pytest.raises(LeaseLost):
            await delivery.finish()

    assert len(surface.writes) == 1


@virtual_time
async def test_nothing_is_posted_once_the_lease_may_have_ended() -> None:
    surface = FakeSurface()

    def check() -> None:
        raise LeaseLost

    async with Delivery(surface, check=check, checkpoint=no_checkpoint) as delivery:
        delivery.add("one")
        with pytest.raises(LeaseLost):
            await delivery.finish()

    assert surface.writes == []


@virtual_time
async def test_a_reply_is_posted_where_the_message_that_told_of_the_wait_was_removed() -> None:
    surface = FakeSurface(outcomes=deque([SurfaceGone()]))
    surface.shown["notice"] = "⏳ number 3"
    async with deliver(surface, ["notice"]) as delivery:
        delivery.add("Yes")
        await asyncio.sleep(1)
        await delivery.finish()

    assert surface.shown["m0"] == "Yes"
    assert delivery.messages == ["m0"]


@virtual_time
async def test_a_reply_that_somebody_removes_is_not_posted_again() -> None:
    surface = FakeSurface(outcomes=deque([None, SurfaceGone()]))
    async with deliver(surface) as delivery:
        delivery.add("Yes")
        await asyncio.sleep(3)
        delivery.add(" and no")
        with pytest.raises(SurfaceGone):
            await delivery.finish()

    assert [write.kind for write in surface.writes] == ["post", "edit"]


@virtual_time
async def test_a_platform_that_asks_for_more_time_than_there_is_is_not_waited_for() -> None:
    surface = FakeSurface(outcomes=deque([SurfaceBusy(retry_after=1800)]))
    began = now()
    async with deliver(surface) as delivery:
        delivery.add("Yes")
        with pytest.raises(SurfaceFailed):
            await delivery.finish()
    assert now() - began < BUSY_S


@virtual_time
async def test_what_was_withdrawn_is_no_part_of_the_reply_any_more() -> None:
    surface = FakeSurface(earlier=["a", "b"])
    async with deliver(surface, ["a", "b"]) as delivery:
        delivery.add("Yes")
        await delivery.finish()
    assert delivery.messages == ["a"]


@virtual_time
async def test_a_further_message_that_a_dead_attempt_has_withdrawn_is_posted_anew() -> None:
    surface = FakeSurface(limit=300, earlier=["a"], outcomes=deque([None, SurfaceGone()]))
    surface.shown["b"] = "withdrawn by now"
    text = "".join(f"w{number} " for number in range(100))
    async with deliver(surface, ["a", "b"], again=True) as delivery:
        delivery.add(text)
        await delivery.finish()
    assert delivery.messages[0] == "a"
    assert delivery.messages[1] == "m1"
