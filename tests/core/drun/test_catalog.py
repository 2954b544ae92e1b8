import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

import pytest

from core.drun.catalog import Catalog, Choice
from core.drun.client import ModelClient
from core.drun.documented import WINDOW_OF_UNKNOWN, Price
from core.drun.endpoints import Deployment, Endpoint
from core.drun.fallback import Order
from core.drun.listing import Listed
from core.drun.patience import Patience
from core.errors import ModelUnavailable, ModelUnknown
from tests.core.drun.talk import maas, model_client, service
from tests.doubles.drun import refusals
from tests.doubles.drun.hosts import Shape
from tests.doubles.drun.server import DrunDouble

R1, V3, QWEN = "public/deepseek-r1", "public/deepseek-v3", "u-1100a15812cc/qwen2"


@pytest.fixture
async def client() -> AsyncGenerator[ModelClient, None]:
    async with model_client(Patience(list_s=2.0)) as made:
        yield made


def catalog(
    client: ModelClient,
    *endpoints: Endpoint,
    default: str = "",
    aliases: Mapping[str, str] | None = None,
    runs: Mapping[str, str] | None = None,
) -> Catalog:
    return Catalog(client, endpoints, default=default, aliases=aliases or {}, runs=runs or {})


async def ids(found: Catalog) -> list[str]:
    return [model.id for model in await found.all()]


async def reread(found: Catalog) -> None:
    """The time for which a list is believed is over, and the next question has had it read again."""
    grown_old(found)
    await found.all()
    await asyncio.wait([place.reading for place in found._lists._places.values() if place.reading])


def grown_old(found: Catalog) -> None:
    for place in found._lists._places.values():
        place.due = float("-inf")


async def test_all_endpoints_lists_are_one_list_in_the_endpoints_order(
    drun: DrunDouble, client: ModelClient
) -> None:
    found = catalog(client, service(drun), maas(drun))
    assert await ids(found) == [QWEN, R1, V3]
    assert [model.endpoint.host for model in await found.all()][:2] == [service(drun).host, maas(drun).host]


async def test_a_list_is_read_once_while_it_is_believed(drun: DrunDouble, client: ModelClient) -> None:
    found = catalog(client, maas(drun))
    await found.all()
    drun.maas.models.append("public/new")
    assert await ids(found) == [R1, V3]
    await reread(found)
    assert await ids(found) == [R1, V3, "public/new"]
    assert drun.listings == ["maas", "maas"]


async def test_an_endpoint_out_of_reach_keeps_its_old_list(drun: DrunDouble, client: ModelClient) -> None:
    found = catalog(client, maas(drun), service(drun))
    await found.all()
    drun.maas.listing_fault = refusals.unavailable()
    drun.service.models[:] = ["u-1100a15812cc/phi"]
    await reread(found)
    assert await ids(found) == [R1, V3, "u-1100a15812cc/phi"]
    assert list(found.problems) == [maas(drun)]


async def test_a_problem_is_over_when_the_list_is_there_again(drun: DrunDouble, client: ModelClient) -> None:
    found = catalog(client, maas(drun))
    drun.maas.listing_fault = refusals.unavailable()
    assert await ids(found) == []
    assert found.problems
    drun.maas.listing_fault = None
    assert await ids(found) == [], "a list that could not be read is not asked for again at once"
    await reread(found)
    assert await ids(found) == [R1, V3]
    assert not found.problems


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (V3, V3),
        ("deepseek-v3", V3),
        ("DeepSeek-V3", V3),
        ("qwen2", QWEN),
        ("fast", V3),
    ],
)
async def test_a_model_is_found_by_id_short_name_or_alias(
    drun: DrunDouble, client: ModelClient, name: str, expected: str
) -> None:
    aliases = {"fast": V3, QWEN: QWEN}
    found = catalog(client, maas(drun), service(drun), aliases=aliases)
    assert (await found.find(name)).id == expected


LLAMA, QWEN_7B = "public/llama3.2-11b-vision", "Qwen2.5-7B-Instruct"


