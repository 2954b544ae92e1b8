"""What people are told while Redis is away."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from core.chores import Chores
from core.conversation import Channel, Conversation, UserMessage
from core.drun.catalog import Catalog
from core.errors import StoreUnavailable, SurfaceGone
from core.inbox import Inbox
from core.outage import PATIENCE_S, Outage
from core.store.connection import connect
from core.store.journal import Journals
from core.surface import OUTAGE
from tests.core.desks import desk_of
from tests.core.drun.talk import model_client
from tests.core.scene import FakePlatform
from tests.core.store.talk import ROOM, channels_of, said, turns_of, until
from tests.fakes.clock import now, virtual_time

SOON_S = 3 * PATIENCE_S


@dataclass(slots=True)
class Store:
    away: bool = True

    async def ask(self) -> None:
        if self.away:
            raise StoreUnavailable


@dataclass(slots=True)
class House:
    store: Store
    platform: FakePlatform
    chores: Chores
    outage: Outage

    def texts(self, message: UserMessage) -> list[str]:
        return self.platform.of(message).texts()


@asynccontextmanager
async def house(*, keeps: bool = True) -> AsyncGenerator[House, None]:
    store, platform = Store(), FakePlatform(keeps=keeps)
    async with Chores() as chores:
        yield House(store, platform, chores, Outage({"slack": platform}, chores, ask=store.ask))


def elsewhere(number: int) -> UserMessage:
    return said("hello", Conversation(Channel("slack", "T1", f"c{number}")))


@virtual_time
async def test_an_outage_is_told_of_once_in_each_channel_in_the_language_of_the_message() -> None:
    async with house() as made:
        first, second, other = said("hello"), said("hello again"), elsewhere(1)
        chinese = said("你好", Conversation(Channel("slack", "T1", "c2")))
        for message in (first, second, first, other, chinese):
            made.outage.begun(message)
        await asyncio.sleep(SOON_S)
        made.outage.begun(second)
        await asyncio.sleep(SOON_S)
        (told,) = made.platform.of(first).writes
        assert (told.message, told.final) == (f"m{OUTAGE}", True)
        assert told.text.startswith("My memory (Redis) cannot be reached right now.")
        assert made.texts(second) == []
        assert made.texts(other) == made.texts(first)
        assert made.texts(chinese)[0].startswith("暂时无法访问存储")


@virtual_time
async def test_a_store_that_is_back_soon_is_not_spoken_of() -> None:
    async with house() as made:
        message = said("hello")
        made.outage.begun(message)
        made.store.away = False
        await asyncio.sleep(SOON_S)
        assert made.texts(message) == []
        made.store.away = True
        made.outage.begun(message)
        made.outage.over()
        await asyncio.sleep(SOON_S)
        assert made.texts(message) == []


@virtual_time
async def test_a_store_that_answers_and_takes_nothing_in_is_told_of_the_second_time() -> None:
    async with house() as made:
        made.store.away = False
        message = said("hello")
        made.outage.begun(message)
        await asyncio.sleep(SOON_S)
        assert made.texts(message) == []
        made.outage.begun(message)
        await asyncio.sleep(SOON_S)
        assert len(made.texts(message)) == 1


@virtual_time
async def test_an_outage_ends_with_the_first_message_that_is_accepted() -> None:
    async with house() as made:
        first, second = said("hello"), said("hello again")
        made.outage.begun(first)
        await asyncio.sleep(SOON_S)
        made.outage.over()
        made.outage.begun(second)
        await asyncio.sleep(SOON_S)
        assert made.texts(first) == made.texts(second)


@virtual_time
async def test_where_nothing_comes_again_nothing_is_promised() -> None:
    async with house(keeps=False) as made:
        message = said("hello")
        made.outage.begun(message)
        await asyncio.sleep(SOON_S)
        assert made.texts(message) == []
        made.outage.begun(said("hello", Conversation(Channel("unknown", "T1", "c1"))))
        assert made.chores.running == 0


@virtual_time
async def test_what_is_known_of_channels_has_a_bound() -> None:
    async with house() as made:
        messages = [elsewhere(number) for number in range(3_000)]
        for message in messages:
            made.outage.begun(message)
        await asyncio.sleep(SOON_S)
        assert sum(bool(made.texts(message)) for message in messages) == 1_000


@virtual_time
async def test_a_channel_that_cannot_be_written_to_is_logged() -> None:
    with capture_logs() as logs:
        async with house() as made:
            message = said("hello")
            made.platform.of(message).outcomes.append(SurfaceGone("not_in_channel"))
            made.outage.begun(message)
            await asyncio.sleep(SOON_S)
    assert [entry["event"] for entry in logs] == ["an outage could not be told of"]


@virtual_time
async def test_the_end_does_not_wait_for_it() -> None:
    async with house() as made:
        message = said("hello")
        made.outage.begun(message)
        began = now()
    assert now() - began <= PATIENCE_S
    assert made.texts(message) == []


async def test_the_inbox_tells_of_a_store_that_is_out_of_reach() -> None:
    platform = FakePlatform()
    async with connect("redis://127.0.0.1:1") as connections, model_client() as client, Chores() as chores:
        turns, channels = turns_of(connections), channels_of(connections)
        outage = Outage({"slack": platform}, chores, ask=turns.settled_partitions)
        desk = desk_of(connections, Catalog(client, [], aliases={}, runs={}), turns=turns, channels=channels)
        inbox = Inbox(desk, Journals(connections, ttl_s=60), outage=outage)
        message = said("hello", ROOM)
        with pytest.raises(StoreUnavailable):
            await inbox.accept(message)
        await until(lambda: platform.of(message).texts())
