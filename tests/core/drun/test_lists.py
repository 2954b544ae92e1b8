"""What endpoints list: read once for all workers, kept while they are away."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from core.drun.catalog import Catalog
from core.drun.client import ModelClient
from core.drun.endpoints import Deployment, Endpoint
from core.drun.lists import KEPT_S, Lists, Shelf, shelf_name
from core.drun.patience import Patience
from core.errors import ModelUnavailable
from core.store import shelf as store
from core.store.connection import Connections, connect
from tests.core.drun.talk import maas, model_client, service
from tests.doubles.drun import refusals
from tests.doubles.drun.server import DrunDouble

R1, V3, QWEN = "public/deepseek-r1", "public/deepseek-v3", "u-1100a15812cc/qwen2"


@pytest.fixture
async def client() -> AsyncGenerator[ModelClient, None]:
    async with model_client(Patience(list_s=2.0)) as made:
        yield made


@pytest.fixture
def shelf(connections: Connections) -> Shelf:
    return store.Shelf(connections, "catalog")


@asynccontextmanager
async def worker(
    client: ModelClient, *endpoints: Endpoint, shelf: Shelf | None, ttl_s: float = 300.0
) -> AsyncGenerator[Lists, None]:
    """The lists of one more process."""
    lists = Lists(client, endpoints, ttl_s=ttl_s, shelf=shelf)
    yield lists
    await lists.aclose()


def ids(lists: Lists, endpoint: Endpoint) -> list[str] | None:
    listed = lists.of(endpoint)
    return None if listed is None else [each.id for each in listed]


async def grow_old(redis: Redis, *, by_s: float) -> None:
    """All that lies on the shelf has lain there for so long."""
    for key in await redis.keys("drun:catalog:*"):
        await redis.pexpire(key, int((KEPT_S - by_s) * 1000))


async def test_a_list_that_one_worker_has_read_serves_all(
    drun: DrunDouble, client: ModelClient, shelf: Shelf
) -> None:
    async with (
        worker(client, maas(drun), shelf=shelf) as first,
        worker(client, maas(drun), shelf=shelf) as other,
    ):
        await first.settle()
        await other.settle()
        assert ids(other, maas(drun)) == [R1, V3]
    assert drun.listings == ["maas"]


async def test_a_new_worker_need_not_wait_for_an_endpoint_that_is_dead(
    client: ModelClient, drun: DrunDouble, shelf: Shelf, connections: Connections
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        dead = Endpoint(Deployment.MAAS, f"http://{host}:{port}/v1", drun.key)
        async with worker(client, maas(drun), shelf=shelf) as first:
            await first.settle()
        [key] = await connections.ask.keys("drun:catalog:*")
        async with worker(client, dead, shelf=shelf) as other:
            await connections.ask.rename(key, f"drun:catalog:{shelf_name(dead)}")
            await grow_old(connections.ask, by_s=23 * 3600)
            async with asyncio.timeout(1.0):
                await other.settle()
            assert ids(other, dead) == [R1, V3], "an old list is better than none, for a day at least"
            assert other._places[dead].busy, "and a new one is asked for"


async def test_an_old_list_is_read_anew_beside_whatever_goes_on(
    drun: DrunDouble, client: ModelClient, shelf: Shelf, connections: Connections
) -> None:
    async with worker(client, maas(drun), shelf=shelf) as first:
        await first.settle()
    drun.maas.models.append("public/new")
    await grow_old(connections.ask, by_s=301)
    async with worker(client, maas(drun), shelf=shelf) as other:
        await other.settle()
        await other._done(*other._places.values())
        assert ids(other, maas(drun)) == [R1, V3, "public/new"]
    assert drun.listings == ["maas", "maas"]


async def test_the_names_on_the_shelf_hold_no_key_and_each_key_has_its_own(
    drun: DrunDouble, client: ModelClient, shelf: Shelf, connections: Connections
) -> None:
    drun.keys.add("sk-another-key")
    for endpoint in (maas(drun), maas(drun, "sk-another-key")):
        async with worker(client, endpoint, shelf=shelf) as lists:
            await lists.settle()
    names = await connections.ask.keys("*")
    assert len(names) == 2
    for name in names:
        kept = await connections.ask.get(name)
        assert not any(key in str(name) + str(kept) for key in drun.keys)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "silent"])
async def test_without_redis_the_lists_are_kept_in_memory(
    drun: DrunDouble, client: ModelClient, url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        async with (
            connect(f"redis://{host}:{port}" if url == "silent" else url) as away,
            worker(client, maas(drun), shelf=store.Shelf(away, "catalog")) as lists,
        ):
            async with asyncio.timeout(4.0):
                await lists.settle()
            assert ids(lists, maas(drun)) == [R1, V3]
            drun.maas.listing_fault = refusals.unavailable()
            await lists.reread()
            assert ids(lists, maas(drun)) == [R1, V3]
            assert isinstance(lists.problems[maas(drun)], ModelUnavailable)


async def test_what_another_version_left_on_the_shelf_is_not_read(
    drun: DrunDouble, client: ModelClient, shelf: Shelf
) -> None:
    await shelf.put(shelf_name(maas(drun)), '{"models": 1}', kept_s=60)
    async with worker(client, maas(drun), shelf=shelf) as lists:
        await lists.settle()
        assert ids(lists, maas(drun)) == [R1, V3]


async def test_a_list_that_was_wrong_is_read_at_once_but_not_for_everybody_who_says_so(
    drun: DrunDouble, client: ModelClient, shelf: Shelf
) -> None:
    async with worker(client, maas(drun), shelf=shelf) as lists:
        await lists.settle()
        drun.maas.models.remove(V3)
        await asyncio.gather(*(lists.doubt(maas(drun)) for _ in range(20)))
        assert ids(lists, maas(drun)) == [R1]
        await lists.doubt(maas(drun))
        assert drun.listings == ["maas", "maas"]
        async with worker(client, maas(drun), shelf=shelf) as other:
            await other.settle()
            assert ids(other, maas(drun)) == [R1], "the others know it too"


async def test_one_who_stops_waiting_does_not_stop_the_reading(drun: DrunDouble, client: ModelClient) -> None:
    async with worker(client, maas(drun), service(drun), shelf=None) as lists:
        waiting = asyncio.create_task(lists.settle())
        await asyncio.sleep(0)
        waiting.cancel()
        await lists.settle()
        assert ids(lists, service(drun)) == [QWEN]
    assert sorted(drun.listings) == ["maas", "service"]


async def test_the_catalog_of_a_new_worker_finds_models_while_all_endpoints_are_away(
    drun: DrunDouble, client: ModelClient, shelf: Shelf, connections: Connections
) -> None:
    async with worker(client, maas(drun), shelf=shelf) as first:
        await first.settle()
    await grow_old(connections.ask, by_s=3600)
    drun.maas.listing_fault = refusals.unavailable()
    catalog = Catalog(client, [maas(drun)], default=V3, aliases={}, runs={}, shelf=shelf)
    assert (await catalog.default()).id == V3
    assert [model.id for model in await catalog.all()] == [R1, V3]
    await catalog.aclose()
