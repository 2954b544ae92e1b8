"""What one worker has fetched and all may use."""

import pytest

from core.errors import StoreUnavailable
from core.store.connection import Connections, connect
from core.store.shelf import Shelf

pytestmark = pytest.mark.every_form


async def test_what_lies_there_is_found_by_everybody_with_its_age(
    connections: Connections, redis_url: str
) -> None:
    await Shelf(connections, "catalog").put("a", '["x\\n"]', kept_s=60)
    async with connect(redis_url) as others:
        found = await Shelf(others, "catalog").get("a")
    assert found is not None
    assert found[0] == '["x\\n"]'
    assert 0 <= found[1] < 5


async def test_an_age_is_the_servers(connections: Connections) -> None:
    shelf = Shelf(connections, "catalog")
    await shelf.put("a", "x", kept_s=60)
    await connections.ask.pexpire("drun:catalog:a", 20_000)
    found = await shelf.get("a")
    assert found is not None
    assert 40 <= found[1] < 45


async def test_where_nothing_lies_nothing_is_found(connections: Connections) -> None:
    shelf = Shelf(connections, "catalog")
    assert await shelf.get("a") is None
    await shelf.put("a", "x", kept_s=60)
    assert await shelf.get("b") is None
    assert await Shelf(connections, "other").get("a") is None


async def test_what_is_laid_there_anew_is_new(connections: Connections) -> None:
    shelf = Shelf(connections, "catalog")
    await shelf.put("a", "x", kept_s=60)
    await connections.ask.pexpire("drun:catalog:a", 20_000)
    await shelf.put("a", "", kept_s=60)
    found = await shelf.get("a")
    assert found is not None
    assert found[0] == ""
    assert found[1] < 5


async def test_it_does_not_lie_there_for_ever(connections: Connections) -> None:
    await Shelf(connections, "catalog").put("a", "x", kept_s=60)
    assert 0 < await connections.ask.pttl("drun:catalog:a") <= 60_000


async def test_something_else_at_its_place_is_nothing(connections: Connections) -> None:
    await connections.ask.set("drun:catalog:a", "of another version")
    assert await Shelf(connections, "catalog").get("a") is None


async def test_a_store_that_is_away_is_told() -> None:
    async with connect("redis://127.0.0.1:1") as away:
        with pytest.raises(StoreUnavailable):
            await Shelf(away, "catalog").get("a")
        with pytest.raises(StoreUnavailable):
            await Shelf(away, "catalog").put("a", "x", kept_s=60)
