from pathlib import Path

import pytest

from tests.chaos.figures_page import BEGIN, END, PAGE, table, write
from tests.chaos.report import Figures, Spread

SOME = Spread(3, 0.9, 1.0, 1.1)
FIGURES = Figures(
    seed=7,
    lease_s=1.0,
    seconds=60.4,
    conversations=5,
    questions=40,
    messages=44,
    model_calls=50,
    struck={"kill": 9},
    notices=0,
    marks=0,
    again=4,
    taken_over=SOME,
    disturbed=1,
    written_again=SOME,
    answered=SOME,
    leases_lost=0,
    violations={"lost": 1},
)


def test_figures_stand_between_the_markers_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold figures\n{END}\nafter\n")
    write(FIGURES, page)
    assert page.read_text() == f"before\n{BEGIN}\n{table(FIGURES)}\n{END}\nafter\n"
    assert "| processes killed (-9) | 9 |" in page.read_text()
    write(FIGURES, page)
    assert page.read_text().count("| what | figure |") == 1


def test_a_page_without_markers_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place for figures\n")
    with pytest.raises(ValueError, match="chaos:begin"):
        write(FIGURES, page)


def test_the_page_of_the_project_has_its_markers() -> None:
    text = PAGE.read_text()
    assert text.index(BEGIN) < text.index(END)
