"""Replies in a real journal, written by the core's own delivery."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.web.events import conversation_of
from adapters.web.surface import WebSurface, show_question
from adapters.web.transcript import Began, Folded, Grew, Place, Shown, Transcript, journal_of, line_of
from core.attached import Attached
from core.conversation import UserMessage
from core.delivery import Delivery
from core.errors import SurfaceFailed
from core.store.connection import Connections
from core.store.journal import Journals

JOURNAL = journal_of("general")
THOUGHTS = Attached("thinking.md", "hm", "Thoughts")
QUESTION = UserMessage(conversation_of("general"), "01234567", "01234567", "you", "why?")


def delivery(surface: WebSurface, shown: Sequence[str] = (), *, again: bool = False) -> Delivery:
    async def checkpoint(messages: Sequence[str]) -> None:
        pass

    return Delivery(surface, check=lambda: None, checkpoint=checkpoint, messages=shown, again=again)


async def shown(journals: Journals) -> list[Shown]:
    return Transcript(await journals.read(JOURNAL)).changed_after(Place())


async def kinds(journals: Journals) -> list[str]:
    return [type(line_of(entry)).__name__ for entry in await journals.read(JOURNAL)]


async def test_a_reply_is_shown_while_it_is_written_and_leaves_a_short_journal(journals: Journals) -> None:
    async with delivery(WebSurface(journals, QUESTION)) as reply:
        reply.add("Because")
        async with asyncio.timeout(5):
            while not (began := await shown(journals)):  # noqa: ASYNC110 - only the store could tell
                await asyncio.sleep(0.01)
        assert (began[0].text, began[0].state) == ("Because", "writing")
        reply.add(" it **is**.")
        await reply.finish("_note_")
    assert await kinds(journals) == ["Began", "Ended"]
    (message,) = await shown(journals)
    assert (message.id, message.state) == (f"{QUESTION.turn_id}-0", "done")
    assert message.text == "Because it **is**.\n\n_note_"


async def test_whoever_takes_over_folds_its_own_thoughts_to_the_reply_or_none(journals: Journals) -> None:
    for attached in (THOUGHTS, replace(THOUGHTS, text="well"), None):
        taken_over = attached is not THOUGHTS
        async with delivery(WebSurface(journals, QUESTION), again=taken_over) as reply:
            reply.add("Because.")
            await reply.finish()
            await reply.append(attached)
        (message,) = await shown(journals)
        assert message.text == "Because."
        assert message.folded == (attached and Folded(message.id, "Thoughts", attached.text))
    assert (await kinds(journals)).count("Folded") == 1


async def test_an_edit_costs_only_what_is_new(journals: Journals) -> None:
    surface = WebSurface(journals, QUESTION)
    message = await surface.post(0, "one", final=False)
    await surface.edit(message, "one two", final=False)
    await surface.edit(message, "one too", final=False)
    lines = [line_of(entry) for entry in await journals.read(JOURNAL)]
    assert [(line.at, line.text) for line in lines if isinstance(line, Grew)] == [(3, " two"), (5, "oo")]
    assert [message.text for message in await shown(journals)] == ["one too"]


async def test_posting_again_shows_one_message(journals: Journals) -> None:
    surface = WebSurface(journals, QUESTION)
    first = await surface.post(0, "a", final=False)
    assert await surface.post(0, "b", final=False) == first
    assert await surface.post(1, "c", final=True) != first
    assert [message.text for message in await shown(journals)] == ["b", "c"]


async def test_a_second_attempt_writes_over_the_first(journals: Journals) -> None:
    first = WebSurface(journals, QUESTION)
    messages = [await first.post(part, "half an ans", final=False) for part in (0, 1)]
    await first.edit(messages[0], "half an answer, then", final=False)
    async with delivery(WebSurface(journals, QUESTION), messages) as reply:
        reply.add("half a loaf")
        await reply.finish()
        # The first worker comes back to life with its last line.
        await first.edit(messages[0], "half an answer, then more", final=False)
    states = {message.id: (message.text, message.state) for message in await shown(journals)}
    assert states == {messages[0]: ("half a loaf", "done"), messages[1]: ("", "withdrawn")}


async def test_the_end_removes_what_an_earlier_attempt_wrote(journals: Journals) -> None:
    first = WebSurface(journals, QUESTION)
    message = await first.post(0, "a", final=False)
    await first.edit(message, "ab", final=False)
    await WebSurface(journals, QUESTION).edit(message, "abc", final=True)
    assert await kinds(journals) == ["Began", "Ended"]


async def test_a_very_long_reply_does_not_fill_the_journal(journals: Journals) -> None:
    surface = WebSurface(journals, QUESTION)
    text = "x"
    message = await surface.post(0, text, final=False)
    for _ in range(250):
        text += "y"
        await surface.edit(message, text, final=False)
    assert len(await journals.read(JOURNAL)) < 110
    assert [each.text for each in await shown(journals)] == [text]


async def test_a_withdrawn_message_leaves_one_line(journals: Journals) -> None:
    surface = WebSurface(journals, QUESTION)
    message = await surface.post(0, "a", final=False)
    await surface.edit(message, "ab", final=False)
    await surface.withdraw(message)
    assert await kinds(journals) == ["Withdrawn"]


async def test_replies_have_budgets_of_their_own(journals: Journals) -> None:
    one, other = WebSurface(journals, QUESTION), WebSurface(journals, QUESTION)
    assert one.posts is one.edits
    assert one.edits is not other.edits
    assert one.size("字") == 1


async def test_a_store_that_is_gone_is_an_error_of_the_surface(
    connections: Connections, journals: Journals
) -> None:
    surface = WebSurface(journals, QUESTION)
    message = await surface.post(0, "a", final=False)
    await connections.ask.shutdown(nosave=True)
    with pytest.raises(SurfaceFailed):
        await surface.post(0, "a", final=False)
    with pytest.raises(SurfaceFailed):
        await surface.edit(message, "ab", final=True)
    with pytest.raises(SurfaceFailed):
        await surface.withdraw(message)


def test_a_beginning_names_its_writer(journals: Journals) -> None:
    assert WebSurface(journals, QUESTION)._by != WebSurface(journals, QUESTION)._by
    assert Began("a", "b", "c").by == "b"


async def test_of_a_wait_one_line_stays_in_the_journal(journals: Journals) -> None:
    await show_question(journals, QUESTION)
    surface, another = WebSurface(journals, QUESTION), WebSurface(journals, QUESTION)
    await another.mark(waiting=False)
    assert await kinds(journals) == ["Asked"], "what was never marked costs nothing"
    await surface.mark(waiting=True)
    await another.mark(waiting=False)
    await another.mark(waiting=False)
    assert await kinds(journals) == ["Asked", "Waits"]
    (question,) = await shown(journals)
    assert question.state == "done"
