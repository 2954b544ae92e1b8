"""`drun-chat check`: a line for everything, and an exit code."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.bots.program import ended, still_there
from tests.bots.settings_of import host, lines_of, of_discord, of_drun, of_slack
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun import refusals
from tests.doubles.drun.refusals import Refusal
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble


async def test_check_says_that_all_is_well(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, discord: DiscordDouble, redis_url: str
) -> None:
    settings = {**of_drun(drun), **of_slack(slack), **of_discord(discord), "REDIS_URL": redis_url}
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 0, found.all
    assert lines_of(found.out, "no") == []
    maas, service = drun.maas_url, drun.service_url
    assert found.out.splitlines() == [
        f"ok    MaaS by Token: {host(maas)}, 2 models",
        f"ok    Model Service: {host(service)}, 1 models",
        (
            "      u-1100a15812cc/qwen2: which model it runs is not said: "
            "DRUN_SERVICE_MODELS=u-1100a15812cc/qwen2=<official name>"
        ),
        "ok    default model: public/deepseek-v3 answers",
        f"ok    Model Service {host(service)}: u-1100a15812cc/qwen2 answers",
        "ok    store: REDIS_URL",
        "off   encryption: ENCRYPTION_KEYS is not set; `drun-chat key` makes a key",
        "ok    discord: ready",
        "ok    slack: ready",
        "ok    web: ready",
    ]
    assert [call.body["max_tokens"] for call in drun.requests] == [1, 1], "trying must cost next to nothing"


async def test_check_with_a_private_store_leaves_none_behind(tmp_path: Path, drun: DrunDouble) -> None:
    found = await ended(tmp_path, "check", settings=of_drun(drun))
    assert found.code == 0, found.all
    assert "ok    store: private, in .data" in found.out
    assert "off   slack: SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set" in found.out
    assert still_there(tmp_path) == []


NOT_WELL: dict[str, tuple[Mapping[str, str], str]] = {
    "wrong key": ({"DRUN_API_KEY": "sk-another-s3cret"}, "The d.run API key was refused"),
    "unknown default": (
        {"DRUN_DEFAULT_MODEL": "public/deepseek-v9"},
        "no    default model: `public/deepseek-v9` is not offered any more; `public/deepseek-r1` answers.",
    ),
    "Slack token": (
        {"SLACK_BOT_TOKEN": "xoxb-another-s3cret"},
        "no    slack: Slack refuses SLACK_BOT_TOKEN: invalid_auth",
    ),
    "Slack app token": (
        {"SLACK_APP_TOKEN": "xapp-another-s3cret"},
        "no    slack: Slack refuses SLACK_APP_TOKEN: invalid_auth",
    ),
    "Slack away": (
        {"SLACK_API_URL": "http://127.0.0.1:1/api/"},
        "no    slack: Slack cannot be reached: ClientConnectorError",
    ),
    "Redis down": (
        {"REDIS_URL": "redis://me:s3cret@127.0.0.1:1/0"},
        "no    store: REDIS_URL does not answer (ConnectionError: Error 111 connecting to 127.0.0.1:1",
    ),
}


@pytest.mark.parametrize("what", NOT_WELL)
async def test_check_names_what_is_not_well(
    tmp_path: Path, drun: DrunDouble, slack: SlackDouble, redis_url: str, what: str
) -> None:
    changed, line = NOT_WELL[what]
    settings = {**of_drun(drun), **of_slack(slack), "REDIS_URL": redis_url, **changed}
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    assert line in found.out
    assert len(lines_of(found.out, "no")) == (3 if what == "wrong key" else 1), found.out
    assert "s3cret" not in found.all
    assert "Traceback" not in found.all


async def test_check_finds_an_empty_account_although_its_models_are_listed(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    drun.reply = refusals.no_balance()
    found = await ended(tmp_path, "check", settings={**of_drun(drun), "REDIS_URL": redis_url})
    assert found.code == 1
    assert lines_of(found.out, "no") == [
        "no    default model: The d.run account has no balance left. The operator of this bot has to top it up.",
        (
            f"no    Model Service {host(drun.service_url)}: u-1100a15812cc/qwen2: "
            "The d.run account has no balance left. The operator of this bot has to top it up."
        ),
    ]
    assert "top up the wallet at https://console.d.run" in found.out


async def test_a_short_name_or_an_alias_is_a_known_default_model(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    common = {**of_drun(drun), "REDIS_URL": redis_url}
    short = await ended(tmp_path, "check", settings={**common, "DRUN_DEFAULT_MODEL": "deepseek-r1"})
    assert "ok    default model: public/deepseek-r1 answers" in short.out
    named = {"DRUN_DEFAULT_MODEL": "fast", "DRUN_MODELS": "fast=public/deepseek-v3"}
    alias = await ended(tmp_path, "check", settings={**common, **named})
    assert "ok    default model: public/deepseek-v3 answers" in alias.out


async def test_a_usual_model_that_is_gone_is_told_and_stops_nothing(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    drun.maas.models[:] = ["public/deepseek-v4-flash"]
    found = await ended(tmp_path, "check", settings={**of_drun(drun), "REDIS_URL": redis_url})
    assert found.code == 0, found.all
    gone = "`public/deepseek-v3` is not offered any more; `public/deepseek-v4-flash` answers."
    assert f"ok    default model: {gone}" in found.out


async def test_where_only_a_service_is_set_up_its_first_model_is_the_default(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    settings = {"DRUN_SERVICE_BASE_URL": drun.service_url, "DRUN_SERVICE_API_KEY": drun.key}
    found = await ended(tmp_path, "check", settings={**settings, "REDIS_URL": redis_url})
    assert found.code == 0, found.all
    assert "ok    default model: u-1100a15812cc/qwen2 answers" in found.out


async def test_a_deployment_that_fails_is_told_with_its_own_three_steps(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    settings = {**of_drun(drun), "DRUN_SERVICE_API_KEY": "sk-another-s3cret", "REDIS_URL": redis_url}
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    assert "      see https://console.d.run, API Key 管理" in found.out
    assert "set DRUN_API_KEY or DRUN_SERVICE_API_KEY" in found.out
    assert "How to reach a Model Service, in three steps:" in found.out
    assert "How to reach MaaS by Token" not in found.out
    assert "s3cret" not in found.all


MAAS_STEPS = [
    "How to reach MaaS by Token, in three steps:",
    "1. Key: https://console.d.run, API Key 管理, create one; set DRUN_API_KEY.",
    "2. Endpoint: https://chat.d.run/v1, which needs no setting; a private installation is set with DRUN_BASE_URL.",
    (
        "3. Model: ids look like public/deepseek-v3. `drun-chat models` lists what the key may use; set "
        "DRUN_DEFAULT_MODEL."
    ),
]


async def test_maas_by_token_that_refuses_the_key_is_told_with_its_own_three_steps(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    drun.keys.add("sk-of-the-service")
    drun.keys.discard(drun.key)
    settings = {**of_drun(drun), "DRUN_SERVICE_API_KEY": "sk-of-the-service", "REDIS_URL": redis_url}
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    lines = found.out.splitlines()
    assert lines_of(found.out, "no")[0] == (
        f"no    MaaS by Token: {host(drun.maas_url)}, The d.run API key was refused. "
        "The operator of this bot has to check it."
    )
    assert (
        "      see https://console.d.run, API Key 管理: a deleted key stops working at once; set DRUN_API_KEY"
        in lines
    )
    assert f"ok    Model Service: {host(drun.service_url)}, 1 models" in lines
    first = lines.index(MAAS_STEPS[0])
    assert lines[first : first + 4] == MAAS_STEPS
    assert "How to reach a Model Service" not in found.out
    assert drun.key not in found.all


async def test_an_empty_wallet_is_told_with_the_steps_of_maas_and_where_it_is_topped_up(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    drun.reply = refusals.no_balance()
    settings = {"DRUN_BASE_URL": drun.maas_url, "DRUN_API_KEY": drun.key, "REDIS_URL": redis_url}
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    lines = found.out.splitlines()
    assert f"ok    MaaS by Token: {host(drun.maas_url)}, 2 models" in lines, "the list tells nothing of money"
    top_up = "      top up the wallet at https://console.d.run; a Model Service is paid from it too"
    assert lines[lines.index(top_up) - 1].startswith("no    default model: The d.run account has no balance")
    first = lines.index(MAAS_STEPS[0])
    assert lines[first : first + 4] == MAAS_STEPS
    assert "How to reach a Model Service" not in found.out, "none is set up"
    assert len(drun.requests) == 1, "what costs is not tried twice"


async def test_maas_by_token_at_a_wrong_address_is_told_with_the_step_that_sets_it(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    settings = {**of_drun(drun), "DRUN_BASE_URL": "http://127.0.0.1:1", "REDIS_URL": redis_url}
    found = await ended(tmp_path, "check", settings={**settings, "DRUN_MAX_RETRIES": "0"})
    assert found.code == 1
    assert lines_of(found.out, "no") == [
        "no    MaaS by Token: 127.0.0.1:1, The model cannot be reached right now. Please try again.",
        "no    default model: The model cannot be reached right now. Please try again.",
    ]
    assert MAAS_STEPS[2] in found.out.splitlines()
    assert found.out.count("      ConnectError: All connection attempts failed\n") == 2
    assert "How to reach a Model Service" not in found.out, "its list was read, and its service answers"


@pytest.mark.parametrize("command", ["check", "models"])
async def test_an_installation_without_keys_works_without_one(
    tmp_path: Path, drun: DrunDouble, redis_url: str, command: str
) -> None:
    drun.keys.add("")
    settings = {"DRUN_BASE_URL": drun.maas_url, "REDIS_URL": redis_url}
    found = await ended(tmp_path, command, settings=settings)
    assert found.code == 0, found.all
    told = {"check": "ok    default model: public/deepseek-v3 answers", "models": "public/deepseek-v3"}
    assert told[command] in found.out
    assert all("Authorization" not in call.headers for call in drun.requests)


@pytest.mark.parametrize("command", ["check", "models"])
async def test_a_key_that_is_missing_is_told_as_what_it_is(
    tmp_path: Path, drun: DrunDouble, redis_url: str, command: str
) -> None:
    settings = {"DRUN_BASE_URL": drun.maas_url, "REDIS_URL": redis_url}
    found = await ended(tmp_path, command, settings=settings)
    assert found.code == 1
    assert "The d.run API key was refused. The operator of this bot has to check it." in found.all
    assert "cannot be reached" not in found.all


REFUSED_ELSEWHERE: dict[str, tuple[Refusal, str, str]] = {
    "another vendor's 401": (
        refusals.FOREIGN["another vendor's 401"],
        "The model's provider refuses access to it.",
        "look at the key and the account of what stands behind d.run",
    ),
    "a login page": (
        refusals.redirect("https://login.example.com/in?token=s3cret"),
        "The model cannot be reached right now.",
        "HTTP 302 redirects to login.example.com; no model is served at this address: look at the base URL",
    ),
    "a path that is not served": (
        refusals.no_such_page(),
        "The model cannot be reached right now.",
        "no model is served at this address: look at the base URL",
    ),
}


@pytest.mark.parametrize("what", REFUSED_ELSEWHERE)
async def test_check_says_where_to_look_when_it_is_not_d_run_that_refuses(
    tmp_path: Path, drun: DrunDouble, redis_url: str, what: str
) -> None:
    answer, told, advice = REFUSED_ELSEWHERE[what]
    drun.reply = answer
    settings = {"DRUN_BASE_URL": drun.maas_url, "DRUN_API_KEY": drun.key, "REDIS_URL": redis_url}
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    [line] = lines_of(found.out, "no")
    assert line.startswith(f"no    default model: {told}")
    assert advice in found.out
    assert "console.d.run, API Key 管理: a deleted key" not in found.out
    assert "s3cret" not in found.all
    assert len(drun.requests) == 1


async def test_a_list_that_is_kept_does_not_hide_that_an_endpoint_is_away(
    tmp_path: Path, drun: DrunDouble, redis_url: str
) -> None:
    settings = {**of_drun(drun), "REDIS_URL": redis_url}
    assert (await ended(tmp_path, "check", settings=settings)).code == 0
    drun.service.listing_fault = refusals.unavailable()
    found = await ended(tmp_path, "check", settings=settings)
    assert found.code == 1
    assert lines_of(found.out, "no") == [
        f"no    Model Service: {host(drun.service_url)}, The model cannot be reached right now. Please try again."
    ]
