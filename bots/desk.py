"""What commands and answers work with, made from the settings."""

from collections.abc import Mapping
from dataclasses import replace

from bots.configuration import Configuration
from bots.models import Models
from core.answering import Means
from core.attachments import MEGABYTE, Files
from core.books import Books
from core.chores import Chores
from core.commands.desk import Desk
from core.drun.asking import Asking
from core.drun.catalog import Catalog
from core.limits import Limits
from core.memory.folding import Memory
from core.preferences import ANYONE, OFF
from core.store.allowances import Allowances
from core.store.calibrations import Calibrations
from core.store.channels import Channels
from core.store.connection import Connections
from core.store.preferences import Preferences
from core.store.summaries import Summaries
from core.store.turns import Turns
from core.store.usage import Spending
from core.surface import Platform


def desk_of(
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
        "footer": OFF,
        "changes": ANYONE,
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


def _memory(configuration: Configuration, connections: Connections, chores: Chores, means: Means) -> Memory:
    return Memory(
        Summaries(connections, partitions=configuration.store.partitions),
        chores,
        means.books,
        lambda: Asking(means.client, means.catalog, means.breakers),
        configuration.drun.summary_model,
    )


def means_of(
    configuration: Configuration,
    connections: Connections,
    chores: Chores,
    found: Models,
    desk: Desk,
) -> Means:
    """What answers are made with."""
    most = int(configuration.work.attachment_mb * MEGABYTE)
    means = Means(
        found.client,
        found.catalog,
        desk.channels,
        limits=desk.limits,
        books=_books(chores, connections, desk),
        files=Files(most, pictures=configuration.drun.drun_send_images),
    )
    return replace(means, memory=_memory(configuration, connections, chores, means))
