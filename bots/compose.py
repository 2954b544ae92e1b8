"""Building the house: every object of a running process is made here, once, and closed in reverse."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bots import platforms
from bots.configuration import Configuration
from bots.desk import desk_of, means_of
from bots.embedded.store import private_store
from bots.latecomers import Latecomers
from bots.models import Models, shared_models
from bots.reading import wrong
from bots.settings import StoreSettings, key_missing
from core.chores import Chores
from core.door import Door
from core.engine import Engine
from core.errors import PlatformRefused, PlatformUnreachable
from core.inbox import Inbox
from core.outage import Outage
from core.overheard import Overheard
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.resealing import announce_key, missing_keys
from core.store.told import Told
from core.surface import Platform
from core.waiting import Waiting
from core.worker import Worker


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
async def store_url(store: StoreSettings) -> AsyncGenerator[str, None]:
    """The operator's Redis, or a private one. Raises bots.embedded.store.StoreUnavailable."""
    if store.redis_url is not None:
        yield store.redis_url.get_secret_value()
        return
    async with private_store(store.data_dir) as url:
        yield url


@asynccontextmanager
async def connected(store: StoreSettings) -> AsyncGenerator[Connections, None]:
    """Connections to that store, which seal what people say where that is set. Raises as ``store_url``."""
    async with (
        store_url(store) as url,
        connect(url, wait_replicas=store.wait_replicas, seal=store.seal()) as connections,
    ):
        yield connections


@asynccontextmanager
async def house(configuration: Configuration) -> AsyncGenerator[House, None]:
    """Everything but listening and working. Platforms that refuse the bot are left out and told of."""
    async with AsyncExitStack() as stack:
        connections = await stack.enter_async_context(connected(configuration.store))
        admission = configuration.limits.admission
        found = await stack.enter_async_context(shared_models(configuration.drun, connections, admission))
        ready: dict[str, Platform] = {}
        desk = desk_of(configuration, connections, found.catalog, ready)
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
        refused, later = await _connected(configuration, inbox, ready, stack)
        # Inside the platforms: what is under way ends while they can still be written to.
        await stack.enter_async_context(chores)
        means = means_of(configuration, connections, chores, found, desk)
        engine = Engine(desk, means, waiting.begun)
        work = configuration.work
        worker = Worker(desk.turns, engine.answer, capacity=work.worker_turns, lease_s=work.lease_s)
        yield House(inbox, worker, found, configuration.store.partitions, ready, refused, later, connections)


async def _connected(
    configuration: Configuration, inbox: Inbox, ready: dict[str, Platform], stack: AsyncExitStack
) -> tuple[dict[str, str], Latecomers]:
    """Fills ``ready``; returns those that are set up but did not let the bot in, and who tries them again."""
    refused: dict[str, str] = {}
    later = await stack.enter_async_context(
        Latecomers(ready, lambda name: platforms.adapter(name).connect(configuration.shown_on[name], inbox))
    )
    for name in configuration.shown_on:
        try:
            ready[name] = await later.first_try(name, stack)
        except PlatformUnreachable as error:
            refused[name] = f"{error}; it is tried again"
            later.expect(name)
        except PlatformRefused as error:
            refused[name] = str(error)
    return refused, later
