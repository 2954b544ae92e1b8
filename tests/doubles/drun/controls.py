"""Faults that are asked for in the question itself, for programs that a test does not share a process with.

`!fault:null_end` fails with its first frame, `!fault:null_end@3` after three pieces; `!fault:502` is a status.
"""

import re
from collections.abc import Callable, Mapping

from tests.doubles.drun import refusals
from tests.doubles.drun.exchange import Answer
from tests.doubles.drun.script import Fault, Script

_ASKED = re.compile(r"!fault:([a-z0-9_]+)(?:@(\d+))?")

FAULTS: Mapping[str, Fault] = {
    "null_end": Fault.NULL,
    "error": Fault.ERROR,
    "end": Fault.END,
    "done": Fault.DONE,
    "malformed": Fault.MALFORMED,
    "reset": Fault.RESET,
    "stall": Fault.STALL,
}
STATUSES: Mapping[str, Callable[[], Answer]] = {
    "401": lambda: refusals.wrong_key("sk-theirs-0123456789"),
    "402": refusals.no_balance,
    "403": refusals.forbidden,
    "404": refusals.no_such_page,
    "400_window": lambda: refusals.upstream_error(refusals.OVERFLOWS["vLLM 0.8, messages"]),
    "422": lambda: refusals.upstream_error("Invalid parameters", 422),
    "429": refusals.rate_limited,
    "429_retry_after": lambda: refusals.rate_limited(retry_after="2"),
    "429_plain": refusals.rate_limited_in_plain_text,
    "500": refusals.broken,
    "502": refusals.unreachable,
    "502_html": refusals.error_page,
    "503": refusals.unavailable,
}


def asked_for(prompt: str) -> Answer | None:
    """What `prompt` asks the double to do instead of answering, if anything."""
    found = _ASKED.search(prompt)
    if found is None:
        return None
    name, after = found[1], int(found[2] or 0)
    if name in FAULTS:
        return Script("one two three four five six", fault=FAULTS[name], after=after)
    return STATUSES[name]()
