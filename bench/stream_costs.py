"""One client in a process of its own: what its streams cost.

``python -m bench.stream_costs <client> <url> <sizes>`` prints one JSON object. CPU is this process's own, with the kernel's share, so the calls of a socket count.
"""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic_ns, process_time_ns

import msgspec

from bench.figures import since_us
from bench.stream_clients import CLIENTS, Ask


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured in one process; the default takes about five seconds."""

    streams: int = 100
    rate: int = 20
    """Tokens a second of each stream."""
    window_s: float = 2.0
    """For so long tokens are counted, while all streams run."""
    rounds: int = 3
    """Of ``streams`` opened at once."""
    requests: int = 40
    """One after another."""
    burst: int = 400
    """Tokens of each of ten streams that come as fast as the server writes."""


@dataclass(slots=True)
class Window:
    """Counts the tokens between the first token of the last stream and ``seconds`` later: no call is opened in it."""

    streams: int
    seconds: float
    memory: Callable[[], int]
    tokens: int = 0
    cpu_us: float = 0.0
    held: int = 0
    """Bytes, when the window ends."""
    _begun: set[int] = field(default_factory=set)
    _cpu_ns: int = 0
    _since_ns: int = 0

    def said(self, stream: int) -> None:
        if self.cpu_us:
            return
        if self._since_ns:
            self.tokens += 1
            # The clock is looked at every hundredth time: the looking shall not be what is measured.
            if self.tokens % 100 == 0 and since_us(self._since_ns) > self.seconds * 1e6:
                self.cpu_us = (process_time_ns() - self._cpu_ns) / 1000
                self.held = self.memory()
            return
        self._begun.add(stream)
        if len(self._begun) == self.streams:
            self._cpu_ns, self._since_ns = process_time_ns(), monotonic_ns()


def resident() -> int:
    """Resident memory of this process in bytes; where no /proc tells, the most that it ever was."""
    told = Path("/proc/self/statm")
    if told.exists():
        return int(told.read_text().split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def paced(ask: Ask, sizes: Sizes) -> dict[str, float]:
    """Microseconds of CPU for a token, kilobytes for an open stream."""
    before = resident()
    window = Window(sizes.streams, sizes.window_s, resident)
    # A second more than is counted: whoever opens streams slowly has all of them open for the whole window.
    ask(f"bench/{sizes.rate}/{int(sizes.rate * (sizes.window_s + 1.5))}", sizes.streams, window.said)
    if not window.cpu_us:
        raise ValueError("the streams ended before the window did: this machine is too busy")
    return {
        "token": window.cpu_us / window.tokens,
        "memory": (window.held - before) / sizes.streams / 1024,
    }


def at_once(ask: Ask, sizes: Sizes) -> dict[str, float]:
    """Microseconds to the first token of the stream in the middle, and of CPU for each stream."""
    firsts, costs = [], []
    for number in range(sizes.rounds + 1):
        times: dict[int, float] = {}
        cpu, began = process_time_ns(), monotonic_ns()

        def said(stream: int, times: dict[int, float] = times, began: int = began) -> None:
            times.setdefault(stream, since_us(began))

        ask("bench/0/2", sizes.streams, said)
        if number:  # the first round opens the connections that this client keeps
            costs.append((process_time_ns() - cpu) / 1000 / sizes.streams)
            firsts.append(median(times.values()))
    return {"first": median(firsts), "opened": median(costs)}


def alone(ask: Ask, sizes: Sizes) -> float:
    """Microseconds of CPU for a request with its reply of one token, one after another."""
    cpu = process_time_ns()
    for _ in range(sizes.requests):
        ask("bench/0/1", 1, _ignored)
    return (process_time_ns() - cpu) / 1000 / sizes.requests


def burst(ask: Ask, sizes: Sizes) -> float:
    """Microseconds of CPU for a token of streams that wait for nobody."""
    cpu = process_time_ns()
    ask(f"bench/0/{sizes.burst}", _BURSTS, _ignored)
    return (process_time_ns() - cpu) / 1000 / (_BURSTS * sizes.burst)


_BURSTS = 10


def _ignored(_stream: int) -> None:
    """A token that nobody counts."""


def main() -> None:
    client, url, given = sys.argv[1:]
    sizes = msgspec.json.decode(given, type=Sizes)
    with CLIENTS[client](url) as ask:
        for _ in range(3):
            ask("bench/0/8", 1, _ignored)  # imports what is imported late
        # Memory first: what the other measurements leave behind would be used again.
        row = {
            **paced(ask, sizes),
            **at_once(ask, sizes),
            "request": alone(ask, sizes),
            "burst": burst(ask, sizes),
        }
    sys.stdout.write(msgspec.json.encode(row).decode())


if __name__ == "__main__":
    main()
