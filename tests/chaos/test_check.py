"""The judge can find fault: each wrong must be named, and a right conversation must not be."""

from dataclasses import replace

import pytest

from core import texts
from core.conversation import Turn
from core.drawing import WRITING
from tests.chaos.check import violations
from tests.chaos.evidence import Asked, Heard, Shown, Version
from tests.chaos.parrot import answer
from tests.chaos.plan import Speech, Trouble

_SPEECH = Speech(pieces=4, delay_s=0)
_NOTICE = "⚠️ The answer was cut off on the way from the model. What is above is incomplete."


def asked(number: int, *, calls: int = 1) -> Asked:
    return Asked(f"q{number:05d}", f"turn{number}", "thread", _SPEECH, calls)


def words(question: Asked, *, call: int = 1, pieces: int = 4) -> str:
    return "".join(answer(question.marker, call, pieces)).strip()


def shown(question: Asked, at: float, text: str = "", *, part: int = 0) -> Shown:
    return Shown(f"m{at}", question.turn, part, question.place, [Version(text or words(question), at)])


def remembered(question: Asked, *messages: Shown, reply: str = "", complete: bool = True) -> Turn:
    return Turn(
        "ada",
        f"{question.marker} what is that?",
        reply or words(question),
        complete=complete,
        id=question.turn,
        messages=tuple(message.id for message in messages),
    )


ONE, TWO = asked(1), asked(2)
FIRST, SECOND = shown(ONE, 1), shown(TWO, 2)
RIGHT = Heard("room", [ONE, TWO], [FIRST, SECOND], [remembered(ONE, FIRST), remembered(TWO, SECOND)])


def kinds(heard: Heard) -> set[str]:
    return {violation.kind for violation in violations(heard)}


def test_nothing_is_wrong_when_each_question_has_its_answer() -> None:
    assert kinds(RIGHT) == set()


def test_a_lost_answer_is_found() -> None:
    assert kinds(replace(RIGHT, shown=[FIRST], history=[remembered(ONE, FIRST)])) == {"lost", "history"}


def test_an_answer_that_is_shown_twice_is_found() -> None:
    assert "doubled" in kinds(replace(RIGHT, shown=[FIRST, SECOND, shown(TWO, 3)]))


def test_an_answer_under_another_question_is_found() -> None:
    crossed = [shown(ONE, 1, words(TWO)), shown(TWO, 2, words(ONE))]
    assert "swapped" in kinds(replace(RIGHT, shown=crossed))


def test_an_answer_in_another_thread_is_found() -> None:
    assert "misplaced" in kinds(replace(RIGHT, shown=[FIRST, replace(SECOND, place="elsewhere")]))


def test_a_message_that_answers_nothing_is_found() -> None:
    assert kinds(replace(RIGHT, shown=[FIRST, SECOND, shown(asked(9), 3)])) == {"stray"}


def test_an_answer_that_looks_as_if_more_would_come_is_found() -> None:
    assert "unfinished" in kinds(replace(RIGHT, shown=[FIRST, shown(TWO, 2, words(TWO) + WRITING)]))


def test_an_answer_that_two_processes_wrote_is_found() -> None:
    twice = replace(TWO, calls=2)
    torn = words(TWO, pieces=2) + " " + words(TWO, call=2)
    heard = replace(RIGHT, asked=[ONE, twice], shown=[FIRST, shown(twice, 2, torn)])
    assert "torn" in kinds(heard)


def test_half_an_answer_is_found() -> None:
    half = words(TWO, pieces=2)
    heard = replace(
        RIGHT,
        shown=[FIRST, shown(TWO, 2, half)],
        history=[remembered(ONE, FIRST), remembered(TWO, SECOND, reply=half)],
    )
    assert kinds(heard) == {"torn"}


def test_a_notice_is_an_answer_only_where_the_model_failed() -> None:
    noticed = f"{words(TWO, pieces=2)}\n\n{_NOTICE}"
    history = [remembered(ONE, FIRST), remembered(TWO, SECOND, reply=words(TWO, pieces=2), complete=False)]
    heard = replace(RIGHT, shown=[FIRST, shown(TWO, 2, noticed)], history=history)
    assert kinds(heard) == {"torn"}
    failed = replace(TWO, speech=replace(_SPEECH, trouble=Trouble.CUT))
    assert kinds(replace(heard, asked=[ONE, failed])) == set()


def test_an_answer_in_several_messages_is_one_answer() -> None:
    whole = words(TWO)
    middle = whole.index(f"{TWO.marker}.1.2")
    parts = [shown(TWO, 2, whole[:middle].strip()), shown(TWO, 3, whole[middle:], part=1)]
    history = [remembered(ONE, FIRST), remembered(TWO, *parts)]
    assert kinds(replace(RIGHT, shown=[FIRST, *parts], history=history)) == set()
    assert "doubled" in kinds(replace(RIGHT, shown=[FIRST, *parts[::-1]], history=history))


def test_answers_in_another_order_than_their_questions_are_found() -> None:
    later = [shown(TWO, 1), shown(ONE, 2)]
    turned = replace(RIGHT, shown=later, history=[remembered(TWO, later[0]), remembered(ONE, later[1])])
    assert kinds(turned) == {"order"}
    assert kinds(replace(turned, asked=[replace(ONE, orderly=False), TWO])) == set()


def test_an_answer_that_is_still_written_when_the_next_one_stands_is_found() -> None:
    late = replace(FIRST, versions=[Version("before " + words(ONE), 1), Version(words(ONE), 3)])
    assert kinds(replace(RIGHT, shown=[late, SECOND])) == {"overtaken"}
    again = replace(FIRST, versions=[Version(words(ONE), 1), Version(words(ONE), 3)])
    assert kinds(replace(RIGHT, shown=[again, SECOND])) == set(), "the same text once more is not seen"


@pytest.mark.parametrize(
    "turns",
    [
        [remembered(ONE, FIRST)],
        [remembered(ONE, FIRST), remembered(TWO, SECOND), remembered(TWO, SECOND)],
        [remembered(ONE, FIRST), remembered(TWO, SECOND, reply="something else")],
        [remembered(ONE, FIRST), remembered(TWO, SECOND, complete=False)],
        [remembered(ONE, FIRST), remembered(TWO)],
        [remembered(ONE, FIRST), replace(remembered(TWO, SECOND), text="another question")],
    ],
    ids=["missing", "twice", "other words", "not complete", "other messages", "another question"],
)
def test_a_history_that_differs_from_what_is_shown_is_found(turns: list[Turn]) -> None:
    assert kinds(replace(RIGHT, history=turns)) == {"history"}


def test_a_question_that_was_given_up_is_right_only_where_processes_lost_their_leases() -> None:
    gave_up = replace(RIGHT, shown=[FIRST, shown(TWO, 2, texts.GAVE_UP.en)], history=[remembered(ONE, FIRST)])
    assert kinds(gave_up) == {"torn", "history"}
    assert kinds(replace(gave_up, asked=[ONE, replace(TWO, leases_lost=1)])) == set()
