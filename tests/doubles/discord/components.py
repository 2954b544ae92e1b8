"""Discord's rules for the components of a message, and finding one to click."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.doubles.discord.errors import Payload, bad_length, form_error, required, too_long

ACTION_ROW = 1
BUTTON = 2
SELECTS = frozenset({3, 5, 6, 7, 8})
TEXT_DISPLAY = 10
LINK, PREMIUM = 5, 6
ROWS, BUTTONS_IN_ROW, SELECT_OPTIONS = 5, 5, 25
V2_COMPONENTS, V2_TEXT = 40, 4000
"""Discord: at most 40 components, nested ones counted, and 4,000 characters over all TextDisplays."""

Path = Sequence[str | int]


def walk(components: Sequence[Payload]) -> Iterator[Payload]:
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        if component.get("accessory"):
            yield from walk([component["accessory"]])


def clickable(components: Sequence[Payload], custom_id: str) -> Payload | None:
    """The component with this custom_id that a person could use now."""
    found = (one for one in walk(components) if one.get("custom_id") == custom_id and not one.get("disabled"))
    return next(found, None)


def check_components(components: Any, *, v2: bool) -> None:
    path: Path = ["components"]
    if not isinstance(components, list):
        raise form_error(path, "BASE_TYPE_BAD_TYPE", "Only iterables may be used in a ListType")
    if v2:
        check_v2(components, path)
    elif len(components) > ROWS:
        raise bad_length(path, 1, ROWS)
    for index, component in enumerate(components):
        if not v2 and component.get("type") != ACTION_ROW:
            raise form_error(
                [*path, index, "type"], "UNION_TYPE_CHOICES", "Value of field must be one of (1,)."
            )
        check_one(component, [*path, index])
    seen: set[str] = set()
    for component in walk(components):
        custom_id = component.get("custom_id")
        if custom_id in seen:
            raise form_error(
                path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        if custom_id is not None:
            seen.add(custom_id)


def check_v2(components: Sequence[Payload], path: Path) -> None:
    everything = list(walk(components))
    if len(everything) > V2_COMPONENTS:
        raise bad_length(path, 1, V2_COMPONENTS)
    if sum(len(one.get("content", "")) for one in everything if one.get("type") == TEXT_DISPLAY) > V2_TEXT:
        raise form_error(
            path,
            "COMPONENT_MAX_TOTAL_COMPONENT_TEXT_LENGTH_EXCEEDED",
            f"Total text must be {V2_TEXT} or fewer in length.",
        )


def check_one(component: Payload, path: Path) -> None:
    kind = component.get("type")
    nested = component.get("components", [])
    if kind == ACTION_ROW:
        selects = any(one.get("type") in SELECTS for one in nested)
        most = 1 if selects else BUTTONS_IN_ROW
        if not 1 <= len(nested) <= most:
            raise bad_length([*path, "components"], 1, most)
    elif kind == BUTTON:
        check_button(component, path)
    elif kind in SELECTS:
        check_custom_id(component, path)
        if kind == 3 and not 1 <= len(component.get("options", [])) <= SELECT_OPTIONS:
            raise bad_length([*path, "options"], 1, SELECT_OPTIONS)
    for index, one in enumerate(nested):
        check_one(one, [*path, "components", index])


def check_button(button: Payload, path: Path) -> None:
    if button.get("style") == LINK:
        if not str(button.get("url", "")).startswith(("http://", "https://", "discord://")):
            raise required([*path, "url"])
    elif button.get("style") != PREMIUM:
        check_custom_id(button, path)
    if len(button.get("label") or "") > 80:
        raise too_long([*path, "label"], 80)
    if not button.get("label") and not button.get("emoji") and button.get("style") != PREMIUM:
        raise form_error(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or emoji is required.")


def check_custom_id(component: Payload, path: Path) -> None:
    custom_id = component.get("custom_id")
    if custom_id is None:
        raise form_error([*path, "custom_id"], "COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required")
    if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= 100:
        raise bad_length([*path, "custom_id"], 1, 100)
