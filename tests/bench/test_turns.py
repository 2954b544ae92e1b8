"""The bench runs, with tiny numbers: what it measures is not looked at here."""

import json
from pathlib import Path

import pytest

from bench import report
from bench.costs import STEPS
from bench.turns import Size, run

TINY = Size(repeats=1, alone=2, together=3, rounds=1, samples=2, victims=2, leases_s=(1,), histories=(2, 20))


@pytest.mark.slow
async def test_every_measurement_runs_and_is_told_as_tables_and_json() -> None:
    result = await run(TINY)
    assert json.loads(json.dumps(result)) == result
    for costs in result["costs"].values():
        assert set(costs) == set(STEPS)
        assert all(each["ours"]["p50"] > 0 and each["ratio"]["p50"] > 0 for each in costs.values())
    assert set(result["flat"]) == set(STEPS)
    assert 0.5 < result["take_over"]["1"]["median"] < 5
    text = report.tables(result)
    assert text.count("| accept |") == 3
    assert "| a reply hears that it shall stop |" in text


def test_the_page_keeps_what_people_wrote_around_the_tables() -> None:
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    assert report.placed(page, "new") == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    with pytest.raises(ValueError, match="the page lacks"):
        report.placed("no place", "new")


def test_the_page_shows_the_figures_that_are_kept() -> None:
    kept = json.loads(report.RESULTS.read_text())
    assert report.tables(kept) in Path(report.PAGE).read_text()
