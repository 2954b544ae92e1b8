"""docs/commands.md says what the code does."""

import subprocess
import sys
from pathlib import Path

import pytest

from bots.commands_page import PAGE, page
from core.cascade import Level
from core.commands.listed import COMMANDS
from core.preferences import PREFERENCES
from tests.checkout import CHECKOUT


def test_the_page_is_the_one_that_the_definitions_make() -> None:
    written = (CHECKOUT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == page(), "run: make docs"


def test_every_command_argument_and_setting_is_told_in_both_languages() -> None:
    text = page()
    for command in COMMANDS.values():
        assert f"| {command.summary.en} | {command.who.en} |" in text
        assert f"| {command.summary.zh} | {command.who.zh} |" in text
        for argument in command.arguments:
            assert f"| `/{command.name}` | `{argument.name}` | {argument.summary.en} |" in text
            assert f"| `/{command.name}` | `{argument.name}` | {argument.summary.zh} |" in text
    for preference in PREFERENCES.values():
        assert f"| `{preference.name}` | {preference.summary.en} |" in text
        assert f"| `{preference.name}` | {preference.summary.zh} |" in text


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("model", ["anyone", "anyone*", "anyone", "admins", "those named in `ADMINS`"]),
        ("system", ["anyone", "admins", "anyone", "admins", "those named in `ADMINS`"]),
        ("replies", ["—", "anyone*", "—", "—", "—"]),
        ("changes", ["—", "admins", "—", "admins", "those named in `ADMINS`"]),
    ],
)
def test_who_may_set_what_is_the_rule_that_is_followed(row: str, cells: list[str]) -> None:
    assert len(cells) == len(Level) - 1
    assert f"| `{row}` | {' | '.join(cells)} |" in page()


def test_all_rows_of_a_table_have_as_many_cells_as_its_head() -> None:
    for table in page().split("\n\n"):
        lines = table.strip().split("\n")
        if lines[0].startswith("|"):
            assert {line.count("|") for line in lines} == {lines[0].count("|")}, lines[0]


def test_the_program_behind_make_docs_writes_the_page(tmp_path: Path) -> None:
    written = tmp_path / PAGE.name
    subprocess.run([sys.executable, "-m", "bots.commands_page", written], cwd=CHECKOUT, check=True)
    assert written.read_text(encoding="utf-8") == page()
    assert "python -m bots.commands_page" in (CHECKOUT / "Makefile").read_text(encoding="utf-8")
