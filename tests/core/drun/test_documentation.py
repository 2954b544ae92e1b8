"""docs/drun.md says what the table says. `python -m tests.core.drun.test_documentation` writes it there."""

import re

from core.drun.documented import Documented, Price, table
from tests.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "drun.md"
BLOCK = re.compile(r"(<!-- models: .*? -->\n).*?(<!-- models end -->)", re.DOTALL)


def test_the_page_has_the_table_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page)
    assert all(each.id is None or f"`{each.id}`" in page for each in table().models)


def with_table(page: str) -> str:
    head = f"As of {table().as_of.isoformat()}:\n\n"
    columns = "| model | MaaS by Token | Model Service | public id | window | output | abilities | price |\n"
    rows = "\n".join(map(_row, table().models))
    sources = "\n".join(f"- {name}: {what}" for name, what in table().sources.items())
    made = f"{head}{columns}|---|---|---|---|---|---|---|---|\n{rows}\n\nSources:\n\n{sources}\n"
    found, count = BLOCK.subn(lambda block: f"{block[1]}{made}{block[2]}", page)
    assert count == 1
    return found


def _row(each: Documented) -> str:
    abilities = [name for name in ("reasoning", "tools", "vision") if getattr(each, name)]
    source = f" ({each.source})" if each.source == "card" else ""
    cells = [
        each.name or "",
        _said(each.maas),
        _said(each.service),
        f"`{each.id}`" if each.id else "",
        f"{each.window:,}{source}" if each.window else "",
        f"{each.output:,}" if each.output else "",
        ", ".join(abilities),
        _price(each.price),
    ]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _said(offered: bool | None) -> str:
    return {None: "", True: "yes", False: "no"}[offered]


def _price(price: Price | None) -> str:
    if price is None:
        return ""
    seen = f" ({price.seen})" if price.seen else ""
    return f"{price.currency} {price.prompt:g} / {price.completion:g} per {price.tokens:,}{seen}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
