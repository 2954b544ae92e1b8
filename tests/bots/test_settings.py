"""Every variable: where it may come from, and what is told of a wrong one."""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr

from bots import platforms
from bots.configuration import configure
from bots.drun_settings import DrunSettings
from bots.limits import LimitSettings
from bots.reading import SettingsWrong, given, read
from bots.settings import StoreSettings, WorkSettings
from core.drun.calls import Sampling
from core.drun.fallback import Order
from core.drun.patience import Patience
from tests.checkout import CHECKOUT

# What people and deployments set by these names. A name may be added here, and none taken away.
CONTRACT = [
    "DRUN_API_KEY",
    "DRUN_BASE_URL",
    "DRUN_REGION",
    "DRUN_SERVICE_BASE_URL",
    "DRUN_SERVICE_API_KEY",
    "DRUN_SERVICE_MODELS",
    "DRUN_DEFAULT_MODEL",
    "DRUN_MODELS",
    "DRUN_MODELS_TTL_S",
    "DRUN_FALLBACK",
    "DRUN_RPM",
    "DRUN_MAX_CONCURRENCY",
    "DRUN_COMPLETIONS",
    "DRUN_CONTEXT_TOKENS",
    "DRUN_CONNECT_TIMEOUT_S",
    "DRUN_FIRST_BYTE_TIMEOUT_S",
    "DRUN_IDLE_TIMEOUT_S",
    "DRUN_TOTAL_TIMEOUT_S",
    "DRUN_MAX_RETRIES",
    "DRUN_TEMPERATURE",
    "DRUN_TOP_P",
    "DRUN_MAX_TOKENS",
    "DRUN_SEND_IMAGES",
    "DRUN_SHOW_REASONING",
    "DRUN_DEMO",
    "LOCAL_MODEL_PATH",
    "SYSTEM_PROMPT",
    "REPLY_LANGUAGE",
    "SUMMARY_MODEL",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_CLIENT_ID",
    "SLACK_CLIENT_SECRET",
    "SLACK_COMMAND",
    "SLACK_MODEL_COMMAND",
    "SLACK_API_URL",
    "DISCORD_TOKEN",
    "DISCORD_API_URL",
    "DISCORD_GATEWAY_URL",
    "DISCORD_BUFFER",
    "DISCORD_CATCH_UP_HOURS",
    "DISCORD_CATCH_UP_MESSAGES",
    "WEB_HOST",
    "WEB_PORT",
    "WEB_TOKEN",
    "REDIS_URL",
    "REDIS_PARTITIONS",
    "REDIS_WAIT_REPLICAS",
    "DATA_DIR",
    "HISTORY_TTL_DAYS",
    "ENCRYPTION_KEYS",
    "ADMINS",
    "PRESETS_FILE",
    "BUDGETS",
    "ALLOWED",
    "BLOCKED",
    "ATTACHMENT_MB",
    "WORKER_TURNS",
    "BUSY_MODE",
    "REPLY_MODE",
    "WAITING_TURNS",
    "LEASE_S",
    "DRAIN_S",
    "LOG_LEVEL",
    "LOG_FORMAT",
]


def sections() -> list[type[BaseModel]]:
    return [
        DrunSettings,
        StoreSettings,
        WorkSettings,
        LimitSettings,
        *map(platforms.section, platforms.names()),
    ]


def fields() -> dict[str, type[BaseModel]]:
    """Every setting's name with its section."""
    return {name.upper(): section for section in sections() for name in section.model_fields}


def examples() -> dict[str, str]:
    """What .env.example says when every line of it is switched on."""
    text = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    switched_on = re.sub(r"^#(?=[A-Z][A-Z0-9_]*=)", "", text, flags=re.MULTILINE)
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(switched_on)).items()}


def problems(settings: Mapping[str, str]) -> list[str]:
    """What a start with ``settings`` tells, line by line."""
    with pytest.raises(SettingsWrong) as wrong:
        configure([], settings)
    return str(wrong.value).split("\n")[1:]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and none of our settings in the environment."""
    for name in fields():
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_variable_of_the_contract_is_a_setting() -> None:
    assert sorted(fields()) == sorted(CONTRACT)


def test_every_setting_stands_in_the_example_and_nothing_else_does() -> None:
    assert sorted(examples()) == sorted(fields())


def test_the_example_is_all_comments_so_that_a_plain_copy_changes_nothing() -> None:
    text = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    assert dotenv_values(stream=StringIO(text)) == {}


def with_default() -> list[str]:
    """Settings that have a value when nothing is set; in the others' place stands only the form of one."""
    return [
        name
        for name, section in fields().items()
        if section.model_fields[name.lower()].default not in (None, "", [])
    ]


