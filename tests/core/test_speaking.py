"""In which language somebody is spoken to whose words may not tell."""

import asyncio
from dataclasses import dataclass

import pytest

from core.conversation import Channel, Turn
from core.people import UNKNOWN, Person
from core.speaking import language_for
from core.texts import Language, LanguageChoice, language_named
from tests.core.scene import FakePlatform
from tests.core.store.talk import said
from tests.fakes.clock import now, virtual_time

TELLS_NOTHING = [
    "",
    "  \n",
    "?",
    "……",
    "42",
    "👍",
    "/help",
    "/model",
    "／MODEL",
    "/model public/deepseek-r1 me",
]


def place(language: Language | None) -> FakePlatform:
    return FakePlatform(people={"ada": Person("Ada", admin=None, language=language)})


@pytest.mark.parametrize("text", TELLS_NOTHING)
@pytest.mark.parametrize("own", ["en", "zh"])
async def test_where_the_words_tell_nothing_it_is_the_language_of_their_author(
    text: str, own: Language
) -> None:
    assert await language_for(said(text), "auto", place(own)) == own


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what now?", "en"),
        ("Привет", "en"),
        ("a", "en"),
        ("为什么", "zh"),
        ("why 为什么", "zh"),
        ("/帮助", "zh"),
        ("/system set 简短回答", "zh"),
        ("/compare deepseek-v3 deepseek-r1 which of you?", "en"),
        ("/var is full", "en"),
    ],
)
@pytest.mark.parametrize("own", ["en", "zh", None])
async def test_words_that_tell_are_answered_in_their_own_language(
    text: str, language: Language, own: Language | None
) -> None:
    assert await language_for(said(text), "auto", place(own)) == language


@pytest.mark.parametrize("choice", ["en", "zh"])
async def test_what_was_chosen_counts_before_all_else(choice: LanguageChoice) -> None:
    for text in ("", "what now?", "为什么"):
        assert await language_for(said(text), choice, place("zh" if choice == "en" else "en")) == choice


async def test_where_the_platform_does_not_tell_it_is_what_they_asked_last_and_nobody_else() -> None:
    history = [
        Turn("ada", "为什么", "Because."),
        Turn("bob", "why?", "Because."),
        Turn("ada", "👍", "Glad to hear it."),
    ]
    assert await language_for(said(""), "auto", place(None), history) == "zh"
    assert await language_for(said(""), "auto", place(None), history[1:]) == "en"
    assert await language_for(said(""), "auto", None, history) == "zh"
    assert await language_for(said(""), "auto", place("en"), history) == "en"


@dataclass(frozen=True, slots=True)
class Silent:
    async def person(self, author: str, channel: Channel) -> Person:
        await asyncio.Event().wait()
        return UNKNOWN


@virtual_time
async def test_a_platform_that_does_not_answer_holds_nobody_up() -> None:
    begun = now()
    assert await language_for(said("/help"), "auto", Silent()) == "en"
    assert now() - begun <= 1.0


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh-CN", "zh"),
        ("zh-TW", "zh"),
        ("zh", "zh"),
        ("ZH-cn", "zh"),
        ("en-US", "en"),
        ("fr-FR", "en"),
        ("", None),
    ],
)
def test_a_locale_is_the_nearest_of_the_two_languages(locale: str, language: Language | None) -> None:
    assert language_named(locale) == language
