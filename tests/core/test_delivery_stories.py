"""Whatever the order of pieces, delays and failures; many replies at once; what it costs."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.pacing import Budget
from tests.core.replies import WORD, deliver, expected
from tests.fakes.clock import now, virtual_time
from tests.fakes.surface import FakeSurface, RateWindow


def doubled_mentions(text: str) -> int:
    return len(text) + text.count("@")


def delays_of(data: st.DataObject) -> Callable[[], float]:
    """One delay after the other, over and over."""
    delays = data.draw(st.lists(st.integers(0, 128).map(lambda ticks: ticks / 64), min_size=1, max_size=30))
    return cycle(delays).__next__


fragments = st.sampled_from(
    ["```py\n", "\n```\n", "\n\n", "\n", " @@ ", ". ", "word ", "WORD ", "x" * 60, "WORD WORD WORD WORD "]
)
pieces = st.lists(st.lists(fragments, max_size=8).map("".join), max_size=40)
moods = st.lists(
    st.sampled_from([SurfaceFailed("no"), SurfaceBusy(retry_after=0.5), None, None, None, None]), max_size=20
)
notes = st.sampled_from(["", "_Stopped._", "- a long note " * 30])


def numbered(parts: list[str]) -> list[str]:
    """Gives every word a number, so that each is found where it is shown."""
    count = iter(range(100_000))
    return [re.sub("WORD", lambda _: f"w{next(count)}", part) for part in parts]


def patient(outcomes: list[SurfaceError | None]) -> deque[SurfaceError | None]:
    """Never four errors in a row, which would end the reply."""
    kept: deque[SurfaceError | None] = deque()
    for outcome in outcomes:
        if len(kept) >= 3 and all(list(kept)[-3:]):
            kept.append(None)
        kept.append(outcome)
    return kept


@given(
    data=st.data(),
    parts=pieces,
    outcomes=moods,
    note=notes,
    earlier=st.sampled_from([(), ("a",), ("a", "b", "c")]),
    measure=st.sampled_from([len, doubled_mentions]),
)
@virtual_time
async def test_whatever_happens_on_the_way_the_end_shows_the_whole_reply(
    *,
    data: st.DataObject,
    parts: list[str],
    outcomes: list[SurfaceError | None],
    note: str,
    earlier: tuple[str, ...],
    measure: Callable[[str], int],
) -> None:
    delay = delays_of(data)
    surface = FakeSurface(
        limit=300, measure=measure, latency=delay, outcomes=patient(outcomes), earlier=earlier
    )
    text = numbered(parts)
    async with deliver(surface, earlier) as delivery:
        for piece in text:
            delivery.add(piece)
            await asyncio.sleep(delay())
        await delivery.finish(note)

    whole = "".join(text)
    assert surface.texts() == [part or "Thinking…" for part in expected(surface, whole, note)]
    assert surface.sealed == set(surface.shown)
    assert delivery.shown == len(whole)
    assert delivery.writer.done()


@given(st.data(), pieces, moods, notes, st.integers(0, 20))
@virtual_time
async def test_what_is_said_to_be_shown_is_what_people_see_when_the_platform_is_gone(
    data: st.DataObject, parts: list[str], outcomes: list[SurfaceError | None], note: str, gone_after: int
) -> None:
    delay = delays_of(data)
    fate = deque([*list(patient(outcomes))[:gone_after], SurfaceGone()])
    surface = FakeSurface(limit=300, latency=delay, outcomes=fate)
    text = numbered(parts)
    gone = False
    async with deliver(surface) as delivery:
        for piece in text:
            delivery.add(piece)
            await asyncio.sleep(delay())
        try:
            await delivery.finish(note)
        except SurfaceGone:
            gone = True

    whole = "".join(text)
    assert WORD.findall("\n".join(surface.texts())) == WORD.findall(whole[: delivery.shown])
    assert gone or delivery.shown == len(whole)


@virtual_time
async def test_many_replies_that_share_one_allowance_never_exceed_it_and_all_come_to_their_end() -> None:
    budget, window = Budget(10, 5.0, reserve=2, now=now), RateWindow(10, 5.0)
    delay = cycle([0.0, 0.125, 1.5, 0.25, 3.0, 0.5, 0.0625]).__next__
    surfaces = [
        FakeSurface(posts=budget, edits=budget, window=window, latency=delay, limit=300) for _ in range(30)
    ]

    async def reply(surface: FakeSurface, number: int) -> None:
        async with deliver(surface) as delivery:
            for word in range(100):
                delivery.add(f"w{word} ")
                await asyncio.sleep(0.125 + number / 64)
            await delivery.finish()

    await asyncio.gather(*(reply(surface, number) for number, surface in enumerate(surfaces)))

    assert window.violations == 0
    assert window.arrivals > 2 * len(surfaces)
    whole = "".join(f"w{word} " for word in range(100))
    assert all(surface.texts() == expected(surface, whole) for surface in surfaces)


@virtual_time
async def test_the_end_of_one_reply_goes_before_the_edits_of_the_others() -> None:
    budget = Budget(3, 60, now=now)
    growing = [FakeSurface(edits=budget) for _ in range(5)]
    ending = FakeSurface(edits=budget)
    async with deliver(ending) as last, AsyncExitStack() as stack:
        others = [await stack.enter_async_context(deliver(surface)) for surface in growing]
        for delivery in (*others, last):
            delivery.add("one")
        await asyncio.sleep(1)
        for delivery in (*others, last):
            delivery.add(" two")
        await asyncio.sleep(30)
        await last.finish()

    assert ending.writes[-1].at == 31
    assert sum(len(surface.writes) > 1 for surface in growing) < len(growing)


@virtual_time
async def test_adding_text_costs_nothing_until_it_is_written() -> None:
    measured = 0

    def meter(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return len(text)

    surface = FakeSurface(measure=meter)
    async with deliver(surface) as delivery:
        for _ in range(100_000):
            delivery.add("w ")
        assert measured == 0
        await delivery.finish()

    # The fake measures what it is given, too.
    assert measured < 6 * 200_000


@virtual_time
async def test_the_cost_of_a_long_reply_grows_with_its_length_and_not_with_its_square() -> None:
    measured = 0

    def meter(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return len(text)

    surface = FakeSurface(measure=meter)
    words = 20_000
    async with deliver(surface) as delivery:
        for number in range(words):
            delivery.add(f"word {number}")
            await asyncio.sleep(1 / 64)
        await delivery.finish()

    assert len(surface.shown) > 50
    assert measured < 4 * len(surface.writes) * surface.limit