@pytest.mark.parametrize("name", with_default())
def test_the_example_shows_the_default(name: str) -> None:
    section, field = fields()[name], name.lower()
    shown = section.model_validate({field: examples()[name]})
    assert getattr(shown, field) == section.model_fields[field].default


def test_the_example_names_the_address_and_the_model_that_answer_by_default() -> None:
    plain, problems = read(DrunSettings, given({"DRUN_API_KEY": "sk-0123456789"}))
    assert plain is not None
    assert not problems
    assert [endpoint.base_url for endpoint in plain.endpoints()] == [examples()["DRUN_BASE_URL"]]
    assert examples()["DRUN_DEFAULT_MODEL"] == "public/deepseek-v3"


def test_a_dotenv_file_in_the_working_directory_is_read(here: Path) -> None:
    (here / ".env").write_text(
        "DRUN_DEFAULT_MODEL=public/deepseek-r1\nexport WEB_PORT='0' # any\n\n# a word\n"
    )
    found, _ = read(DrunSettings, given())
    web, _ = read(platforms.section("web"), given())
    assert found is not None
    assert found.drun_default_model == "public/deepseek-r1"
    assert web is not None
    assert web.model_dump()["web_port"] == 0


def test_the_environment_wins_over_the_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".env").write_text("LEASE_S=20\nDRAIN_S=20\nDATA_DIR=from-file\n")
    monkeypatch.setenv("LEASE_S", "30")
    monkeypatch.setenv("DATA_DIR", "")
    work, _ = read(WorkSettings, given())
    store, _ = read(StoreSettings, given())
    assert work is not None
    assert (work.lease_s, work.drain_s) == (30.0, 20.0)
    assert store is not None
    assert store.data_dir == Path(".data"), "set to nothing on purpose"


def test_a_file_that_begins_with_a_byte_order_mark_loses_no_variable(here: Path) -> None:
    (here / ".env").write_bytes(b"\xef\xbb\xbfLEASE_S=20\r\nDRAIN_S=5\r\n")
    work, problems = read(WorkSettings, given())
    assert not problems
    assert work is not None
    assert (work.lease_s, work.drain_s) == (20.0, 5.0)


@pytest.mark.parametrize("content", ["LEASE_S 20", "LEASE_S", "=20", 'LEASE_S="20'])
def test_a_line_that_is_no_setting_is_told_of_with_its_number(here: Path, content: str) -> None:
    (here / ".env").write_text(f"DRAIN_S=5\n{content}\n")
    assert given().problems == [".env: line 2 is no setting; one looks like NAME=value"]


@pytest.mark.parametrize("kind", ["folder", "bytes"])
def test_a_dotenv_that_cannot_be_read_stops_the_start(here: Path, kind: str) -> None:
    if kind == "folder":
        (here / ".env").mkdir()
    else:
        (here / ".env").write_bytes(b"SYSTEM_PROMPT=\xff\xfe")
    with pytest.raises(SettingsWrong, match=r"- \.env: cannot be read \(.+\)"):
        configure()


def test_a_value_may_stand_in_a_file_of_its_own(here: Path) -> None:
    (here / "key").write_text("sk-from-a-file\n")
    found, problems = read(DrunSettings, given({"DRUN_API_KEY_FILE": str(here / "key")}))
    assert not problems
    assert found is not None
    assert found.endpoints()[0].key == "sk-from-a-file"


def test_a_file_loses_to_the_value_itself(here: Path) -> None:
    (here / "key").write_text("sk-from-a-file")
    settings = {"DRUN_API_KEY": "sk-itself", "DRUN_API_KEY_FILE": str(here / "key")}
    found, _ = read(DrunSettings, given(settings))
    assert found is not None
    assert found.endpoints()[0].key == "sk-itself"


def test_a_file_named_by_the_environment_wins_over_a_value_in_dotenv(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".env").write_text("DRUN_API_KEY=sk-in-dotenv\n")
    (here / "key").write_text("sk-from-a-file")
    monkeypatch.setenv("DRUN_API_KEY_FILE", str(here / "key"))
    found, _ = read(DrunSettings, given())
    assert found is not None
    assert found.endpoints()[0].key == "sk-from-a-file"


