"""The model of the suite: it answers each question in words that belong to that question and to that call alone."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from aiohttp import web

from tests.chaos.plan import Speech, Trouble
from tests.doubles.drun.exchange import Exchange
from tests.doubles.drun.refusals import unavailable
from tests.doubles.drun.script import Fault, Script

MARKER = re.compile(r"q\d{5}")
_SLOW_S = 1.0
_FILLER = "the quick brown fox jumps over it"


def answer(marker: str, call: int, pieces: int) -> list[str]:
    """What is said to the ``call``-th call for a question. Every piece tells question, call and its own place."""
    return [f"{marker}.{call}.{number} {_FILLER} " for number in range(pieces)]


@dataclass(frozen=True, slots=True)
class Asking:
    """One call of the model: when, and by which process."""

    at: float
    key: str


@dataclass(slots=True, eq=False)
class Parrot:
    """Answers as ``speeches`` say, by the marker in the question."""

    speeches: Mapping[str, Speech]
    calls: defaultdict[str, list[Asking]] = field(default_factory=lambda: defaultdict(list))

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        found = MARKER.search(exchange.call.prompt)
        assert found, exchange.call.prompt
        marker = found[0]
        speech = self.speeches[marker]
        key = exchange.call.headers.get("Authorization", "").removeprefix("Bearer ")
        self.calls[marker].append(Asking(monotonic(), key))
        number = len(self.calls[marker])
        trouble = speech.trouble if number == 1 else Trouble.NONE
        if trouble is Trouble.BUSY:
            return await unavailable().play(exchange)
        fault = Fault.RESET if trouble in {Trouble.CUT, Trouble.CUT_FIRST} else None
        script = Script(
            answer(marker, number, speech.pieces),
            delay_s=speech.delay_s,
            headers_s=_SLOW_S if trouble is Trouble.SLOW else 0,
            fault=fault,
            after=(speech.pieces + 1) // 2 if trouble is Trouble.CUT else 0,
        )
        return await script.play(exchange)