@pytest.mark.parametrize(
    ("name", "order", "expected"),
    [
        ("glm-4-9b-chat", Order.CHOSEN, "public/glm4-9b"),
        ("GLM-4-9b-Chat", Order.CHOSEN, "public/glm4-9b"),
        ("glm-4-9b-chat", Order.OFF, "public/glm4-9b"),
        ("glm-4-9b-chat", Order.MAAS_FIRST, "public/glm4-9b"),
        ("glm-4-9b-chat", Order.SERVICE_FIRST, QWEN),
        ("Llama-3.2-11B-Vision-Instruct", Order.CHOSEN, LLAMA),
        ("Qwen2.5-7B-Instruct", Order.CHOSEN, "u-1100a15812cc/mine"),
        # Both ids end in it, and both are told to run it.
        ("Phi-4", Order.CHOSEN, "public/phi-4"),
        ("phi-4", Order.SERVICE_FIRST, "u-1100a15812cc/phi-4"),
    ],
)
async def test_a_model_is_found_by_its_official_name(
    drun: DrunDouble, client: ModelClient, name: str, order: Order, expected: str
) -> None:
    drun.maas.models += [LLAMA, "public/glm4-9b", "public/phi-4"]
    drun.service.models += ["u-1100a15812cc/mine", "u-1100a15812cc/phi-4"]
    runs = {QWEN: "glm-4-9b-chat", "u-1100a15812cc/mine": QWEN_7B, "u-1100a15812cc/phi-4": "Phi-4"}
    places = [maas(drun), service(drun)]
    found = Catalog(client, places, default=name, aliases={}, runs=runs, order=order)
    assert (await found.find(name)).id == expected
    choice = await found.choose("")
    assert (choice.model.id, choice.gone) == (expected, "")
    assert expected in [model.id for model in await found.like(name)]
    await found.aclose()


@pytest.mark.parametrize("text", ["Qwen2.5-7B-Instruct", "qwen2.5-7b", "Qwen2.5-7B-Instrct"])
async def test_an_official_name_is_completed_and_meant(
    drun: DrunDouble, client: ModelClient, text: str
) -> None:
    found = catalog(client, maas(drun), service(drun), runs={QWEN: QWEN_7B})
    assert [model.id for model in await found.like(text)] == [QWEN]


async def test_an_official_name_finds_nobody_who_may_not_be_chosen(
    drun: DrunDouble, client: ModelClient
) -> None:
    found = catalog(client, maas(drun), service(drun), aliases={"fast": V3}, runs={QWEN: QWEN_7B})
    with pytest.raises(ModelUnknown):
        await found.find(QWEN_7B)
    assert await found.like(QWEN_7B) == []


async def test_a_short_name_that_two_models_have_is_nobodys(drun: DrunDouble, client: ModelClient) -> None:
    drun.service.models.append("u-1100a15812cc/deepseek-v3")
    found = catalog(client, maas(drun), service(drun))
    with pytest.raises(ModelUnknown) as caught:
        await found.find("deepseek-v3")
    assert "`deepseek-v3`" in caught.value.notice("en")
    assert (await found.find(V3)).id == V3


async def test_aliases_are_all_that_may_be_chosen(drun: DrunDouble, client: ModelClient) -> None:
    found = catalog(client, maas(drun), service(drun), aliases={"fast": V3})
    assert await ids(found) == [V3]
    for name in (R1, "deepseek-r1", QWEN):
        with pytest.raises(ModelUnknown):
            await found.find(name)


