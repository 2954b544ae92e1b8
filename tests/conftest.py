"""One real store for the whole run, emptied before each test."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bots.embedded.store import private_store
from core.store.connection import Connections, connect
from tests.core.store.clusters import Clustered, clustered
from tests.core.store.sentinels import Watched, watched

# Slack's SDK applies a proxy of the environment even to loopback addresses.
for _name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(_name, None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str, None]:
    """The URL of a store that lives as long as the test run."""
    folder: Path = tmp_path_factory.mktemp("store")
    async with private_store(folder, durable=False) as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sentinels(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Watched, None]:
    """A master, its replica and three sentinels, as long as the test run."""
    async with watched(tmp_path_factory.mktemp("sentinel")) as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Clustered, None]:
    """Three masters with a replica each, as long as the test run."""
    async with clustered(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest_asyncio.fixture
async def redis_url(store: str) -> str:
    """The URL of an empty store."""
    async with Redis.from_url(store) as redis:
        await redis.flushall()
    return store


@pytest_asyncio.fixture
async def connections(redis_url: str) -> AsyncIterator[Connections]:
    """An empty store, connected."""
    async with connect(redis_url) as found:
        yield found
