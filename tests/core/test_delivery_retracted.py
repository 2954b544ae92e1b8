"""A reply that is taken back while it is shown, and what is said as long as there is none."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery import PLACEHOLDER_AFTER_S
from core.pacing import Budget, Urgency
from tests.core.replies import deliver, expected, told
from tests.fakes.clock import now, virtual_time
from tests.fakes.surface import FakeSurface

LONG = "".join(f"t{number} " for number in range(200))


@virtual_time
async def test_what_follows_is_written_over_what_was_taken_back() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        delivery.add("let me see")
        await asyncio.sleep(1)
        delivery.start_over()
        delivery.add("42")
        await asyncio.sleep(1)
        await delivery.finish()

    assert [text for _, text in told(surface)] == ["let me see ▍", "42 ▍", "42"]
    assert delivery.shown == len("42")


@virtual_time
async def test_what_was_taken_back_is_gone_before_anything_follows() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        delivery.add("let me see")
        await asyncio.sleep(1)
        delivery.start_over()
        await asyncio.sleep(1)
        assert surface.texts() == ["Thinking… ▍"]
        assert delivery.shown == 0
        delivery.add("42")
        await delivery.finish()

    assert surface.texts() == ["42"]


@virtual_time
async def test_messages_that_the_answer_does_not_need_are_withdrawn() -> None:
    surface = FakeSurface(limit=300)
    async with deliver(surface) as delivery:
        delivery.add(LONG)
        await asyncio.sleep(1)
        assert len(surface.shown) > 2
        surface.sealed.clear()  # full messages were final, until they were taken back
        delivery.start_over()
        delivery.add("42")
        await asyncio.sleep(1)
        await delivery.finish("_Thought for 14 s._")

    assert surface.shown == {"m0": "42\n\n_Thought for 14 s._"}
    assert delivery.messages[0] == "m0"
    assert delivery.shown == len("42")


@virtual_time
async def test_an_answer_longer_than_what_was_taken_back_goes_on_in_new_messages() -> None:
    surface = FakeSurface(limit=300)
    async with deliver(surface) as delivery:
        delivery.add(LONG[:400])
        await asyncio.sleep(1)
        surface.sealed.clear()
        delivery.start_over()
        delivery.add(LONG)
        await asyncio.sleep(1)
        await delivery.finish()

    assert surface.texts() == expected(surface, LONG)


@virtual_time
async def test_a_write_under_way_shows_nothing_of_what_was_said_afterwards() -> None:
    surface = FakeSurface()
    surface.gate.clear()
    async with deliver(surface) as delivery:
        delivery.add("let me see")
        await surface.until(lambda: surface.in_flight)
        delivery.start_over()
        surface.gate.set()
        await asyncio.sleep(0)
        delivery.add("42")
        await delivery.finish()

    assert surface.texts() == ["42"]
    assert delivery.shown == len("42")


@virtual_time
async def test_a_reply_that_was_taken_back_and_ends_there_shows_only_its_note() -> None:
    surface = FakeSurface(limit=300)
    async with deliver(surface) as delivery:
        delivery.add(LONG)
        await asyncio.sleep(1)
        surface.sealed.clear()
        delivery.start_over()
        await delivery.finish("Nothing came.")

    assert surface.texts() == ["Nothing came."]
    assert delivery.shown == 0


@given(
    st.lists(
        st.one_of(st.none(), st.text(st.sampled_from("ab \n`"), max_size=400), st.integers(0, 30)),
        max_size=12,
    )
)
@virtual_time
async def test_whenever_it_is_taken_back_the_end_shows_what_was_added_since(
    steps: list[str | int | None],
) -> None:
    """None takes back, a text is added, a number waits so many tenths of a second."""
    surface = FakeSurface(limit=300, edits=Budget(5, 5, now=now), latency=lambda: 0.125)
    since = ""
    async with deliver(surface) as delivery:
        for step in steps:
            if step is None:
                surface.sealed.clear()
                delivery.start_over()
                since = ""
            elif isinstance(step, int):
                await asyncio.sleep(step / 8)
                surface.sealed.clear()
            else:
                delivery.add(step)
                since += step
        delivery.add("end")
        await delivery.finish()

    assert surface.texts() == expected(surface, since + "end")
    assert delivery.shown == len(since + "end")


@virtual_time
async def test_how_long_it_thinks_is_announced_in_the_place_of_the_reply() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        for seconds in (5, 10):
            await asyncio.sleep(5)
            delivery.announce(f"Thinking… {seconds} s")
        await asyncio.sleep(2)
        delivery.add("42")
        await asyncio.sleep(1)
        delivery.announce("Thinking… 13 s")
        await delivery.finish()

    assert told(surface) == [
        (PLACEHOLDER_AFTER_S, "Thinking… ▍"),
        (5, "Thinking… 5 s ▍"),
        (10, "Thinking… 10 s ▍"),
        (12, "42 ▍"),
        (13, "42"),
    ]


@virtual_time
async def test_an_announcement_before_the_first_write_costs_none() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        delivery.announce("Thinking… 1 s")
        await asyncio.sleep(1)
        delivery.add("42")
        await delivery.finish()

    assert [text for _, text in told(surface)] == ["42"]


@virtual_time
async def test_an_announcement_waits_where_others_need_the_room_and_text_does_not() -> None:
    edits = Budget(4, 60, now=now)
    surface = FakeSurface(edits=edits)
    for _ in range(2):
        async with edits.slot(Urgency.FIRST):
            pass
    async with deliver(surface) as delivery:
        await asyncio.sleep(5)
        delivery.announce("Thinking… 5 s")
        await asyncio.sleep(20)
        assert len(surface.writes) == 1, "half of the window is left to others"
        delivery.announce("Thinking… 25 s")
        delivery.add("42")
        await surface.until(lambda: len(surface.writes) == 2)
        assert surface.texts() == ["42 ▍"]
        await delivery.finish()


@pytest.mark.parametrize("limit", [2, 3, 5])
@virtual_time
async def test_announcements_never_take_more_than_half_of_the_edits(limit: int) -> None:
    surface = FakeSurface(edits=Budget(limit, 10, now=now))
    async with deliver(surface) as delivery:
        for second in range(100):
            await asyncio.sleep(1)
            delivery.announce(f"Thinking… {second} s")
        assert 5 <= len(surface.writes) <= 2 + 10 * (limit + 1) // 2
        delivery.add("42")
        await delivery.finish()
