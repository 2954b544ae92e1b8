"""The desk of a process, on a real store."""

from collections.abc import Mapping

from core.cascade import Level
from core.commands.desk import Desk
from core.conversation import Channel, Conversation
from core.drun.catalog import Catalog
from core.store.channels import Channels
from core.store.claims import Busy
from core.store.connection import Connections
from core.store.preferences import Place, Preferences
from core.store.turns import Turns
from core.store.usage import Spending
from core.surface import Platform
from tests.core.store.talk import GENERAL, channels_of, turns_of


def preferences_of(
    connections: Connections, *, partitions: int = 1, defaults: Mapping[str, str] | None = None
) -> Preferences:
    return Preferences(connections, partitions=partitions, history_ttl_s=86_400, defaults=defaults)


def desk_of(
    connections: Connections,
    catalog: Catalog,
    *,
    turns: Turns | None = None,
    channels: Channels | None = None,
    platforms: Mapping[str, Platform] | None = None,
    admins: frozenset[str] = frozenset(),
    defaults: Mapping[str, str] | None = None,
) -> Desk:
    return Desk(
        turns or turns_of(connections),
        channels or channels_of(connections),
        catalog,
        preferences_of(connections, defaults=defaults),
        Spending(connections),
        platforms if platforms is not None else {},
        admins,
    )


async def choose(
    preferences: Preferences, name: str, value: str | Busy | None, channel: Channel = GENERAL
) -> None:
    """Sets a channel's ``name``, or forgets it."""
    text = value.value if isinstance(value, Busy) else value or ""
    await preferences.choose(Place(Level.CHANNEL, Conversation(channel)), name, text, by="U1")


async def chosen(preferences: Preferences, name: str, channel: Channel = GENERAL) -> str:
    """What a channel has for ``name``; empty when it has none of its own."""
    found = (await preferences.chosen(Conversation(channel), "")).find(name)
    return found.value if found.level is Level.CHANNEL else ""
