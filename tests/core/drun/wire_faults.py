"""The same for groups 8 to 10, 13 and 14: what goes wrong, and how often a model is asked then."""

import math
from collections.abc import Mapping

from tests.core.drun.talk import MODEL
from tests.core.drun.wire_cases import TEXT, THOUGHTS, USUAL, Case
from tests.doubles.drun import refusals
from tests.doubles.drun.controls import FAULTS
from tests.doubles.drun.refusals import OVERFLOWS, Overflow, Refusal, in_stream, plain_text, upstream_error
from tests.doubles.drun.script import Dress, Fault, Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.drun.wire import go_json

THRICE = 3
"""The attempts of the client that these cases are asked with."""
_UNKNOWN = {"model": MODEL}
_LONG = "tell me " + "more " * 4000
_DRESSES = {
    "comments": Dress(comments=True),
    "no space": Dress(space=False),
    "CRLF": Dress(line_end=b"\r\n"),
    "CR": Dress(line_end=b"\r"),
}
BROKEN = {
    **{
        f"8. {fault.name}, at once": Case(
            Script("never", fault=fault), told="out of reach", calls=THRICE, silent=fault is Fault.STALL
        )
        for fault in Fault
    },
    **{
        f"8. {fault.name}, later": Case(
            Script("one two three", fault=fault, after=2),
            said="one two",
            told="cut",
            silent=fault is Fault.STALL,
        )
        for fault in Fault
    },
    **{
        f"8. {fault.name}, when all was said": Case(
            Script("all said", fault=fault, after=None), said="all said", silent=fault is Fault.STALL
        )
        for fault in Fault
    },
    **{f"8. {name}": Case(Script(TEXT, dress=dress), said=TEXT) for name, dress in _DRESSES.items()},
    "8. a cut thought": Case(
        Script("never", thoughts=THOUGHTS, fault=Fault.NULL, after=1), told="out of reach", calls=THRICE
    ),
    "8. a fault that passes": Case(
        Script("at last"), first=[Script("never", fault=Fault.NULL)], said="at last", calls=2
    ),
    "8. a slow first byte": Case(Script("here", headers_s=0.2), said="here"),
    "8. no first byte": Case(
        Script("never", headers_s=math.inf), told="out of reach", calls=THRICE, silent=True
    ),
    "8. a whole body": Case(Script(TEXT, whole=True), said=TEXT),
    "8. a body that is none": Case(Refusal(200, b"<html>busy</html>"), told="out of reach", calls=THRICE),
    **{
        f"8. {name} in the stream": Case(answer, told=told, calls=calls, values=_UNKNOWN)
        for name, (answer, told, calls) in {
            "a full window": (in_stream(OVERFLOWS["SGLang"]), "too long", 1),
            "a request refused": (in_stream("tools are not supported"), "refused", 1),
            "an engine's 401": (in_stream("Unauthorized", code=401), "access", 1),
            "no balance": (in_stream("no", code="insufficient_quota"), "balance", 1),
            "no such model": (in_stream("The model does not exist.", code=404), "unknown", 1),
            "a busy model": (in_stream("slow down", code=429), "busy", THRICE),
            "a code that nobody knows": (in_stream("engine died", code="7"), "out of reach", THRICE),
        }.items()
    },
    "8. a full window in the stream, with something to leave out": Case(
        Overflow(OVERFLOWS["SGLang"], 1, Script("fits"), in_stream), said="fits", before=[_LONG], calls=2
    ),
    "8. a full window in the stream, later": Case(
        in_stream(OVERFLOWS["SGLang"], said="one two "), said="one two", told="cut"
    ),
    "8. a frame of a megabyte": Case(Script("42", thoughts=["hm " * 350_000]), said="42"),
}
_REFUSED = {
    "429": (refusals.rate_limited(), "busy", THRICE),
    "429 with Retry-After": (refusals.rate_limited(retry_after="0.05"), "busy", THRICE),
    "429 in plain text": (refusals.rate_limited_in_plain_text(), "busy", THRICE),
    "402": (refusals.no_balance(), "balance", 1),
    "403, the model": (refusals.denied(MODEL), "unknown", 1),
    "403, the request": (refusals.forbidden(), "refused", 1),
    "404": (refusals.unknown_model(MODEL), "unknown", 1),
    "404 in plain text": (refusals.no_such_page(), "out of reach", 1),
    "404 of a path": (refusals.no_such_route(), "out of reach", 1),
    **{
        f"{status}": (refusals.redirect("https://login.example.com/", status), "out of reach", 1)
        for status in (301, 302, 307, 308)
    },
    "400, no model": (refusals.no_model(), "refused", 1),
    "400, no JSON": (refusals.no_json(), "refused", 1),
    "400, tools": (upstream_error('"auto" tool choice requires --enable-auto-tool-choice'), "refused", 1),
    "422": (upstream_error("Invalid parameters", 422), "refused", 1),
    "500": (refusals.broken(), "out of reach", THRICE),
    "502": (refusals.unreachable(), "out of reach", THRICE),
    "502 in HTML": (refusals.error_page(), "out of reach", THRICE),
    "503": (refusals.unavailable(), "out of reach", THRICE),
    **{f"{status}": (plain_text(status, "upstream"), "out of reach", THRICE) for status in (408, 504, 520)},
    **{f"400, {wording}": (upstream_error(OVERFLOWS[wording]), "too long", 1) for wording in OVERFLOWS},
}
REFUSED = {
    **{
        f"9. {name}": Case(answer, told=told, calls=calls, values=_UNKNOWN)
        for name, (answer, told, calls) in _REFUSED.items()
    },
    **{
        f"9. {name} that passes": Case(
            Script("at last"), first=[_REFUSED[name][0]] * 2, said="at last", calls=3
        )
        for name in ("429", "429 with Retry-After", "429 in plain text", "500", "502", "502 in HTML", "503")
    },
    **{
        f"9. 400, {wording}, with something to leave out": Case(
            Overflow(words, 1, Script("fits")), said="fits", before=[_LONG], calls=2
        )
        for wording, words in OVERFLOWS.items()
    },
}


