"""Lines become messages, wherever a reader begins."""

from itertools import count

import pytest

from adapters.web.transcript import (
    Asked,
    Began,
    Ended,
    Folded,
    Grew,
    Line,
    Place,
    Shown,
    Transcript,
    Waits,
    Withdrawn,
    line_of,
    written,
)
from core.store.journal import Entry


def entries(*lines: Line) -> list[Entry]:
    numbers = count(1)
    return [Entry(f"1000-{next(numbers)}", written(line)) for line in lines]


def read(*lines: Line) -> list[Shown]:
    return sorted(Transcript(entries(*lines)).changed_after(Place()), key=lambda shown: shown.since)


def test_a_reply_grows_from_where_it_changed() -> None:
    (reply,) = read(Began("t-0", "a", "Hell"), Grew("t-0", "a", 4, "o"), Grew("t-0", "a", 1, "i there"))
    assert (reply.text, reply.state, reply.role, reply.turn) == ("Hi there", "writing", "bot", "t")


def test_the_end_says_the_whole_reply_whatever_was_removed() -> None:
    (reply,) = read(Ended("t-0", "all of it"))
    assert (reply.text, reply.state) == ("all of it", "done")


def test_what_is_folded_belongs_to_its_reply_and_the_newest_counts() -> None:
    first, second = Folded("t-0", "Thoughts", "hm"), Folded("t-0", "Thoughts", "well")
    (reply,) = read(Ended("t-0", "all of it"), first, second)
    assert (reply.text, reply.state, reply.folded) == ("all of it", "done", second)
    (reply,) = read(Ended("t-0", "all of it"), first, Folded("t-0"))
    assert reply.folded is None


def test_what_is_folded_to_a_reply_that_is_gone_is_no_message() -> None:
    assert read(Folded("t-0", "Thoughts", "hm")) == []


def test_a_question_keeps_its_first_place_when_it_is_sent_again() -> None:
    asked = Asked("m", "t", "you", "why?")
    question, reply = read(asked, Began("t-0", "a", "b"), asked)
    assert (question.role, question.since.number) == ("user", 1)
    assert reply.since.number == 2


def test_whoever_takes_a_reply_over_is_believed_and_the_former_is_not() -> None:
    (reply,) = read(
        Began("t-0", "old", "first try"),
        Grew("t-0", "new", 0, "second"),
        Grew("t-0", "old", 9, " goes on"),
        Grew("t-0", "new", 6, " try"),
    )
    assert reply.text == "second try"


@pytest.mark.parametrize(
    "late",
    [Grew("t-0", "a", 4, "more"), Grew("t-0", "b", 99, "gap")],
)
def test_a_line_that_does_not_fit_changes_nothing(late: Line) -> None:
    transcript = Transcript(entries(Ended("t-0", "done")))
    assert transcript.take(Entry("2000-0", written(late))) is None
    assert transcript.changed_after(Place(1500)) == []


def test_only_what_changed_since_is_told_in_the_order_of_the_changes() -> None:
    transcript = Transcript(
        entries(
            Began("a-0", "x", ""),
            Began("b-0", "x", ""),
            Began("c-0", "x", ""),
            Ended("b-0", "b"),
            Withdrawn("a-0"),
        )
    )
    assert [(shown.id, shown.state) for shown in transcript.changed_after(Place(1000, 3))] == [
        ("b-0", "done"),
        ("a-0", "withdrawn"),
    ]


def test_a_line_of_a_newer_version_is_skipped() -> None:
    assert line_of(Entry("1-0", '{"kind": "sang", "id": "a"}')) is None
    assert line_of(Entry("1-0", "not even JSON")) is None


@pytest.mark.parametrize("text", ["", "abc", "1", "1-", "-1", "1-2-3", "²-1", f"{10**19}-0", "1-x"])
def test_what_is_no_place_is_the_beginning(text: str) -> None:
    assert Place.parse(text) == Place()


def test_places_are_ordered_as_numbers() -> None:
    assert Place.parse("9-10") > Place.parse("9-9") > Place.parse("8-99")
    assert str(Place.parse("1732300000000-3")) == "1732300000000-3"


def test_a_question_waits_until_its_answer_begins() -> None:
    asked = Asked("m", "t", "you", "why?")
    (question,) = read(asked, Waits("m", waiting=True))
    assert (question.text, question.state) == ("why?", "waiting")
    (question,) = read(asked, Waits("m", waiting=True), Waits("m", waiting=False))
    assert (question.text, question.state) == ("why?", "done")


def test_a_question_that_is_no_more_known_cannot_wait() -> None:
    assert read(Waits("m", waiting=True)) == []
