"""A turn's text, part by part."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.attachments import Question
from core.conversation import Attachment, Conversation, Turn, UserMessage
from core.store.claims import Claim
from core.store.kept import Kept, Part, kept, read_kept
from core.textfiles import TextFile
from tests.core.store.talk import GENERAL

WHERE = Conversation(GENERAL, "t1")
FILE = Attachment("a.txt", "text/plain", 1, "ref")
words = st.text(st.sampled_from("ab \n世"), max_size=6)


def messages_of(texts: list[str], with_files: set[int]) -> list[UserMessage]:
    return [
        UserMessage(WHERE, f"e{at}", str(at), "ada", text, attachments=(FILE,) if at in with_files else ())
        for at, text in enumerate(texts)
    ]


def claim_of(messages: list[UserMessage]) -> Claim:
    # What it is not asked for may be anything.
    claim = object.__new__(Claim)
    object.__setattr__(claim, "messages", messages)
    return claim


@given(
    st.lists(words, min_size=1, max_size=4),
    st.sets(st.integers(0, 3)),
    st.lists(st.tuples(st.integers(0, 3), st.none() | words), max_size=8),
)
def test_any_changes_leave_what_the_messages_say(
    texts: list[str], with_files: set[int], changes: list[tuple[int, str | None]]
) -> None:
    with_files = with_files & set(range(len(texts)))
    # Where nothing is asked there is no turn.
    assume(with_files or any(text.strip() for text in texts))
    messages = messages_of(texts, with_files)
    question = Question(claim_of(messages).message, texts=[TextFile("a.txt", "x", 1)] if with_files else ())
    turn: Kept | None = kept(Turn("ada", question.kept(), "re"), messages)
    said: dict[int, str | None] = dict(enumerate(texts))
    has_files = bool(with_files)
    for at, text in changes:
        if turn is None:
            break
        if text is None:
            has_files = has_files and not (at in with_files and said.get(at) is not None)
            turn = turn.without(str(at))
        else:
            turn = turn.edited(str(at), text)
        if said.get(at) is not None:
            said[at] = text
    if turn is not None:
        left = [text for text in said.values() if text is not None and text.strip()]
        assert has_files == ("a.txt" in turn.text)
        words_left = [word for text in left for word in text.split()]
        assert "".join(turn.text.split()).startswith("".join(words_left))
        assert read_kept(turn.written()) == turn
        if not with_files:
            assert turn.text == "\n\n".join(left)
    elif not has_files:
        assert not any(text and text.strip() for text in said.values())


def test_words_of_others_are_the_first_messages() -> None:
    turn = kept(Turn("ada", "in other words", "re"), messages_of(["a", "b"], set()))
    assert turn.parts == (Part("0", 14), Part("1", 0))
    assert turn.thread == "t1"


def test_a_message_that_is_no_part_changes_nothing() -> None:
    turn = kept(Turn("ada", "a", "re"), messages_of(["a"], set()))
    assert turn.edited("other", "b") is turn
    assert turn.without("other") is turn
    assert turn.pinned_at("other", pinned=False) is turn


@pytest.mark.parametrize("pinned", [True, False])
def test_who_reads_it_as_a_turn_sees_the_turn(pinned: bool) -> None:
    plain = Turn("ada", "a", "re", messages=("p1",), pinned=pinned)
    turn = kept(plain, messages_of(["a"], set()))
    assert [getattr(turn, name) for name in Turn.__slots__] == [
        getattr(plain, name) for name in Turn.__slots__
    ]
    assert turn.unanswered() == replace(turn, reply="")
