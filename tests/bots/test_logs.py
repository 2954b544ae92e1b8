"""Logs: one line for each thing told, and no secret in any of them."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from bots import logs

DISCORD_TOKEN = "am91cm5leS1ib3QtaWQtMDAw.journe.y-token-of-the-discord-double-00"
MARK = "s3cretm4rk"
SECRETS = {
    "d.run key": f"Incorrect API key provided: sk-{MARK}0123",
    "key in a header": f"Authorization: Bearer {MARK}",
    "key in a lower-case header": f"{{'authorization': 'bearer {MARK}'}}",
    "Slack bot token": f"xoxb-1234-5678-{MARK}",
    "Slack rotated token": f"xoxe.xoxb-1-{MARK}",
    "Slack app token": f"xapp-1-A1-2-{MARK}",
    "Slack socket": f"wss://wss-primary.slack.com/link/?ticket={MARK}&app_id=A1",
    "Discord token": f"Bot {DISCORD_TOKEN.replace('token-of', MARK)}",
    "Redis with a password": f"redis://:{MARK}@host:6379/0",
    "Redis with a user": f"rediss://me:{MARK}@host:6379/0",
    "Redis, password with an @": f"redis://me:p@ss/{MARK}@host:6379/0",
    "Redis Sentinel": f"redis+sentinel://me:{MARK}@h1:26379,h2:26379/service/0",
    "Redis over a socket": f"unix:///run/redis.sock?db=0&password={MARK}",
}
HARMLESS = [
    "the risk-averse disk-usage of task-force-9 at http://127.0.0.1:8080/api, ask a@b.example",
    "models: public/deepseek-v3, u-1100a15812cc/qwen2; 1732300000.123456 in C0123456789",
    "https://chat.d.run/v1 answered 401; redis://localhost:6379/0 is up",
]


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    """Logging belongs to the process: everything is put back."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in ("slack_bolt", "slack_sdk", "discord", "httpx")}
    yield
    root.handlers[:] = before
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
    structlog.reset_defaults()


def fail(text: str) -> None:
    raise ValueError(text) from KeyError(text)


def speak_of(text: str) -> None:
    """Every way in which a text gets into a log."""
    log = structlog.get_logger()
    log.warning(text)
    log.warning(
        "a value", reason=text, why=ValueError(text), raw=text.encode(), inner={"a": [(text,)], text: 1}
    )
    logging.getLogger("a.library").warning("said %s", text)
    logging.getLogger("a.library").warning("stack of %s", text, stack_info=True)
    try:
        fail(text)
    except ValueError:
        log.exception("ours")
        logging.getLogger("a.library").exception("theirs")


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_survives(kind: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("DEBUG", form)
    speak_of(SECRETS[kind])
    written = capsys.readouterr()
    assert written.out == ""
    assert MARK not in written.err
    assert written.err.count("<secret>") >= 6


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert logs.redacted(text) == text


@given(
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    secret=st.text(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=20, max_size=40
    ),
    form=st.sampled_from([" sk-{}", "xoxb-{}", "xapp-{}", "Bearer {}", "redis://me:{}@host", "?ticket={}"]),
)
def test_no_surrounding_text_saves_a_secret(before: str, after: str, secret: str, form: str) -> None:
    assume(secret not in before + after)
    assert secret not in logs.redacted(f"{before} {form.format(secret)} {after}")


def test_json_is_one_object_a_line_with_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("INFO", "json")
    speak_of('two\nlines, “中文” and "quotes"')
    lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == 6
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    assert lines[1]["inner"] == {
        "a": [['two\nlines, “中文” and "quotes"']],
        'two\nlines, “中文” and "quotes"': 1,
    }
    assert "ValueError: two" in lines[-1]["exception"]


def test_numbers_stay_numbers_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("INFO", "json")
    structlog.get_logger().info("counted", count=3, share=0.5, done=True, nothing=None)
    line = json.loads(capsys.readouterr().err)
    assert (line["count"], line["share"], line["done"], line["nothing"]) == (3, 0.5, True, None)


def test_without_a_terminal_the_form_is_json_and_text_has_no_colours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("INFO", "auto")
    structlog.get_logger().info("hello")
    assert json.loads(capsys.readouterr().err)["event"] == "hello"
    logs.set_up("INFO", "text")
    structlog.get_logger().info("hello", who="ada")
    assert capsys.readouterr().err.rstrip().endswith("[info     ] hello                          who=ada")


def test_the_level_holds_for_our_words_and_for_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("ERROR", "json")
    structlog.get_logger().warning("ours")
    logging.getLogger("a.library").warning("theirs")
    assert capsys.readouterr().err == ""


def test_libraries_that_log_what_people_wrote_are_quiet_also_when_debugging(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("DEBUG", "json")
    for name in (
        "slack_bolt.AsyncApp",
        "slack_sdk.web",
        "discord.gateway",
        "httpx",
        "httpcore.http11",
        "aiohttp.access",
    ):
        logging.getLogger(name).info("a whole message of a person")
    assert capsys.readouterr().err == ""
