from importlib import import_module
from pkgutil import walk_packages
from string import Formatter

import pytest

import core
from core import errors, texts
from core.commands.listed import COMMANDS
from core.preferences import PREFERENCES
from core.texts import Language, LanguageChoice, Text, language_of


def _errors(root: type[errors.ChatError] = errors.ChatError) -> list[type[errors.ChatError]]:
    return [root, *(each for child in root.__subclasses__() for each in _errors(child))]


MODULES = [import_module(found.name) for found in walk_packages(core.__path__, "core.")]
TEXTS = {
    **{f"{module.__name__}.{name}": value for module in MODULES for name, value in vars(module).items()},
    **{error.__name__: error.text for error in _errors()},
    **{f"/{command.name}": command.summary for command in COMMANDS.values()},
    **{each.name: each.summary for each in PREFERENCES.values()},
}
SENTENCES = [pytest.param(value, id=name) for name, value in TEXTS.items() if isinstance(value, Text)]


@pytest.mark.parametrize(
    ("text", "choice", "expected"),
    [
        ("what does this error mean?", "auto", "en"),
        ("这个报错是什么意思", "auto", "zh"),
        ("NullPointerException 是什么意思?", "auto", "zh"),
        ("", "auto", "en"),
        ("Привет", "auto", "en"),
        ("こんにちは", "auto", "en"),
        ("这个报错是什么意思", "en", "en"),
        ("what does this error mean?", "zh", "zh"),
    ],
)
def test_people_are_spoken_to_in_their_language_unless_the_operator_chose_one(
    text: str, choice: LanguageChoice, expected: Language
) -> None:
    assert language_of(text, choice) == expected


def test_a_value_stands_in_the_sentence_as_it_is() -> None:
    text = Text("no {thing}", "没有 {thing}")

    assert text.say("en", thing="{braces}") == "no {braces}"
    assert text.say("zh", thing="`x`") == "没有 `x`"


@pytest.mark.parametrize("text", SENTENCES)
def test_both_languages_say_the_same_values(text: Text) -> None:
    assert sorted(_values(text.en)) == sorted(_values(text.zh))
    assert text.en.strip() == text.en != ""
    if text.en.endswith("."):  # a fragment may be the same word in both
        assert language_of(text.zh) == "zh"
    assert language_of(text.en) == "en"


def _values(sentence: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(sentence) if name is not None]


def test_the_sentences_of_every_module_were_found() -> None:
    assert len(SENTENCES) > 30


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_sentence_is_known_again_whatever_its_values(language: Language) -> None:
    said = texts.BUSY.say(language, number=12)
    assert texts.BUSY.is_said_by(f"{said} ▍")
    assert not texts.BUSY.is_said_by("⏳ is an hourglass")
    assert not texts.BUSY.is_said_by(f"She said: {said}")
