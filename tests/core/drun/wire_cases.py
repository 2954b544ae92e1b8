"""What d.run may send in answer to one question, and what people then read: groups 1 to 7 of docs/drun-wire.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from core.drun.endpoints import Deployment, Endpoint, normalised
from core.texts import Language
from tests.core.drun.sentences import SENTENCES, WARNINGS
from tests.core.drun.talk import MODEL, maas, service
from tests.doubles.drun import refusals
from tests.doubles.drun.exchange import Answer
from tests.doubles.drun.frames import Style, Thought
from tests.doubles.drun.hosts import Shape
from tests.doubles.drun.refusals import FOREIGN
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

QUESTIONS: Mapping[Language, str] = {"en": "what is it?", "zh": "这是什么？"}
SERVICE_MODEL = "u-1100a15812cc/qwen2"
REASONER = "public/deepseek-r1"
TEXT = "Grüße, <b>世界</b> & \u2028 all 👩‍🚀 of you"
THOUGHTS = ("let me ", "see")
ASKED = "%question%"
"""Stands in ``said`` for the question, which the double says back."""


def both(drun: DrunDouble) -> Sequence[Endpoint]:
    return [maas(drun), service(drun)]


def nothing(drun: DrunDouble) -> None:
    """What changes where nothing does."""


@dataclass(frozen=True, slots=True)
class Case:
    reply: Any = None
    """An Answer for every call; without one the question is said back."""
    first: Sequence[Any] = ()
    """These come before it, one for each call."""
    said: str = ""
    """The model's words that people read."""
    told: str = ""
    """Our sentence under them, or in their place, by its name."""
    values: Mapping[str, str] = field(default_factory=dict)
    calls: int = 1
    """How often a model is asked for it."""
    before: Sequence[str] = ()
    """What people wrote before the question."""
    change: Callable[[DrunDouble], None] = nothing
    """Happens between that and the question."""
    asks: str = ""
    """Stands before the question."""
    endpoints: Callable[[DrunDouble], Sequence[Endpoint]] = both
    default: str = MODEL
    host: str = "maas"
    """Where the last call arrives."""
    silent: bool = False
    """The model is waited for in vain: less patience makes that short."""

    def answers(self) -> tuple[Answer | None, list[Answer]]:
        """Fresh ones: a script counts how often it was played."""
        return (None if self.reply is None else replace(self.reply)), [replace(each) for each in self.first]

    def shown(self, question: str, language: Language) -> str:
        """All that people read in the end."""
        said = self.said.replace(ASKED, question)
        if not self.told:
            return said
        note = SENTENCES[self.told].say(language, **self.values)
        if self.told in WARNINGS:
            note = f"⚠️ {note}"
        elif said:
            note = f"_{note}_"
        return f"{said}\n\n{note}" if said else note


def _pasted(form: str, drun: DrunDouble) -> Sequence[Endpoint]:
    address = drun.maas_url.removesuffix("/v1") + form
    return [Endpoint(Deployment.MAAS, normalised(address), drun.key)]


def _with_key(key: str, drun: DrunDouble) -> Sequence[Endpoint]:
    return [Endpoint(Deployment.MAAS, drun.maas_url, key)]


def _keyless(drun: DrunDouble) -> None:
    """A private installation that is set up without keys."""
    drun.keys.add("")


def _deleted(drun: DrunDouble) -> None:
    drun.keys.clear()


def _written_by(shape: Shape, drun: DrunDouble) -> None:
    drun.maas.shape = shape


def _withdrawn(model: str, drun: DrunDouble) -> None:
    drun.maas.models.remove(model)


def _unlisted(drun: DrunDouble) -> None:
    drun.maas.listing_fault = drun.service.listing_fault = refusals.unavailable()


