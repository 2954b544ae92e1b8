"""Faults that a test queues for coming requests."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """An answer of 500, 502, 503, ...; `applied`: the request had its effect all the same."""

    status: int
    html: bool = False
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset before any answer; `applied`: after the request had its effect."""

    applied: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """The answer comes late by `seconds`; the request had its effect at once."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Throttle:
    """A 429 that the headers did not announce. Without `via` discord.py takes it for a ban by Cloudflare."""

    retry_after: float
    is_global: bool = False
    via: bool = True


Fault = Status | Reset | Delay | Throttle


@dataclass(slots=True)
class Planned:
    fault: Fault
    method: str | None
    path: re.Pattern[str]
    times: int


class FaultQueue:
    """The first planned fault that fits a request is used up by it."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []

    def plan(self, fault: Fault, *, method: str | None = None, path: str = "", times: int = 1) -> None:
        self._planned.append(Planned(fault, method, re.compile(path), times))

    def draw(self, method: str, path: str) -> Fault | None:
        for planned in self._planned:
            # A fault for any method means REST: only a test that names "WS" means the gateway's handshake.
            fits = planned.method == method or (planned.method is None and method != "WS")
            if fits and planned.path.search(path):
                planned.times -= 1
                if planned.times == 0:
                    self._planned.remove(planned)
                return planned.fault
        return None

    def clear(self) -> None:
        self._planned.clear()

    @property
    def waiting(self) -> int:
        return sum(planned.times for planned in self._planned)
