"""``make bench``: what a turn costs in Redis, beside bare commands of the same client in the same run.

``--quick`` repeats it less; ``--write`` keeps the figures in bench/results/turns.json and docs/performance.md.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import report
from bench.costs import STEPS, measured, seed
from bench.figures import Row, compared, median_of
from bench.partner import GROUP, STREAM
from bench.waking import partner, stops, stream_reads, take_overs, wake_ups
from bots.embedded.store import private_store
from core.store.connection import Connections, connect

HISTORY = 40


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; the default takes about a minute."""

    repeats: int = 5
    alone: int = 64
    """Turns that are run one after the other."""
    together: int = 64
    """Calls in flight."""
    rounds: int = 3
    samples: int = 40
    """Wake-ups, and stops, of one repeat."""
    victims: int = 5
    leases_s: tuple[float, ...] = (1, 10)
    histories: tuple[int, ...] = (10, 100, 1000)


async def run(size: Size) -> dict[str, Any]:
    """All figures, on a private store that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="drun-bench-") as folder:
        async with private_store(Path(folder)) as url, connect(url) as connections:
            server = await connections.ask.info("server")
            return {
                "machine": report.machine(server, os.cpu_count() or 1),
                "command": report.command(),
                "repeats": size.repeats,
                "costs": {
                    f"One call at a time, {HISTORY} turns of history": await _costs(
                        connections, size, width=size.alone, together=False
                    ),
                    f"{size.together} calls in flight, {HISTORY} turns of history": await _costs(
                        connections, size, width=size.together, together=True
                    ),
                },
                "flat": await _flat(connections, size),
                **await _waking(connections, url, size),
                "take_over": {
                    f"{lease_s:g}": await _taken_over(connections, url, lease_s, size.victims)
                    for lease_s in size.leases_s
                },
            }


async def _costs(connections: Connections, size: Size, *, width: int, together: bool) -> dict[str, Any]:
    rows = [
        await measured(connections, history=HISTORY, width=width, rounds=size.rounds, together=together)
        for _ in range(size.repeats)
    ]
    return {
        name: compared([ours[name] for ours, _ in rows], [bare[name] for _, bare in rows]) for name in STEPS
    }


async def _flat(connections: Connections, size: Size) -> dict[str, dict[str, float]]:
    """The median time of each call, by the length of the history."""
    found: dict[int, list[Mapping[str, Row]]] = {history: [] for history in size.histories}
    for _ in range(size.repeats):
        for history, rows in found.items():
            ours, _bare = await measured(
                connections, history=history, width=8, rounds=size.rounds, together=False
            )
            rows.append(ours)
    return {
        name: {
            str(history): round(median(row[name]["p50"] for row in rows), 1)
            for history, rows in found.items()
        }
        for name in STEPS
    }


async def _waking(connections: Connections, url: str, size: Size) -> dict[str, Any]:
    await seed(connections, size.samples, HISTORY)
    await connections.ask.xgroup_create(STREAM, GROUP, mkstream=True)
    ours: list[Row] = []
    bare: list[Row] = []
    stopped: list[Row] = []
    async with partner("worker", url) as worker, partner("stream", url) as reader:
        await wake_ups(connections, worker, 3)  # the first ones open connections
        await stream_reads(connections, reader, 3)
        for _ in range(size.repeats):
            ours.append(await wake_ups(connections, worker, size.samples))
            bare.append(await stream_reads(connections, reader, size.samples))
            stopped.append(await stops(connections, worker, size.samples))
    return {"wake": compared(ours, bare), "stop": median_of(stopped)}


async def _taken_over(connections: Connections, url: str, lease_s: float, victims: int) -> dict[str, float]:
    await seed(connections, victims, HISTORY)
    times = await take_overs(connections, url, lease_s=lease_s, victims=victims)
    return {"median": round(median(times), 2), "most": round(max(times), 2)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help="keep the figures")
    options.add_argument("--json", action="store_true", help="print JSON and no tables")
    options.add_argument("--quick", action="store_true", help="fewer repeats")
    wanted = options.parse_args()
    result = asyncio.run(run(Size(repeats=2) if wanted.quick else Size()))
    sys.stdout.write((json.dumps(result, indent=2) if wanted.json else report.tables(result)) + "\n")
    if wanted.write:
        report.write(result)


if __name__ == "__main__":
    main()
