"""``/system presets`` and ``/system preset``."""

from dataclasses import replace

import pytest

from core.cascade import Level
from core.presets import ours, read_presets
from core.store.connection import Connections
from core.texts import Language
from core.wrong import NotAllowedHere, OperatorsOnly
from tests.core.commands.bureau import ADA, OPERATOR, ROOT, THREAD, Bureau, bureau_with

TRANSLATOR = ours()["translator"]


@pytest.mark.parametrize("line", ["system presets", "system preset", "system 预设", "system Presets."])
async def test_they_are_listed_with_what_each_is_for(bureau: Bureau, language: Language, line: str) -> None:
    answer = await bureau.say(line, language=language)
    for name, preset in ours().items():
        assert f"- `{name}` {preset.summary[language]}" in answer.text
    assert "`/system preset <" in answer.text
    assert not answer.public
    assert await bureau.everything_set() == []


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("system preset translator", Level.THREAD),
        ("system preset translator me", Level.PERSON),
        ("system preset me translator", Level.PERSON),
        ("system preset here translator", Level.THREAD),
        ("system preset translator for me", Level.PERSON),
        ("system presets Translator. 我", Level.PERSON),
        ("system　预设　ｔranslator　话题", Level.THREAD),
    ],
)
async def test_one_is_set_where_it_was_said(
    bureau: Bureau, language: Language, line: str, level: Level
) -> None:
    answer = await bureau.say(line, where=THREAD, language=language)
    assert await bureau.set_at(level) == {"system": TRANSLATOR.text[language]}
    assert "`translator`" in answer.text
    assert TRANSLATOR.summary[language] in answer.text
    assert answer.public is (level is Level.THREAD)


async def test_whoever_may_set_instructions_may_set_a_preset_and_nobody_else(bureau: Bureau) -> None:
    for by, level, error in ((ADA, "channel", NotAllowedHere), (ROOT, "everywhere", OperatorsOnly)):
        answer = await bureau.say(f"system preset brief {level}", by=by)
        assert (answer.text, answer.public) == (error().notice("en"), False)
    assert await bureau.everything_set() == []
    assert (await bureau.say("system preset brief channel", by=ROOT)).public
    answer = await bureau.say("system preset brief everywhere", by=OPERATOR)
    assert "the preset `brief` everywhere" in answer.text
    assert answer.text.endswith("Here those of another level are given: this channel.")


async def test_it_is_shown_by_its_name_in_either_language_while_it_is_unchanged(
    bureau: Bureau, language: Language
) -> None:
    await bureau.say("system preset brief me", language=language)
    shown = (await bureau.say("system")).text
    assert shown.startswith("The model is given the preset `brief` (you):\n\n> ")
    assert ours()["brief"].text[language].splitlines()[0] in shown
    await bureau.say(f"system set me {ours()['brief'].text[language]} And be kind.")
    assert (await bureau.say("system")).text.startswith("The model is given these instructions (you):")


async def test_instructions_that_say_the_same_are_shown_as_the_preset(connections: Connections) -> None:
    async with bureau_with(connections, defaults={"system": TRANSLATOR.text["zh"]}) as bureau:
        assert "the preset `translator` (the default)" in (await bureau.say("system")).text


@pytest.mark.parametrize(
    ("written", "meant"),
    [("tranlator", "`translator`"), ("review", "`reviewer`"), ("qqqq", "`translator`, `reviewer`")],
)
async def test_an_unknown_one_is_answered_with_those_that_may_be_meant(
    bureau: Bureau, language: Language, written: str, meant: str
) -> None:
    answer = await bureau.say(f"system preset {written} me", language=language)
    assert f"`{written}`" in answer.text
    assert meant in answer.text
    assert "`/system presets`" in answer.text
    assert not answer.public
    assert await bureau.everything_set() == []


async def test_an_unknown_one_is_quoted_briefly_and_harmlessly(bureau: Bureau) -> None:
    assert len((await bureau.say(f"system preset {'`' * 2000} me")).text) < 300


async def test_the_operators_text_is_given_as_it_was_written(bureau: Bureau, language: Language) -> None:
    own, problems = read_presets('[json]\nsummary = "answers {as} JSON"\ntext = "Write {\\"a\\": {}}."')
    assert not problems
    bureau.desk = replace(bureau.desk, presets=own)
    assert "- `json` answers {as} JSON" in (await bureau.say("system presets", language=language)).text
    assert "answers {as} JSON" in (await bureau.say("system preset json me", language=language)).text
    assert await bureau.set_at(Level.PERSON) == {"system": 'Write {"a": {}}.'}
    assert "> Write {" in (await bureau.say("system", language=language)).text
    assert "`json`" in (await bureau.say("system preset translator", language=language)).text


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("system pre", ["presets", "preset"]),
        ("system preset tr", ["preset translator"]),
        ("system preset c", ["preset newcomer", "preset channel"]),
        ("system preset channel tr", ["preset channel translator"]),
        ("system preset translator w", ["preset translator workspace"]),
        ("system preset translator me x", []),
        ("system set tr", []),
        ("system set c", ["set channel"]),
        ("system set channel tr", []),
    ],
)
async def test_a_line_is_completed_with_names_and_places(
    bureau: Bureau, line: str, offered: list[str]
) -> None:
    found = await bureau.completed(line)
    assert sorted(found) == sorted(offered)


async def test_names_are_offered_before_places(bureau: Bureau) -> None:
    names = [f"preset {name}" for name in ours()]
    assert list(await bureau.completed("system preset "))[: len(names) + 1] == [*names, "preset channel"]
