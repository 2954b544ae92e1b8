"""Filling in the form (modal) that an interaction opened."""

from collections.abc import Mapping, Sequence

from tests.doubles.discord.errors import Payload


def fill_form(components: Sequence[Payload], fields: Mapping[str, str]) -> tuple[list[Payload], set[str]]:
    """The submitted components, and the custom_ids that the form has. A field may sit in a row (1) or a label (18)."""
    rows: list[Payload] = []
    known: set[str] = set()
    for outer in components:
        inner = [*outer.get("components", []), *filter(None, [outer.get("component")])]
        filled = []
        for one in inner:
            known.add(one["custom_id"])
            value = fields.get(one["custom_id"], one.get("value") or "")
            assert value or not one.get("required", True), f"{one['custom_id']!r} must be filled in"
            longest = one.get("max_length") or 4000
            assert (one.get("min_length") or 0) <= len(value) <= longest, f"{one['custom_id']!r}: length"
            filled.append({"type": one["type"], "id": 1, "custom_id": one["custom_id"], "value": value})
        shape: Payload = {"component": filled[0]} if "component" in outer else {"components": filled}
        rows.append({"type": outer["type"], "id": 1, **shape})
    return rows, known
