"""All settings of one start, together."""

from collections.abc import Mapping

import pytest

from bots.configuration import configure
from bots.reading import SettingsWrong

KEY = {"DRUN_API_KEY": "sk-0123456789"}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-a", "SLACK_APP_TOKEN": "xapp-1-a"}
DISCORD = {"DISCORD_TOKEN": "am91cm5leS1ib3QtaWQtMDAw.journe.y-token-of-the-discord-double-00"}

# A secret that is found anywhere has leaked; each of these is wrong in a way that is told by name.
MARK = "s3cretmark"
MANY_WRONG = {
    "DRUN_API_KEY": f"sk-{MARK} key",
    "DRUN_SERVICE_API_KEY": f"{MARK} service",
    "DRUN_BASE_URL": f"https://me:{MARK}@chat.d.run",
    "DRUN_REGION": "sh",
    "DRUN_DEMO": "perhaps",
    "SLACK_BOT_TOKEN": f"{MARK}-bot",
    "SLACK_SIGNING_SECRET": MARK,
    "SLACK_CLIENT_SECRET": MARK,
    "DISCORD_TOKEN": f"Bot {MARK}.abcdef.{MARK}",
    "WEB_TOKEN": MARK,
    "WEB_PORT": "web",
    "REDIS_URL": f"mysql://me:{MARK}@host/0",
    "REDIS_PARTITIONS": "none",
    "ENCRYPTION_KEYS": MARK,
    "LOG_LEVEL": "loud",
    "LEASE_S": "short",
}
TOLD_ABOUT = [*(name for name in MANY_WRONG if name != "SLACK_CLIENT_SECRET"), "SLACK_APP_TOKEN"]


def refused(settings: Mapping[str, str], *names: str) -> str:
    with pytest.raises(SettingsWrong) as wrong:
        configure(names, settings)
    return str(wrong.value)


def test_everything_wrong_is_told_at_once_and_no_secret_with_it() -> None:
    text = refused(MANY_WRONG)
    lines = text.split("\n")
    for name in TOLD_ABOUT:
        assert sum(line.startswith(f"- {name}") for line in lines) >= 1, f"{name} is not told of in:\n{text}"
    assert lines[0] == f"{len(lines) - 1} settings are wrong:"
    assert MARK not in text


def test_one_wrong_setting_is_told_in_the_singular() -> None:
    assert refused({"WEB_PORT": "web"}).startswith("One setting is wrong:\n- WEB_PORT: ")


def test_a_value_of_the_wrong_form_does_not_hide_what_is_wrong_besides() -> None:
    text = refused({"DRUN_DEMO": "perhaps", "DRUN_REGION": "sh", **KEY})
    assert "- DRUN_DEMO: " in text
    assert "- DRUN_REGION: " in text


def test_nothing_set_is_the_page_with_the_demo_model() -> None:
    found = configure([], {})
    assert found.drun.demo
    assert list(found.shown_on) == found.heard_on == ["web"]
    assert found.works
    assert found.skipped == {
        "discord": "DISCORD_TOKEN is not set",
        "slack": "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set",
    }


def test_no_names_mean_everything_that_is_set_up() -> None:
    found = configure([], {**KEY, **SLACK, **DISCORD})
    assert found.heard_on == ["discord", "slack", "web"]
    assert found.works
    assert not found.skipped


def test_a_named_platform_alone_is_heard_and_replies_are_shown_on_all() -> None:
    found = configure(["slack"], {**KEY, **SLACK, **DISCORD})
    assert found.heard_on == ["slack"]
    assert list(found.shown_on) == ["discord", "slack", "web"]
    assert not found.works
    alone = configure(["worker"], {**KEY, **SLACK})
    assert alone.heard_on == []
    assert alone.works


def test_unknown_names_are_told_with_those_there_are() -> None:
    text = refused({}, "telegram", "web", "wroker")
    assert "- 'telegram' cannot be run; there are discord, slack, web, worker" in text
    assert "- 'wroker' cannot be run" in text


def test_a_named_platform_that_is_not_set_up_says_what_it_needs() -> None:
    assert "- slack cannot be run: SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set" in refused(KEY, "slack")


@pytest.mark.parametrize(
    ("tokens", "team"), [(SLACK, "Slack"), (DISCORD, "Discord")], ids=["slack", "discord"]
)
def test_the_demo_model_answers_no_team_by_mistake(tokens: Mapping[str, str], team: str) -> None:
    text = refused(tokens)
    assert text.count("\n") == 1
    assert "- DRUN_API_KEY: is missing" in text
    assert f"people on {team} by mistake" in text
    assert "DRUN_DEMO=1" in text
    assert configure([], {**tokens, "DRUN_DEMO": "1"}).drun.demo
    assert not configure([], {**tokens, "DRUN_BASE_URL": "http://127.0.0.1:1"}).drun.demo


def test_half_a_slack_without_a_key_is_told_both_problems() -> None:
    text = refused({"SLACK_BOT_TOKEN": "xoxb-1"})
    assert "- SLACK_APP_TOKEN: is missing" in text
    assert "- DRUN_API_KEY: is missing" in text
