"""Many measured times as few numbers."""

from collections.abc import Mapping, Sequence
from statistics import median
from time import monotonic_ns, process_time_ns

Row = Mapping[str, float]


class Clock:
    """Collects what calls take: the time that passes and this process's own CPU time, in microseconds."""

    def __init__(self) -> None:
        self._took: list[float] = []
        self._cpu_us = 0.0

    def add(self, took_us: float) -> None:
        self._took.append(took_us)

    def add_cpu(self, since_ns: int) -> None:
        self._cpu_us += (process_time_ns() - since_ns) / 1000

    def row(self) -> Row:
        return spread(self._took) | {"cpu": self._cpu_us / len(self._took)}


def since_us(began_ns: int) -> float:
    """Microseconds since a ``monotonic_ns``, which all processes of a machine share."""
    return (monotonic_ns() - began_ns) / 1000


def spread(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in _SHARES}


_SHARES = (("p50", 0.5), ("p95", 0.95))


def median_of(rows: Sequence[Row]) -> dict[str, float]:
    """Each number's median over the repeats."""
    return {name: round(median(row[name] for row in rows), 1) for name in rows[0]}


def compared(ours: Sequence[Row], bare: Sequence[Row]) -> dict[str, object]:
    """Both sides, and how many times the other side's number ours is: the median of each repeat's own ratio."""
    ratios = [{name: mine[name] / its[name] for name in mine} for mine, its in zip(ours, bare, strict=True)]
    return {
        "ours": median_of(ours),
        "bare": median_of(bare),
        "ratio": {name: round(median(ratio[name] for ratio in ratios), 2) for name in ratios[0]},
    }
