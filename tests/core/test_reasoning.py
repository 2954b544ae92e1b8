"""How long a model thinks, and what of it is kept."""

from dataclasses import dataclass

import pytest

from core.reasoning import KEPT, Reasoning


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


def test_the_time_before_the_answer_counts_and_none_after_it(clock: Clock) -> None:
    thoughts = Reasoning(clock)
    thoughts.add("let ")
    clock.at += 5
    assert thoughts.seconds == 5
    thoughts.add("me see")
    clock.at += 9
    thoughts.speak()
    clock.at += 100
    thoughts.speak()
    assert (thoughts.seconds, thoughts.text, thoughts.worth_telling) == (14, "let me see", True)


def test_thoughts_between_two_parts_of_an_answer_count_too(clock: Clock) -> None:
    thoughts = Reasoning(clock)
    for _ in range(2):
        thoughts.add("hm")
        clock.at += 2
        thoughts.speak()
        clock.at += 50
    assert thoughts.seconds == 4


def test_what_is_taken_back_was_thought_since_the_first_word(clock: Clock) -> None:
    thoughts = Reasoning(clock)
    thoughts.speak()
    clock.at += 14
    thoughts.speak()
    thoughts.start_over()
    thoughts.add("let me see")
    thoughts.speak()
    clock.at += 7
    assert (thoughts.seconds, thoughts.text) == (14, "let me see")


def test_what_turned_out_to_be_the_answer_was_no_thought(clock: Clock) -> None:
    thoughts = Reasoning(clock)
    thoughts.add("Yes.")
    clock.at += 14
    thoughts.start_over()
    thoughts.speak()
    assert (thoughts.size, thoughts.text, thoughts.worth_telling) == (0, "", False)


def test_a_short_thought_is_not_spoken_of(clock: Clock) -> None:
    thoughts = Reasoning(clock)
    thoughts.add("hm")
    clock.at += 2.9
    assert not thoughts.worth_telling


def test_it_is_told_seldom_and_ever_more_so(clock: Clock) -> None:
    thoughts, told = Reasoning(clock), []
    for _ in range(120):
        thoughts.add("hm")
        if (seconds := thoughts.due()) is not None:
            told.append(seconds)
        clock.at += 1
    assert told == [5, 10, 15, 23, 35, 53, 80]
    assert Reasoning(clock).due() is None


def test_the_last_words_are_kept_and_no_more_than_a_limit() -> None:
    thoughts = Reasoning()
    for number in range(10_000):
        thoughts.add(f"{number} ")
    assert thoughts.text.endswith(" 9998 9999")
    assert len(thoughts.text) <= KEPT
    assert thoughts.size == sum(len(f"{number} ") for number in range(10_000))
    assert sum(map(len, thoughts._pieces)) <= 2 * KEPT
