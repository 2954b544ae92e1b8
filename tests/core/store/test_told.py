"""What a channel is told once, whichever worker tells it."""

import asyncio

import pytest

from core.conversation import Channel
from core.store.channels import GREETED_S, TOLD_S
from core.store.connection import Connections
from core.store.keys import partition_of
from tests.core.store.talk import GENERAL, channels_of


@pytest.mark.every_form
async def test_one_turn_tells_a_channel_of_a_model_and_no_other(connections: Connections) -> None:
    one, other = channels_of(connections), channels_of(connections)
    told = await asyncio.gather(
        *(
            each.told_before(GENERAL, "public/a", turn=f"t{number}")
            for number, each in enumerate((one, other))
        )
    )
    assert sorted(told) == [False, True]
    teller = f"t{told.index(False)}"
    assert not await other.told_before(GENERAL, "public/a", turn=teller), "it died before it could"
    assert not await other.told_before(GENERAL, "public/b", turn="t3")
    assert not await other.told_before(Channel("slack", "T1", "random"), "public/a", turn="t4")


async def test_it_is_forgotten_by_itself(connections: Connections) -> None:
    await channels_of(connections).told_before(GENERAL, "public/a", turn="t1")
    [key] = [key async for key in connections.ask.scan_iter("*told*")]
    assert key.startswith(partition_of(GENERAL, 1).prefix)
    assert TOLD_S - 60 < await connections.ask.ttl(key) <= TOLD_S


@pytest.mark.every_form
async def test_a_channel_is_greeted_once_by_all_processes_together(connections: Connections) -> None:
    one, other = channels_of(connections), channels_of(connections)
    first = await asyncio.gather(*(each.comes_first(GENERAL) for each in (one, other, one, other)))
    assert sorted(first) == [False, False, False, True]
    assert await other.comes_first(Channel("slack", "T1", "random"))


async def test_who_invites_the_bot_anew_after_a_quarter_of_a_year_is_greeted_anew(
    connections: Connections,
) -> None:
    await channels_of(connections).comes_first(GENERAL)
    [key] = [key async for key in connections.ask.scan_iter("*greeted*")]
    assert key.startswith(partition_of(GENERAL, 1).prefix)
    assert GREETED_S - 60 < await connections.ask.ttl(key) <= GREETED_S
