"""The bot is removed from a workspace."""

import pytest

from core.chores import Chores
from core.conversation import Usage
from core.costs import Cost, Paid
from core.drun.catalog import Catalog
from core.errors import StoreUnavailable
from core.inbox import Inbox
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.usage import Spending, Spent
from tests.core.desks import desk_of
from tests.core.drun.talk import model_client
from tests.core.store.filled import ADA, GENERAL, Filled


async def test_what_a_turn_under_way_writes_afterwards_is_deleted_too(connections: Connections) -> None:
    filled = Filled(connections)
    await filled.fill()
    async with model_client() as client, Chores() as chores:
        desk = desk_of(connections, Catalog(client, [], aliases={}, runs={}))
        inbox = Inbox(desk, Journals(connections, ttl_s=60), chores=chores)
        await inbox.left("slack", GENERAL.workspace)
        assert await filled.holding(GENERAL.workspace) == []
        await Spending(connections).add(Spent("t", GENERAL, ADA, Usage(1, 1), Cost(Paid.TOKENS)))
        assert await filled.holding(GENERAL.workspace)
        chores.ending.set()
        # The end of the process is the last moment for it.
    assert await filled.holding(GENERAL.workspace) == []


async def test_a_store_that_is_away_is_told_of() -> None:
    async with connect("redis://127.0.0.1:1/0") as connections, model_client() as client:
        desk = desk_of(connections, Catalog(client, [], aliases={}, runs={}))
        with pytest.raises(StoreUnavailable):
            await Inbox(desk, Journals(connections, ttl_s=60)).left("slack", "T1")