def test_a_named_file_that_is_missing_or_empty_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    settings = {"SLACK_BOT_TOKEN_FILE": str(tmp_path / "gone"), "DRUN_API_KEY_FILE": str(tmp_path / "empty")}
    told = problems(settings)
    assert f"- SLACK_BOT_TOKEN_FILE: {tmp_path}/gone cannot be read (No such file or directory)" in told
    assert f"- DRUN_API_KEY_FILE: {tmp_path}/empty is empty" in told


def test_a_file_named_for_another_program_is_none_of_our_business(tmp_path: Path) -> None:
    configure([], {"POSTGRES_PASSWORD_FILE": str(tmp_path / "gone")})


def test_space_around_a_pasted_value_does_not_count() -> None:
    found, problems = read(
        DrunSettings, given({"DRUN_API_KEY": " sk-0123456789\r\n", "DRUN_REGION": " sh-02 , "})
    )
    assert not problems
    assert found is not None
    assert [endpoint.key for endpoint in found.endpoints()] == ["sk-0123456789"] * 2
    assert [endpoint.host for endpoint in found.endpoints()] == ["chat.d.run", "sh-02.d.run"]


def test_several_regions_are_several_services_and_a_service_may_have_a_key_of_its_own() -> None:
    settings = {"DRUN_REGION": "sh-02,sh-07", "DRUN_SERVICE_API_KEY": "sk-service"}
    found, problems = read(DrunSettings, given(settings))
    assert not problems
    assert found is not None
    assert not found.demo
    assert [(endpoint.base_url, endpoint.key) for endpoint in found.endpoints()] == [
        ("https://sh-02.d.run/v1", "sk-service"),
        ("https://sh-07.d.run/v1", "sk-service"),
    ]


def test_a_region_may_be_pasted_as_its_host_or_its_address() -> None:
    pasted = "SH-02, sh-07.d.run, https://yc-01.d.run/v1, http://xj-01.d.run"
    found, problems = read(DrunSettings, given({**KEY, "DRUN_REGION": pasted}))
    assert not problems
    assert found is not None
    assert [endpoint.base_url for endpoint in found.endpoints()[1:]] == [
        f"https://{region}.d.run/v1" for region in ("sh-02", "sh-07", "yc-01", "xj-01")
    ]


@pytest.mark.parametrize(
    ("maas", "service"),
    [
        ("chat.d.run", "sh-02.d.run"),
        ("https://CHAT.d.run/v1/", "https://sh-02.d.run/v1/chat/completions"),
        ("http://10.1.2.3:8080", "http://models.example.com"),
        ("http://d.running.example", "http://region-02.example.com"),
    ],
)
def test_d_run_by_https_and_private_installations_by_either_are_accepted(maas: str, service: str) -> None:
    settings = {**KEY, "DRUN_BASE_URL": maas, "DRUN_SERVICE_BASE_URL": service}
    found, problems = read(DrunSettings, given(settings))
    assert not problems
    assert found is not None
    plain = [endpoint.base_url.startswith("http:") for endpoint in found.endpoints()]
    assert plain == [maas.startswith("http:"), service.startswith("http:")]


@pytest.mark.parametrize(
    "written",
    [
        "fast=public/deepseek-v3, public/deepseek-r1",
        '{"fast": "public/deepseek-v3", "public/deepseek-r1": "public/deepseek-r1"}',
    ],
)
def test_names_of_models_are_a_list_or_a_json_object(written: str) -> None:
    found, problems = read(DrunSettings, given({**KEY, "DRUN_MODELS": written}))
    assert not problems
    assert found is not None
    assert found.aliases() == {"fast": "public/deepseek-v3", "public/deepseek-r1": "public/deepseek-r1"}


def test_models_that_may_be_chosen_are_a_json_list_too() -> None:
    found, problems = read(DrunSettings, given({**KEY, "DRUN_MODELS": '["public/a", "public/b"]'}))
    assert not problems
    assert found is not None
    assert found.aliases() == {"public/a": "public/a", "public/b": "public/b"}


def test_several_services_may_have_a_key_each() -> None:
    settings = {
        "DRUN_SERVICE_BASE_URL": "http://a:1, http://b:2",
        "DRUN_SERVICE_API_KEY": "sk-a1234, sk-b1234",
    }
    found, problems = read(DrunSettings, given(settings))
    assert not problems
    assert found is not None
    assert [(endpoint.base_url, endpoint.key) for endpoint in found.endpoints()] == [
        ("http://a:1/v1", "sk-a1234"),
        ("http://b:2/v1", "sk-b1234"),
    ]


