"""What a person in a terminal sees of thoughts and of models that only continue texts."""

from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bots.ask import ask
from bots.drun_settings import DrunSettings
from core import texts
from core.errors import ModelUnavailable, ModelUnknown, ReplyCut
from tests.doubles.drun.frames import Thought
from tests.doubles.drun.refusals import Refusal
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

R1 = "public/deepseek-r1"
V3 = "public/deepseek-v3"


def settings(drun: DrunDouble, *, completions: str = "", **more: object) -> DrunSettings:
    return DrunSettings.model_validate(
        {
            "drun_api_key": SecretStr(drun.key),
            "drun_base_url": drun.maas_url,
            "drun_completions": completions,
            **more,
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


IMPATIENT: dict[str, Any] = {
    "drun_max_retries": 0,
    "drun_first_byte_timeout_s": 0.3,
    "drun_idle_timeout_s": 0.3,
}


@pytest.mark.parametrize("thoughts", [(), ("hm",)], ids=["nothing", "thoughts"])
@pytest.mark.parametrize("fault", Fault)
async def test_a_stream_that_breaks_before_its_first_word_was_not_cut_off(
    capsys: pytest.CaptureFixture[str], fault: Fault, thoughts: tuple[str, ...]
) -> None:
    async with DrunDouble() as drun:
        drun.reply = Script("never", fault=fault, thoughts=thoughts, after=len(thoughts))
        with capture_logs(), pytest.raises(ModelUnavailable) as caught:
            await ask(settings(drun, **IMPATIENT), "who?", V3)
    assert "cannot be reached" in caught.value.notice("en")
    assert capsys.readouterr().out == ""


async def test_a_page_of_html_in_the_place_of_an_answer_was_not_cut_off() -> None:
    async with DrunDouble() as drun:
        drun.reply = Refusal(200, b"<html>log in</html>", "text/html")
        with pytest.raises(ModelUnavailable):
            await ask(settings(drun, **IMPATIENT), "who?", V3)


async def test_a_stream_that_breaks_after_a_word_was_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    async with DrunDouble() as drun:
        drun.reply = Script("one two", fault=Fault.NULL, after=1)
        with pytest.raises(ReplyCut):
            await ask(settings(drun, **IMPATIENT), "who?", V3)
    assert capsys.readouterr().out == "one \n"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("public/deepsek-v3", "Did you mean `public/deepseek-v3`, `public/deepseek-r1`?"),
        ("deepseek-v33", "Did you mean `public/deepseek-v3`"),
        ("DeepSeek-V", "Did you mean `public/deepseek-v3`"),
        ("xyz", ""),
    ],
)
async def test_a_model_that_there_is_not_is_told_with_what_it_looks_like(name: str, near: str) -> None:
    async with DrunDouble() as drun:
        with pytest.raises(ModelUnknown) as caught:
            await ask(settings(drun), "who?", name)
        with pytest.raises(ModelUnknown) as chinese:
            await ask(settings(drun), "你是谁？", name)
    told = caught.value.notice("en")
    assert told.startswith(f"The model `{name}` does not exist here")
    assert ("Did you mean" in told) == bool(near)
    assert near in told
    assert ("您是不是想找" in chinese.value.notice("zh")) == bool(near)


async def test_an_official_name_is_enough_to_ask_by(capsys: pytest.CaptureFixture[str]) -> None:
    async with DrunDouble() as drun:
        drun.reply_with("Here I am.")
        await ask(settings(drun), "who?", "DeepSeek-V3")
        await ask(settings(drun, drun_default_model="DeepSeek-R1"), "who?", "")
    assert [call.model for call in drun.requests] == [V3, R1]
    assert "not offered" not in capsys.readouterr().err
