"""Showing a reply on a strict platform, on a virtual clock."""

import asyncio
from collections import deque

import pytest
from markdown_it import MarkdownIt

from core.delivery import FIRST_TEXT_WAIT_S, PLACEHOLDER_AFTER_S
from core.drawing import WRITING
from core.errors import SurfaceGone
from core.pacing import Budget
from tests.core.replies import WORD, deliver, expected, told
from tests.fakes.clock import now, virtual_time
from tests.fakes.surface import FakeSurface, Write


@virtual_time
async def test_the_first_words_are_posted_soon_and_together() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        await asyncio.sleep(1)
        delivery.add("I")
        await asyncio.sleep(0.1)
        delivery.add(" think")
        await surface.until(lambda: bool(surface.writes))

        assert told(surface) == [(1 + FIRST_TEXT_WAIT_S, "I think ▍")]
        await delivery.finish()


@virtual_time
async def test_a_reply_that_is_there_at_once_is_posted_at_once_and_only_once() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        delivery.add("Yes.")
        await delivery.finish()

    assert surface.writes == [Write(0, "post", "m0", "Yes.", final=True)]


@virtual_time
async def test_a_reply_of_which_nothing_is_known_is_announced() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        await asyncio.sleep(10)
        delivery.add("Yes")
        await asyncio.sleep(1)
        await delivery.finish()

    assert told(surface) == [(PLACEHOLDER_AFTER_S, "Thinking… ▍"), (10, "Yes ▍"), (11, "Yes")]


@virtual_time
async def test_words_that_come_just_before_the_placeholder_take_its_place() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        await asyncio.sleep(2.375)
        delivery.add("Yes")
        await asyncio.sleep(5)
        await delivery.finish()

    assert told(surface) == [(2.375 + FIRST_TEXT_WAIT_S, "Yes ▍"), (7.375, "Yes")]


@virtual_time
async def test_blanks_alone_are_never_written() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        delivery.add("\n\n")
        await asyncio.sleep(1)
        delivery.add("  \n")
        await asyncio.sleep(1)
        await delivery.finish("Nothing came.")

    assert [text for _, text in told(surface)] == ["Thinking… ▍", "Nothing came."]


@virtual_time
async def test_what_comes_during_a_slow_write_is_shown_by_one_write() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        delivery.add("0")
        surface.gate.clear()
        await surface.until(lambda: surface.in_flight)
        for number in range(1, 500):
            delivery.add(f" {number}")
            await asyncio.sleep(0.01)
        surface.gate.set()
        await surface.until(lambda: len(surface.writes) == 2)

        whole = " ".join(str(number) for number in range(500))
        assert [write.text for write in surface.writes] == ["0 ▍", f"{whole} ▍"]
        await delivery.finish()


@virtual_time
async def test_a_write_that_waited_for_its_slot_carries_the_newest_text() -> None:
    surface = FakeSurface(edits=Budget(2, 60.5, now=now))
    async with deliver(surface) as delivery:
        for number in range(100):
            delivery.add(f"w{number} ")
            await asyncio.sleep(1)

        assert [(write.at, write.text.split()[-2]) for write in surface.writes[1:]] == [
            (1, "w1"),
            (61.5, "w61"),
        ]
        await delivery.finish()


@virtual_time
async def test_the_end_does_not_wait_for_the_pace_of_edits() -> None:
    surface = FakeSurface(edits=Budget(2, 60, now=now))
    async with deliver(surface) as delivery:
        delivery.add("one")
        await asyncio.sleep(1)
        delivery.add(" two")
        await asyncio.sleep(1)
        delivery.add(" three")
        await asyncio.sleep(1)
        await delivery.finish()

    assert surface.writes[-1] == Write(3, "edit", "m0", "one two three", final=True)


@virtual_time
async def test_a_reply_that_is_all_there_loses_its_mark_at_once() -> None:
    surface = FakeSurface(edits=Budget(2, 60, now=now))
    async with deliver(surface) as delivery:
        delivery.add("one")
        await asyncio.sleep(1)
        delivery.add(" two")
        await asyncio.sleep(1)
        await delivery.finish()

    assert told(surface)[1:] == [(1, "one two ▍"), (2, "one two")]


