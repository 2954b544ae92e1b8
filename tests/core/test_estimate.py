"""The estimate against what real tokenizers counted, and against any model that counts in proportion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation import Message, Turn
from core.estimate import (
    HIGHEST,
    LOWEST,
    MESSAGE,
    REQUEST,
    UNKNOWN,
    Calibration,
    raw_cost,
    raw_prompt,
    raw_tokens,
)
from core.window import fit
from tests.core.recorded_usage import PROMPTS, TEXTS, Recorded

CLOSE = ["english", "chinese", "code", "french", "japanese", "korean", "arabic", "emoji"]
TOKENIZERS = ["deepseek", "qwen", "smollm"]


def counted(text: Recorded, by: str) -> int:
    return {"deepseek": text.deepseek, "qwen": text.qwen, "smollm": text.smollm}[by]


@pytest.mark.parametrize("name", CLOSE)
@pytest.mark.parametrize("by", ["deepseek", "qwen"])
def test_what_most_people_write_is_within_15_percent_of_drun_s_own_tokenizers(name: str, by: str) -> None:
    text = TEXTS[name]
    assert raw_tokens(text.text) == pytest.approx(counted(text, by), rel=0.15)


@pytest.mark.parametrize("name", ["json", "log", "javascript", "russian"])
@pytest.mark.parametrize("by", ["deepseek", "qwen"])
def test_data_and_cyrillic_are_within_25_percent(name: str, by: str) -> None:
    text = TEXTS[name]
    assert raw_tokens(text.text) == pytest.approx(counted(text, by), rel=0.25)


@pytest.mark.parametrize("by", ["deepseek", "qwen"])
def test_nothing_is_taken_for_much_cheaper_than_it_is(by: str) -> None:
    assert {name: raw_tokens(text.text) / counted(text, by) > 0.63 for name, text in TEXTS.items()} == (
        dict.fromkeys(TEXTS, True)
    )


def test_the_demo_model_is_right_in_english_and_far_too_low_in_chinese_which_it_does_not_know() -> None:
    english, chinese = TEXTS["english"], TEXTS["chinese"]
    assert raw_tokens(english.text) == pytest.approx(english.smollm, rel=0.05)
    assert raw_tokens(chinese.text) < chinese.smollm / 2


@pytest.mark.parametrize(("messages", "reported"), PROMPTS[:4])
def test_whole_prompts_are_within_12_percent_of_the_usage_a_server_reported(
    messages: list[Message], reported: int
) -> None:
    assert raw_prompt(messages) == pytest.approx(reported, rel=0.12)


def test_a_server_s_reports_bring_its_estimate_within_10_percent_by_the_third_turn() -> None:
    calibration, off = UNKNOWN, []
    for messages, reported in PROMPTS[:4]:
        off.append(abs(calibration.tokens(raw_prompt(messages)) / reported - 1))
        calibration = calibration.learned(raw_prompt(messages), reported)
    assert max(off[2:]) < 0.10
    assert off[3] < 0.05


def talk(names: list[str], by: str, turns: int = 6) -> list[float]:
    """How far the estimate is off, turn by turn, in a talk that says ``names`` over and over."""
    calibration, off = UNKNOWN, []
    raw, true = REQUEST, 8
    for number in range(turns):
        text = TEXTS[names[number % len(names)]]
        raw, true = raw + raw_cost(text.text), true + counted(text, by) + 5
        off.append(abs(calibration.tokens(raw) / true - 1))
        calibration = calibration.learned(raw, true)
    return off


@pytest.mark.parametrize("by", TOKENIZERS)
@pytest.mark.parametrize("names", [["english"], ["code"], ["english", "code"], ["english", "log", "code"]])
def test_english_and_code_are_within_10_percent_from_the_third_turn_on(names: list[str], by: str) -> None:
    assert max(talk(names, by)[2:]) < 0.10


@pytest.mark.parametrize("by", ["deepseek", "qwen"])
@pytest.mark.parametrize(
    "names", [["chinese"], ["english", "chinese"], ["japanese"], ["korean"], ["russian"]]
)
def test_so_are_other_languages_with_drun_s_own_tokenizers(names: list[str], by: str) -> None:
    assert max(talk(names, by)[2:]) < 0.10


@pytest.mark.parametrize("name", ["thai", "digits", "hindi"])
@pytest.mark.parametrize("by", TOKENIZERS)
def test_what_was_estimated_worst_takes_six_turns(name: str, by: str) -> None:
    assert talk([name], by)[5] < 0.10


factors = st.floats(LOWEST, HIGHEST)
sizes = st.integers(500, 100_000)


@given(factors, st.lists(sizes, min_size=12, max_size=12))
def test_any_model_that_counts_in_proportion_is_met_within_10_percent(
    factor: float, prompts: list[int]
) -> None:
    calibration = UNKNOWN
    for number, raw in enumerate(prompts):
        true = raw * factor
        if number >= 5:
            assert calibration.tokens(raw) == pytest.approx(true, rel=0.10, abs=1)
        calibration = calibration.learned(raw, round(true))
    assert calibration.margin < 0.10


@given(st.floats(0.75, 1.33), st.lists(sizes, min_size=2, max_size=6))
def test_a_model_near_the_estimate_is_met_after_one_turn(factor: float, prompts: list[int]) -> None:
    calibration = UNKNOWN.learned(prompts[0], round(prompts[0] * factor))
    for raw in prompts[1:]:
        assert calibration.tokens(raw) == pytest.approx(raw * factor, rel=0.10, abs=1)
        calibration = calibration.learned(raw, round(raw * factor))


@given(st.lists(st.tuples(st.integers(-5, 10**6), st.integers(-5, 10**9)), max_size=20))
def test_no_report_however_wrong_leads_out_of_bounds(reports: list[tuple[int, int]]) -> None:
    calibration = UNKNOWN
    for raw, reported in reports:
        calibration = calibration.learned(raw, reported)
    assert LOWEST <= calibration.factor <= HIGHEST
    assert 0.05 <= calibration.margin <= 0.5


def test_a_short_prompt_moves_little_for_templates_add_words_of_their_own() -> None:
    assert UNKNOWN.learned(10, 40).factor < 1.25
    assert UNKNOWN.learned(1000, 4000).factor > 3.0


@given(factors, st.lists(st.text(min_size=30, max_size=300), min_size=1, max_size=30), st.integers(300, 3000))
def test_what_is_sent_leaves_the_reply_its_quarter_though_the_estimate_is_off_by_the_margin(
    factor: float, said: list[str], limit: int
) -> None:
    known = Calibration(factor, spread=0.06, weight=4.0)
    history = [Turn("ada", text, "yes") for text in said]
    messages = fit("be kind", history, "and now?", limit=limit, calibration=known)
    true = raw_prompt(messages) * factor * (1 + known.margin)
    assert true <= limit - limit // 4


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_texts_together_cost_about_what_they_cost_apart(first: str, second: str) -> None:
    apart = raw_tokens(first) + raw_tokens(second)
    assert apart - 3 <= raw_tokens(first + second) <= apart + 1


@given(st.text(min_size=1, max_size=80))
def test_every_text_costs_something_and_no_letter_more_than_two_tokens(text: str) -> None:
    assert 1 <= raw_tokens(text) <= 2 * len(text) + 1


def test_an_empty_message_is_not_sent_and_costs_nothing() -> None:
    assert raw_tokens("") == raw_cost("") == 0
    assert raw_cost("x") == raw_tokens("x") + MESSAGE
    assert raw_tokens("half an emoji: \ud83d") == raw_tokens("half an emoji: ") + 1
