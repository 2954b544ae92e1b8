"""Registration of application commands, as strict as Discord's."""

import re
from http import HTTPStatus
from typing import Any

from tests.doubles.discord.errors import Payload, Refusal, bad_length, form_error, required, too_long

NAME = re.compile(r"[-_'\w]{1,32}")
SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUB_COMMAND, SUB_GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, NUMBER, ATTACHMENT = 3, 4, 5, 6, 10, 11
MOST_SLASH, MOST_MENUS, MOST_OPTIONS, MOST_CHOICES = 100, 15, 25, 25
"""Discord: commands of each kind per application and scope, options per command, choices per option."""
MOST_CHARACTERS = 8000
"""Discord: names, descriptions and values of one command together."""
LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)

Path = list[str | int]


def check_commands(commands: Any) -> None:
    if not isinstance(commands, list):
        raise form_error([], "BASE_TYPE_BAD_TYPE", "Only iterables may be used in a ListType")
    seen: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        check_command(command, [index])
        key = (command.get("type", SLASH), command["name"])
        if key in seen:
            raise form_error(
                [index, "name"],
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            )
        seen.add(key)
    for kind, most in ((SLASH, MOST_SLASH), (USER_MENU, MOST_MENUS), (MESSAGE_MENU, MOST_MENUS)):
        if sum(1 for found, _ in seen if found == kind) > most:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, 30032, f"Maximum number of application commands reached ({most})"
            )


def check_command(command: Payload, path: Path) -> None:
    kind = command.get("type", SLASH)
    if kind not in (SLASH, USER_MENU, MESSAGE_MENU):
        raise form_error([*path, "type"], "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
    if kind == SLASH:
        check_words(command, path)
        check_options(command.get("options") or [], [*path, "options"])
    else:
        if not 1 <= len(command.get("name") or "") <= 32:
            raise bad_length([*path, "name"], 1, 32)
        if command.get("description") or command.get("options"):
            raise form_error(
                [*path, "description"],
                "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED",
                "Context menu commands cannot have description",
            )
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        raise form_error([*path, "default_member_permissions"], "PERMISSIONS_INVALID", "Invalid permissions")
    if characters(command) > MOST_CHARACTERS:
        raise form_error(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")


def check_words(thing: Payload, path: Path) -> None:
    """Name and description of a slash command or an option, with their translations."""
    if not thing.get("name"):
        raise required([*path, "name"])
    for at, name in [(None, thing["name"]), *(thing.get("name_localizations") or {}).items()]:
        where = [*path, "name"] if at is None else [*path, "name_localizations", at]
        check_locale(at, where)
        if not NAME.fullmatch(name) or name != name.lower():
            raise form_error(where, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if thing.get("description") is None:
        raise required([*path, "description"])
    for at, text in [(None, thing["description"]), *(thing.get("description_localizations") or {}).items()]:
        where = [*path, "description"] if at is None else [*path, "description_localizations", at]
        check_locale(at, where)
        if not 1 <= len(text) <= 100:
            raise bad_length(where, 1, 100)


def check_locale(locale: str | None, path: Path) -> None:
    if locale is not None and locale not in LOCALES:
        raise form_error(path, "ENUM_TYPE_COERCE", f'Value "{locale}" is not a valid enum value.')


def check_options(options: list[Payload], path: Path) -> None:
    if len(options) > MOST_OPTIONS:
        raise too_long(path, MOST_OPTIONS)
    names: set[str] = set()
    optional = False
    for index, option in enumerate(options):
        here = [*path, index]
        check_words(option, here)
        if option["name"] in names:
            raise form_error(
                here, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists"
            )
        names.add(option["name"])
        check_option(option, here)
        if option.get("required") and optional:
            raise form_error(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional = optional or not option.get("required")


def check_option(option: Payload, path: Path) -> None:
    kind = int(option.get("type") or 0)
    if kind not in range(1, 12):
        raise form_error([*path, "type"], "BASE_TYPE_CHOICES", "Value must be one of {1, ..., 11}.")
    if kind in (SUB_COMMAND, SUB_GROUP):
        check_options(option.get("options") or [], [*path, "options"])
        return
    choices = option.get("choices") or []
    if (choices or option.get("autocomplete")) and kind not in (STRING, INTEGER, NUMBER):
        raise form_error(
            path, "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "Choices need a text or a number"
        )
    if choices and option.get("autocomplete"):
        raise form_error(
            path,
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES_INVALID",
            "Autocomplete and choices are mutually exclusive",
        )
    check_choices(choices, kind, [*path, "choices"])
    for name, low in (("min_length", 0), ("max_length", 1)):
        value = option.get(name)
        if value is not None and (kind != STRING or not low <= value <= 6000):
            raise form_error([*path, name], "NUMBER_TYPE_MAX", f"Value must be between {low} and 6000.")


def check_choices(choices: Any, kind: int, path: Path) -> None:
    """Of an option or of an answer to an autocomplete. Discord: 25, names and text values of 1 to 100."""
    if len(choices) > MOST_CHOICES:
        raise too_long(path, MOST_CHOICES)
    for index, choice in enumerate(choices):
        name, value = choice.get("name"), choice.get("value")
        if not isinstance(name, str) or not 1 <= len(name) <= 100:
            raise bad_length([*path, index, "name"], 1, 100)
        fits = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float)}[kind]
        if not isinstance(value, fits) or isinstance(value, bool):
            raise form_error([*path, index, "value"], "UNION_TYPE_CONVERT", "Could not interpret value.")
        if isinstance(value, str) and not 1 <= len(value) <= 100:
            raise bad_length([*path, index, "value"], 1, 100)


def characters(thing: Payload) -> int:
    """Discord counts the longest translation of each name and description, and the values of choices."""
    total = 0
    for name in ("name", "description"):
        translated = (thing.get(f"{name}_localizations") or {}).values()
        total += max(len(text) for text in [thing.get(name) or "", *translated])
    for choice in thing.get("choices") or []:
        total += len(choice["name"]) + len(str(choice["value"]))
    return total + sum(characters(option) for option in thing.get("options") or [])
