"""The models of the page that both deployments offer, each standing in for itself in the other."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from core.conversation import Message
from core.drun.documented import table as documented
from core.errors import PicturesRefused
from tests.core.drun.table import Table, models_of, table
from tests.doubles.drun import refusals
from tests.doubles.drun.exchange import Answer
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

SERVICE = "u-1100a15812cc/mine"
# The documented name, the id of MaaS, and whether the operator has to tell it: the table does not know all of them.
PAIRS = {
    "Qwen2.5-7B-Instruct": ("public/qwen2.5-7b", True),
    "Qwen2.5-72B-Instruct-AWQ": ("public/qwen2.5-72b-awq", True),
    "Llama-3.2-11B-Vision-Instruct": ("public/llama3.2-11b-vision", False),
    "glm-4-9b-chat": ("public/glm4-9b", False),
}
LLAMA = "Llama-3.2-11B-Vision-Instruct"
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJg"
    "gg=="
)


@asynccontextmanager
async def pair(drun: DrunDouble, name: str) -> AsyncGenerator[Table, None]:
    """``name`` in both deployments, set up as an operator does."""
    public, told = PAIRS[name]
    drun.service.models[:] = [SERVICE]
    drun.maas.models.append(public)
    async with table(drun, runs={SERVICE: name}, twins={public: name} if told else {}) as found:
        yield found


def test_these_are_all_that_the_page_offers_in_both() -> None:
    both = {model.name: model.id for model in documented().models if model.maas and model.service}
    assert set(both) == set(PAIRS)
    assert {name for name, id_ in both.items() if id_ is None} == {name for name in PAIRS if PAIRS[name][1]}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("from_service", [True, False], ids=["service to MaaS", "MaaS to service"])
@pytest.mark.parametrize(
    ("answer", "tries", "why"),
    [
        (refusals.unavailable(), 2, "cannot be reached"),
        (refusals.rate_limited(retry_after="0"), 2, "is busy"),
    ],
    ids=["down", "busy"],
)
async def test_a_model_of_the_page_is_answered_for_in_both_directions(
    drun: DrunDouble, name: str, *, from_service: bool, answer: Answer, tries: int, why: str
) -> None:
    public, _ = PAIRS[name]
    chosen, other = (SERVICE, public) if from_service else (public, SERVICE)
    async with pair(drun, name) as found:
        drun.script(answer, times=tries)
        drun.script(Script("Here."))
        assert await found.ask(chosen) == "Here."
        assert found.asked.instead("en") == f"`{other}` answered: `{chosen}` {why}."
        assert {found.asked.model.name, found.asked.chosen.model.name} == {name}
    assert models_of(drun) == [*[chosen] * tries, other]


def seen(limit: int) -> Sequence[Message]:
    return [Message("user", "What is it?", (PICTURE,))]


@pytest.mark.parametrize("from_service", [True, False], ids=["service to MaaS", "MaaS to service"])
async def test_a_picture_is_shown_to_who_stands_in_as_well(drun: DrunDouble, *, from_service: bool) -> None:
    public, _ = PAIRS[LLAMA]
    chosen, other = (SERVICE, public) if from_service else (public, SERVICE)
    drun.sees(SERVICE)
    drun.sees(public)
    async with pair(drun, LLAMA) as found:
        found.fit = seen
        drun.script(refusals.unavailable(), times=2)
        drun.script(Script("A dot."))
        assert await found.ask(chosen) == "A dot."
        assert all(model.vision for model in (found.asked.model, found.asked.chosen.model))
    assert models_of(drun) == [chosen, chosen, other]
    assert [call.pictures for call in drun.requests] == [[PICTURE]] * 3


async def test_who_stands_in_but_was_set_up_to_see_nothing_says_so(drun: DrunDouble) -> None:
    public, _ = PAIRS[LLAMA]
    drun.sees(public)
    async with pair(drun, LLAMA) as found:
        found.fit = seen
        drun.script(refusals.rate_limited(retry_after="0"), times=2)
        with pytest.raises(PicturesRefused):
            await found.ask(public)
        assert found.asked.model.id == SERVICE
    assert models_of(drun) == [public, public, SERVICE]
