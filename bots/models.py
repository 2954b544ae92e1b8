"""The d.run side of a process: client, catalog and limits, or the demo model in its place."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass

from bots.drun_settings import DrunSettings
from bots.embedded.demo_model import demo_model
from core.admission import Admission
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.drun.limiter import Limiter
from core.store.blocks import Blocks
from core.store.connection import Connections
from core.store.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Models:
    """The d.run side of a process, or the demo model in its place."""

    client: ModelClient
    catalog: Catalog
    endpoints: list[Endpoint]


@asynccontextmanager
async def models(
    drun: DrunSettings,
    shelf: Shelf | None = None,
    limiter: Limiter | None = None,
    admission: Admission | None = None,
) -> AsyncGenerator[Models, None]:
    """Lists of models are shared on ``shelf``; without ``admission`` all are admitted. Raises DemoModelUnavailable."""
    admission = admission or Admission()
    async with AsyncExitStack() as stack:
        if drun.demo:
            demo = await stack.enter_async_context(demo_model(drun.local_model_path))
            endpoints = [Endpoint(Deployment.DEMO, demo.base_url, demo.api_key, demo.context_tokens)]
        else:
            endpoints = drun.endpoints()
        patience = drun.patience()
        http = await stack.enter_async_context(http_client(patience))
        client = ModelClient(
            http,
            patience,
            completions=drun.drun_completions,
            limiter=limiter,
            sampling=drun.sampling(),
        )
        catalog = Catalog(
            client,
            endpoints,
            default=drun.default_model,
            aliases=drun.aliases(),
            runs=drun.services_run(),
            twins=drun.twins(),
            windows=drun.windows(),
            order=drun.drun_fallback,
            ttl_s=drun.drun_models_ttl_s,
            shelf=None if drun.demo else shelf,  # its address is another one each time
            admits=lambda model: admission.admits_model(model) is None,
        )
        stack.push_async_callback(catalog.aclose)
        yield Models(client, catalog, endpoints)


@asynccontextmanager
async def shared_models(
    drun: DrunSettings, connections: Connections, admission: Admission
) -> AsyncGenerator[Models, None]:
    """Lists and limits are those of all workers."""
    limiter = Limiter(Blocks(connections), rpm=drun.drun_rpm, concurrency=drun.drun_max_concurrency)
    async with aclosing(limiter), models(drun, Shelf(connections, "catalog"), limiter, admission) as found:
        yield found
