"""``make bench``: what our d.run client costs beside the openai SDK and stock httpx, on the same streams in the same run.

``--quick`` repeats it less; ``--write`` keeps the figures in bench/results/client.json and docs/performance.md.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from bench import report, stream_report
from bench.figures import Row
from bench.stream_clients import CLIENTS
from bench.stream_costs import Sizes

_ROOT = Path(__file__).parent.parent
_PATIENCE_S = 60.0
FULL, QUICK = 5, 2
"""Repeats."""


def installed() -> list[str]:
    """The clients that can be measured here: the openai SDK is in a group that only ``make bench`` installs."""
    found = importlib.util.find_spec("openai") is not None
    return [name for name in CLIENTS if found or name != "openai"]


@contextmanager
def server() -> Generator[str, None, None]:
    """A model server in a process of its own; its base URL."""
    command = [sys.executable, "-m", "bench.stream_server"]
    with subprocess.Popen(  # noqa: S603 - a module of ours
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout  # noqa: S101 - it was started with a pipe
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def measured(client: str, url: str, sizes: Sizes) -> Row:
    """What one client costs, in a new process: what another measurement left in memory is not there."""
    command = [sys.executable, "-m", "bench.stream_costs", client, url, json.dumps(asdict(sizes))]
    done = subprocess.run(  # noqa: S603 - a module of ours
        command, cwd=_ROOT, stdout=subprocess.PIPE, check=True, timeout=_PATIENCE_S
    )
    row: Row = json.loads(done.stdout)
    return row


def run(sizes: Sizes, repeats: int, clients: Sequence[str]) -> dict[str, Any]:
    """All figures; the clients take turns."""
    rows: dict[str, list[Row]] = {name: [] for name in clients}
    before = os.getloadavg()[0]
    with server() as url:
        for _ in range(repeats):
            for name, found in rows.items():
                found.append(measured(name, url, sizes))
    return {
        "machine": {
            "cores": os.cpu_count() or 1,
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "load_before": round(before, 2),
        },
        "versions": {name: importlib.metadata.version(name) for name in clients if name in _PACKAGES},
        "command": report.command(),
        "repeats": repeats,
        "sizes": asdict(sizes),
        "clients": {
            name: {
                what: {
                    "median": round(median(row[what] for row in found), 1),
                    "least": round(min(row[what] for row in found), 1),
                    "most": round(max(row[what] for row in found), 1),
                }
                for what in found[0]
            }
            for name, found in rows.items()
        },
        "ratios": {name: _ratios(rows["ours"], rows[name]) for name in clients if name != "ours"},
    }


_PACKAGES = ("httpx", "openai")


def _ratios(ours: Sequence[Row], theirs: Sequence[Row]) -> Mapping[str, float]:
    """How many times the other's number ours is: the median of each repeat's own ratio. Memory may not have grown."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        what: round(median(mine[what] / its[what] for mine, its in pairs), 3)
        for what in ours[0]
        if all(its[what] > 0 for _, its in pairs)
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help="keep the figures")
    options.add_argument("--json", action="store_true", help="print JSON and no tables")
    options.add_argument("--quick", action="store_true", help="fewer repeats")
    wanted = options.parse_args()
    result = run(Sizes(), QUICK if wanted.quick else FULL, installed())
    text = json.dumps(result, indent=2) if wanted.json else stream_report.tables(result)
    sys.stdout.write(f"{text}\n")
    if wanted.write:
        stream_report.write(result)


if __name__ == "__main__":
    main()
