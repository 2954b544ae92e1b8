"""Building the house: every object of a running process is made here, once, and closed in reverse."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bots import platforms
from bots.configuration import Configuration
from bots.embedded.demo_model import demo_model
from bots.embedded.store import private_store
from bots.reading import wrong
from bots.settings import DrunSettings, StoreSettings
from core.commands import Desk
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.engine import Engine
from core.errors import PlatformRefused
from core.inbox import Inbox
from core.store.channels import Channels
from core.store.connection import connect
from core.store.journal import Journals
from core.store.turns import Turns
from core.surface import Platform
from core.worker import Worker


@dataclass(frozen=True, slots=True)
class Models:
    """The d.run side of a process, or the demo model in its place."""

    client: ModelClient
    catalog: Catalog
    endpoints: list[Endpoint]


@dataclass(frozen=True, slots=True)
class House:
    """Everything that runs in one process."""

    inbox: Inbox
    worker: Worker
    models: Models
    partitions: int
    platforms: Mapping[str, Platform]
    refused: Mapping[str, str]
    """Platforms that are set up but did not let the bot in, and why."""

    async def ask_store(self) -> None:
        """Asks the store whether it is this deployment's. Raises StoreUnavailable, and SettingsWrong if it is not."""
        settled = await self.inbox.desk.turns.settled_partitions()
        if settled != self.partitions:
            raise wrong(
                [
                    f"REDIS_PARTITIONS: this Redis was set up with {settled}, and keeps them (it is {self.partitions})"
                ]
            )


@asynccontextmanager
async def models(drun: DrunSettings) -> AsyncGenerator[Models, None]:
    """Raises DemoModelUnavailable."""
    async with AsyncExitStack() as stack:
        if drun.demo:
            demo = await stack.enter_async_context(demo_model(drun.local_model_path))
            endpoints = [Endpoint(Deployment.DEMO, demo.base_url, demo.api_key, demo.context_tokens)]
        else:
            endpoints = drun.endpoints()
        client = ModelClient(await stack.enter_async_context(http_client()))
        default = drun.drun_default_model or ("" if drun.demo else "public/deepseek-v3")
        catalog = Catalog(
            client, endpoints, default=default, aliases=drun.aliases(), runs=drun.services_run()
        )
        stack.push_async_callback(catalog.aclose)
        yield Models(client, catalog, endpoints)


@asynccontextmanager
async def store_url(store: StoreSettings) -> AsyncGenerator[str, None]:
    """The operator's Redis, or a private one. Raises bots.embedded.store.StoreUnavailable."""
    if store.redis_url is not None:
        yield store.redis_url.get_secret_value()
        return
    async with private_store(store.data_dir) as url:
        yield url


@asynccontextmanager
async def house(configuration: Configuration) -> AsyncGenerator[House, None]:
    """Everything but listening and working. Platforms that refuse the bot are left out and told of."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(configuration.store))
        connections = await stack.enter_async_context(
            connect(url, wait_replicas=configuration.store.wait_replicas)
        )
        found = await stack.enter_async_context(models(configuration.drun))
        turns = Turns(
            connections,
            partitions=configuration.store.partitions,
            lease_s=configuration.work.lease_s,
            history_ttl_s=configuration.store.history_ttl_s,
            busy=configuration.work.busy_mode,
            most_waiting=configuration.work.waiting_turns,
        )
        channels = Channels(
            connections,
            partitions=configuration.store.partitions,
            busy=configuration.work.busy_mode,
        )
        desk = Desk(turns, channels, found.catalog)
        language = configuration.drun.reply_language
        inbox = Inbox(desk, Journals(connections, ttl_s=configuration.store.history_ttl_s), language)
        ready: dict[str, Platform] = {}
        refused: dict[str, str] = {}
        for name, settings in configuration.shown_on.items():
            try:
                ready[name] = await stack.enter_async_context(
                    platforms.adapter(name).connect(settings, inbox)
                )
            except PlatformRefused as error:
                refused[name] = str(error)
        engine = Engine(desk, found.client, ready, configuration.drun.system_prompt, language)
        worker = Worker(
            turns, engine.answer, capacity=configuration.work.worker_turns, lease_s=configuration.work.lease_s
        )
        yield House(inbox, worker, found, configuration.store.partitions, ready, refused)