def test_the_key_of_one_service_is_taken_as_it_is() -> None:
    settings = {"DRUN_SERVICE_BASE_URL": "http://a:1", "DRUN_SERVICE_API_KEY": "one,key"}
    found, problems = read(DrunSettings, given(settings))
    assert not problems
    assert found is not None
    assert [endpoint.key for endpoint in found.endpoints()] == ["one,key"]


def test_an_address_that_is_given_twice_is_one_endpoint() -> None:
    settings = {**KEY, "DRUN_REGION": "sh-02,sh-07,sh-02"}
    found, problems = read(DrunSettings, given(settings))
    assert not problems
    assert found is not None
    assert [endpoint.host for endpoint in found.endpoints()] == ["chat.d.run", "sh-02.d.run", "sh-07.d.run"]


def test_what_a_service_runs_may_name_its_twin() -> None:
    entries = "u-1/a=Qwen2.5-7B-Instruct=public/qwen2.5-7b, u-1/b = glm-4-9b-chat"
    found, problems = read(DrunSettings, given({**KEY, "DRUN_SERVICE_MODELS": entries}))
    assert not problems
    assert found is not None
    assert found.services_run() == {"u-1/a": "Qwen2.5-7B-Instruct", "u-1/b": "glm-4-9b-chat"}
    assert found.twins() == {"public/qwen2.5-7b": "Qwen2.5-7B-Instruct"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"DRUN_API_KEY": "sk-0123456789"}, "public/deepseek-v3"),
        ({"DRUN_BASE_URL": "http://a"}, "public/deepseek-v3"),
        ({"DRUN_API_KEY": "sk-0123456789", "DRUN_DEFAULT_MODEL": "public/a"}, "public/a"),
        ({"DRUN_API_KEY": "sk-0123456789", "DRUN_MODELS": "public/a,b=public/b"}, ""),
        ({"DRUN_API_KEY": "sk-0123456789", "DRUN_MODELS": "v3=public/deepseek-v3"}, "public/deepseek-v3"),
        ({"DRUN_SERVICE_BASE_URL": "http://a"}, ""),
        ({}, ""),
    ],
)
def test_the_usual_model_is_the_default_only_where_it_may_be_offered(
    settings: Mapping[str, str], expected: str
) -> None:
    found, problems = read(DrunSettings, given(settings))
    assert not problems
    assert found is not None
    assert found.default_model == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Order.CHOSEN),
        ("on", Order.CHOSEN),
        ("OFF", Order.OFF),
        ("service, maas", Order.SERVICE_FIRST),
        ("MaaS,Service", Order.MAAS_FIRST),
    ],
)
def test_the_order_of_those_who_run_the_same_model_is_a_setting(value: str, expected: Order) -> None:
    found, problems = read(DrunSettings, given({**KEY, "DRUN_FALLBACK": value}))
    assert not problems
    assert found is not None
    assert found.drun_fallback is expected


def test_how_models_are_asked_is_a_setting_and_nothing_of_it_has_to_be_set() -> None:
    plain, none = read(DrunSettings, given(KEY))
    assert plain is not None
    assert not none
    assert (plain.patience(), plain.sampling()) == (Patience(), Sampling())
    settings = {
        "DRUN_CONNECT_TIMEOUT_S": "1.5",
        "DRUN_FIRST_BYTE_TIMEOUT_S": "300",
        "DRUN_IDLE_TIMEOUT_S": "30",
        "DRUN_TOTAL_TIMEOUT_S": "900",
        "DRUN_MAX_RETRIES": "0",
        "DRUN_TEMPERATURE": "0",
        "DRUN_TOP_P": "0.8",
        "DRUN_MAX_TOKENS": "2000",
    }
    full, none = read(DrunSettings, given({**KEY, **settings}))
    assert full is not None
    assert not none
    assert full.patience() == Patience(
        connect_s=1.5, first_byte_s=300.0, idle_s=30.0, total_s=900.0, retries=0
    )
    assert full.sampling() == Sampling(0.0, 0.8, 2000)


