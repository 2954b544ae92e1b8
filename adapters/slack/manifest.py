"""The app manifest to paste at https://api.slack.com/apps (Create New App, From a manifest)."""

from typing import Any

from core.cascade import Level
from core.commands.command import Argument
from core.commands.listed import COMMANDS

OWN_COMMANDS = ("model",)
"""Commands with a slash command of their own. Slack has no name spaces, and keeps /help and others for itself."""
UMBRELLA = "drun"
"""One slash command for all of them: ``/drun <command> ...``."""
ALL_COMMANDS = (*OWN_COMMANDS, UMBRELLA)


def spelled(command: str) -> str:
    """How ``command`` is written in a channel."""
    return f"/{command}" if command in OWN_COMMANDS else f"/{UMBRELLA} {command}"


def manifest() -> dict[str, Any]:
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
            "slash_commands": [_slash(name) for name in OWN_COMMANDS] + [_umbrella()],
        },
        "oauth_config": {
            "scopes": {
                "bot": [
                    "app_mentions:read",
                    "channels:history",
                    "channels:read",
                    "chat:write",
                    "commands",
                    "files:read",
                    "groups:history",
                    "groups:read",
                    "im:history",
                    "mpim:history",
                    "pins:read",
                    "reactions:write",
                    "users:read",
                ]
            }
        },
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


def _slash(name: str) -> dict[str, Any]:
    command = COMMANDS[name]
    slash: dict[str, Any] = {"command": f"/{name}", "description": command.summary.en, "should_escape": False}
    if command.arguments:
        slash["usage_hint"] = " ".join(map(_hint, command.arguments))
    return slash


def _hint(argument: Argument) -> str:
    # Slack: there are no slash commands in threads, and so nothing that one could set for a thread.
    choices = [choice for choice in argument.choices if choice != Level.THREAD.value]
    return f"[{'|'.join(choices) or argument.name}]"


def _umbrella() -> dict[str, Any]:
    return {
        "command": f"/{UMBRELLA}",
        "description": "all commands: " + ", ".join(COMMANDS),
        "usage_hint": "[command] [argument]",
        "should_escape": False,
    }
