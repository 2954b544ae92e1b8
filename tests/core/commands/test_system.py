"""``/system``."""

import pytest

from core.cascade import Level
from core.preferences import LONGEST_INSTRUCTIONS
from core.store.connection import Connections
from core.texts import Language
from tests.core.commands.bureau import ROOT, THREAD, Bureau, bureau_with


@pytest.mark.parametrize("line", ["system", "system show", "system 查看", "system Show."])
async def test_it_shows_what_the_model_is_given_and_where_that_comes_from(
    connections: Connections, line: str
) -> None:
    async with bureau_with(connections, defaults={"system": "Be kind."}) as bureau:
        answer = await bureau.say(line)
        assert answer.text == "The model is given these instructions (the default):\n\n> Be kind."
        assert not answer.public
        await bureau.say("system set me Be brief.\n\nAnd kind.")
        assert (await bureau.say(line)).text == (
            "The model is given these instructions (you):\n\n> Be brief.\n>\n> And kind."
        )


async def test_where_there_are_none_it_says_how_to_set_some(bureau: Bureau, language: Language) -> None:
    assert "`/system set <" in (await bureau.say("system", language=language)).text


async def test_those_of_one_level_are_shown(bureau: Bureau) -> None:
    await bureau.say("system set me Mine.")
    await bureau.say("system set channel Ours.", by=ROOT)
    assert (await bureau.say("system show me")).text.endswith("(you):\n\n> Mine.")
    assert (await bureau.say("system show")).text.endswith("(this channel):\n\n> Ours.")
    assert (await bureau.say("system show workspace")).text == "No instructions were set in this workspace."


@pytest.mark.parametrize(
    ("line", "level", "kept"),
    [
        ("system set Answer briefly.", Level.THREAD, "Answer briefly."),
        ("system set me Answer briefly.", Level.PERSON, "Answer briefly."),
        ("system set me: Answer briefly.", Level.PERSON, "Answer briefly."),
        ("system set\nAnswer briefly.\nThen stop.", Level.THREAD, "Answer briefly.\nThen stop."),
        ("system set me\n- one\n-  two", Level.PERSON, "- one\n-  two"),
        ("system set here me and my cat", Level.THREAD, "me and my cat"),
        ("system 设置 我：请简短回答。", Level.THREAD, "我：请简短回答。"),
        ("system 设置 我 请简短回答。", Level.PERSON, "请简短回答。"),
        ("system　设置　请简短回答。", Level.THREAD, "请简短回答。"),
    ],
)
async def test_they_are_kept_as_they_were_written(bureau: Bureau, line: str, level: Level, kept: str) -> None:
    answer = await bureau.say(line, where=THREAD)
    assert await bureau.set_at(level) == {"system": kept}
    assert answer.public is (level is Level.THREAD)
    assert f"`{' '.join(kept.split())}`" in answer.text, "whoever was misunderstood sees it at once"


async def test_the_longest_that_fits_is_kept_and_one_more_is_not(bureau: Bureau, language: Language) -> None:
    longest = "x" * LONGEST_INSTRUCTIONS
    assert len((await bureau.say(f"system set me {longest}")).text) < 200
    answer = await bureau.say(f"system set me {longest}y", language=language)
    assert "4,001" in answer.text
    assert "4,000" in answer.text
    assert not answer.public
    assert await bureau.set_at(Level.PERSON) == {"system": longest}


@pytest.mark.parametrize("line", ["system set", "system set me", "system You are a pirate.", "system sett x"])
async def test_what_is_no_action_is_told_how_it_is_written(
    bureau: Bureau, language: Language, line: str
) -> None:
    answer = await bureau.say(line, language=language)
    assert "`/system show`" in answer.text
    assert not answer.public
    assert await bureau.everything_set() == []


async def test_a_reset_goes_back_and_says_what_is_given_then(bureau: Bureau) -> None:
    await bureau.say("system set me Mine.")
    await bureau.say("system set channel Ours.", by=ROOT)
    assert (await bureau.say("system reset me")).text == (
        "The instructions for you are forgotten. Here those of another level are given: this channel."
    )
    answer = await bureau.say("system 重置 频道", by=ROOT)
    assert (answer.text, answer.public) == ("The instructions in this channel are forgotten.", True)
    assert await bureau.everything_set() == []


async def test_completion_offers_actions_and_places(bureau: Bureau) -> None:
    assert await bureau.completed("system ") == ["show", "set", "presets", "preset", "reset"]
    assert await bureau.completed("system set c") == ["set channel"]
    assert await bureau.completed("system set channel You") == []
