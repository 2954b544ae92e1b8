"""Who is pinged by a text, under an `allowed_mentions` or without one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.doubles.discord.errors import Payload, form_error, too_long

USER = re.compile(r"<@!?(\d{1,20})>")
ROLE = re.compile(r"<@&(\d{1,20})>")
EVERYONE = re.compile(r"@(everyone|here)\b")
LISTED = 100
"""Discord: at most 100 ids in `users` and in `roles`."""

CHANNEL_DEFAULT = frozenset({"users", "roles", "everyone"})
"""Discord: a message in a channel without allowed_mentions parses everything."""
WEBHOOK_DEFAULT = frozenset({"users"})
"""Discord: a message of an interaction or a webhook without allowed_mentions parses users only."""


@dataclass(frozen=True, slots=True)
class Pinged:
    users: tuple[str, ...]
    roles: tuple[str, ...]
    everyone: tuple[str, ...]

    @property
    def all(self) -> set[str]:
        return {*self.users, *self.roles, *self.everyone}


def check_allowed(allowed: Any) -> None:
    """Discord: a kind may be parsed or listed, not both; an empty list counts as absent."""
    if allowed is None:
        return
    if not isinstance(allowed, dict):
        raise form_error(["allowed_mentions"], "MODEL_TYPE_CONVERT", "Expected an object/dictionary.")
    parse = allowed.get("parse") or []
    for index, kind in enumerate(parse):
        if kind not in CHANNEL_DEFAULT:
            raise form_error(
                ["allowed_mentions", "parse", index],
                "BASE_TYPE_CHOICES",
                "Value must be one of ('roles', 'users', 'everyone').",
            )
    for kind in ("users", "roles"):
        listed = allowed.get(kind) or []
        if len(listed) > LISTED:
            raise too_long(["allowed_mentions", kind], LISTED)
        if kind in parse and listed:
            raise form_error(
                ["allowed_mentions"],
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def pinged(text: str, allowed: Payload | None, default: frozenset[str], replied_to: str | None) -> Pinged:
    """Whom `text` pings.

    Deliberately wider than Discord: code blocks, unknown ids and missing permissions protect nobody here, so that
    an empty answer is proof.
    """
    parse = default if allowed is None else frozenset(allowed.get("parse") or [])
    reply = replied_to is not None and (allowed is None or bool(allowed.get("replied_user")))

    def passes(kind: str) -> Callable[[str], bool]:
        listed = {str(item) for item in (allowed or {}).get(kind) or []}
        return lambda found: kind in parse or found in listed

    users = [*filter(passes("users"), USER.findall(text)), *([replied_to] if reply and replied_to else [])]
    roles = filter(passes("roles"), ROLE.findall(text))
    everyone = EVERYONE.findall(text) if "everyone" in parse else []
    return Pinged(tuple(dict.fromkeys(users)), tuple(dict.fromkeys(roles)), tuple(dict.fromkeys(everyone)))


def spoken_text(content: str, components: list[Payload]) -> str:
    """Content and the TextDisplays (type 10) of components: both can mention."""
    texts = [content]
    for component in components:
        if component.get("type") == 10:
            texts.append(str(component.get("content", "")))
        nested = [*component.get("components", []), *filter(None, [component.get("accessory")])]
        texts.append(spoken_text("", nested))
    return "\n".join(filter(None, texts))
