"""The manifest: what Slack takes, what the code needs, and no more."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from adapters.slack import names
from adapters.slack.events import read_event
from adapters.slack.manifest import manifest as manifest_for
from adapters.slack.names import Names
from core.commands.aliases import ALIASES
from core.commands.listed import COMMANDS
from tests.adapters.slack.test_changes import CHANGES
from tests.adapters.slack.test_events import BODIES, BOT, READ
from tests.adapters.slack.test_greeting import ARRIVALS
from tests.checkout import CHECKOUT
from tests.doubles.slack.methods import METHODS

# Slash commands of Slack's own, with where that is known from.
RESERVED = tomllib.loads((Path(__file__).parent / "reserved.toml").read_text(encoding="utf-8"))
# The kinds of conversation in which the bot can be mentioned or written to, each with a history scope of its own.
HISTORIES = {"channels:history", "groups:history", "im:history", "mpim:history"}
OF_EVENTS = {
    "app_home_opened": "",  # Slack: every app may know who opens it
    "app_mention": "app_mentions:read",
    "app_uninstalled": "",
    "member_joined_channel": "channels:read groups:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "pin_added": "pins:read",
    "pin_removed": "pins:read",
    "tokens_revoked": "",
}
OF_LEAVING = {"app_uninstalled", "tokens_revoked"}


def called() -> set[str]:
    """The methods of the Web API that the adapter calls, from its source."""
    found = set()
    for path in (CHECKOUT / "adapters" / "slack").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                of = ast.unparse(node.func.value)
                if of == "client" or of.endswith(".client"):
                    found.add(node.func.attr.replace("_", "."))
    return found


def test_the_scopes_are_exactly_those_that_the_code_uses() -> None:
    methods = called()
    assert {"chat.postMessage", "chat.update", "conversations.replies"} <= methods
    needed = {METHODS[name].scope for name in methods if name in METHODS} - {None}
    if methods & {"conversations.history", "conversations.replies"}:
        needed |= HISTORIES
    events = manifest()["settings"]["event_subscriptions"]["bot_events"]
    needed |= {scope for event in events for scope in OF_EVENTS[event].split()}
    needed |= {"commands", "files:read"}  # files are read by their address, which is no method
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_every_method_that_is_called_is_one_that_slack_has() -> None:
    # The last one takes the app-level token, and so no scope of the bot.
    assert called() <= {*METHODS, "apps.connections.open"}


def test_the_events_are_exactly_those_that_are_read() -> None:
    kinds = {BODIES[what]["event"]["type"] for what in READ}
    assert kinds == {"app_mention", "message"}
    assert all(read_event(BODIES[what], BOT) for what in READ)
    told = {payload["event"]["type"] for payload, _ in CHANGES.values()}
    assert told == {"message", "pin_added", "pin_removed"}
    told |= OF_LEAVING | {payload["event"]["type"] for payload, _ in ARRIVALS}
    # What becomes of a message is told wherever the bot can be spoken to.
    kinds |= told - {"message"} | {f"message.{kind}" for kind in ("channels", "groups", "im", "mpim")}
    subscribed = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert subscribed == sorted(kinds - {"message"})


def test_the_socket_is_on_and_what_needs_an_address_is_off() -> None:
    settings = manifest()["settings"]
    assert settings["socket_mode_enabled"] is True
    assert "request_url" not in settings["event_subscriptions"]
    assert all("url" not in command for command in manifest()["features"]["slash_commands"])


def test_people_may_write_to_the_bot_directly() -> None:
    home = manifest()["features"]["app_home"]
    assert (home["messages_tab_enabled"], home["messages_tab_read_only_enabled"]) == (True, False)


def manifest() -> dict[str, Any]:
    return manifest_for(Names())


@pytest.mark.parametrize(
    ("called", "there"),
    [
        (Names(), ["/model", "/drun"]),
        (Names("ask", "llm"), ["/llm", "/ask"]),
        (Names("model", ""), ["/model"]),
    ],
)
def test_the_commands_are_those_that_the_adapter_listens_to(called: Names, there: list[str]) -> None:
    commands = [command["command"] for command in manifest_for(called)["features"]["slash_commands"]]
    assert commands == [f"/{name}" for name in called.all] == there
    # Each of the core's commands is read back from how it is spelled, also where ours are called as some of them.
    for name in COMMANDS:
        slash, _, rest = called.spelled(name).partition(" ")
        assert slash in there
        assert called.typed(slash.removeprefix("/"), f"{rest} now".lstrip()) == (name, "now")


def test_the_names_that_slack_keeps_are_refused() -> None:
    known = {name for kind in ("documented", "refused") for name in RESERVED[kind]["names"]}
    assert known == names.RESERVED


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_one_chinese_name_behind_the_umbrella(name: str) -> None:
    [alias] = [alias for alias, meant in ALIASES.items() if meant == name]
    assert Names().typed("drun", f"{alias} x") == (name, "x")
    assert Names().typed("drun", f"／{alias}。") == (name, "")


def test_every_command_of_the_core_can_be_given_in_slack() -> None:
    umbrella = manifest()["features"]["slash_commands"][-1]
    assert re.findall(r"\w+", umbrella["description"].partition(": ")[2]) == list(COMMANDS)


def test_the_hints_say_what_can_be_written() -> None:
    """Slack shows them behind the name. No thread: there are no slash commands in threads."""
    hints = {each["command"]: each["usage_hint"] for each in manifest()["features"]["slash_commands"]}
    assert hints == {"/model": "[name] [channel|me|workspace|everywhere]", "/drun": "[command] [argument]"}


@pytest.mark.parametrize("command", manifest()["features"]["slash_commands"], ids=lambda one: one["command"])
def test_slack_takes_the_command(command: dict[str, str]) -> None:
    name = command["command"].removeprefix("/")
    assert not [kind for kind, known in RESERVED.items() if name in known["names"]]
    assert re.fullmatch(r"[a-z0-9_-]{1,31}", name), "Slack: at most 32 characters with the slash, no spaces"
    assert 1 <= len(command["description"]) <= 2_000
    assert len(command.get("usage_hint", "")) <= 1_000


def test_the_texts_fit() -> None:
    shown = manifest()["display_information"]
    assert 1 <= len(shown["name"]) <= 35
    assert 1 <= len(shown["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    assert 1 <= len(manifest()["features"]["bot_user"]["display_name"]) <= 80
