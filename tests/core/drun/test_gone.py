"""A Model Service that was stopped, question after question: the same model answers from MaaS by Token."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager

import pytest

from core.drun.asking import Asking
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.drun.fallback import Order
from core.errors import ModelBusy, ModelUnknown
from core.store.connection import Connections
from tests.core.drun.table import hello, models_of
from tests.core.drun.talk import QUICK, maas, service
from tests.core.scene import scene
from tests.doubles.drun import refusals
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

GLM, PUBLIC, V3 = "u-1100a15812cc/glm", "public/glm4-9b", "public/deepseek-v3"
INSTEAD = f"`{PUBLIC}` answered: `{GLM}` is not there."
GONE = f"`{GLM}` is not offered any more; `{V3}` answers."
HOW = {
    # what is chosen, the default, the operator's names
    "chosen": (GLM, V3, {}),
    "the default": ("", GLM, {}),
    "the default by the end of its id": ("", "glm", {}),
    "chosen by an alias": ("mine", V3, {"mine": GLM, "other": PUBLIC, V3: V3}),
    "the default by an alias": ("", "mine", {"mine": GLM, "other": PUBLIC, V3: V3}),
}
ways = pytest.mark.parametrize("way", HOW)
regions = pytest.mark.parametrize("regions", [1, 2])


@asynccontextmanager
async def asking(
    drun: DrunDouble,
    *,
    default: str = V3,
    aliases: Mapping[str, str] | None = None,
    regions: int = 1,
    order: Order = Order.CHOSEN,
    denied: str = "",
) -> AsyncGenerator[Asking, None]:
    drun.maas.models.append(PUBLIC)
    places = [maas(drun), service(drun)]
    if regions > 1:
        other = await drun.region("sh-07", ["u-1100a15812cc/phi"])
        places.append(Endpoint(Deployment.SERVICE, other.url, drun.key))
    async with http_client(QUICK) as http:
        client = ModelClient(http, QUICK)
        catalog = Catalog(
            client,
            places,
            default=default,
            aliases=aliases or {},
            runs={GLM: "glm-4-9b-chat"},
            order=order,
            admits=lambda model: model != denied,
        )
        yield Asking(client, catalog)
        await catalog.aclose()


async def told(asked: Asking, chosen: str) -> tuple[str, str, str]:
    """Who answers, and the two lines of who answers instead, and what is gone."""
    found = ("", "", "")
    async with aclosing(asked.stream(chosen, hello)) as said:
        async for each, _ in said:
            found = (each.model.id, each.instead("en"), each.gone("en"))
    return found


@ways
@regions
async def test_the_same_model_answers_every_question_and_says_so(
    drun: DrunDouble, way: str, regions: int
) -> None:
    chosen, default, aliases = HOW[way]
    async with asking(drun, default=default, aliases=aliases, regions=regions) as asked:
        for _ in range(4):
            assert await told(asked, chosen) == (PUBLIC, INSTEAD, "")
    assert models_of(drun).count(GLM) == (
        1 if regions == 1 and way != "the default by the end of its id" else 0
    )


@ways
@regions
async def test_one_that_is_stopped_between_two_questions_is_answered_for_until_it_is_back(
    drun: DrunDouble, way: str, regions: int
) -> None:
    chosen, default, aliases = HOW[way]
    drun.service.models.append(GLM)
    async with asking(drun, default=default, aliases=aliases, regions=regions) as asked:
        assert await told(asked, chosen) == (GLM, "", "")
        drun.service.models.remove(GLM)
        for _ in range(3):
            assert await told(asked, chosen) == (PUBLIC, INSTEAD, "")
        drun.service.models.append(GLM)
        await asked.catalog.reread()
        for _ in range(2):
            assert await told(asked, chosen) == (GLM, "", "")


@ways
@regions
async def test_switched_off_the_default_answers_and_says_what_is_gone(
    drun: DrunDouble, way: str, regions: int
) -> None:
    chosen, default, aliases = HOW[way]
    drun.maas.models[:] = [V3]
    async with asking(drun, default=default, aliases=aliases, regions=regions, order=Order.OFF) as asked:
        for _ in range(3):
            answered, instead, gone = await told(asked, chosen)
            assert (answered, instead) == (V3, "")
            assert gone.endswith(f"is not offered any more; `{V3}` answers.")
    assert PUBLIC not in models_of(drun)


@regions
async def test_where_nobody_else_runs_it_the_default_answers(drun: DrunDouble, regions: int) -> None:
    async with asking(drun, regions=regions, denied=PUBLIC) as asked:
        for _ in range(3):
            assert await told(asked, GLM) == (V3, "", GONE)


async def test_a_public_model_that_was_withdrawn_is_answered_for_by_its_service(drun: DrunDouble) -> None:
    drun.service.models.append(GLM)
    async with asking(drun) as asked:
        drun.maas.models.remove(PUBLIC)
        await asked.catalog.reread()
        for _ in range(3):
            assert await told(asked, PUBLIC) == (GLM, f"`{GLM}` answered: `{PUBLIC}` is not there.", "")


async def test_a_list_that_cannot_be_read_hides_nobody_who_can_stand_in(drun: DrunDouble) -> None:
    drun.maas.listing_fault = drun.service.listing_fault = refusals.unavailable()
    async with asking(drun) as asked:
        for _ in range(3):
            assert await told(asked, GLM) == (PUBLIC, INSTEAD, "")
    assert models_of(drun) == [GLM, PUBLIC, PUBLIC, PUBLIC], "who was told that it is not there asks once"


async def test_one_who_stands_in_and_is_busy_is_not_asked_twice_over(drun: DrunDouble) -> None:
    async with asking(drun) as asked:
        drun.script(refusals.rate_limited(retry_after="0"), times=3)
        with pytest.raises(ModelUnknown):
            await told(asked, GLM)
        assert models_of(drun) == [GLM, *[PUBLIC] * 3]
        drun.script(refusals.rate_limited(retry_after="0"), times=3)
        with pytest.raises(ModelBusy):
            await told(asked, GLM)
        drun.script(Script("Here."))
        assert await told(asked, GLM) == (PUBLIC, INSTEAD, "")


async def test_every_answer_in_a_channel_says_who_answered_and_what_is_gone_is_still_said_later(
    drun: DrunDouble, connections: Connections
) -> None:
    """Two public ids of one model: the one of the documentation was withdrawn, then the other one too."""
    drun.maas.models.append("public/glm-4-9b-chat")
    drun.reply = Script("Here.")
    instead = f"Here.\n\n_`public/glm-4-9b-chat` answered: `{PUBLIC}` is not there._"
    async with scene(connections, drun, default=PUBLIC) as stage:
        for _ in range(3):
            assert (await stage.answer("hello"))[-1] == instead
        drun.maas.models[:] = [V3]
        await stage.engine.means.catalog.reread()
        gone = f"`{PUBLIC}` is not offered any more; `{V3}` answers."
        assert gone in (await stage.answer("hello"))[-1]
        assert (await stage.answer("hello"))[-1] == "Here."
