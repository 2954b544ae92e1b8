"""Building the house: every object of a running process is made here, once, and closed in reverse."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from bots import platforms
from bots.configuration import Configuration
from bots.drun_settings import DrunSettings
from bots.embedded.demo_model import demo_model
from bots.embedded.store import private_store
from bots.latecomers import Latecomers
from bots.reading import wrong
from bots.settings import StoreSettings, key_missing
from core.admission import Admission
from core.answering import Means
from core.attachments import MEGABYTE, Files
from core.books import Books
from core.chores import Chores
from core.commands.desk import Desk
from core.door import Door
from core.drun.asking import Asking
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.drun.limiter import Limiter
from core.engine import Engine
from core.errors import PlatformRefused, PlatformUnreachable
from core.inbox import Inbox
from core.limits import Limits
from core.memory.folding import Memory
from core.outage import Outage
from core.overheard import Overheard
from core.store.allowances import Allowances
from core.store.blocks import Blocks
from core.store.calibrations import Calibrations
from core.store.channels import Channels
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.preferences import Preferences
from core.store.resealing import announce_key, missing_keys
from core.store.shelf import Shelf
from core.store.summaries import Summaries
from core.store.told import Told
from core.store.turns import Turns
from core.store.usage import Spending
from core.surface import Platform
from core.waiting import Waiting
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
    later: Latecomers
    """Those of them that could not be reached."""
    connections: Connections

    async def ask_store(self) -> None:
        """Asks the store whether it is this deployment's. Raises StoreUnavailable, and SettingsWrong if it is not."""
        settled = await self.inbox.desk.turns.settled_partitions()
        if settled != self.partitions:
            raise wrong(
                [
                    f"REDIS_PARTITIONS: this Redis was set up with {settled}, and keeps them (it is {self.partitions})"
                ]
            )
        if missing := await missing_keys(self.connections):
            raise wrong([key_missing(missing)])

    async def begin_sealing(self) -> None:
        """Notes the key that everything is sealed with from now on. Raises StoreUnavailable."""
        await announce_key(self.connections)


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
async def store_url(store: StoreSettings) -> AsyncGenerator[str, None]:
    """The operator's Redis, or a private one. Raises bots.embedded.store.StoreUnavailable."""
    if store.redis_url is not None:
        yield store.redis_url.get_secret_value()
        return
    async with private_store(store.data_dir) as url:
        yield url


@asynccontextmanager
async def _shared_models(
    drun: DrunSettings, connections: Connections, admission: Admission
) -> AsyncGenerator[Models, None]:
    """Lists and limits are those of all workers."""
    limiter = Limiter(Blocks(connections), rpm=drun.drun_rpm, concurrency=drun.drun_max_concurrency)
    async with aclosing(limiter), models(drun, Shelf(connections, "catalog"), limiter, admission) as found:
        yield found


def _desk(
    configuration: Configuration,
    connections: Connections,
    catalog: Catalog,
    ready: Mapping[str, Platform],
) -> Desk:
    store, work = configuration.store, configuration.work
    turns = Turns(
        connections,
        partitions=store.partitions,
        lease_s=work.lease_s,
        history_ttl_s=store.history_ttl_s,
        busy=work.busy_mode,
        most_waiting=work.waiting_turns,
    )
    preferences = Preferences(
        connections,
        partitions=store.partitions,
        history_ttl_s=store.history_ttl_s,
        defaults=_defaults(configuration),
    )
    return Desk(
        turns,
        Channels(connections, partitions=store.partitions),
        catalog,
        preferences,
        Spending(connections),
        ready,
        frozenset(work.admins),
        configuration.limits.admission,
        Limits(Allowances(connections), configuration.limits.rules, frozenset(work.admins)),
        presets=work.presets,
    )


def _defaults(configuration: Configuration) -> dict[str, str]:
    """The operator's variables as settings of a chat: what counts where nobody has chosen, and is shown as such."""
    drun = configuration.drun
    temperature, tokens = drun.drun_temperature, drun.drun_max_tokens
    return {
        "system": drun.system_prompt,
        "thinking": drun.drun_show_reasoning,
        "language": drun.reply_language,
        "busy": configuration.work.busy_mode.value,
        "replies": configuration.work.reply_mode,
        "temperature": "" if temperature is None else f"{temperature:g}",
        "max_tokens": "" if tokens is None else str(tokens),
        "budgets": ", ".join(map(str, configuration.limits.rules)),
    }


def _books(chores: Chores, connections: Connections, desk: Desk) -> Books:
    books = Books(
        chores,
        calibrations=Calibrations(connections),
        usage=desk.spending,
        allowances=desk.limits.allowances if desk.limits else None,
    )
    books.refresh()  # before anybody asks; nobody waits for it
    return books


def _memory(
    configuration: Configuration, connections: Connections, chores: Chores, means: Means
) -> Memory:
    return Memory(
        Summaries(connections, partitions=configuration.store.partitions),
        chores,
        means.books,
        lambda: Asking(means.client, means.catalog, means.breakers),
        configuration.drun.summary_model,
    )


@asynccontextmanager
async def house(configuration: Configuration) -> AsyncGenerator[House, None]:
    """Everything but listening and working. Platforms that refuse the bot are left out and told of."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(configuration.store))
        connections = await stack.enter_async_context(
            connect(
                url, wait_replicas=configuration.store.wait_replicas, seal=configuration.store.seal()
            )
        )
        admission = configuration.limits.admission
        found = await stack.enter_async_context(_shared_models(configuration.drun, connections, admission))
        ready: dict[str, Platform] = {}
        desk = _desk(configuration, connections, found.catalog, ready)
        language = configuration.drun.reply_language
        chores = Chores()
        waiting = Waiting(
            ready, chores, place=desk.turns.place, busy_of=desk.preferences.busy_of, language=language
        )
        outage = Outage(ready, chores, ask=desk.turns.settled_partitions, language=language)
        journals = Journals(connections, ttl_s=configuration.store.history_ttl_s)
        overheard = Overheard(desk.preferences, desk.channels)
        inbox = Inbox(
            desk,
            journals,
            language,
            waiting,
            outage,
            overheard,
            Door(admission, ready, chores, first=Told(connections).first, language=language),
            chores,
        )
        refused: dict[str, str] = {}
        later = await stack.enter_async_context(
            Latecomers(
                ready, lambda name: platforms.adapter(name).connect(configuration.shown_on[name], inbox)
            )
        )
        for name in configuration.shown_on:
            try:
                ready[name] = await later.first_try(name, stack)
            except PlatformUnreachable as error:
                refused[name] = f"{error}; it is tried again"
                later.expect(name)
            except PlatformRefused as error:
                refused[name] = str(error)
        # Inside the platforms: what is under way ends while they can still be written to.
        await stack.enter_async_context(chores)
        means = Means(
            found.client,
            found.catalog,
            desk.channels,
            limits=desk.limits,
            books=_books(chores, connections, desk),
            files=Files(
                int(configuration.work.attachment_mb * MEGABYTE), pictures=configuration.drun.drun_send_images
            ),
        )
        memory = _memory(configuration, connections, chores, means)
        engine = Engine(desk, replace(means, memory=memory), waiting.begun)
        work = configuration.work
        worker = Worker(desk.turns, engine.answer, capacity=work.worker_turns, lease_s=work.lease_s)
        yield House(inbox, worker, found, configuration.store.partitions, ready, refused, later, connections)
