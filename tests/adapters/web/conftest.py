from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from adapters.web.app import connect
from adapters.web.settings import Settings
from bots.embedded.store import private_store
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.inbox import Inbox
from core.store.connection import Connections
from core.store.connection import connect as connect_store
from core.store.journal import Journals
from core.store.turns import Turns
from tests.core.desks import desk_of

MODELS = ["demo/smollm2-135m", "demo/other"]

Serve = Callable[..., Awaitable[str]]


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncGenerator[Connections, None]:
    async with private_store(tmp_path, durable=False) as url, connect_store(url) as connections:
        yield connections


@pytest.fixture
def journals(connections: Connections) -> Journals:
    return Journals(connections, ttl_s=0)


@pytest.fixture
async def endpoint() -> AsyncGenerator[Endpoint, None]:
    """Lists models, and answers nothing else."""

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": name} for name in MODELS]})

    application = web.Application()
    application.router.add_get("/v1/models", models)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Endpoint(Deployment.DEMO, f"http://127.0.0.1:{runner.addresses[0][1]}/v1", "key")
    await runner.cleanup()


@pytest.fixture
async def inbox(
    connections: Connections, journals: Journals, endpoint: Endpoint
) -> AsyncGenerator[Inbox, None]:
    async with http_client() as http:
        turns = Turns(connections, partitions=1, lease_s=10, history_ttl_s=0)
        catalog = Catalog(ModelClient(http), [endpoint], aliases={}, runs={})
        yield Inbox(desk_of(connections, catalog, turns=turns), journals)


@pytest.fixture
async def serve(inbox: Inbox) -> AsyncGenerator[Serve, None]:
    """Serves the page with other settings than the usual; returns where."""
    async with AsyncExitStack() as stack:

        async def begin(**settings: object) -> str:
            chosen = Settings.model_validate({"web_port": 0, **settings})
            platform = await stack.enter_async_context(connect(chosen, inbox))
            return await stack.enter_async_context(platform.listening())

        yield begin


@pytest.fixture
async def page(serve: Serve) -> str:
    """Where the page is, served as on a first run."""
    return await serve()
