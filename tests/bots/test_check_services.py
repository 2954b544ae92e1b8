"""`drun-chat check` on Model Services, and on settings that name models."""

from pathlib import Path

import pytest

from tests.bots.program import ended
from tests.bots.settings_of import host, lines_of, of_drun
from tests.doubles.drun import refusals
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

QWEN = "u-1100a15812cc/qwen2"


@pytest.fixture
def settings(drun: DrunDouble, redis_url: str) -> dict[str, str]:
    return {**of_drun(drun), "REDIS_URL": redis_url}


async def test_each_service_is_listed_with_what_it_runs_or_how_to_say_so(
    tmp_path: Path, drun: DrunDouble, settings: dict[str, str]
) -> None:
    drun.service.models.append("u-1100a15812cc/test")
    settings["DRUN_SERVICE_MODELS"] = f"{QWEN}=Qwen2.5-7B-Instruct"
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 0, found.all
    lines = found.out.splitlines()
    first = lines.index(f"ok    Model Service: {host(drun.service_url)}, 2 models")
    assert lines[first + 1 : first + 3] == [
        f"      {QWEN}: Qwen2.5-7B-Instruct",
        (
            "      u-1100a15812cc/test: which model it runs is not said: "
            "DRUN_SERVICE_MODELS=u-1100a15812cc/test=<official name>"
        ),
    ]
    assert f"ok    Model Service {host(drun.service_url)}: {QWEN} answers" in lines


NOWHERE = {
    "DRUN_SERVICE_MODELS": (
        "u-1100a15812cc/qwen22=Qwen2.5-7B-Instruct",
        f"no list has u-1100a15812cc/qwen22; did you mean {QWEN}?",
    ),
    "DRUN_MODELS": (
        "fast=public/deepseek-v33,public/deepseek-v3," + QWEN,
        "no list has public/deepseek-v33; did you mean public/deepseek-v3?",
    ),
    "DRUN_COMPLETIONS": ("qwen2", f"no list has qwen2; did you mean {QWEN}?"),
    "DRUN_CONTEXT_TOKENS": ("public/tiny=4096", "no list has public/tiny"),
}


@pytest.mark.parametrize("variable", NOWHERE)
async def test_an_id_that_no_list_has_is_told_by_its_setting(
    tmp_path: Path, settings: dict[str, str], variable: str
) -> None:
    settings[variable], told = NOWHERE[variable]
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    assert lines_of(found.out, "no") == [f"no    {variable}: {told}"]


async def test_a_twin_that_no_list_has_is_told_and_one_that_may_not_be_chosen_is_there_all_the_same(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    settings["DRUN_SERVICE_MODELS"] = f"{QWEN}=Qwen2.5-7B-Instruct=public/qwen2.5"
    settings["DRUN_MODELS"] = "public/deepseek-v3"
    settings["DRUN_COMPLETIONS"] = "public/deepseek-r1"
    found = await ended(tmp_path, "check", settings=settings)
    assert "no    DRUN_SERVICE_MODELS: no list has public/qwen2.5" in found.out
    assert f"no list has {QWEN}" not in found.out
    assert "DRUN_COMPLETIONS" not in found.out


async def test_what_may_be_in_a_list_that_cannot_be_read_is_a_warning(
    tmp_path: Path, drun: DrunDouble, settings: dict[str, str]
) -> None:
    drun.service.listing_fault = refusals.unavailable()
    settings["DRUN_COMPLETIONS"] = f"{QWEN},public/deepseek-v9"
    found = await ended(tmp_path, "check", settings=settings)
    assert lines_of(found.out, "warn") == [
        f"warn  DRUN_COMPLETIONS: whether there is {QWEN} cannot be found out: a list could not be read"
    ]
    assert "no    DRUN_COMPLETIONS: no list has public/deepseek-v9" in found.out


async def test_a_deployment_that_is_not_set_up_is_off_and_what_needs_it_says_so(
    tmp_path: Path, drun: DrunDouble, settings: dict[str, str]
) -> None:
    service = settings.pop("DRUN_SERVICE_BASE_URL")
    settings["DRUN_COMPLETIONS"] = "u-1/other"
    found = await ended(tmp_path, "check", settings=settings)
    assert "off   Model Service: DRUN_REGION is not set; it names where your own services are" in found.out
    assert lines_of(found.out, "no") == [
        "no    DRUN_COMPLETIONS: no list has u-1/other; Model Service is not set up: DRUN_REGION"
    ]
    alone = {"DRUN_SERVICE_BASE_URL": service, "DRUN_SERVICE_API_KEY": drun.key}
    found = await ended(tmp_path, "check", settings={**alone, "REDIS_URL": settings["REDIS_URL"]})
    assert found.code == 0, found.all
    assert "off   MaaS by Token: DRUN_API_KEY is not set" in found.out


async def test_a_service_that_is_down_is_found_although_another_model_is_the_default(
    tmp_path: Path, drun: DrunDouble, settings: dict[str, str]
) -> None:
    drun.answer_as(QWEN, refusals.no_balance())
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    [line] = lines_of(found.out, "no")
    where = host(drun.service_url)
    assert line.startswith(f"no    Model Service {where}: {QWEN}: The d.run account has no balance left")
    assert "      top up the wallet at https://console.d.run" in found.out
    assert "How to reach a Model Service, in three steps:" in found.out
    assert "How to reach MaaS by Token" not in found.out


async def test_one_service_of_each_region_is_asked_and_none_twice(
    tmp_path: Path, drun: DrunDouble, settings: dict[str, str]
) -> None:
    north = await drun.region("north", ["u-1100a15812cc/north", "u-1100a15812cc/other"])
    settings["DRUN_SERVICE_BASE_URL"] += f",{north.url}"
    settings["DRUN_DEFAULT_MODEL"] = QWEN
    settings["DRUN_SERVICE_MODELS"] = "u-1100a15812cc/other=Phi-4"
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 0, found.all
    # The one whose model is known: another may be there for something else than chats.
    assert [call.model for call in drun.requests] == [QWEN, "u-1100a15812cc/other"]


@pytest.mark.parametrize("fault", [Fault.NULL, Fault.END])
async def test_no_answer_at_all_is_not_called_an_incomplete_one(
    tmp_path: Path, drun: DrunDouble, settings: dict[str, str], fault: Fault
) -> None:
    drun.answer_as("public/deepseek-v3", Script("", fault=fault))
    found = await ended(tmp_path, "check", settings={**settings, "DRUN_MAX_RETRIES": "0"})
    assert lines_of(found.out, "no") == [
        "no    default model: The model cannot be reached right now. Please try again."
    ]
    assert "incomplete" not in found.all
