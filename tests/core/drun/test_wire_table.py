"""docs/drun-wire.md names what people read of each thing that can arrive, and the tests: both have to be true."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT
from tests.core.drun.sentences import SENTENCES
from tests.core.drun.wire_faults import CASES
from tests.doubles.drun.frames import Thought
from tests.doubles.drun.script import Fault

PAGE = (CHECKOUT / "docs" / "drun-wire.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))


@dataclass(frozen=True)
class Row:
    section: str
    arrives: str
    becomes: str
    read: str
    tests: str

    @property
    def played(self) -> list[str]:
        """The cases of the whole engine that it names."""
        return re.findall(r"“(.+?)”", self.tests)

    @property
    def names(self) -> set[str]:
        """The sentences that it names."""
        return set(re.findall(r"\*\*(.+?)\*\*", self.read))

    @property
    def group(self) -> int:
        found = re.match(r"(\d+)\. ", self.arrives)
        return int(found[1]) if found else 0


def rows_of(section: str) -> list[list[str]]:
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


ROWS = [
    Row(section, *row)
    for section in ("Refusals", "Streams", "Thoughts", "The double")
    for row in rows_of(section)
]
GROUPED = {
    number: list(rows) for number, rows in groupby([row for row in ROWS if row.group], lambda row: row.group)
}


@cache
def written_in(path: Path) -> frozenset[str]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        each.name for each in ast.walk(module) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_the_table_names_is_there(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in written_in(CHECKOUT / "tests" / file)


def test_the_sentences_are_the_ones_that_people_read() -> None:
    told = {name.strip("*"): (english, chinese) for name, english, chinese in rows_of("What people read")}
    assert told == {name: (text.en, text.zh) for name, text in SENTENCES.items()}


def test_every_row_says_what_people_read_and_names_a_test() -> None:
    assert len(ROWS) > 75
    for row in ROWS:
        assert row.read, row.arrives
        assert row.names <= set(SENTENCES), row.arrives
        assert "::test_" in row.tests, row.arrives
    assert set().union(*(row.names for row in ROWS)) == set(SENTENCES), "a sentence that no row leads to"


@pytest.mark.parametrize("row", [row for row in ROWS if row.played], ids=lambda row: row.arrives)
def test_what_a_row_says_is_what_its_cases_show(row: Row) -> None:
    told = {CASES[name].told for name in row.played}
    assert told - {""} <= row.names
    assert ("" in told) <= ("the answer" in row.read)


def test_the_fourteen_groups_of_the_double_are_all_there_and_played() -> None:
    assert set(GROUPED) == set(range(1, 15))
    for number, rows in GROUPED.items():
        cases = {name for name in CASES if name.startswith(f"{number}. ")}
        assert cases.issuperset(name for row in rows for name in row.played if name[:2] == f"{number}.")
        assert all(row.played or f"::test_{number}_" in row.tests for row in rows), number
        told = {CASES[name].told for name in cases} - {""}
        assert told <= set().union(*(row.names for row in rows)), number


def test_every_way_in_which_the_double_fails_is_played() -> None:
    played = {name for row in ROWS for name in row.played}
    for fault in Fault:
        assert {f"8. {fault.name}, at once"} <= played, fault
    for shape in Thought:
        assert f"7. an answer after thoughts, {shape.name}" in played, shape


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 422, 429, 500, 502, 503, 504])
def test_every_status_has_a_row(status: int) -> None:
    assert [row for row in ROWS if row.section == "Refusals" and str(status) in row.arrives]
