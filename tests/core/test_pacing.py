"""The budget against a server that counts what arrives, on a virtual clock."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pacing import Budget, Urgency
from tests.fakes.clock import now, virtual_time
from tests.fakes.surface import RateWindow

WINDOW_S = 5.0

urgencies = st.sampled_from(Urgency)


def times(most: int) -> st.SearchStrategy[float]:
    """Seconds that floats hold exactly, so that what falls on the border of a window does so exactly."""
    return st.integers(0, 64 * most).map(lambda ticks: ticks / 64)


seconds = st.just(0.0) | times(3)


@dataclass(frozen=True, slots=True)
class Job:
    """One write: when it is wanted, how long it is under way, and when its task is cancelled."""

    at: float
    urgency: Urgency
    there: float
    back: float
    patience: float | None = None


jobs = st.lists(st.builds(Job, times(20), urgencies, seconds, seconds, st.none() | times(10)), max_size=40)


@dataclass(slots=True)
class Server:
    """Takes writes that draw on ``budget`` and keeps when each arrived and who it was from."""

    budget: Budget
    window: RateWindow = field(default_factory=lambda: RateWindow(1_000, WINDOW_S))
    granted: list[tuple[float, str]] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)

    async def write(self, urgency: Urgency, name: str = "", *, there: float = 0.0, back: float = 0.0) -> None:
        async with self.budget.slot(urgency):
            self.granted.append((now(), name))
            await asyncio.sleep(there)
            self.window.arrive()
            self.arrived.append(now())
            await asyncio.sleep(back)

    async def do(self, job: Job) -> None:
        await asyncio.sleep(job.at)
        try:
            async with asyncio.timeout(job.patience):
                await self.write(job.urgency, there=job.there, back=job.back)
        except TimeoutError:
            pass

    def names(self) -> list[str]:
        return [name for _, name in self.granted]


def budget(limit: int, reserve: int = 1) -> Budget:
    return Budget(limit, WINDOW_S, reserve=reserve, now=now)


def fullest(arrived: Sequence[float], *, offset: float) -> int:
    """The most that arrived within one of the windows that follow each other from ``offset`` on."""
    return max(Counter((at - offset) // WINDOW_S for at in arrived).values(), default=0)


async def settle() -> None:
    """Lets everybody run until only time can bring them on."""
    for _ in range(10):
        await asyncio.sleep(0)


@given(st.integers(2, 8), st.data(), jobs, times(5))
@virtual_time
async def test_no_window_of_the_server_ever_holds_more_than_the_limit(
    limit: int, data: st.DataObject, todo: list[Job], offset: float
) -> None:
    reserve = data.draw(st.integers(0, limit - 1))
    server = Server(budget(limit, reserve), RateWindow(limit, WINDOW_S))

    await asyncio.gather(*(server.do(job) for job in todo))

    assert server.window.violations == 0
    assert fullest(server.arrived, offset=offset) <= limit
    assert fullest(server.arrived, offset=min(server.arrived, default=0)) <= limit
    assert len(server.arrived) >= sum(job.patience is None for job in todo)
    await asyncio.sleep(WINDOW_S)
    assert server.budget.idle


@virtual_time
async def test_what_is_allowed_goes_at_once_and_the_rest_when_the_window_has_passed() -> None:
    server = Server(budget(3))

    await asyncio.gather(*(server.write(Urgency.FINAL) for _ in range(7)))

    assert server.arrived == [0, 0, 0, 5, 5, 5, 10]


@virtual_time
async def test_a_slot_comes_back_a_window_after_the_answer_and_not_after_the_question() -> None:
    server = Server(budget(2))

    await asyncio.gather(*(server.write(Urgency.FINAL, there=2, back=1) for _ in range(3)))

    assert [at for at, _ in server.granted] == [0, 0, 8]


@virtual_time
async def test_finals_go_before_firsts_and_firsts_before_edits_when_there_is_not_room_for_all() -> None:
    server = Server(budget(3))
    for _ in range(3):
        await server.write(Urgency.FINAL, "before")
    waiting = [Urgency.EDIT, Urgency.FIRST, Urgency.EDIT, Urgency.FINAL, Urgency.FIRST, Urgency.FINAL]

    await asyncio.gather(
        *(server.write(urgency, f"{urgency.name} {place}") for place, urgency in enumerate(waiting))
    )

    # Among equals the one that has waited longest goes first.
    assert server.names()[3:] == ["FINAL 3", "FINAL 5", "FIRST 1", "FIRST 4", "EDIT 0", "EDIT 2"]


@given(st.integers(2, 6), st.lists(st.tuples(seconds, seconds), min_size=1, max_size=30), times(30))
@virtual_time
async def test_an_edit_never_takes_the_last_slot_so_the_end_of_a_reply_never_waits_for_edits(
    limit: int, edits: list[tuple[float, float]], ends_at: float
) -> None:
    server = Server(budget(limit))
    editing = [
        asyncio.create_task(server.write(Urgency.EDIT, there=there, back=back)) for there, back in edits
    ]

    await asyncio.sleep(ends_at)
    await server.write(Urgency.FINAL, "the end")

    assert (ends_at, "the end") in server.granted
    await asyncio.gather(*editing)


@virtual_time
async def test_edits_are_spread_over_the_window() -> None:
    server = Server(budget(6))

    await asyncio.gather(*(server.write(Urgency.EDIT) for _ in range(7)))

    assert server.arrived == [0, 1, 2, 3, 4, 5, 6]


@virtual_time
async def test_finals_and_firsts_are_not_spread() -> None:
    server = Server(budget(6))
    await server.write(Urgency.EDIT)

    await asyncio.gather(*(server.write(Urgency.FIRST) for _ in range(5)))

    assert server.arrived == [0] * 6


@virtual_time
async def test_an_edit_that_became_the_final_write_goes_at_once() -> None:
    server = Server(budget(3))
    await server.write(Urgency.EDIT)
    slot = server.budget.slot(Urgency.EDIT)

    async def wait() -> float:
        async with slot:
            return now()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(1)
    slot.urge(Urgency.FINAL)

    assert await waiting == 1


@virtual_time
async def test_urging_never_makes_a_slot_less_urgent() -> None:
    slot = budget(2).slot(Urgency.FINAL)

    slot.urge(Urgency.EDIT)

    assert slot.urgency is Urgency.FINAL


@virtual_time
async def test_nobody_writes_during_a_pause_and_a_shorter_one_does_not_end_it() -> None:
    server = Server(budget(5))
    waiting = asyncio.gather(*(server.write(urgency, urgency.name) for urgency in reversed(Urgency)))

    server.budget.pause(7)
    server.budget.pause(2)
    await waiting
    server.budget.pause(3)
    await server.write(Urgency.FINAL)

    told = [(7, "FINAL"), (7, "FIRST"), (7, "EDIT")]
    assert server.granted == [*told, (12, "STATUS"), (15, "")]


@virtual_time
async def test_a_pause_holds_those_back_who_waited_for_room() -> None:
    server = Server(budget(2))
    waiting = asyncio.gather(*(server.write(Urgency.FINAL) for _ in range(3)))
    await asyncio.sleep(1)

    server.budget.pause(9)
    await waiting

    assert server.arrived == [0, 0, 10]


@virtual_time
async def test_a_paused_budget_is_not_idle_until_the_pause_is_over() -> None:
    some = budget(2)

    idle = [some.idle]
    some.pause(1)
    idle.append(some.idle)
    await asyncio.sleep(1)
    idle.append(some.idle)

    assert idle == [True, False, True]


@virtual_time
async def test_a_budget_is_not_idle_while_a_write_counts() -> None:
    server = Server(budget(2))
    writing = asyncio.create_task(server.write(Urgency.FINAL, back=1))
    await settle()

    idle = [server.budget.idle]
    await writing
    await asyncio.sleep(WINDOW_S - 0.25)
    idle.append(server.budget.idle)
    await asyncio.sleep(0.25)
    idle.append(server.budget.idle)

    assert idle == [False, False, True]


@virtual_time
async def test_one_who_waits_no_more_leaves_nothing_behind() -> None:
    server = Server(budget(2))
    for _ in range(2):
        await server.write(Urgency.FINAL)
    waiting = asyncio.create_task(server.write(Urgency.FINAL))
    await settle()

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert waiting.cancelled()
    await asyncio.sleep(WINDOW_S)
    assert server.budget.idle
    assert len(server.arrived) == 2


@virtual_time
async def test_a_cancelled_slot_is_passed_over_even_before_its_task_has_noticed() -> None:
    server = Server(budget(2))
    server.budget.pause(1)
    gone = asyncio.create_task(server.write(Urgency.FINAL, "gone"))
    waiting = asyncio.create_task(server.write(Urgency.EDIT, "waiting"))
    asyncio.get_running_loop().call_later(1, gone.cancel)
    asyncio.get_running_loop().call_later(1, server.budget.serve)

    await asyncio.gather(gone, waiting, return_exceptions=True)

    assert server.granted == [(1, "waiting")]
    await asyncio.sleep(WINDOW_S)
    assert server.budget.idle


@virtual_time
async def test_one_cancelled_in_the_moment_of_its_grant_gives_the_slot_back() -> None:
    server = Server(budget(2))
    server.budget.pause(1)
    unlucky = asyncio.create_task(server.write(Urgency.FINAL))
    await settle()
    asyncio.get_running_loop().call_at(1, server.budget.serve)
    asyncio.get_running_loop().call_at(1, unlucky.cancel)

    await asyncio.gather(unlucky, return_exceptions=True)

    assert unlucky.cancelled()
    assert server.arrived == []
    await asyncio.sleep(WINDOW_S)
    assert server.budget.idle


@virtual_time
async def test_a_write_that_failed_counts_like_any_other() -> None:
    server = Server(budget(2))

    async def fail() -> None:
        async with server.budget.slot(Urgency.FINAL):
            raise OSError

    for _ in range(2):
        with pytest.raises(OSError):
            await fail()
    await server.write(Urgency.FINAL)

    assert server.arrived == [WINDOW_S]


@pytest.mark.parametrize(("limit", "reserve"), [(1, 1), (2, 3), (0, 0)])
def test_a_budget_without_room_for_edits_is_refused(limit: int, reserve: int) -> None:
    with pytest.raises(ValueError, match="room for edits"):
        Budget(limit, WINDOW_S, reserve=reserve)
