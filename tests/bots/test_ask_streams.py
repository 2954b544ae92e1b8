"""What a person in a terminal sees of thoughts and of models that only continue texts."""

import pytest
from pydantic import SecretStr

from bots.ask import ask
from bots.drun_settings import DrunSettings
from core import texts
from tests.doubles.drun.frames import Thought
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

R1 = "public/deepseek-r1"
V3 = "public/deepseek-v3"


def settings(drun: DrunDouble, *, completions: str = "") -> DrunSettings:
    return DrunSettings.model_validate(
        {
            "drun_api_key": SecretStr(drun.key),
            "drun_base_url": drun.maas_url,
            "drun_completions": completions,
        }
    )


async def test_models_that_are_named_are_asked_to_continue_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    async with DrunDouble() as drun:
        drun.reply_with("Here I am.")
        await ask(settings(drun, completions=f"{R1}, public/other"), "who?", R1)
        await ask(settings(drun), "who?", R1)
    assert [call.continues for call in drun.requests] == [True, False]
    assert capsys.readouterr().out == "Here I am.\n" * 2


async def test_a_thought_that_was_written_is_told_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    async with DrunDouble() as drun:
        drun.reply = Script("42", thoughts=["let me see"], shape=Thought.CLOSING_TAG)
        await ask(settings(drun), "what is it?", V3)
    written = capsys.readouterr()
    assert written.out == "let me see\n42\n"
    assert texts.WAS_THOUGHT.en in written.err


async def test_no_other_shape_of_thought_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    async with DrunDouble() as drun:
        for shape in set(Thought) - {Thought.CLOSING_TAG}:
            drun.reply = Script("42", thoughts=["let me see"], shape=shape)
            await ask(settings(drun), "what is it?", V3)
            assert capsys.readouterr().out == "42\n"