ECHO = f"You asked {MODEL}: {ASKED}"
FORMS = ("", "/", "/v1", "/v1/", "//v1//", "/v1/chat/completions", "/v1/completions", "/v1/models")
ADDRESSES = {
    f"1. an address that ends in {form!r}": Case(
        Script("here"), said="here", endpoints=partial(_pasted, form)
    )
    for form in FORMS
}
KEYS = {
    "2. no key": Case(refusals.no_key(), told="key"),
    "2. no key at all": Case(told="key", endpoints=partial(_with_key, "")),
    "2. no key, where none is asked for": Case(
        Script("here"), said="here", endpoints=partial(_with_key, ""), change=_keyless
    ),
    "2. a wrong key": Case(told="key", endpoints=partial(_with_key, "sk-theirs-0123456789")),
    "2. a key that was deleted": Case(told="key", before=["hi"], change=_deleted),
    "2. a wrong key said back": Case(refusals.wrong_key("sk-theirs-0123456789"), told="key"),
    **{f"2. {name}": Case(answer, told="access") for name, answer in FOREIGN.items()},
}
PLACES = {
    "3. an id of MaaS": Case(said=ECHO),
    "3. an id of a service": Case(
        said=f"You asked {SERVICE_MODEL}: {ASKED}", before=[f"/model {SERVICE_MODEL}"], host="service"
    ),
    "3. an id of a service that no list has": Case(
        said=f"You asked {SERVICE_MODEL}: {ASKED}",
        default=SERVICE_MODEL,
        change=_unlisted,
        host="service",
    ),
    "3. an id that its host does not know": Case(
        refusals.unknown_model(MODEL), told="unknown", values={"model": MODEL}
    ),
}
LISTS = {
    **{
        f"4. a list in the shape of {shape.value}": Case(said=ECHO, change=partial(_written_by, shape))
        for shape in Shape
    },
    "4. a chosen model that goes away": Case(
        said=ECHO,
        told="gone",
        values={"chosen": REASONER, "model": MODEL},
        calls=2,
        before=[f"/model {REASONER}"],
        change=partial(_withdrawn, REASONER),
    ),
    "4. a default that goes away": Case(
        said=f"You asked {REASONER}: {ASKED}",
        told="gone",
        values={"chosen": MODEL, "model": REASONER},
        calls=2,
        before=["hi"],
        change=partial(_withdrawn, MODEL),
    ),
    "4. a list that cannot be read": Case(said=ECHO, change=_unlisted),
}
STREAMS = {
    "5. a stream of the gateway": Case(Script(TEXT), said=TEXT),
    "5. one in small pieces": Case(Script(list(TEXT)), said=TEXT),
    "6. a stream of SGLang": Case(Script(TEXT, style=Style.SGLANG), said=TEXT),
    **{
        f"{5 if style is Style.VLLM else 6}. {finish} from {style.name}": Case(
            Script("Once upon", finish=finish, style=style), said="Once upon", told=told
        )
        for style in Style
        for finish, told in (
            ("length", "limit"),
            ("content_filter", "filtered"),
            ("abort", "ended early"),
            ("insufficient_system_resource", "ended early"),
        )
    },
    "5. not a word": Case(Script(""), told="nothing"),
}
_ONLY = {Thought.TAGS: ["<think>", *THOUGHTS], Thought.CLOSING_TAG: list(THOUGHTS)}
THINKING = {
    **{
        f"7. an answer after thoughts, {shape.name}": Case(
            Script("42", thoughts=THOUGHTS, shape=shape), said="42"
        )
        for shape in Thought
    },
    **{
        # The catalog knows this one to reason: shape E could not be told from an answer otherwise.
        f"7. nothing but thoughts, {shape.name}": Case(
            Script(_ONLY[shape], finish="length")
            if shape in _ONLY
            else Script("", thoughts=THOUGHTS, shape=shape, finish="length"),
            told="only thoughts",
            default=REASONER,
        )
        for shape in Thought
    },
}
USUAL = {**ADDRESSES, **KEYS, **PLACES, **LISTS, **STREAMS, **THINKING}
