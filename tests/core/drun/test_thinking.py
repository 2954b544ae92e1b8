"""Thoughts and answer in one text, cut anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.drun.thinking import _TAG, LONGEST_TAG, Kind, Thinking

PIECES = st.sampled_from(
    [
        *(
            "<think>",
            "</think>",
            "<THINK>",
            "</Think>",
            "< think >",
            "< / think >",
            "<thinking>",
            "</thinking>",
        ),
        *(
            "<",
            "<th",
            "</",
            "think",
            ">",
            "/",
            "ing",
            " ",
            "\n",
            "\n\n",
            "```\n",
            "`",
            "a",
            "b c.",
            "好",
            "\t",
        ),
    ]
)
CONTENTS = st.lists(PIECES, max_size=25).map("".join)
FINISHES = st.sampled_from([None, "stop", "length", "content_filter"])
OPENINGS = ["<think>", "<Think>", "<THINK>", "<thinking>", "< think>", "<think >", "<\tthink\t>"]
CLOSINGS = ["</think>", "</THINK>", "</thinking>", "< /think>", "</ think >", "< / think >"]


@dataclass(frozen=True)
class Told:
    """What somebody who follows the pieces has in the end."""

    text: str
    thought: str
    begins_inside: bool | None
    retracted: int


def told(pieces: Sequence[str], *, inside: bool = False, finish: str | None = "stop") -> Told:
    thinking = Thinking(inside=inside)
    text = thought = ""
    retracted = 0
    for piece in [*(p for cut in pieces for p in thinking.feed(cut)), *thinking.end(finish)]:
        match piece.kind:
            case Kind.TEXT:
                text += piece.text
            case Kind.THOUGHT:
                thought += piece.text
            case Kind.RETRACTED:
                text = thought = ""
                retracted += 1
    return Told(text, thought, thinking.begins_inside, retracted)


def letters(text: str) -> list[str]:
    return sorted(_TAG.sub("", text))


def cut(text: str, borders: Sequence[int]) -> list[str]:
    ends = [*sorted(border % (len(text) + 1) for border in borders), len(text)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@settings(deadline=None, max_examples=1000)
@given(CONTENTS, st.lists(st.integers(0, 200), max_size=20), st.booleans(), FINISHES)
@example(content="a\n</think>\n" + " " * 30 + "b", borders=[12, 20, 30], inside=False, finish="stop")
@example(content="<think>a<think>b</think>c</think>\n\nd", borders=[3, 9, 20], inside=False, finish="stop")
def test_the_same_content_is_told_apart_in_the_same_way_however_it_is_cut(
    content: str, borders: list[int], inside: bool, finish: str | None
) -> None:
    assert told(cut(content, borders), inside=inside, finish=finish) == told(
        [content], inside=inside, finish=finish
    )


@settings(deadline=None, max_examples=1000)
@given(CONTENTS, st.booleans(), FINISHES)
def test_the_same_holds_letter_by_letter(content: str, inside: bool, finish: str | None) -> None:
    assert told(list(content), inside=inside, finish=finish) == told([content], inside=inside, finish=finish)


@settings(deadline=None, max_examples=1000)
@given(CONTENTS, st.booleans(), FINISHES)
def test_nothing_but_tags_is_lost(content: str, inside: bool, finish: str | None) -> None:
    found = told([content], inside=inside, finish=finish)
    # Tags that stay are in the text or the thought; taking them out of both sides leaves the rest to be compared.
    assert letters(found.text + "\0" + found.thought) == sorted([*letters(content), "\0"])


@settings(deadline=None)
@given(CONTENTS.filter(lambda content: "think" not in content.lower()), st.lists(st.integers(0, 200)))
def test_content_without_tags_is_passed_on_as_it_is(content: str, borders: list[int]) -> None:
    assert told(cut(content, borders)) == Told(content, "", None, 0)


@settings(deadline=None)
@given(CONTENTS)
def test_no_more_is_held_back_than_a_tag_once_the_beginning_is_decided(content: str) -> None:
    thinking = Thinking()
    passed = len("".join(piece.text for piece in thinking.feed("Yes: ")))
    fed = len("Yes: ")
    for letter in content:
        fed += 1
        for piece in thinking.feed(letter):
            passed = len(piece.text) if piece.kind is Kind.RETRACTED else passed + len(piece.text)
            if piece.kind is Kind.RETRACTED:
                return  # from here on lengths differ by what the tags took
        # A closing tag is held with the blanks behind it, until it is known what follows.
        assert fed - passed <= LONGEST_TAG + 16


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("closing", CLOSINGS)
@pytest.mark.parametrize("blanks", ["", "\n", " \n\t"])
def test_a_thought_in_tags_is_kept_apart_however_they_are_written(
    opening: str, closing: str, blanks: str
) -> None:
    found = told(list(f"{blanks}{opening}\nlet me see{closing}\n\n42"))
    assert (found.text, found.thought.strip(), found.begins_inside) == ("42", "let me see", None)


@pytest.mark.parametrize(
    "answer",
    [
        "Models write `<think>` first and `</think>` after it.\n\nThen they answer.",
        "A template opens <think> and the model closes it:\n</think>\n\nThat is all.",
        "```xml\n<think>\nhm\n</think>\n\n```\nDone.",
        "```\nhm\n</think>\n\nanswer\n```",
        "Close it with `</think>`\n\nand go on.",
        "The tag </think> closes a thought, and </think>, too.",
        "a < b and <thinker> and <think x> and </thinks>\n",
        "It ends with </think>",
        "It ends with\n</think>\n\n",
        "1 <",
        "<th",
        "<thinker> is no tag",
    ],
)
@pytest.mark.parametrize("pieces", [list, lambda text: [text]], ids=["letters", "whole"])
def test_an_answer_that_speaks_of_the_tags_stays_as_it_is(answer: str, pieces: type[list[str]]) -> None:
    assert told(pieces(answer)) == Told(answer, "", None, 0)


@pytest.mark.parametrize(
    "answer", ["<think> opens a thought, </think> closes it.", "It is\n</think>\n\nthat closes it."]
)
def test_an_answer_after_a_thought_may_speak_of_the_tags_too(answer: str) -> None:
    found = told(list(f"<think>hm</think>\n\nSo: {answer}"))
    assert (found.text, found.thought.strip()) == (f"So: {answer}", "hm")


@pytest.mark.parametrize(
    "content", ["let me see\n</think>\n\n42", "hm</think>\n42", "hm\n</think>42", "</think>\n\n42"]
)
def test_a_thought_that_nothing_opened_is_taken_back(content: str) -> None:
    found = told(list(content))
    assert found.text == "42"
    assert found.thought.strip() == content.partition("</think>")[0].strip()
    assert found.begins_inside is True
    assert found.retracted == bool(content.partition("</think>")[0])


def test_a_model_that_is_known_to_begin_inside_shows_nothing_that_would_be_taken_back() -> None:
    found = told(list("let me see, </think>42"), inside=True)
    assert found == Told("42", "let me see, ", begins_inside=True, retracted=0)


def test_what_was_taken_for_a_thought_was_the_answer_when_it_ends_without_a_tag() -> None:
    assert told(list("Yes. a<b"), inside=True) == Told("Yes. a<b", "", begins_inside=False, retracted=1)
    assert told([], inside=True).text == ""


@pytest.mark.parametrize("finish", ["length", None, "content_filter"])
def test_a_thought_that_was_cut_stays_one(finish: str | None) -> None:
    for content, inside in (("round and round <", True), ("<think>round and round <", False)):
        found = told(list(content), inside=inside, finish=finish)
        assert (found.text, found.thought, found.retracted) == ("", "round and round <", 0)


def test_an_opened_thought_without_an_end_stays_a_thought() -> None:
    assert told(list("<think>hm"), finish="stop") == Told("", "hm", None, 0)


def test_a_model_that_begins_inside_may_open_its_thought_all_the_same() -> None:
    assert told(list("\n<think>hm</think>42"), inside=True).text == "42"
    assert told(list("<think>hm"), inside=True, finish="stop") == Told("", "hm", None, 0)


def test_two_thoughts_in_a_row_are_both_thoughts() -> None:
    found = told(list("<think>a</think>\n<think>b</think>\n42"))
    assert (found.text, found.thought.split()) == ("42", ["a", "b"])


@pytest.mark.parametrize("gap", ["", "\n", "\n\n"])
def test_a_thought_within_a_thought_ends_with_the_outer_one(gap: str) -> None:
    found = told(list(f"<think>a<think>b</think>c</think>{gap}42"))
    assert found.text == "42"
    assert letters(found.thought.replace("\n", "")) == ["a", "b", "c"]


def test_a_thought_that_speaks_of_the_opening_tag_does_not_swallow_the_answer() -> None:
    found = told(list("<think>What is <think>?</think>\n\nIt opens a thought; </think> closes it."))
    assert found.text == "It opens a thought; </think> closes it."


@pytest.mark.parametrize("inside", [False, True])
def test_where_thoughts_come_by_themselves_all_content_is_answer(inside: bool) -> None:
    thinking = Thinking(inside=inside)
    pieces = [*thinking.separate(), *thinking.feed("<think> opens.\n</think>\n\nDone"), *thinking.end("stop")]
    assert "".join(piece.text for piece in pieces) == "<think> opens.\n</think>\n\nDone"
    assert {piece.kind for piece in pieces} == {Kind.TEXT}
    assert thinking.begins_inside is False


def test_a_beginning_that_was_held_is_answer_once_thoughts_come_by_themselves() -> None:
    thinking = Thinking()
    assert thinking.feed("<thi") == []
    assert [piece.text for piece in thinking.separate()] == ["<thi"]


def test_a_long_answer_costs_each_token_the_same() -> None:
    thinking, calls = Thinking(), 200_000
    for _ in range(calls):
        assert len(thinking.feed("word ")) == 1
    assert thinking.feed("`</think>`")
    assert thinking.settled
