"""Presets: ours, and what a file of them may say."""

import pytest

from core.commands.places import WORDS
from core.preferences import LONGEST_INSTRUCTIONS
from core.presets import LONGEST_SUMMARY, MOST, like, ours, preset_of, read_presets
from core.words import plain
from tests.checkout import CHECKOUT

GOOD = 'summary = "answers as our support desk"\ntext = "You are our support desk."\n'


def wrong(text: str) -> list[str]:
    found, problems = read_presets(text, taken=WORDS)
    assert not found, "a file that is wrong defines nothing"
    return problems


def test_ours_are_all_there_in_both_languages_and_none_is_named_as_a_place() -> None:
    assert list(ours()) == ["translator", "reviewer", "minutes", "brief", "newcomer", "weekly"]
    for name, preset in ours().items():
        assert name not in WORDS
        for texts in (preset.summary, preset.text):
            assert not any("\u4e00" <= letter <= "\u9fff" for letter in texts["en"])
            assert any("\u4e00" <= letter <= "\u9fff" for letter in texts["zh"])


def test_one_text_is_for_both_languages_and_two_are_for_one_each() -> None:
    other = '["二号"]\nsummary = {en = "two", zh = "二"}\ntext.en = "\\nTwo {braces}.\\n"\ntext.zh = "二。"\n'
    found, problems = read_presets(f"[support]\n{GOOD}{other}", taken=WORDS)
    assert not problems
    assert found["support"].text == dict.fromkeys(("en", "zh"), "You are our support desk.")
    assert found["二号"].text == {"en": "Two {braces}.", "zh": "二。"}
    assert found["二号"].summary == {"en": "two", "zh": "二"}


def test_the_longest_texts_that_fit_are_taken() -> None:
    text = f'[a]\nsummary = "{"s" * LONGEST_SUMMARY}"\ntext = "{"x" * LONGEST_INSTRUCTIONS}"'
    assert not read_presets(text)[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["it has no presets; one is [name], and below it"]),
        ("# none yet", ["it has no presets"]),
        ("[a\n", ["it is no TOML (", "at line 1"]),
        ('text = "stray"', ["`text` stands outside of a preset; a preset is [name]"]),
        ('[a]\nsummary = "s"', ['[a] has no text; write text = "...", or text.en and text.zh']),
        ('[a]\ntext = "t"', ["[a] has no summary; write summary ="]),
        ('[a]\nsummary = "s"\ntext = "  "', ["[a] has no text;"]),
        ('[a]\nsummary = "s"\ntext = 5', ["[a] has no text;"]),
        ('[a]\nsummary = "s"\ntext.en = "t"', ["[a] has no text.zh; write"]),
        ('[a]\nsummary = "s"\ntext = {en = "t", zh = "t", de = "t"}', ["[a] has `text.de`; write"]),
        (
            f'[a]\nsummary = "s"\ntext = "{"x" * 4001}"',
            ["[a] has a text of 4,001 characters; 4,000 is the most"],
        ),
        (
            f'[a]\nsummary = "{"x" * 101}"\ntext = "t"',
            ["[a] has a summary of 101 characters; 100 is the most"],
        ),
        ('[a]\nsummary = "s\\nt"\ntext = "t"', ["[a] has a summary of several lines; it is one line"]),
        (f'[a]\n{GOOD}name = "b"', ["[a] has `name`; a preset has only summary and text"]),
        (
            "\n".join(f"[a{number}]\n{GOOD}" for number in range(MOST + 1)),
            ["it has 51 presets; 50 is the most"],
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_with_what_would_be_right(text: str, told: list[str]) -> None:
    [sentence] = wrong(text)
    assert all(part in sentence for part in told), sentence


@pytest.mark.parametrize(
    "name", ["", "two words", "Reviewer", "-x", "a" * 41, "a.b", "me", "channel", "频道", "ａ"]
)
def test_a_name_is_one_word_in_small_letters_and_no_place(name: str) -> None:
    [sentence] = wrong(f'["{name}"]\n{GOOD}')
    assert sentence.endswith("and none that names a place, such as me or channel")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(wrong('[a]\nsummary = "s"\n[B]\nsummary = "s"\ntext = "t"\n[c]\n')) == 4


def test_a_preset_is_known_again_by_its_text_in_either_language() -> None:
    for preset in ours().values():
        assert preset_of(ours(), preset.text["en"]) is preset
        assert preset_of(ours(), preset.text["zh"]) is preset
    assert preset_of(ours(), ours()["brief"].text["en"] + " Please.") is None
    assert preset_of(ours(), "") is None


@pytest.mark.parametrize(
    ("written", "first"),
    [("tr", "translator"), ("tranlator", "translator"), ("REV", "reviewer"), ("come", "newcomer")],
)
def test_names_that_may_be_meant_come_best_first(written: str, first: str) -> None:
    assert like(ours(), written)[0] == first


def test_nothing_written_may_mean_each_of_them_and_nonsense_none() -> None:
    assert like(ours(), "") == list(ours())
    assert like(ours(), "qqqq") == []
    assert like({}, "x") == []


def test_names_are_as_they_are_compared() -> None:
    assert all(plain(name) == name for name in ours())


def test_the_page_about_presets_names_ours_and_its_example_is_a_right_one() -> None:
    page = (CHECKOUT / "docs" / "usage.md").read_text(encoding="utf-8")
    part = page.split("\n## Presets\n", 1)[1].split("\n## ", 1)[0]
    rows = [f"| `{preset.name}` | {preset.summary['en']} |" for preset in ours().values()]
    assert [line for line in part.splitlines() if line.startswith("| `")] == rows
    example = "\n".join(line[4:] for line in part.splitlines() if line.startswith("    "))
    found, problems = read_presets(example, taken=WORDS)
    assert (list(found), problems) == (["support", "glossary"], [])
