"""The app manifest to paste at https://api.slack.com/apps (Create New App, From a manifest)."""

from typing import Any

from core.commands import COMMANDS

OWN_COMMANDS = ("model",)
"""Commands with a slash command of their own. Slack has no name spaces, and keeps /help and others for itself."""
UMBRELLA = "drun"
"""One slash command for all of them: ``/drun <command> ...``."""
ALL_COMMANDS = (*OWN_COMMANDS, UMBRELLA)


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
                    "chat:write",
                    "commands",
                    "files:read",
                    "groups:history",
                    "im:history",
                    "mpim:history",
                    "reactions:write",
                ]
            }
        },
        "settings": {
            "event_subscriptions": {"bot_events": ["app_mention", "message.im"]},
            "interactivity": {"is_enabled": False},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }


def _slash(name: str) -> dict[str, Any]:
    command = COMMANDS[name]
    slash: dict[str, Any] = {"command": f"/{name}", "description": command.summary.en, "should_escape": False}
    if command.argument is not None:
        slash["usage_hint"] = f"[{command.argument.name}]"
    return slash


def _umbrella() -> dict[str, Any]:
    return {
        "command": f"/{UMBRELLA}",
        "description": "all commands: " + ", ".join(COMMANDS),
        "usage_hint": "[command] [argument]",
        "should_escape": False,
    }
