"""The clients' figures for people, beside what was aimed at."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bench import report

RESULTS = report.ROOT / "bench" / "results" / "client.json"
BEGIN, END = "<!-- written by bench/client.py -->", "<!-- end of what bench/client.py writes -->"

Result = Mapping[str, Any]

GOALS = (("openai", 1 / 7, "1/7"), ("httpx", 1 / 3, "1/3"), ("limit", 1.8, "1.8"))
"""CPU for a streamed token at 20 a second: ours is to be at most so many times the other's."""
_NAMES = {
    "limit": "limit: sockets, find, msgspec",
    "ours": "ours",
    "httpx": "stock httpx, aiter_lines, json",
    "openai": "openai SDK",
}
_COLUMNS = (
    ("token", "CPU for a token, paced", "µs", 1),
    ("burst", "in a burst", "µs", 1),
    ("request", "CPU for a request alone", "ms", 1000),
    ("opened", "at once", "ms", 1000),
    ("first", "first token p50, at once", "ms", 1000),
    ("memory", "memory of an open stream", "KB", 1),
)


def tables(result: Result) -> str:
    """Markdown tables, which are readable in a terminal too."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    at, sizes = result["machine"], result["sizes"]
    versions = "".join(f", {name} {version}" for name, version in result["versions"].items())
    yield (
        f"{at['cores']} cores, {at['system']}, Python {at['python']}{versions}, without TLS and uvloop; load average "
        f"{at['load_before']:.2f} before; `{result['command']}`, medians of {result['repeats']} interleaved repeats."
    )
    yield from (
        "",
        f"{sizes['streams']} streams at once, paced at {sizes['rate']} tokens a second each:",
        "",
        f"| client | {' | '.join(title for _, title, _, _ in _COLUMNS)} |",
        f"|---|{'---:|' * len(_COLUMNS)}",
    )
    for name, row in result["clients"].items():
        yield f"| {_NAMES[name]} | {' | '.join(_cell(row[key], unit, by) for key, _, unit, by in _COLUMNS)} |"
    for name, ratios in result["ratios"].items():
        cells = (f"{ratios[key]:.2f}" if key in ratios else "" for key, _, _, _ in _COLUMNS)
        yield f"| ours / {name} | {' | '.join(cells)} |"
    yield from (
        "",
        "CPU for a token, paced, against what it must reach:",
        "",
        "| ours beside | goal: at most | measured | |",
        "|---|---:|---:|---|",
    )
    for name, most, said in GOALS:
        if name not in result["ratios"]:
            yield f"| {_NAMES[name]} | {said} ({most:.2f}) | | not installed |"
            continue
        found = result["ratios"][name]["token"]
        yield f"| {_NAMES[name]} | {said} ({most:.2f}) | {found:.2f} | {'reached' if found <= most else 'missed'} |"


def _cell(spread: Mapping[str, float], unit: str, by: int) -> str:
    digits = 2 if unit == "ms" and spread["median"] < 10 * by else 1
    least, middle, most = (f"{spread[name] / by:,.{digits}f}" for name in ("least", "median", "most"))
    return f"{middle} {unit} ({least} to {most})"


def write(result: Result) -> None:
    """Keeps ``result``, and puts its tables into the page. Raises ValueError when the page has no place for them."""
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    report.PAGE.write_text(report.placed(report.PAGE.read_text(), tables(result), (BEGIN, END)))