KEY = {"DRUN_API_KEY": "sk-0123456789"}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
FORM = "must be <service id>=<documented model>, or with =<public id> behind"
WRONG: list[tuple[Mapping[str, str], str]] = [
    ({"DRUN_REGION": "sh", **KEY}, "DRUN_REGION: 'sh' is no region; it looks like sh-02"),
    ({"DRUN_REGION": "<region>-02", **KEY}, "DRUN_REGION: '<region>-02' is no region; it looks like sh-02"),
    ({"DRUN_REGION": "region-02", **KEY}, "DRUN_REGION: 'region-02' is no region; it looks like sh-02"),
    ({"DRUN_REGION": "sh-07, sh-2", **KEY}, "DRUN_REGION: 'sh-2' is no region; it looks like sh-02"),
    ({"DRUN_REGION": "chat.d.run", **KEY}, "DRUN_REGION: 'chat.d.run' is no region; it looks like sh-02"),
    ({"DRUN_REGION": "sh-02"}, "DRUN_API_KEY: is missing; DRUN_REGION"),
    (
        {"DRUN_SERVICE_BASE_URL": "sh.d.run", **KEY},
        "DRUN_SERVICE_BASE_URL: 'sh.d.run' names no region; it looks like https://sh-02.d.run",
    ),
    (
        {"DRUN_SERVICE_BASE_URL": "https://region-02.d.run", **KEY},
        "DRUN_SERVICE_BASE_URL: 'https://region-02.d.run' names no region; it looks like https://sh-02.d.run",
    ),
    (
        {"DRUN_SERVICE_BASE_URL": "https://<region>.d.run", **KEY},
        "DRUN_SERVICE_BASE_URL: 'https://<region>.d.run' is not a web address such as https://sh-02.d.run",
    ),
    (
        {"DRUN_SERVICE_BASE_URL": "http://sh-02.d.run/v1", **KEY},
        "DRUN_SERVICE_BASE_URL: 'http://sh-02.d.run/v1' would send the key in clear text",
    ),
    (
        {"DRUN_BASE_URL": "http://chat.d.run"},
        "DRUN_BASE_URL: 'http://chat.d.run' would send the key in clear text",
    ),
    (
        {"DRUN_BASE_URL": "https://SH-02.d.run/v1"},
        "DRUN_BASE_URL: 'https://SH-02.d.run/v1' is a Model Service's address: set DRUN_REGION=sh-02",
    ),
    (
        {"DRUN_BASE_URL": "http://sh-02.d.run:443"},
        "DRUN_BASE_URL: 'http://sh-02.d.run:443' is a Model Service's address: set DRUN_REGION=sh-02",
    ),
    *(
        (
            {"DRUN_BASE_URL": f"https://{other}d.run"},
            f"DRUN_BASE_URL: 'https://{other}d.run' serves no models; MaaS by Token is at https://chat.d.run/v1",
        )
        for other in ("console.", "docs.", "www.", "")
    ),
    ({"DRUN_MODELS": '{"fast": "public/x"', **KEY}, "DRUN_MODELS: is no JSON ("),
    ({"DRUN_MODELS": '{"fast": 1}', **KEY}, "DRUN_MODELS: holds something else than names and ids; it looks"),
    (
        {"DRUN_MODELS": '{"a=b": "c"}', **KEY},
        "DRUN_MODELS: holds something else than names and ids; it looks",
    ),
    ({"DRUN_MODELS": '[["fast"]]', **KEY}, "DRUN_MODELS: holds something else than names and ids; it looks"),
    (
        {"DRUN_SERVICE_MODELS": "qwen2=Phi-4", **KEY},
        f"DRUN_SERVICE_MODELS: qwen2=Phi-4 {FORM}: qwen2 is no service's id such as u-1100a15812cc/qwen2",
    ),
    (
        {"DRUN_SERVICE_MODELS": "public/deepseek-v3=DeepSeek-V3", **KEY},
        f"DRUN_SERVICE_MODELS: public/deepseek-v3=DeepSeek-V3 {FORM}: public/deepseek-v3 is no service's id",
    ),
    ({"DRUN_CONTEXT_TOKENS": "many", **KEY}, "DRUN_CONTEXT_TOKENS: =many must be <tokens>"),
    ({"DRUN_CONTEXT_TOKENS": "public/x=12", **KEY}, "DRUN_CONTEXT_TOKENS: public/x=12 must be"),
    ({"DRUN_SERVICE_API_KEY": "sk-1234"}, "DRUN_SERVICE_API_KEY: is for a Model Service"),
    ({"DRUN_API_KEY": "sk-01234 56789"}, "DRUN_API_KEY: holds a space"),
    ({"DRUN_BASE_URL": "ftp://chat.d.run"}, "DRUN_BASE_URL: 'ftp://chat.d.run' is not a web address"),
    ({"DRUN_BASE_URL": "https://me:pw@chat.d.run"}, "DRUN_BASE_URL: a base URL holds no user"),
    ({"DRUN_SERVICE_BASE_URL": "https:/host"}, "DRUN_SERVICE_BASE_URL: 'https:/host' is not a web address"),
    ({"DRUN_SERVICE_MODELS": "u-1/a=qwen", **KEY}, "DRUN_SERVICE_MODELS: u-1/a=qwen must be <service id>="),
    ({"DRUN_SERVICE_MODELS": "=Phi-4", **KEY}, "DRUN_SERVICE_MODELS: =Phi-4 must be"),
    (
        {"DRUN_SERVICE_MODELS": "u-1/a=Phi-4=public/a=b", **KEY},
        f"DRUN_SERVICE_MODELS: u-1/a=Phi-4=public/a=b {FORM}: it has too many =",
    ),
    (
        {"DRUN_SERVICE_MODELS": "u-1/a=Phi-4=u-1/b", **KEY},
        f"DRUN_SERVICE_MODELS: u-1/a=Phi-4=u-1/b {FORM}: u-1/b is no public id such as",
    ),
    (
        {"DRUN_SERVICE_MODELS": "u-1/a=Phi-4=public/deepseek-v3", **KEY},
        f"DRUN_SERVICE_MODELS: u-1/a=Phi-4=public/deepseek-v3 {FORM}: public/deepseek-v3 is documented as DeepSeek-V3",
    ),
    (
        {"DRUN_SERVICE_MODELS": "u-1/a=Phi-4=public/a,u-1/b=glm-4-9b-chat=public/a", **KEY},
        "DRUN_SERVICE_MODELS: public/a cannot be Phi-4 and glm-4-9b-chat at once",
    ),
    (
        {"DRUN_FALLBACK": "maas", **KEY},
        "DRUN_FALLBACK: input should be 'on', 'service,maas', 'maas,service' or 'off'",
    ),
    (
        {"DRUN_CONNECT_TIMEOUT_S": "0", **KEY},
        "DRUN_CONNECT_TIMEOUT_S: input should be greater than or equal to 0.1 (it is '0')",
    ),
    (
        {"DRUN_CONNECT_TIMEOUT_S": "121", **KEY},
        "DRUN_CONNECT_TIMEOUT_S: input should be less than or equal to 120 (it is '121')",
    ),
    ({"DRUN_FIRST_BYTE_TIMEOUT_S": "2m", **KEY}, "DRUN_FIRST_BYTE_TIMEOUT_S: input should be a valid number"),
    (
        {"DRUN_FIRST_BYTE_TIMEOUT_S": "inf", **KEY},
        "DRUN_FIRST_BYTE_TIMEOUT_S: input should be less than or equal to 3600 (it is 'inf')",
    ),
    (
        {"DRUN_IDLE_TIMEOUT_S": "nan", **KEY},
        "DRUN_IDLE_TIMEOUT_S: input should be less than or equal to 3600 (it is 'nan')",
    ),
    (
        {"DRUN_TOTAL_TIMEOUT_S": "-1", **KEY},
        "DRUN_TOTAL_TIMEOUT_S: input should be greater than or equal to 0.1 (it is '-1')",
    ),
    (
        {"DRUN_MAX_RETRIES": "11", **KEY},
        "DRUN_MAX_RETRIES: input should be less than or equal to 10 (it is '11')",
    ),
    (
        {"DRUN_MAX_RETRIES": "-1", **KEY},
        "DRUN_MAX_RETRIES: input should be greater than or equal to 0 (it is '-1')",
    ),
    (
        {"DRUN_TEMPERATURE": "2.1", **KEY},
        "DRUN_TEMPERATURE: input should be less than or equal to 2 (it is '2.1')",
    ),
    ({"DRUN_TEMPERATURE": "hot", **KEY}, "DRUN_TEMPERATURE: input should be a valid number"),
    ({"DRUN_TOP_P": "0", **KEY}, "DRUN_TOP_P: input should be greater than 0 (it is '0')"),
    ({"DRUN_TOP_P": "1.5", **KEY}, "DRUN_TOP_P: input should be less than or equal to 1 (it is '1.5')"),
    (
        {"DRUN_MAX_TOKENS": "0", **KEY},
        "DRUN_MAX_TOKENS: input should be greater than or equal to 1 (it is '0')",
    ),
    ({"DRUN_SEND_IMAGES": "sometimes", **KEY}, "DRUN_SEND_IMAGES: input should be a valid boolean"),
    ({"DRUN_MODELS_TTL_S": "0", **KEY}, "DRUN_MODELS_TTL_S: input should be greater than or equal to 1"),
    (
        {"DRUN_REGION": "sh-02,sh-07,sh-09", "DRUN_SERVICE_API_KEY": "sk-1234,sk-5678", **KEY},
        "DRUN_SERVICE_API_KEY: has 2 keys for 3 Model Services",
    ),
    (
        {"DRUN_BASE_URL": "https://<region>.d.run"},
        "DRUN_BASE_URL: 'https://<region>.d.run' is not a web address",
    ),
    ({"DRUN_MODELS": "=public/deepseek-v3", **KEY}, "DRUN_MODELS: =public/deepseek-v3 must be"),
    ({"DRUN_MODELS": "fast=", **KEY}, "DRUN_MODELS: fast= must be"),
    ({"DRUN_DEMO": "maybe"}, "DRUN_DEMO: input should be a valid boolean"),
    ({"LOCAL_MODEL_PATH": "gone.gguf"}, "LOCAL_MODEL_PATH: there is no file gone.gguf"),
    ({"REPLY_LANGUAGE": "fr"}, "REPLY_LANGUAGE: input should be 'auto', 'en' or 'zh' (it is 'fr')"),
    ({**SLACK, "SLACK_APP_TOKEN": "", **KEY}, "SLACK_APP_TOKEN: is missing"),
    ({**SLACK, "SLACK_BOT_TOKEN": "", **KEY}, "SLACK_BOT_TOKEN: is missing"),
    ({**SLACK, "SLACK_BOT_TOKEN": "xapp-1", **KEY}, "SLACK_BOT_TOKEN: must begin with xoxb-"),
    ({**SLACK, "SLACK_APP_TOKEN": "xoxb-1", **KEY}, "SLACK_APP_TOKEN: must begin with xapp-"),
    ({**SLACK, "SLACK_APP_TOKEN": "xapp-1\nxapp-2", **KEY}, "SLACK_APP_TOKEN: holds a space"),
    ({**SLACK, "SLACK_API_URL": "slack.com/api", **KEY}, "SLACK_API_URL: 'slack.com/api' must begin with"),
    ({"SLACK_COMMAND": "/drun", **KEY}, "SLACK_COMMAND: '/drun' is no name of a slash command; one has no"),
    ({"SLACK_COMMAND": "d" * 32, **KEY}, f"SLACK_COMMAND: '{'d' * 32}' is no name of a slash command"),
    ({"SLACK_MODEL_COMMAND": "Off", **KEY}, "SLACK_MODEL_COMMAND: 'Off' is no name of a"),
    ({"SLACK_COMMAND": "status", **KEY}, "SLACK_COMMAND: /status is Slack's own, choose another name"),
    ({"SLACK_MODEL_COMMAND": "feedback", **KEY}, "SLACK_MODEL_COMMAND: /feedback is Slack's own"),
    ({"SLACK_COMMAND": "model", **KEY}, "SLACK_MODEL_COMMAND: /model is SLACK_COMMAND already"),
    (
        {"SLACK_SIGNING_SECRET": "abc", **KEY},
        "SLACK_SIGNING_SECRET, SLACK_CLIENT_ID, SLACK_CLIENT_SECRET: HTTP mode",
    ),
    (
        {"DISCORD_TOKEN": "Bot abc.def.ghi", **KEY},
        "DISCORD_TOKEN: holds a space; paste the token alone, without Bot",
    ),
    ({"DISCORD_API_URL": "discord.com", **KEY}, "DISCORD_API_URL: 'discord.com' must begin with"),
    (
        {"DISCORD_GATEWAY_URL": "https://gateway", **KEY},
        "DISCORD_GATEWAY_URL: 'https://gateway' must begin with wss://",
    ),
    ({"WEB_PORT": "http"}, "WEB_PORT: input should be a valid integer"),
    ({"WEB_PORT": "70000"}, "WEB_PORT: input should be less than or equal to 65535 (it is '70000')"),
    ({"WEB_TOKEN": "short"}, "WEB_TOKEN: must have at least 16 characters"),
    (
        {"REDIS_URL": "redis+cluster://h1:6379,h2:6379/1"},
        "REDIS_URL: cannot be read; it looks like redis+cluster://[user:password@]host1:6379,host2:6379",
    ),
    (
        {"REDIS_URL": "redis+sentinel://h1:26379"},
        "REDIS_URL: cannot be read; it looks like redis+sentinel://[user:password@]host1:26379,host2:26379/service/0",
    ),
    ({"REDIS_URL": "localhost:6379"}, "REDIS_URL: must begin with redis://"),
    ({"REDIS_URL": "redis://me:p/w@localhost"}, "REDIS_URL: cannot be read"),
    ({"REDIS_URL": "redis://localhost:port"}, "REDIS_URL: cannot be read"),
    ({"REDIS_URL": "redis://localhost?colour=red"}, "REDIS_URL: cannot be read"),
    ({"REDIS_PARTITIONS": "0"}, "REDIS_PARTITIONS: input should be greater than or equal to 1"),
    ({"REDIS_WAIT_REPLICAS": "-1"}, "REDIS_WAIT_REPLICAS: input should be greater than or equal to 0"),
    ({"HISTORY_TTL_DAYS": "-1"}, "HISTORY_TTL_DAYS: input should be greater than or equal to 0"),
    ({"ENCRYPTION_KEYS": "k1,k2"}, "ENCRYPTION_KEYS: one of them is no key; `drun-chat key` makes one"),
    ({"BUDGETS": "person 50 requests"}, "BUDGETS: `person 50 requests` is no budget; one looks like"),
    (
        {"BUDGETS": "person 50 requests/hour, channel 5 EUR/day"},
        "BUDGETS: `channel 5 EUR/day`: what is counted is one of `requests`, `tokens`, `CNY`, `USD`",
    ),
    ({"ALLOWED": "U789"}, "ALLOWED: `U789` names nobody; right would be `slack:U789` (a person)"),
    ({"BLOCKED": "slak:U789"}, "BLOCKED: `slak:U789` names no platform; there are discord, slack, web"),
    ({"BLOCKED": "model:public/*/x"}, "BLOCKED: `model:public/*/x` names no model; right would be"),
    ({"WORKER_TURNS": "many"}, "WORKER_TURNS: input should be a valid integer"),
    ({"LEASE_S": "0.1"}, "LEASE_S: input should be greater than or equal to 1"),
    ({"DRAIN_S": "soon"}, "DRAIN_S: input should be a valid number"),
    ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ({"LOG_FORMAT": "xml"}, "LOG_FORMAT: input should be 'auto', 'text' or 'json'"),
]


