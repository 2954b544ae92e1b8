"""The three steps of README.md for each deployment, taken from there as they are written."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.drun.documented import documented_names
from tests.bots.program import Ended, ended
from tests.bots.settings_of import KEY, host, lines_of
from tests.checkout import CHECKOUT
from tests.doubles.drun.server import DrunDouble

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
PAGE = README.partition("## With d.run")[2].partition("\n## ")[0]
STEPS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d\. ", line)
]
MAAS, SERVICE = 1, 2
COMMANDS = re.findall(r"`drun-chat (\w+)`", PAGE)


def set_in(deployment: int) -> dict[str, str]:
    """The variables that the column of ``deployment`` sets, with their values."""
    return dict(
        setting.partition("=")[::2]
        for step in STEPS
        for setting in re.findall(r"`([A-Z_]+=[^`]+)`", step[deployment])
    )


def at(drun: DrunDouble, **settings: str) -> Mapping[str, str]:
    """Those settings, with the double in the place of d.run and its key in that of the reader's."""
    here = {"DRUN_API_KEY": KEY} if settings.pop("DRUN_API_KEY", "") else {}
    if settings.pop("DRUN_REGION", ""):
        here |= {"DRUN_SERVICE_BASE_URL": drun.service_url}
    return {"DRUN_BASE_URL": drun.maas_url, **here, **settings}


async def carried_out(folder: Path, command: str, settings: Mapping[str, str]) -> Ended:
    found = await ended(folder, command, settings=settings)
    assert found.code == 0, found.all
    assert "Traceback" not in found.all
    assert KEY not in found.all
    return found


def test_there_are_three_steps_and_two_commands() -> None:
    assert [re.sub(r"\W*(\d)\. \**(\w+).*", r"\1 \2", step[0]) for step in STEPS] == [
        "1 Key",
        "2 Endpoint",
        "3 Model",
    ]
    assert set(COMMANDS) == {"models", "check"}
    assert set(set_in(MAAS)) == {"DRUN_API_KEY", "DRUN_DEFAULT_MODEL"}
    assert set(set_in(SERVICE)) == {"DRUN_REGION", "DRUN_SERVICE_MODELS"}


def test_every_variable_of_the_steps_is_in_the_example() -> None:
    example = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    for name in re.findall(r"`(DRUN_[A-Z_]+)", PAGE):
        assert f"#{name}=" in example, name


async def test_maas_by_token_in_three_steps(tmp_path: Path, drun: DrunDouble, redis_url: str) -> None:
    written = set_in(MAAS)
    settings = {**at(drun, **written), "REDIS_URL": redis_url}
    listed = await carried_out(tmp_path, "models", settings)
    assert written["DRUN_DEFAULT_MODEL"] in listed.out
    checked = await carried_out(tmp_path, "check", settings)
    assert f"ok    MaaS by Token: {host(drun.maas_url)}, 2 models" in checked.out
    assert f"ok    default model: {written['DRUN_DEFAULT_MODEL']} answers" in checked.out
    assert lines_of(checked.out, "no") == []
    assert [call.model for call in drun.requests] == [written["DRUN_DEFAULT_MODEL"]]


async def test_a_model_service_in_three_steps(tmp_path: Path, drun: DrunDouble, redis_url: str) -> None:
    written = set_in(SERVICE)
    service, _, official = written["DRUN_SERVICE_MODELS"].partition("=")
    assert f"`{service}`" in STEPS[2][SERVICE]
    assert official in documented_names()
    # "The same" key: the first step is that of the other column.
    key = set_in(MAAS)["DRUN_API_KEY"]
    settings = {**at(drun, DRUN_API_KEY=key, DRUN_DEFAULT_MODEL=service, **written), "REDIS_URL": redis_url}
    listed = await carried_out(tmp_path, "models", settings)
    [line] = [line for line in listed.out.splitlines() if service in line]
    assert official in line
    assert "Model Service" in line
    checked = await carried_out(tmp_path, "check", settings)
    assert f"ok    Model Service: {host(drun.service_url)}, 1 models" in checked.out
    assert f"ok    default model: {service} answers" in checked.out
    assert [(call.endpoint, call.model) for call in drun.requests] == [("service", service)]


async def test_a_service_s_own_key_is_the_variable_that_the_step_names(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    [name] = re.findall(r"the same, or `([A-Z_]+)`", STEPS[0][SERVICE])
    service = set_in(SERVICE)["DRUN_SERVICE_MODELS"].partition("=")[0]
    settings = {"DRUN_SERVICE_BASE_URL": drun.service_url, name: KEY, "REDIS_URL": redis_url}
    checked = await carried_out(tmp_path, "check", settings)
    assert f"ok    default model: {service} answers" in checked.out


@pytest.mark.parametrize("deployment", [MAAS, SERVICE])
async def test_the_address_of_the_second_step_is_the_one_that_is_asked(
    tmp_path: Path, deployment: int
) -> None:
    [address] = re.findall(r"`(https://[^`]+)`", STEPS[1][deployment])
    # A proxy that is not there is asked for every address: nothing goes out, and the line names the host.
    away = {"HTTPS_PROXY": "http://127.0.0.1:1", "DRUN_API_KEY": "sk-nobody-0123456789"}
    checked = await ended(tmp_path, "check", settings={**away, **set_in(deployment), **away})
    assert checked.code == 1
    assert f"{host(address).removeprefix('https://').removesuffix('/v1')}, The model cannot be" in checked.out
