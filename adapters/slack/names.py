"""What the slash commands are called: Slack has no name spaces, and of two apps the one installed last has the name."""

import re
from dataclasses import dataclass

from core.commands.aliases import ALIASES
from core.commands.listed import COMMANDS
from core.words import first_of, plain

RESERVED = frozenset(
    [
        "apps",
        "archive",
        "away",
        "close",
        "collapse",
        "commands",
        "debug",
        "dm",
        "dnd",
        "expand",
        "feed",
        "feedback",
        "help",
        "invite",
        "join",
        "kick",
        "kill",
        "leave",
        "me",
        "msg",
        "mute",
        "open",
        "part",
        "prefs",
        "pro",
        "remind",
        "remove",
        "rename",
        "search",
        "send",
        "shortcuts",
        "shrug",
        "star",
        "status",
        "topic",
        "who",
    ]
)
"""Slack's own, and those whose refusal was told of: Slack publishes no list, and one of them spoils a whole manifest."""
_LONGEST = 31
"""Slack: 32 characters with the slash."""
_FORM = re.compile(rf"[a-z0-9_-]{{1,{_LONGEST}}}")
OFF = "off"


@dataclass(frozen=True, slots=True)
class Names:
    """Two slash commands at most."""

    umbrella: str = "drun"
    """For all of the core's commands: ``/drun <command> ...``."""
    model: str = "model"
    """For ``/model`` alone; empty: it has none of its own."""

    @property
    def all(self) -> tuple[str, ...]:
        """The shortest first, as people look for it."""
        return (self.model, self.umbrella) if self.model else (self.umbrella,)

    def spelled(self, command: str) -> str:
        """How the core's ``command`` is written in a channel."""
        return f"/{self.model}" if self.model and command == "model" else f"/{self.umbrella} {command}"

    def typed(self, command: str, text: str) -> tuple[str, str]:
        """Name and argument of what came as the slash command ``command``: ``/model x``, or ``/drun model x``."""
        if command == self.model:
            return "model", text.strip()
        name, argument = first_of(text)
        word = plain(name).lstrip("/") or "help"
        return (word if word in COMMANDS else ALIASES.get(word, word)), argument.strip()


def wrong_name(variable: str, name: str) -> str:
    """A sentence for the operator; empty where Slack takes ``name``."""
    if not _FORM.fullmatch(name):
        return (
            f"{variable}: {name[:60]!r} is no name of a slash command; one has no slash, and 1 to {_LONGEST} lower case "
            "letters, digits, - and _"
        )
    return f"{variable}: /{name} is Slack's own, choose another name" if name in RESERVED else ""