@pytest.mark.parametrize(("settings", "sentence"), WRONG, ids=[sentence[:40] for _, sentence in WRONG])
def test_a_wrong_setting_is_told_by_its_name(settings: Mapping[str, str], sentence: str) -> None:
    told = problems(settings)
    assert len(told) == 1, told
    assert told[0].startswith(f"- {sentence}")


@pytest.mark.parametrize(
    ("url", "partitions", "replicas"),
    [
        (None, 1, 0),
        ("redis://h", 1, 0),
        ("redis+sentinel://h/drun", 1, 1),
        ("redis+cluster://h", 16, 1),
    ],
)
def test_the_form_of_the_store_says_how_many_partitions_and_replicas_unless_they_are_set(
    url: str | None, partitions: int, replicas: int
) -> None:
    redis_url = None if url is None else SecretStr(url)
    by_form = StoreSettings(redis_url=redis_url)
    assert (by_form.partitions, by_form.wait_replicas) == (partitions, replicas)
    chosen = StoreSettings(redis_url=redis_url, redis_partitions=4, redis_wait_replicas=0)
    assert (chosen.partitions, chosen.wait_replicas) == (4, 0)


def test_a_secret_of_the_wrong_form_is_told_without_its_value() -> None:
    class Section(BaseModel):
        a_secret: SecretStr = Field(default=SecretStr(""), min_length=16)
        a_number: int = 0

    settings, problems = read(Section, given({"A_SECRET": "s3cret", "A_NUMBER": "one"}))
    assert settings is None
    assert [problem.split(":")[0] for problem in problems] == ["A_SECRET", "A_NUMBER"]
    assert "s3cret" not in problems[0]
    assert problems[1].endswith("(it is 'one')")


def test_values_are_taken_in_either_case_where_only_words_are_meant() -> None:
    work, problems = read(WorkSettings, given({"LOG_LEVEL": "debug", "LOG_FORMAT": "JSON"}))
    assert not problems
    assert work is not None
    assert (work.log_level, work.log_format) == ("DEBUG", "json")
