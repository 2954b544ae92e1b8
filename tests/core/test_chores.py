"""What is done beside the turns, and its end."""

import asyncio

from structlog.testing import capture_logs

from core.chores import Chores, happens
from tests.fakes.clock import now, virtual_time


@virtual_time
async def test_there_are_never_more_than_was_said() -> None:
    done: list[int] = []

    async def chore(number: int) -> None:
        await asyncio.sleep(1)
        done.append(number)

    async with Chores(most=2) as chores:
        assert [chores.begin(chore(number), "chore") for number in range(4)] == [True, True, False, False]
        await asyncio.sleep(2)
        assert chores.begin(chore(4), "chore")
        await asyncio.sleep(2)
    assert done == [0, 1, 4]


@virtual_time
async def test_the_end_waits_a_little_and_then_cancels() -> None:
    ended: list[str] = []

    async def chore(name: str, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            ended.append(name)
        except asyncio.CancelledError:
            ended.append(f"{name} cancelled")
            raise

    async with Chores() as chores:
        chores.begin(chore("short", 1), "chore")
        chores.begin(chore("long", 100), "chore")
        chores.at_end(lambda: ended.append("told"))
    assert ended == ["told", "short", "long cancelled"]
    assert (chores.running, now() < 3) == (0, True)
    assert not chores.begin(chore("late", 0), "chore")


async def test_a_chore_that_fails_is_logged_and_hurts_nobody() -> None:
    async def chore() -> None:
        raise RuntimeError("unforeseen")

    with capture_logs() as logs:
        async with Chores() as chores:
            chores.begin(chore(), "a chore")
    assert [entry["chore"] for entry in logs] == ["a chore"]


@virtual_time
async def test_what_does_not_happen_is_not_waited_for() -> None:
    event = asyncio.Event()
    assert not await happens(event, within_s=5)
    assert now() == 5
    event.set()
    assert await happens(event, within_s=5)
    assert now() == 5
