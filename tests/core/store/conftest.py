from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from core.store.connection import Connections, connect
from core.store.turns import Turns
from tests.core.store.clusters import Clustered
from tests.core.store.sentinels import Watched
from tests.core.store.talk import turns_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked ``every_form`` runs on one server, with Sentinel and on a Cluster."""
    if metafunc.definition.get_closest_marker("every_form") and "redis_url" in metafunc.fixturenames:
        metafunc.parametrize("kept_in", ["store", "sentinels", "cluster"], indirect=True)


@pytest.fixture
def kept_in(request: pytest.FixtureRequest) -> str | Watched | Clustered:
    """Started by the first test that needs it."""
    found: str | Watched | Clustered = request.getfixturevalue(getattr(request, "param", "store"))
    return found


@pytest_asyncio.fixture
async def redis_url(kept_in: str | Watched | Clustered) -> str:
    """The URL of an empty store."""
    if isinstance(kept_in, str):
        async with Redis.from_url(kept_in) as redis:
            await redis.flushall()
        return kept_in
    await kept_in.flush()
    return kept_in.url


@pytest_asyncio.fixture
async def connections(redis_url: str) -> AsyncIterator[Connections]:
    """An empty store, connected; where there are replicas, they must have what is accepted."""
    async with connect(redis_url, wait_replicas=int("+" in redis_url)) as found:
        yield found


@pytest.fixture
def turns(connections: Connections) -> Turns:
    return turns_of(connections)
