"""Platforms that are down when the program starts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bots.latecomers import Latecomers
from core.errors import PlatformRefused, PlatformUnreachable
from core.surface import Platform
from tests.core.scene import FakePlatform
from tests.core.store.talk import until


class Door:
    """A platform that lets nobody in, until it does; what happens at it is to be seen."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.story: list[str] = []

    @asynccontextmanager
    async def connect(self, name: str) -> AsyncGenerator[Platform, None]:
        self.story.append("try")
        if self.failures:
            raise self.failures.pop(0)
        yield Heard(self.story)
        self.story.append("leave")


class Heard(FakePlatform):
    def __init__(self, story: list[str]) -> None:
        super().__init__()
        self.story = story

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str, None]:
        self.story.append("listen")
        yield "memory"
        self.story.append("hush")


def away() -> PlatformUnreachable:
    return PlatformUnreachable("it cannot be reached")


async def test_it_is_tried_until_it_is_up_and_left_after_it_was_hushed() -> None:
    door, ready = Door(away(), away()), dict[str, Platform]()
    with capture_logs() as log:
        async with Latecomers(ready, door.connect, first_pause_s=0.01) as later:
            later.expect("slack")
            later.begin(["slack"])
            await until(lambda: log)
            assert list(ready) == ["slack"]
            await later.hush()
            assert list(ready) == ["slack"], "what is being answered is still shown"
            assert door.story == ["try", "try", "try", "listen", "hush"]
    assert ready == {}
    assert door.story[-1] == "leave"
    assert [(line["event"], line["platform"], line["where"]) for line in log] == [
        ("a platform is up", "slack", "memory")
    ]


async def test_it_is_only_shown_where_nobody_listens_in_this_process() -> None:
    door, ready = Door(), dict[str, Platform]()
    async with Latecomers(ready, door.connect, first_pause_s=0) as later:
        later.expect("slack")
        later.begin([])
        await until(lambda: ready)
    assert door.story == ["try", "leave"]


async def test_one_that_refuses_the_token_is_left_alone() -> None:
    door, ready = Door(away(), PlatformRefused("it does not know this token")), dict[str, Platform]()
    with capture_logs() as log:
        async with Latecomers(ready, door.connect, first_pause_s=0) as later:
            later.expect("slack")
            later.begin(["slack"])
            await until(lambda: log)
    assert door.story == ["try", "try"]
    assert [(line["event"], line["reason"]) for line in log] == [
        ("a platform is off", "it does not know this token")
    ]


async def test_what_nobody_foresaw_is_told_and_tried_again() -> None:
    door, ready = Door(KeyError("ts")), dict[str, Platform]()
    with capture_logs() as log:
        async with Latecomers(ready, door.connect, first_pause_s=0) as later:
            later.expect("slack")
            later.begin(["slack"])
            await until(lambda: ready)
    assert log[0]["event"] == "a platform failed in a way nobody foresaw"


async def test_the_end_does_not_wait_for_one_that_says_nothing() -> None:
    trying = asyncio.Event()

    @asynccontextmanager
    async def connect(name: str) -> AsyncGenerator[Platform, None]:
        trying.set()
        await asyncio.Event().wait()
        yield FakePlatform()

    async with asyncio.timeout(2):
        async with Latecomers({}, connect, first_pause_s=0) as later:
            later.expect("slack")
            later.begin(["slack"])
            await trying.wait()


async def test_a_first_login_that_is_refused_is_not_taken_for_one_that_failed() -> None:
    door = Door(PlatformRefused("no"), away())
    async with Latecomers({}, door.connect) as later, AsyncExitStack() as stack:
        with pytest.raises(PlatformRefused, match="no"):
            await later.first_try("slack", stack)
        with pytest.raises(PlatformUnreachable):
            await later.first_try("slack", stack)
        assert isinstance(await later.first_try("slack", stack), Heard)
    assert door.story == ["try", "try", "try", "leave"]
