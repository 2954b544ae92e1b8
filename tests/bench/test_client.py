"""The bench of the clients runs, with tiny numbers: what it measures is not looked at here."""

import json
from importlib.util import find_spec

import pytest

from bench import report, stream_report
from bench.client import installed, measured, run, server
from bench.stream_clients import CLIENTS
from bench.stream_costs import Sizes, Window

TINY = Sizes(streams=3, rate=200, window_s=0.2, rounds=1, requests=2, burst=30)
MEASURED = {"token", "memory", "first", "opened", "request", "burst"}


@pytest.mark.slow
def test_every_client_that_is_installed_is_measured_and_told() -> None:
    result = run(TINY, 1, ["limit", "ours", "httpx"])
    assert json.loads(json.dumps(result)) == result
    assert all(set(row) == MEASURED for row in result["clients"].values())
    assert set(result["ratios"]) == {"limit", "httpx"}
    text = stream_report.tables(result)
    assert "| ours / httpx |" in text
    assert "| openai SDK | 1/7 (0.14) | | not installed |" in text


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("openai") is None, reason="the openai SDK is of the group that `make bench` installs"
)
def test_the_openai_sdk_reads_the_same_streams() -> None:
    assert "openai" in installed()
    with server() as url:
        row = measured("openai", url, TINY)
    assert set(row) == MEASURED
    assert row["token"] > 0


@pytest.mark.parametrize("client", ["limit", "ours", "httpx"])
def test_a_client_says_every_token_of_every_stream_once(client: str) -> None:
    with server() as url, CLIENTS[client](url) as ask:
        for model in ("bench/0/7", "bench/200/7"):
            said: list[int] = []
            ask(model, 4, said.append)
            assert sorted(said) == sorted([0, 1, 2, 3] * 7)


def test_a_window_counts_nothing_before_all_streams_have_begun_and_nothing_after_its_end() -> None:
    window = Window(streams=2, seconds=0, memory=lambda: 4096)
    for _ in range(500):
        window.said(0)
    assert window.tokens == 0
    window.said(1)
    for _ in range(250):
        window.said(0)
    assert (window.tokens, window.held) == (100, 4096)
    assert window.cpu_us > 0


def test_a_goal_is_told_as_reached_or_missed() -> None:
    kept = json.loads(stream_report.RESULTS.read_text())
    for found, word in ((1.8, "reached"), (1.81, "missed")):
        kept["ratios"]["limit"]["token"] = found
        line = next(line for line in stream_report.tables(kept).splitlines() if "| 1.8 (1.80) |" in line)
        assert line.endswith(f"| {word} |")


def test_the_page_shows_the_figures_of_the_clients_that_are_kept() -> None:
    kept = json.loads(stream_report.RESULTS.read_text())
    assert stream_report.tables(kept) in report.PAGE.read_text()
