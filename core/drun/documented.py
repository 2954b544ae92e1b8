"""What is documented of d.run's models, read from ``documented.toml``: its lists tell next to nothing but ids.

None stands for what nobody documents.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

WINDOW_OF_UNKNOWN = 8192
"""Tokens that a model of unknown window is trusted with: few enough for all of d.run's page but baichuan2-13b-Chat."""


@dataclass(frozen=True, slots=True)
class Price:
    """What ``tokens`` tokens cost, as somebody saw it."""

    currency: str
    tokens: int
    prompt: float
    completion: float
    seen: str | None = None
    """The month, as in 2026-08."""


@dataclass(frozen=True, slots=True)
class Documented:
    """One model. ``maas`` and ``service`` tell how it is offered; ``id`` is its public one."""

    name: str | None = None
    """As d.run's documentation spells it."""
    maas: bool | None = None
    service: bool | None = None
    id: str | None = None
    window: int | None = None
    output: int | None = None
    source: str | None = None
    """Where window and output come from: a key of the table's sources."""
    reasoning: bool | None = None
    tools: bool | None = None
    vision: bool | None = None
    price: Price | None = None
    """Of MaaS by Token. A Model Service is paid per instance and hour, whatever is said to it."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    as_of: date
    sources: dict[str, str]
    models: Sequence[Documented]


@cache
def table() -> Table:
    """The whole table, read once."""
    text = (resources.files("core.drun") / "documented.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    return Table(found["as_of"], found["sources"], tuple(map(_documented, found["models"])))


def documented(model: str) -> Documented | None:
    """What is known of a public id, or of a model's documented name; None for any other text.

    d.run names its public models itself, so a ``public/`` id that spells a documented name is that model. The name
    of a service is chosen by whoever made it, and says nothing.
    """
    for each in table().models:
        if model in {each.id, each.name}:
            return each
    owner, _, name = model.partition("/")
    if owner == "public":
        return next(
            (each for each in table().models if each.name and each.name.lower() == name.lower()), None
        )
    return None


def documented_names() -> list[str]:
    return [each.name for each in table().models if each.name]


def _documented(row: dict[str, Any]) -> Documented:
    price = Price(**row.pop("price")) if "price" in row else None
    return Documented(source=row.pop("from", None), price=price, **row)
