"""``drun-chat export`` and ``drun-chat forget``: what is kept of a conversation, a channel or a workspace."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import Enum

import typer

from bots.compose import connected
from bots.logs import redacted
from bots.settings import StoreSettings
from bots.turns import NotDone
from core.cascade import Level
from core.conversation import Channel, Conversation
from core.errors import StoreUnavailable
from core.exported import as_json, as_markdown
from core.store.channels import Channels
from core.store.connection import Connections
from core.store.preferences import Preferences
from core.store.standing import settled_partitions

_WORKSPACE, _CHANNEL = 2, 3
"""Words of a name."""


class Form(Enum):
    MARKDOWN = "markdown"
    JSON = "json"


async def export(settings: StoreSettings, where: str, form: Form) -> None:
    """Prints all that is kept of ``where``. Raises NotDone, and what ``store_url`` raises."""
    conversation = _conversation(where)
    async with _opened(settings) as (connections, partitions):
        record = await Channels(connections, partitions=partitions).records.of(conversation)
        chosen = await Preferences(connections, partitions=partitions).chosen(conversation, "")
    for each in record.given_up:
        each["reason"] = redacted(each["reason"])
    found = {
        level.value: said for level, said in chosen.layers.items() if said and level is not Level.DEFAULT
    }
    typer.echo(as_json(record, found) if form is Form.JSON else as_markdown(record, found, "en"), nl=False)


async def forget(settings: StoreSettings, where: str) -> None:
    """Deletes what was said in a channel, or all that is kept of a workspace. Raises as ``export`` does."""
    words = where.split(":")
    if not all(words) or len(words) not in {_WORKSPACE, _CHANNEL}:
        raise NotDone(
            f"{where!r} is no workspace and no channel: they are written as slack:T0123, slack:T0123:C0456."
        )
    async with _opened(settings) as (connections, partitions):
        erasing = Channels(connections, partitions=partitions).erasing
        if len(words) == _CHANNEL:
            await erasing.channel(Channel(*words))
        else:
            await erasing.workspace(*words)
    typer.echo(
        f"What was said in {where} is forgotten."
        if len(words) == _CHANNEL
        else f"Nothing of {where} is kept."
    )


def _conversation(where: str) -> Conversation:
    try:
        return Conversation.parse(where)
    except ValueError as error:
        raise NotDone(
            f"{where!r} is no conversation: one is written as slack:T0123:C0456, a thread with its id behind that."
        ) from error


@asynccontextmanager
async def _opened(settings: StoreSettings) -> AsyncGenerator[tuple[Connections, int], None]:
    async with connected(settings) as connections:
        try:
            yield connections, await settled_partitions(connections) or settings.partitions
        except StoreUnavailable as error:
            raise NotDone(f"The store does not answer, see REDIS_URL: {error}") from error
