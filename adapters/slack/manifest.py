"""The app manifest to paste at https://api.slack.com/apps (Create New App, From a manifest)."""

from typing import Any

from adapters.slack.names import Names
from core.cascade import Level
from core.commands.command import Argument, Command
from core.commands.listed import COMMANDS

_SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "mpim:history",
    "pins:read",
    "reactions:write",
    "users:read",
)


def manifest(names: Names) -> dict[str, Any]:
    return {
        "display_information": {
            "name": "drun-chat",
            "description": "d.run language models as a colleague",
            "background_color": "#1f2937",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "drun", "always_online": True},
            "slash_commands": [
                *([_own(names.model, COMMANDS["model"])] if names.model else []),
                _umbrella(names.umbrella),
            ],
        },
        "oauth_config": {"scopes": {"bot": list(_SCOPES)}},
        "settings": {
            # Those of channels tell of edits and deletions; what is said there to others is read by nobody.
            "event_subscriptions": {
                "bot_events": [
                    "app_home_opened",
                    "app_mention",
                    "app_uninstalled",
                    "member_joined_channel",
                    "message.channels",
                    "message.groups",
                    "message.im",
                    "message.mpim",
                    "pin_added",
                    "pin_removed",
                    "tokens_revoked",
                ]
            },
            "interactivity": {"is_enabled": False},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }


def _own(name: str, command: Command) -> dict[str, Any]:
    slash: dict[str, Any] = {"command": f"/{name}", "description": command.summary.en, "should_escape": False}
    if command.arguments:
        slash["usage_hint"] = " ".join(map(_hint, command.arguments))
    return slash


def _hint(argument: Argument) -> str:
    # Slack: there are no slash commands in threads, and so nothing that one could set for a thread.
    choices = [choice for choice in argument.choices if choice != Level.THREAD.value]
    return f"[{'|'.join(choices) or argument.name}]"


def _umbrella(name: str) -> dict[str, Any]:
    return {
        "command": f"/{name}",
        "description": "all commands: " + ", ".join(COMMANDS),
        "usage_hint": "[command] [argument]",
        "should_escape": False,
    }