@virtual_time
async def test_a_message_that_is_full_does_not_wait_for_the_pace_of_edits() -> None:
    surface = FakeSurface(limit=300, edits=Budget(3, 60, now=now))
    async with deliver(surface) as delivery:
        for piece in ("one", " two", " three" * 60):
            delivery.add(piece)
            await asyncio.sleep(1)

        assert [(write.at, write.kind, write.final) for write in surface.writes[1:]] == [
            (1, "edit", False),
            (2, "edit", True),
            (2, "post", False),
        ]
        await delivery.finish()


@virtual_time
async def test_what_is_shown_ends_with_the_full_message_until_the_next_one_is_posted() -> None:
    surface = FakeSurface(limit=300, outcomes=deque([None, SurfaceGone()]))
    text = "".join(f"w{number} " for number in range(100))
    async with deliver(surface) as delivery:
        delivery.add(text)
        with pytest.raises(SurfaceGone):
            await delivery.finish()

    assert surface.texts() == [text[: delivery.shown]]


@virtual_time
async def test_a_growing_message_shows_its_mark_behind_the_code_and_not_in_it() -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        for piece in ("```py\n", "x = 1\n", "```", "\nDone"):
            delivery.add(piece)
            await asyncio.sleep(1)
        await delivery.finish()

    for write in surface.writes:
        code = "".join(token.content for token in MarkdownIt().parse(write.text) if token.type == "fence")
        assert code in ("", "x = 1\n")
        assert write.text.endswith(WRITING) != write.final


@virtual_time
async def test_a_long_reply_goes_on_in_the_next_message() -> None:
    surface = FakeSurface(limit=300)
    text = "".join(f"w{number} " for number in range(300))
    async with deliver(surface) as delivery:
        for at in range(0, len(text), 10):
            delivery.add(text[at : at + 10])
            await asyncio.sleep(0.25)
        await delivery.finish()

    assert surface.texts() == expected(surface, text)
    assert len(surface.shown) > 4
    # Each was finished before the next one was begun.
    posts = [write.message for write in surface.writes if write.kind == "post"]
    order = [write.message for write in surface.writes]
    assert posts == list(surface.shown)
    assert order == sorted(order, key=posts.index)


@pytest.mark.parametrize(
    ("text", "note", "shown"),
    [
        ("", "Nothing came.", "Nothing came."),
        ("Half a", "_Stopped._", "Half a\n\n_Stopped._"),
        ("Half a \n", "_Stopped._", "Half a\n\n_Stopped._"),
        ("```py\nx = ", "_Stopped._", "```py\nx =\n```\n\n_Stopped._"),
        ("```py\nx\n```", "_Stopped._", "```py\nx\n```\n\n_Stopped._"),
        ("```py\nx", "", "```py\nx\n```"),
        ("Done.\n\n", "", "Done."),
    ],
)
@virtual_time
async def test_a_note_is_a_paragraph_of_its_own_and_never_code(text: str, note: str, shown: str) -> None:
    surface = FakeSurface()
    async with deliver(surface) as delivery:
        if text:
            delivery.add(text)
        await asyncio.sleep(3)
        await delivery.finish(note)

    assert surface.texts() == [shown]
    assert surface.sealed == {"m0"}


@virtual_time
async def test_a_note_that_does_not_fit_any_more_goes_on_in_the_next_message() -> None:
    surface = FakeSurface(limit=300)
    text, note = "w1 " * 85, "_The answer reached the model's output limit and ends here._"
    async with deliver(surface) as delivery:
        delivery.add(text)
        await asyncio.sleep(1)
        await delivery.finish(note)

    assert surface.texts() == [text.rstrip(), note]
    assert delivery.shown == len(text)


@virtual_time
async def test_a_note_longer_than_a_message_is_shown_in_several() -> None:
    surface = FakeSurface(limit=300)
    note = "\n".join(f"- w{number}" for number in range(100))
    async with deliver(surface) as delivery:
        await delivery.finish(note)

    assert len(surface.shown) > 2
    assert WORD.findall("\n".join(surface.texts())) == WORD.findall(note)
    assert delivery.shown == 0
