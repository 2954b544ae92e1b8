"""What Discord's own client lets a person send: only commands, options and values that are registered."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.doubles.discord.commands import (
    ATTACHMENT,
    BOOLEAN,
    INTEGER,
    NUMBER,
    SLASH,
    STRING,
    SUB_COMMAND,
    SUB_GROUP,
    USER,
)
from tests.doubles.discord.errors import Payload
from tests.doubles.discord.model import Attachment
from tests.doubles.discord.model import User as Person
from tests.doubles.discord.permissions import ADMINISTRATOR
from tests.doubles.discord.places import Place, PlaceKind
from tests.doubles.discord.render import attachment_payload, member_payload, user_payload

Value = str | int | float | bool | Person | Attachment
GUILD_CONTEXT, BOT_DM_CONTEXT = 0, 1
VALUE_TYPES: Mapping[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    USER: (Person,),
    NUMBER: (int, float),
    ATTACHMENT: (Attachment,),
}


def offered(commands: Sequence[Payload], name: str, kind: int, person: Person, place: Place) -> Payload:
    """The registered command, or AssertionError when this person could not see it here."""
    known = [command["name"] for command in commands if command["type"] == kind]
    command = next((one for one in commands if one["type"] == kind and one["name"] == name), None)
    assert command is not None, f"no command {name!r} is registered, only {known}"
    context = BOT_DM_CONTEXT if place.kind == PlaceKind.DM else GUILD_CONTEXT
    contexts = command.get("contexts")
    assert contexts is None or context in contexts, f"{name!r} is not offered in context {context}"
    needs = command.get("default_member_permissions")
    if needs is not None and context == GUILD_CONTEXT:
        held = person.permissions
        enough = held & ADMINISTRATOR or (held & int(needs) == int(needs) and int(needs))
        assert enough, f"{name!r} is not offered to {person.name}: it needs the permissions {needs}"
    return command


def slash_data(
    command: Payload, words: Sequence[str], values: Mapping[str, Value], guild_id: str | None
) -> Payload:
    """The `data` of a slash interaction; `words` name a subcommand below the command."""
    resolved: Payload = {}
    path = walk_down(command, words)
    options = fill_options(path[-1], values, resolved, guild_id)
    for node in reversed(path[1:]):
        options = [{"name": node["name"], "type": node["type"], "options": options}]
    data: Payload = {"id": command["id"], "name": command["name"], "type": SLASH, "options": options}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    return data | ({"resolved": resolved} if resolved else {})


def fill_options(
    node: Payload, values: Mapping[str, Value], resolved: Payload, guild_id: str | None
) -> list[Payload]:
    options = {option["name"]: option for option in node.get("options") or []}
    groups = [name for name, option in options.items() if option["type"] in (SUB_COMMAND, SUB_GROUP)]
    assert not groups, f"choose one of the subcommands {groups}"
    unknown = values.keys() - options.keys()
    assert not unknown, f"no option {sorted(unknown)} is registered, only {sorted(options)}"
    return [
        {
            "name": name,
            "type": options[name]["type"],
            "value": wire_value(options[name], value, resolved, guild_id),
        }
        for name, value in values.items()
    ]


def wire_value(option: Payload, value: Value, resolved: Payload, guild_id: str | None) -> Any:
    fits = isinstance(value, VALUE_TYPES[option["type"]])
    assert fits, f"{option['name']!r} does not take {value!r}"
    if isinstance(value, Person):
        resolved.setdefault("users", {})[value.id] = user_payload(value)
        if guild_id is not None:
            member = {**member_payload(value, None), "permissions": str(value.permissions)}
            resolved.setdefault("members", {})[value.id] = member
        return value.id
    if isinstance(value, Attachment):
        resolved.setdefault("attachments", {})[value.id] = attachment_payload(value)
        return value.id
    return value


def check_values(node: Payload, values: Mapping[str, Value]) -> None:
    """A client sends a command only when it is complete; while it is typed (autocomplete) it need not be."""
    for option in node.get("options") or []:
        name = option["name"]
        assert name in values or not option.get("required"), f"the required option {name!r} is missing"
        if name not in values:
            continue
        value = values[name]
        offers = [choice["value"] for choice in option.get("choices") or []]
        assert not offers or value in offers, f"{value!r} is none of the choices {offers}"
        if isinstance(value, str):
            low, high = option.get("min_length") or 0, option.get("max_length") or 6000
            assert low <= len(value) <= high, f"{name!r} takes {low} to {high} characters"
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = option.get("min_value"), option.get("max_value")
            assert low is None or value >= low, f"{name!r} is at least {low}"
            assert high is None or value <= high, f"{name!r} is at most {high}"


def walk_down(command: Payload, words: Sequence[str]) -> list[Payload]:
    """The command, then each group and subcommand that `words` name."""
    path = [command]
    for word in words:
        groups = [one for one in path[-1].get("options") or [] if one["type"] in (SUB_COMMAND, SUB_GROUP)]
        node = next((one for one in groups if one["name"] == word), None)
        assert node is not None, f"{word!r} is no subcommand, only {[one['name'] for one in groups]}"
        path.append(node)
    return path