async def test_an_id_is_believed_while_its_endpoints_list_cannot_be_read(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.service.listing_fault = refusals.no_such_page()
    found = catalog(client, maas(drun), service(drun))
    assert (await found.find(QWEN)).endpoint == service(drun)
    assert (await found.find("public/deepseek-v3")).id == V3
    for name in ("public/none", "qwen2"):
        with pytest.raises(ModelUnknown):
            await found.find(name)


@pytest.mark.parametrize("name", ["mine", QWEN])
async def test_an_allowed_id_is_believed_while_its_endpoints_list_cannot_be_read(
    drun: DrunDouble, client: ModelClient, name: str
) -> None:
    drun.service.listing_fault = refusals.no_such_page()
    found = catalog(client, maas(drun), service(drun), aliases={"mine": QWEN})
    assert (await found.find(name)).id == QWEN
    with pytest.raises(ModelUnknown):
        await found.find("u-1100a15812cc/other")


@pytest.mark.parametrize(
    ("setting", "expected"), [("", R1), (V3, V3), ("deepseek-v3", V3), ("public/gone", R1)]
)
async def test_the_default_is_the_settings_or_the_first_listed(
    drun: DrunDouble, client: ModelClient, setting: str, expected: str
) -> None:
    assert (await catalog(client, maas(drun), default=setting).default()).id == expected


async def test_a_default_that_goes_away_is_replaced(drun: DrunDouble, client: ModelClient) -> None:
    found = catalog(client, maas(drun), default=V3)
    assert (await found.default()).id == V3
    drun.maas.models.remove(V3)
    await reread(found)
    assert (await found.default()).id == R1


async def test_without_any_list_the_default_fails_as_the_list_did(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.maas.listing_fault = refusals.unavailable()
    with pytest.raises(ModelUnavailable, match="503"):
        await catalog(client, maas(drun), default="qwen2").default()
    for default in (V3, "deepseek-v3", "DeepSeek-V3"):
        assert await catalog(client, maas(drun), default=default).choose("") == Choice(
            await catalog(client, maas(drun)).find(V3)
        )


async def test_without_any_model_there_is_no_default(drun: DrunDouble, client: ModelClient) -> None:
    drun.maas.models.clear()
    with pytest.raises(ModelUnavailable, match="no endpoint lists a model"):
        await catalog(client, maas(drun)).default()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [R1, V3, QWEN]),
        ("V3", [V3]),
        (" deepseek ", [R1, V3]),
        ("public/deepsek-v3", [V3, R1]),
        ("u-1100a15812cc/qven2", [QWEN]),
        ("xyz", []),
    ],
)
async def test_near_names_come_best_first(
    drun: DrunDouble, client: ModelClient, text: str, expected: Sequence[str]
) -> None:
    found = catalog(client, maas(drun), service(drun))
    assert [model.id for model in await found.like(text)] == list(expected)


async def test_no_more_names_are_offered_than_asked_for(drun: DrunDouble, client: ModelClient) -> None:
    drun.maas.models[:] = [f"public/m{number:02}" for number in range(40)]
    found = catalog(client, maas(drun))
    assert len(await found.like("")) == 25
    assert [model.id for model in await found.like("m", most=2)] == ["public/m00", "public/m01"]


async def test_a_window_is_the_documented_one(drun: DrunDouble, client: ModelClient) -> None:
    drun.maas.models.append("public/new")
    found = catalog(client, maas(drun), service(drun), runs={QWEN: "Qwen2-0.5B-Instruct"})
    windows = {model.id: model.window for model in await found.all()}
    assert windows == {R1: 131_072, V3: 131_072, "public/new": WINDOW_OF_UNKNOWN, QWEN: 32_768}


async def test_what_is_documented_of_a_model_is_known_of_it(drun: DrunDouble, client: ModelClient) -> None:
    found = catalog(client, maas(drun), service(drun), runs={QWEN: "Llama-3.2-11B-Vision-Instruct"})
    r1, _, service_model = await found.all()
    assert (r1.name, r1.output, r1.reasoning, r1.tools, r1.vision) == (
        "DeepSeek-R1",
        32_000,
        True,
        True,
        False,
    )
    assert r1.price == Price("CNY", 1000, 0.004, 0.016, "2025-07")
    assert (service_model.vision, service_model.tools, service_model.price) == (True, None, None)
    assert service_model.dedicated


async def test_of_a_service_nothing_is_known_by_its_name(drun: DrunDouble, client: ModelClient) -> None:
    drun.service.models[:] = ["u-3d7a8e49da2a/deepseek-r1"]
    [model] = await catalog(client, service(drun)).all()
    assert (model.name, model.known_window, model.reasoning) == ("", None, None)


@pytest.mark.parametrize("shape", Shape)
async def test_every_shape_of_a_list_is_read_and_vllms_window_is_believed(
    drun: DrunDouble, client: ModelClient, shape: Shape
) -> None:
    drun.service.shape = shape
    drun.service.windows[QWEN] = 12_288
    [model] = await catalog(client, service(drun), runs={QWEN: "Qwen2-0.5B-Instruct"}).all()
    assert model.window == (12_288 if shape is Shape.VLLM else 32_768)


