"""What a refusal taught one worker, and what it saves the others."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from core.conversation import Message
from core.drun.asking import Asking
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.lessons import KEPT_S, Lesson, Lessons
from core.drun.lists import Shelf
from core.errors import StoreUnavailable
from core.store import shelf as store
from core.store.connection import Connections
from tests.core.drun.talk import QUICK, maas
from tests.doubles.drun import refusals
from tests.doubles.drun.refusals import OVERFLOWS
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

V3 = "public/deepseek-v3"
LONG = [Message("user", "one"), Message("assistant", "two"), Message("user", "three")]


def fit(limit: int) -> Sequence[Message]:
    return LONG if limit > 4096 else LONG[-1:]


@dataclass(slots=True)
class Broken:
    """A shelf that is away, or has something that nobody can read."""

    content: str | None = None
    asked: int = 0
    put_there: list[str] = field(default_factory=list)

    async def get(self, name: str) -> tuple[str, float] | None:
        self.asked += 1
        if self.content is None:
            raise StoreUnavailable("gone")
        return self.content, 1.0

    async def put(self, name: str, content: str, *, kept_s: float) -> None:
        self.put_there.append(content)


class Hanging(Broken):
    async def get(self, name: str) -> tuple[str, float] | None:
        await asyncio.Event().wait()
        return None


@asynccontextmanager
async def worker(drun: DrunDouble, shelf: Shelf | None) -> AsyncGenerator[Asking, None]:
    """One more process."""
    async with http_client(QUICK) as http:
        client = ModelClient(http, QUICK)
        catalog = Catalog(client, [maas(drun)], default=V3, aliases={}, runs={}, shelf=shelf)
        yield Asking(client, catalog)
        await catalog.aclose()


async def ask(asking: Asking) -> str:
    async with aclosing(asking.stream("", fit)) as said:
        return "".join([delta.text async for _, delta in said])


async def done(asking: Asking) -> None:
    """What is beside the questions has been done."""
    async with asyncio.timeout(5):
        while (work := asking.catalog._lessons._work) is not None and not work.done():
            await asyncio.wait([work])


@pytest.fixture
def shelf(connections: Connections) -> Shelf:
    return store.Shelf(connections, "catalog")


async def test_a_window_that_one_worker_was_told_saves_the_others_the_refusal(
    drun: DrunDouble, shelf: Shelf, connections: Connections
) -> None:
    async with worker(drun, shelf) as first, worker(drun, shelf) as other:
        drun.script(refusals.upstream_error(OVERFLOWS["vLLM 0.33"]))
        drun.reply = Script("fits")
        assert await ask(first) == "fits"
        await done(first)
        assert len(drun.requests) == 2
        await other.catalog.all()
        await done(other)
        assert (await other.catalog.find(V3)).window == 4096
        assert await ask(other) == "fits"
        assert len(drun.requests) == 3
    [key] = await connections.ask.keys("drun:catalog:*:learned")
    assert 0 < await connections.ask.pttl(key) <= KEPT_S * 1000
    assert drun.key not in str(key) + str(await connections.ask.get(key))


async def test_that_a_model_takes_no_chats_is_found_out_by_one_worker(drun: DrunDouble, shelf: Shelf) -> None:
    async with worker(drun, shelf) as first, worker(drun, shelf) as other:
        drun.script(refusals.upstream_error("The model does not support Chat Completions API"))
        drun.reply = Script("Here.")
        assert await ask(first) == "Here."
        assert [call.continues for call in drun.requests] == [False, True]
        await done(first)
        await other.catalog.all()
        await done(other)
        assert await ask(other) == "Here."
        assert [call.continues for call in drun.requests] == [False, True, True]


async def test_what_is_set_is_no_lesson_for_others(drun: DrunDouble, shelf: Shelf) -> None:
    async with http_client(QUICK) as http:
        client = ModelClient(http, QUICK, completions=[V3])
        catalog = Catalog(client, [maas(drun)], default=V3, aliases={}, runs={}, shelf=shelf)
        drun.reply = Script("Here.")
        assert await ask(Asking(client, catalog)) == "Here."
        assert catalog._lessons.of(maas(drun), V3) == Lesson()
        await catalog.aclose()


@pytest.mark.parametrize("shelf_", [None, Broken(), Broken("no json"), Broken('{"x":7}'), Hanging()])
async def test_without_a_shelf_that_works_nobody_waits_and_one_worker_learns_for_itself(
    drun: DrunDouble, shelf_: Shelf | None
) -> None:
    async with worker(drun, shelf_) as asking:
        # The lists ask the same shelf, and wait for it where nothing is known yet.
        await asking.catalog.all()
        drun.script(refusals.upstream_error(OVERFLOWS["vLLM 0.33"]))
        drun.reply = Script("fits")
        async with asyncio.timeout(0.9):
            assert await ask(asking) == "fits"
            assert await ask(asking) == "fits"
        assert len(drun.requests) == 3
        assert (await asking.catalog.find(V3)).window == 4096


async def test_what_could_not_be_shared_is_shared_when_the_shelf_is_back(drun: DrunDouble) -> None:
    now, shelf, endpoint = [0.0], Broken(), maas(drun)
    lessons = Lessons([endpoint], shelf, now=lambda: now[0])
    lessons.learn(endpoint, V3, Lesson(window=4096))
    assert lessons._work is not None
    await lessons._work
    assert (shelf.asked, shelf.put_there) == (1, [])
    lessons.refresh()
    await lessons._work
    assert shelf.asked == 1, "not with every question"
    shelf.content, now[0] = '{"public/other":{"completes":true}}', 61.0
    lessons.refresh()
    await lessons._work
    assert lessons.of(endpoint, "public/other") == Lesson(completes=True)
    assert len(shelf.put_there) == 1
    assert '"window":4096' in shelf.put_there[0]
    assert '"public/other"' in shelf.put_there[0]
    lessons.learn(endpoint, V3, Lesson(window=8192))
    assert lessons.of(endpoint, V3) == Lesson(window=4096), "the smallest that was named"
    await lessons.aclose()
