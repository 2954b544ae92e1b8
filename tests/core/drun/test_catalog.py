import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

import pytest

from core.drun.catalog import Catalog
from core.drun.client import ModelClient, Patience
from core.drun.documented import WINDOW_OF_UNKNOWN
from core.drun.endpoints import Deployment, Endpoint
from core.errors import ModelUnavailable, ModelUnknown
from tests.core.drun.talk import maas, model_client, service
from tests.doubles.drun import refusals
from tests.doubles.drun.server import DrunDouble

R1, V3, QWEN = "public/deepseek-r1", "public/deepseek-v3", "u-1100a15812cc/qwen2"


@pytest.fixture
async def client() -> AsyncGenerator[ModelClient, None]:
    async with model_client(Patience(connect_s=2.0)) as made:
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
    found._until = float("-inf")
    await found.all()
    assert found._reading is not None
    await found._reading


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
        await catalog(client, maas(drun), default="deepseek-v3").default()
    assert (await catalog(client, maas(drun), default=V3).default()).id == V3


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


async def test_the_demo_model_is_called_one(drun: DrunDouble, client: ModelClient) -> None:
    endpoint = Endpoint(Deployment.DEMO, drun.maas_url, drun.key)
    first = (await catalog(client, endpoint).all())[0]
    assert first.label == f"{R1} (demo model)"
    assert (await catalog(client, maas(drun)).all())[0].label == R1


async def test_a_list_that_hangs_keeps_nobody_waiting_who_has_an_old_one(
    drun: DrunDouble, client: ModelClient
) -> None:
    found = catalog(client, maas(drun))
    assert await ids(found) == [R1, V3]
    found._until = float("-inf")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        slow = Endpoint(Deployment.MAAS, f"http://{host}:{port}/v1", "sk-x")
        found._listed[slow], found._endpoints = ["public/slow"], [slow, *found._endpoints]
        assert await ids(found) == ["public/slow", R1, V3]
        assert found._reading is not None
        assert not found._reading.done()
        await found.aclose()


async def test_a_window_that_the_endpoint_knows_counts_more_than_the_documented_one(
    drun: DrunDouble, client: ModelClient
) -> None:
    known = replace(maas(drun), window=2048)
    assert {model.window for model in await catalog(client, known).all()} == {2048}