async def test_the_demo_model_is_called_one(drun: DrunDouble, client: ModelClient) -> None:
    endpoint = Endpoint(Deployment.DEMO, drun.maas_url, drun.key)
    first = (await catalog(client, endpoint).all())[0]
    assert first.label == f"{R1} (demo model)"
    assert (await catalog(client, maas(drun)).all())[0].label == R1


async def test_a_list_that_hangs_keeps_nobody_waiting_who_has_an_old_one(
    drun: DrunDouble, client: ModelClient
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        slow = Endpoint(Deployment.MAAS, f"http://{host}:{port}/v1", "sk-x")
        found = catalog(client, slow, maas(drun))
        place = found._lists._places[slow]
        place.listed = [Listed("public/slow")]
        place.asked.set()
        assert await ids(found) == ["public/slow", R1, V3]
        assert place.busy
        await found.aclose()


async def test_a_window_that_the_endpoint_knows_counts_more_than_the_documented_one(
    drun: DrunDouble, client: ModelClient
) -> None:
    known = replace(maas(drun), window=2048)
    assert {model.window for model in await catalog(client, known).all()} == {2048}


async def test_a_service_is_asked_where_it_is_listed(drun: DrunDouble, client: ModelClient) -> None:
    other = await drun.region("sh-07", ["u-1100a15812cc/phi"])
    there = Endpoint(Deployment.SERVICE, other.url, drun.key)
    found = catalog(client, maas(drun), service(drun), there)
    assert (await found.find("u-1100a15812cc/phi")).endpoint == there
    assert (await found.find(QWEN)).endpoint == service(drun)


async def test_with_one_region_a_service_is_asked_there_listed_or_not(
    drun: DrunDouble, client: ModelClient
) -> None:
    found = catalog(client, maas(drun), service(drun))
    assert (await found.find("u-1100a15812cc/new")).endpoint == service(drun)
    assert QWEN in await ids(found)


async def test_with_several_regions_a_service_that_none_lists_is_unknown(
    drun: DrunDouble, client: ModelClient
) -> None:
    other = await drun.region("sh-07", ["u-1100a15812cc/phi"])
    found = catalog(client, service(drun), Endpoint(Deployment.SERVICE, other.url, drun.key))
    with pytest.raises(ModelUnknown):
        await found.find("u-1100a15812cc/new")


async def test_with_several_regions_it_is_asked_where_the_list_cannot_be_read(
    drun: DrunDouble, client: ModelClient
) -> None:
    other = await drun.region("sh-07", [])
    other.listing_fault = refusals.unavailable()
    there = Endpoint(Deployment.SERVICE, other.url, drun.key)
    found = catalog(client, service(drun), there)
    assert (await found.find("u-1100a15812cc/new")).endpoint == there


async def test_a_service_of_two_regions_is_one_choice_and_two_to_ask(
    drun: DrunDouble, client: ModelClient
) -> None:
    other = await drun.region("sh-07", [QWEN])
    there = Endpoint(Deployment.SERVICE, other.url, drun.key)
    found = catalog(client, service(drun), there, runs={QWEN: "Phi-4"})
    assert await ids(found) == [QWEN]
    candidates = await found.candidates(await found.find("qwen2"))
    assert [model.endpoint for model in candidates] == [service(drun), there]


async def test_one_address_for_both_deployments_is_two_endpoints_with_their_own_ids(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.maas.models.append("u-1100a15812cc/both")
    here = Endpoint(Deployment.SERVICE, drun.maas_url, drun.key)
    models = await catalog(client, maas(drun), here).all()
    assert [(model.id, model.endpoint.deployment) for model in models] == [
        (R1, Deployment.MAAS),
        (V3, Deployment.MAAS),
        ("u-1100a15812cc/both", Deployment.SERVICE),
    ]


async def test_a_model_that_its_endpoint_does_not_know_is_believed_no_more(
    drun: DrunDouble, client: ModelClient
) -> None:
    found = catalog(client, maas(drun), service(drun), default=V3)
    model = (await found.choose("u-1100a15812cc/new")).model
    await found.missing(model)
    assert await found.choose("u-1100a15812cc/new") == Choice(await found.find(V3), "u-1100a15812cc/new")
    drun.service.models.append("u-1100a15812cc/new")
    await found.reread()
    assert (await found.choose("u-1100a15812cc/new")).model == model


@pytest.mark.parametrize(
    ("default", "chosen", "expected"),
    [
        (V3, "", (V3, "")),
        ("deepseek-v3", "", (V3, "")),
        ("DeepSeek-V3", "", (V3, "")),
        ("", "", (R1, "")),
        ("public/gone", "", (R1, "public/gone")),
        (V3, R1, (R1, "")),
        (V3, "public/gone", (V3, "public/gone")),
        ("public/too", "public/gone", (R1, "public/gone")),
    ],
)
async def test_who_answers_is_told_with_what_is_gone(
    drun: DrunDouble, client: ModelClient, default: str, chosen: str, expected: tuple[str, str]
) -> None:
    choice = await catalog(client, maas(drun), default=default).choose(chosen)
    assert (choice.model.id, choice.gone) == expected


async def test_an_alias_that_is_the_default_is_not_gone(drun: DrunDouble, client: ModelClient) -> None:
    choice = await catalog(client, maas(drun), default="fast", aliases={"fast": V3}).choose("")
    assert (choice.model.id, choice.gone) == (V3, "")


GLM, GLM_SERVICE = "public/glm4-9b", "u-1100a15812cc/mine"
TWINS = {GLM_SERVICE: "glm-4-9b-chat"}


async def twins_of(found: Catalog, name: str) -> list[str]:
    return [model.id for model in await found.candidates(await found.find(name))]


async def test_a_service_and_the_public_model_that_it_runs_stand_in_for_each_other(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.maas.models.append(GLM)
    drun.service.models.append(GLM_SERVICE)
    found = catalog(client, maas(drun), service(drun), runs=TWINS)
    assert await twins_of(found, GLM_SERVICE) == [GLM_SERVICE, GLM]
    assert await twins_of(found, GLM) == [GLM, GLM_SERVICE]
    assert await twins_of(found, R1) == [R1]


async def test_a_name_that_somebody_gave_to_a_service_makes_no_twin(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.service.models.append("u-1100a15812cc/deepseek-r1")
    found = catalog(client, maas(drun), service(drun))
    assert await twins_of(found, "u-1100a15812cc/deepseek-r1") == ["u-1100a15812cc/deepseek-r1"]


async def test_a_twin_that_is_not_listed_is_none_unless_its_list_cannot_be_read(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.service.models.append(GLM_SERVICE)
    listed = catalog(client, maas(drun), service(drun), runs=TWINS)
    assert await twins_of(listed, GLM_SERVICE) == [GLM_SERVICE]
    drun.maas.listing_fault = refusals.unavailable()
    unread = catalog(client, maas(drun), service(drun), runs=TWINS)
    assert await twins_of(unread, GLM_SERVICE) == [GLM_SERVICE, GLM]


async def test_a_twin_is_one_that_may_be_chosen_or_that_the_operator_named(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.maas.models.append("public/glm-own")
    drun.maas.models.append(GLM)
    drun.service.models.append(GLM_SERVICE)
    found = Catalog(
        client,
        [maas(drun), service(drun)],
        aliases={GLM_SERVICE: GLM_SERVICE},
        runs=TWINS,
        twins={"public/glm-own": "glm-4-9b-chat"},
    )
    assert await twins_of(found, GLM_SERVICE) == [GLM_SERVICE, "public/glm-own"]


async def test_a_public_id_that_spells_the_documented_name_is_a_twin(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.maas.models.append("public/qwen2.5-7b-instruct")
    found = catalog(client, maas(drun), service(drun), runs={QWEN: "Qwen2.5-7B-Instruct"})
    assert await twins_of(found, QWEN) == [QWEN, "public/qwen2.5-7b-instruct"]


async def test_the_operator_may_know_windows_that_no_list_and_no_table_has(
    drun: DrunDouble, client: ModelClient
) -> None:
    windows = {"": 20_000, "public/deepseek-v3": 30_000}
    drun.maas.models.append("public/deepseek-v4-flash")
    found = Catalog(client, [maas(drun)], aliases={}, runs={}, windows=windows)
    assert (await found.find("public/deepseek-v3")).window == 30_000
    assert (await found.find("public/deepseek-v4-flash")).window == 20_000
    assert (await found.find("public/deepseek-r1")).window == 131_072
    await found.aclose()


async def test_the_window_that_a_server_named_in_a_refusal_is_remembered(
    drun: DrunDouble, client: ModelClient
) -> None:
    found = Catalog(client, [maas(drun)], aliases={}, runs={})
    model = await found.find("public/deepseek-v3")
    found.learned(model, 4096)
    assert (await found.find("public/deepseek-v3")).window == 4096
    found.learned(await found.find("public/deepseek-v3"), 9_999_999)
    assert (await found.find("public/deepseek-v3")).window == 4096
    assert (await found.find("public/deepseek-r1")).window == 131_072
    await found.aclose()


async def test_a_model_that_may_draw_does_not_stand_in_for_the_default(
    drun: DrunDouble, client: ModelClient
) -> None:
    drun.maas.models[:] = ["public/a-model-that-draws", "public/deepseek-v4-flash"]
    found = Catalog(client, [maas(drun)], default="public/gone", aliases={}, runs={})
    assert (await found.default()).id == "public/deepseek-v4-flash"
    await found.aclose()


async def test_a_model_carries_the_operators_first_name_of_it(drun: DrunDouble, client: ModelClient) -> None:
    aliases = {"fast": V3, "v3": V3, QWEN: QWEN}
    found = catalog(client, maas(drun), service(drun), aliases=aliases)
    assert {model.id: (model.alias, model.called) for model in await found.all()} == {
        V3: ("fast", "fast"),
        QWEN: ("", QWEN),
    }
    assert (await found.find("v3")).called == "fast"
    assert (await found.default()).called == "fast"
    plain = catalog(client, maas(drun))
    assert [model.called for model in await plain.all()] == [R1, V3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fast", [V3]),
        ("FAS", [V3]),
        ("fats", [V3]),
        ("second", [V3]),
        ("deepseek-v3", [V3, R1]),
        ("think", [R1]),
        ("deep", [R1, V3]),
        ("s", [V3, R1]),
        ("", [R1, V3]),
        ("qwen", []),
    ],
)
async def test_a_name_of_the_operators_is_completed_and_meant(
    drun: DrunDouble, client: ModelClient, text: str, expected: list[str]
) -> None:
    aliases = {"thinker": R1, "speedy": V3, "fast": V3, "second-name": V3}
    found = catalog(client, maas(drun), service(drun), aliases=aliases)
    assert [model.id for model in await found.like(text)] == expected
    assert [model.id for model in await found.like(text, most=1)] == expected[:1]


async def test_what_is_not_admitted_is_not_offered_found_completed_or_chosen(
    drun: DrunDouble, client: ModelClient
) -> None:
    def admits(model: str) -> bool:
        return model != V3

    found = Catalog(client, [service(drun), maas(drun)], default=V3, aliases={}, runs={}, admits=admits)
    assert await ids(found) == [QWEN, R1]
    assert [model.id for model in await found.of(maas(drun))] == [R1]
    assert V3 not in [model.id for model in await found.like("deepseek")]
    for name in (V3, "deepseek-v3"):
        with pytest.raises(ModelUnknown):
            await found.find(name)
    assert (await found.choose(V3)).gone == V3
    assert (await found.choose("")).model.id == R1
    await found.aclose()


async def test_an_id_that_no_list_has_is_not_believed_where_it_is_not_admitted(client: ModelClient) -> None:
    away = Endpoint(Deployment.SERVICE, "http://127.0.0.1:1/v1", "sk-1")
    found = Catalog(client, [away], aliases={}, runs={}, admits=lambda model: model.endswith("/mine"))
    assert (await found.find("u-1/mine")).id == "u-1/mine"
    with pytest.raises(ModelUnknown):
        await found.find("u-1/yours")
    await found.aclose()


async def test_nobody_stands_in_who_is_not_admitted(drun: DrunDouble, client: ModelClient) -> None:
    drun.maas.models.append("public/glm4-9b")
    endpoints, runs = [service(drun), maas(drun)], {QWEN: "glm-4-9b-chat"}
    twins = {"public/glm4-9b": "glm-4-9b-chat"}
    for admits, expected in (
        (lambda _: True, [QWEN, "public/glm4-9b"]),
        (lambda model: model == QWEN, [QWEN]),
    ):
        found = Catalog(client, endpoints, aliases={}, runs=runs, twins=twins, admits=admits)
        chosen = await found.find(QWEN)
        assert [model.id for model in await found.candidates(chosen)] == expected
        await found.aclose()
