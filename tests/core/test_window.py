import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation import Message, Turn
from core.errors import QuestionTooLong
from core.estimate import UNKNOWN, Calibration, raw_prompt
from core.window import fit

texts = st.text(max_size=60)
turns = st.lists(st.builds(Turn, author=st.just("ada"), text=st.text(min_size=1, max_size=60), reply=texts))


def turn(number: int, reply: str = "yes") -> Turn:
    return Turn("ada", f"question {number}", reply)


def room(limit: int) -> int:
    return UNKNOWN.room(limit - limit // 4)


@given(system=texts, history=turns, question=st.text(min_size=1, max_size=60), limit=st.integers(450, 900))
def test_the_newest_turns_that_fit_are_sent_and_never_more(
    system: str, history: list[Turn], question: str, limit: int
) -> None:
    messages = fit(system, history, question, limit=limit)

    assert raw_prompt(messages) <= room(limit)
    kept = list(messages)
    if system:
        assert kept.pop(0) == Message("system", system)
    assert kept.pop() == Message("user", question)
    sent = sum(message.role == "user" for message in kept)
    newest = history[len(history) - sent :]
    assert kept == [
        message
        for turn in newest
        for message in (Message("user", turn.text), Message("assistant", turn.reply))
        if message.content
    ]
    if sent < len(history):
        older = history[len(history) - sent - 1]
        refused = [Message("user", older.text)] + [Message("assistant", older.reply)] * bool(older.reply)
        assert raw_prompt([*messages, *refused]) > room(limit)


def test_one_large_turn_hides_the_older_ones_even_where_they_would_fit() -> None:
    history = [turn(1), turn(2, reply="x " * 3000), turn(3)]

    messages = fit("", history, "now?", limit=400)

    assert [message.content for message in messages] == ["question 3", "yes", "now?"]


def test_a_question_whose_reply_never_began_is_sent_without_an_empty_reply() -> None:
    messages = fit("be kind", [turn(1, reply=""), turn(2)], "now?", limit=400)

    assert messages == [
        Message("system", "be kind"),
        Message("user", "question 1"),
        Message("user", "question 2"),
        Message("assistant", "yes"),
        Message("user", "now?"),
    ]


EXACT = Calibration(factor=2.0, spread=0.0)


def test_a_question_that_fills_the_window_exactly_is_sent_and_one_word_more_is_refused() -> None:
    # 75 of 100 tokens are the prompt's, 35 raw ones at two tokens each and with 5% to spare: 3 for the request, 4 for
    # the message, and 28 digits at 0.85 each are 24.
    assert fit("", [turn(1)], "7" * 32, limit=100, calibration=EXACT) == [Message("user", "7" * 32)]

    with pytest.raises(QuestionTooLong) as caught:
        fit("", [turn(1)], "7" * 34, limit=100, calibration=EXACT)

    assert "about 66 tokens, and 64 fit" in caught.value.notice("en")
    assert "66" in caught.value.notice("zh")


def test_the_system_prompt_takes_its_part_of_what_a_question_may_have() -> None:
    with pytest.raises(QuestionTooLong) as caught:
        fit("7" * 10, [], "7" * 30, limit=100, calibration=EXACT)

    assert "about 60 tokens, and 38 fit" in caught.value.notice("en")


def test_a_system_prompt_larger_than_the_window_leaves_no_room_and_says_so() -> None:
    with pytest.raises(QuestionTooLong) as caught:
        fit("7" * 3000, [], "hi", limit=100)

    assert "0 fit" in caught.value.notice("en")


def test_a_model_that_counts_more_is_sent_less() -> None:
    history = [turn(number) for number in range(50)]
    sent = [
        len(fit("", history, "now?", limit=600, calibration=Calibration(factor)))
        for factor in (0.5, 1.0, 2.0)
    ]
    assert sent[0] > sent[1] > sent[2]
