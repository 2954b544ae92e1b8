"""docs/drun-wire.md names a test for each thing that can arrive: they have to be there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT

TABLE = (CHECKOUT / "docs" / "drun-wire.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TABLE)))
ROWS = [
    line.split("|")[1:-1]
    for line in TABLE.splitlines()
    if line.startswith("|") and not line.startswith("|---")
]


@cache
def written_in(path: Path) -> frozenset[str]:
    module = ast.parse(path.read_text())
    return frozenset(
        each.name for each in ast.walk(module) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_the_table_names_is_there(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in written_in(CHECKOUT / "tests" / file)


def test_every_row_of_the_table_names_a_test() -> None:
    headers = [row for row in ROWS if row[-1].strip() == "tests"]
    assert len(headers) == 4
    rows = [row for row in ROWS if row not in headers]
    assert len(rows) > 60
    assert [row[0].strip() for row in rows if "::test_" not in row[-1]] == []


def test_the_fourteen_groups_of_the_double_are_all_in_the_table() -> None:
    groups = {int(found[1]) for row in ROWS if (found := re.match(r" (\d+)\. ", row[0]))}
    assert groups == set(range(1, 15))
