"""The figures for people: a table of text, and the same in docs/performance.md between two marks."""

import json
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "turns.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- written by bench/turns.py -->", "<!-- end of what bench/turns.py writes -->"

Result = Mapping[str, Any]


def machine(server: Mapping[str, Any], cores: int) -> dict[str, str]:
    name = "Valkey" if "valkey_version" in server else "Redis"
    version = server.get("valkey_version") or server["redis_version"]
    return {
        "cores": str(cores),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "server": f"{name} {version}",
    }


def tables(result: Result) -> str:
    """Markdown tables, which are readable in a terminal too."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    at = result["machine"]
    yield (
        f"{at['cores']} cores, {at['system']}, Python {at['python']}, {at['server']} on a Unix socket; "
        f"`{result['command']}`, medians of {result['repeats']} interleaved repeats."
    )
    for title, costs in result["costs"].items():
        yield from ("", f"{title}, in microseconds:", "")
        yield "| call | p50 | p95 | CPU here | bare: p50 | p95 | CPU | ratio of p50 | of CPU |"
        yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
        for step, each in costs.items():
            numbers = [
                f"{each[side][name]:,.0f}" for side in ("ours", "bare") for name in ("p50", "p95", "cpu")
            ]
            ratios = [f"{each['ratio'][name]:.2f}" for name in ("p50", "cpu")]
            yield f"| {' | '.join([step, *numbers, *ratios])} |"
    yield from ("", "To another process:", "", "| what | p50 | p95 |", "|---|---:|---:|")
    wake, stop, ratio = result["wake"], result["stop"], result["wake"]["ratio"]
    yield f"| a waiting worker has the turn | {_ms(wake['ours']['p50'])} | {_ms(wake['ours']['p95'])} |"
    yield f"| a plain XREADGROUP BLOCK has the entry | {_ms(wake['bare']['p50'])} | {_ms(wake['bare']['p95'])} |"
    yield f"| ratio | {ratio['p50']:.2f} | {ratio['p95']:.2f} |"
    yield f"| a reply hears that it shall stop | {_ms(stop['p50'])} | {_ms(stop['p95'])} |"
    yield from (
        "",
        "After kill -9 of a worker:",
        "",
        "| lease | taken over after (median) | at most |",
        "|---|---:|---:|",
    )
    for lease, each in result["take_over"].items():
        yield f"| {lease} s | {each['median']:.2f} s | {each['most']:.2f} s |"
    yield from (
        "",
        "p50 by the turns of history there are; a claim reads the last hundred:",
        "",
    )
    lengths = [f"{int(length):,}" for length in next(iter(result["flat"].values()))]
    yield f"| call | {' | '.join(lengths)} |"
    yield f"|---|{'---:|' * len(lengths)}"
    for step, each in result["flat"].items():
        yield f"| {step} | {' | '.join(f'{took:,.0f} µs' for took in each.values())} |"


def _ms(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f} ms"


def write(result: Result) -> None:
    """Keeps ``result``, and puts its tables into the page. Raises ValueError when the page has no place for them."""
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    PAGE.write_text(placed(PAGE.read_text(), tables(result)))


def placed(page: str, text: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """``page`` with ``text`` between its two marks. Raises ValueError when it lacks them."""
    before, begin, rest = page.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f"the page lacks {' and '.join(marks)}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def command() -> str:
    words = " ".join(sys.argv[1:])
    return f'make bench ARGS="{words}"' if words else "make bench"
