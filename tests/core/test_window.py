import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation import Message, Turn
from core.errors import QuestionTooLong
from core.window import fit, tokens

texts = st.text(max_size=60)
turns = st.lists(st.builds(Turn, author=st.just("ada"), text=st.text(min_size=1, max_size=60), reply=texts))


def turn(number: int, reply: str = "yes") -> Turn:
    return Turn("ada", f"question {number}", reply)


def cost(messages: list[Message]) -> int:
    return sum(tokens(message.content) + 4 for message in messages)


@given(system=texts, history=turns, question=st.text(min_size=1, max_size=60), limit=st.integers(150, 600))
def test_the_newest_turns_that_fit_are_sent_and_never_more(
    system: str, history: list[Turn], question: str, limit: int
) -> None:
    messages = fit(system, history, question, limit=limit)

    assert cost(messages) <= limit - limit // 4
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
        assert cost(messages) + cost(refused) > limit - limit // 4


def test_one_large_turn_hides_the_older_ones_even_where_they_would_fit() -> None:
    history = [turn(1), turn(2, reply="x" * 3000), turn(3)]

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


def test_a_question_that_fills_the_window_exactly_is_sent_and_one_character_more_is_refused() -> None:
    room = (100 - 25 - 4) * 3
    assert fit("", [turn(1)], "x" * room, limit=100) == [Message("user", "x" * room)]

    with pytest.raises(QuestionTooLong) as caught:
        fit("", [turn(1)], "x" * (room + 1), limit=100)

    assert "about 76 tokens, and 75 fit" in caught.value.notice("en")
    assert "76" in caught.value.notice("zh")


def test_the_system_prompt_takes_its_part_of_what_a_question_may_have() -> None:
    with pytest.raises(QuestionTooLong) as caught:
        fit("s" * 60, [], "x" * 300, limit=100)

    assert "about 104 tokens, and 51 fit" in caught.value.notice("en")


def test_a_system_prompt_larger_than_the_window_leaves_no_room_and_says_so() -> None:
    with pytest.raises(QuestionTooLong) as caught:
        fit("s" * 3000, [], "hi", limit=100)

    assert "0 fit" in caught.value.notice("en")


@given(texts, texts)
def test_the_estimate_of_a_whole_is_within_one_token_of_its_parts(first: str, second: str) -> None:
    assert tokens(first + second) <= tokens(first) + tokens(second) <= tokens(first + second) + 1


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("", 0),
        ("hello world!", 4),
        ("这个报错是什么意思", 9),
        ("Привет, как дела?", 9),  # a third of a token each would be too little
        ("สวัสดีครับ", 10),
        ("🙂🙂🙂", 4),
        ("half an emoji: \ud83d", 6),
    ],
)
def test_no_script_is_taken_for_cheaper_than_it_is(text: str, least: int) -> None:
    assert least <= tokens(text) <= 2 * len(text)