def _drained(drun: DrunDouble) -> None:
    drun.limit(MODEL, 0, seconds=3600)


BUCKET = {
    "10. an empty bucket": Case(told="busy", calls=THRICE, change=_drained),
    "10. a bucket that fills again": Case(
        Script("at last"), first=[refusals.rate_limited()], said="at last", calls=2
    ),
}
_ASKED_FOR = {
    "401": ("key", 1),
    "402": ("balance", 1),
    "429_plain": ("busy", THRICE),
    "502": ("out of reach", THRICE),
    "400_window": ("too long", 1),
}
BY_ITSELF = {
    **{
        f"13. a question that asks for {name}": Case(asks=f"!fault:{name} ", told=told, calls=calls)
        for name, (told, calls) in _ASKED_FOR.items()
    },
    **{
        f"13. a question that asks for {name} later": Case(
            asks=f"!fault:{name}@2 ", said="one two", told="cut", silent=name == "stall"
        )
        for name in FAULTS
    },
}
_CODES: Mapping[str, Mapping[str, object]] = {
    "no code": {"code": None},
    "a code that is a number": {"code": 7},
    "a code that is a text": {"code": "7"},
    "an empty type": {"type": ""},
    "neither": {},
}
_FLAT = {"object": "error", "message": "no", "type": "x", "param": None, "code": 429}
CODES = {
    "14. a flat body": Case(Refusal(429, go_json(_FLAT)), told="busy", calls=THRICE),
    "14. a text for an error": Case(
        Refusal(503, go_json({"error": "no"})), told="out of reach", calls=THRICE
    ),
    "14. a 404 of a model, its code a number": Case(
        upstream_error(f"The model `{MODEL}` does not exist.", 404), told="unknown", values=_UNKNOWN
    ),
    "14. JSON of no known shape": Case(Refusal(422, b"[7]"), told="refused"),
}
CODES |= {
    f"14. {status} with {name}": Case(
        Refusal(status, go_json({"error": {"message": "no", "param": None, **code}})),
        told=told,
        calls=calls,
        values=_UNKNOWN,
    )
    for status, told, calls in (
        (401, "access", 1),
        (402, "access", 1),
        (403, "refused", 1),
        (404, "out of reach", 1),
        (429, "busy", THRICE),
        (500, "out of reach", THRICE),
    )
    for name, code in _CODES.items()
}
CASES: Mapping[str, Case] = {**USUAL, **BROKEN, **REFUSED, **BUCKET, **BY_ITSELF, **CODES}
