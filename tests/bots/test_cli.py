"""The program as an operator meets it: what one types and what is printed."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from tests.bots.program import Ended, ended
from tests.bots.settings_of import DISCORD_TOKEN, KEY, host, of_discord, of_drun
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun import refusals
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

SERVICE_MODEL = "u-1100a15812cc/qwen2"
WORDS = [
    (),
    ("run",),
    ("check",),
    ("ask",),
    ("models",),
    ("turns",),
    ("manifest",),
    ("manifest", "slack"),
    ("invite",),
    ("invite", "discord"),
]


async def test_every_command_explains_itself(tmp_path: Path) -> None:
    # Each is a second of work: all at once, the last one would look as if it hung.
    two = asyncio.Semaphore(2)

    async def help_of(words: tuple[str, ...]) -> Ended:
        async with two:
            return await ended(tmp_path, *words, "--help")

    explained = await asyncio.gather(*map(help_of, WORDS))
    for words, help_ in zip(WORDS, explained, strict=True):
        assert help_.code == 0, help_.err
        assert " ".join(("Usage: python -m bots", *words)) in help_.out
    for command in ("run", "check", "ask", "models", "turns", "usage", "manifest", "invite"):
        assert re.search(rf"^│ {command} +[A-Z]", explained[0].out, re.MULTILINE)


async def test_an_unknown_command_is_a_mistake_of_usage(tmp_path: Path) -> None:
    found = await ended(tmp_path, "sing")
    assert found.code == 2
    assert "No such command 'sing'" in found.err
    assert "Traceback" not in found.all


async def test_wrong_settings_stop_the_start_with_one_text_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "DRUN_API_KEY=sk-s3cretmark key\nWEB_PORT=web\nSLACK_BOT_TOKEN=xoxb-s3cretmark\n"
    )
    settings = {
        "REDIS_URL": "mysql://me:s3cretmark@host",
        "DISCORD_TOKEN": "Bot s3cretmark",
        "DRUN_REGION": "sh",
        "DRUN_BASE_URL": "ftp://me:s3cretmark@chat.d.run",
    }
    for command in ("run", "check"):
        found = await ended(tmp_path, command, settings=settings)
        assert found.code == 1
        assert found.out == ""
        lines = found.err.splitlines()
        assert lines[0] == "7 settings are wrong:"
        names = [
            "DRUN_REGION",
            "DRUN_BASE_URL",
            "DRUN_API_KEY",
            "REDIS_URL",
            "DISCORD_TOKEN",
            "SLACK_APP_TOKEN",
            "WEB_PORT",
        ]
        assert [line.split(":")[0] for line in lines[1:]] == [f"- {name}" for name in names]
        assert "s3cretmark" not in found.err
    assert not (tmp_path / ".data").exists(), "nothing may be started before the settings are right"


async def test_an_unknown_name_to_run_is_told_with_those_there_are(tmp_path: Path) -> None:
    found = await ended(tmp_path, "run", "telegram")
    assert found.code == 1
    assert (
        found.err
        == "One setting is wrong:\n- 'telegram' cannot be run; there are discord, slack, web, worker\n"
    )


async def test_an_answer_streams_into_the_terminal(tmp_path: Path, drun: DrunDouble) -> None:
    script = Script("Paris, of course.", gated=True)
    drun.script(script)
    asking = asyncio.create_task(ended(tmp_path, "ask", "capital of France?", settings=of_drun(drun)))
    await drun.until(lambda: drun.in_flight)
    assert not asking.done()
    await script.finish_up()
    found = await asking
    assert (found.code, found.out) == (0, "Paris, of course.\n")
    assert found.err == "[public/deepseek-v3]\n"
    assert drun.requests[0].messages[-1]["content"] == "capital of France?"


async def test_another_model_may_be_asked_by_its_short_name(tmp_path: Path, drun: DrunDouble) -> None:
    drun.reply_with("Fine.")
    found = await ended(tmp_path, "ask", "how are you?", "--model", "deepseek-r1", settings=of_drun(drun))
    assert (found.code, found.out) == (0, "Fine.\n")
    assert drun.requests[0].model == "public/deepseek-r1"


FAILURES: dict[str, tuple[refusals.Refusal | Script, str]] = {
    "wrong key": (refusals.wrong_key(KEY), "The d.run API key was refused"),
    "no balance": (refusals.no_balance(), "The d.run account has no balance left"),
    "cut": (Script("Half an", fault=Fault.NULL, after=2), "The answer was cut off"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_an_answer_that_fails_ends_in_a_sentence(
    tmp_path: Path, drun: DrunDouble, failure: str
) -> None:
    drun.reply, sentence = FAILURES[failure]
    found = await ended(tmp_path, "ask", "hello?", settings=of_drun(drun))
    assert found.code == 1
    assert found.err.splitlines()[-1].startswith(sentence)
    assert found.out == ("Half an\n" if failure == "cut" else "")
    assert "Traceback" not in found.err
    assert KEY not in found.all


async def test_the_models_of_both_deployments_are_listed(tmp_path: Path, drun: DrunDouble) -> None:
    settings = {**of_drun(drun), "DRUN_SERVICE_MODELS": f"{SERVICE_MODEL}=Qwen2.5-7B-Instruct"}
    found = await ended(tmp_path, "models", settings=settings)
    assert found.code == 0, found.err
    maas, service = host(drun.maas_url), host(drun.service_url)
    assert found.out.splitlines() == [
        (
            "  public/deepseek-r1    DeepSeek-R1 · MaaS by Token · 128k tokens · reasoning, tools · "
            f"¥0.004 in, ¥0.016 out per 1k · {maas}"
        ),
        (
            "* public/deepseek-v3    DeepSeek-V3 · MaaS by Token · 128k tokens · tools · "
            f"$0.28 in, $1.1 out per 1M · {maas}"
        ),
        f"  {SERVICE_MODEL}  Qwen2.5-7B-Instruct · Model Service · 32k tokens · paid per instance · {service}",
    ]


async def test_the_operators_names_stand_beside_the_ids(tmp_path: Path, drun: DrunDouble) -> None:
    settings = {**of_drun(drun), "DRUN_MODELS": f"fast=public/deepseek-v3,{SERVICE_MODEL}"}
    found = await ended(tmp_path, "models", settings=settings)
    assert found.code == 0, found.err
    named, plain = found.out.splitlines()
    assert named.startswith("* fast = public/deepseek-v3  DeepSeek-V3 · MaaS by Token")
    assert plain.startswith(f"  {SERVICE_MODEL}       Model Service"), (
        "the columns are as wide as the longest"
    )
    drun.reply_with("Fine.")
    asked = await ended(tmp_path, "ask", "how are you?", "--model", "fast", settings=settings)
    assert (asked.out, asked.err) == ("Fine.\n", "[public/deepseek-v3]\n")


async def test_what_is_set_for_all_questions_goes_to_the_model(tmp_path: Path, drun: DrunDouble) -> None:
    sampling = {"DRUN_TEMPERATURE": "0", "DRUN_TOP_P": "0.8", "DRUN_MAX_TOKENS": "100000"}
    await ended(tmp_path, "ask", "hello", settings={**of_drun(drun), **sampling})
    body = drun.requests[0].body
    # The table documents 8,192 tokens of output.
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0, 0.8, 8192)


async def test_patience_is_as_long_as_it_is_set(tmp_path: Path, drun: DrunDouble) -> None:
    drun.reply = Script("never", headers_s=float("inf"))
    settings = {"DRUN_FIRST_BYTE_TIMEOUT_S": "0.2", "DRUN_MAX_RETRIES": "0"}
    found = await ended(tmp_path, "ask", "hello", settings={**of_drun(drun), **settings})
    assert found.code == 1
    assert "The model cannot be reached right now." in found.err
    assert len(drun.requests) == 1


async def test_the_models_are_described_in_chinese_where_that_is_chosen(
    tmp_path: Path, drun: DrunDouble
) -> None:
    found = await ended(tmp_path, "models", settings={**of_drun(drun), "REPLY_LANGUAGE": "zh"})
    assert "128k token · 推理、工具 · 每 1k token 输入 ¥0.004，输出 ¥0.016" in found.out


async def test_a_deployment_whose_list_cannot_be_read_is_named_beside_the_others(
    tmp_path: Path, drun: DrunDouble
) -> None:
    drun.service.listing_fault = refusals.unavailable()
    found = await ended(tmp_path, "models", settings=of_drun(drun))
    assert len(found.out.splitlines()) == 2
    assert f"Model Service ({host(drun.service_url)}): The model cannot be reached right now." in found.err


async def test_in_the_terminal_the_same_model_of_the_other_deployment_answers_too(
    tmp_path: Path, drun: DrunDouble
) -> None:
    drun.maas.models.append("public/qwen2.5-7b")
    drun.script(*[refusals.broken()] * 2, Script("From MaaS."))
    settings = {
        **of_drun(drun),
        "DRUN_SERVICE_MODELS": f"{SERVICE_MODEL}=Qwen2.5-7B-Instruct=public/qwen2.5-7b",
    }
    found = await ended(tmp_path, "ask", "hello?", "--model", "qwen2", settings=settings)
    assert (found.code, found.out) == (0, "From MaaS.\n")
    assert found.err.splitlines() == [
        f"[{SERVICE_MODEL}]",
        "[public/qwen2.5-7b]",
        f"`public/qwen2.5-7b` answered: `{SERVICE_MODEL}` cannot be reached.",
    ]


async def test_the_manifest_is_json_and_needs_no_settings(tmp_path: Path) -> None:
    found = await ended(tmp_path, "manifest", "slack", settings={"WEB_PORT": "web"})
    assert (found.code, found.err) == (0, "")
    assert json.loads(found.out)["settings"]["socket_mode_enabled"] is True


async def test_the_invitation_is_a_link_for_this_application(tmp_path: Path, discord: DiscordDouble) -> None:
    found = await ended(tmp_path, "invite", "discord", settings=of_discord(discord))
    assert found.code == 0, found.err
    link = found.out.strip()
    assert link.startswith("https://discord.com/oauth2/authorize?")
    assert f"client_id={discord.application_id}" in link
    assert "scope=bot+applications.commands" in link
    asked_for = int(link.partition("permissions=")[2].partition("&")[0])
    assert Permission.ADD_REACTIONS & asked_for, "questions that wait are marked"
    assert Permission.ATTACH_FILES & asked_for, "long thoughts are files"
    assert Permission.READ_MESSAGE_HISTORY & asked_for, "answers are replies"


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("", "- DISCORD_TOKEN: is not set"),
        (
            DISCORD_TOKEN.replace("cli-to", "s3cret"),
            "Discord refuses DISCORD_TOKEN: it does not know this token",
        ),
    ],
    ids=["none", "wrong"],
)
async def test_no_invitation_without_the_right_token(
    tmp_path: Path, discord: DiscordDouble, token: str, sentence: str
) -> None:
    settings = {**of_discord(discord), "DISCORD_TOKEN": token}
    found = await ended(tmp_path, "invite", "discord", settings=settings)
    assert (found.code, found.out) == (1, "")
    assert sentence in found.err
    assert "s3cret" not in found.err
    assert "Traceback" not in found.err
