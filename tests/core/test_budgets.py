"""One budget for each bucket of a platform."""

from core.budgets import Budgets
from core.pacing import Budget, Urgency
from tests.fakes.clock import now, virtual_time


def fresh() -> Budget:
    return Budget(3, 5.0, now=now)


@virtual_time
async def test_a_key_keeps_its_budget() -> None:
    budgets = Budgets[str](fresh)
    assert budgets.of("a") is budgets.of("a")
    assert budgets.of("a") is not budgets.of("b")


@virtual_time
async def test_one_bucket_does_not_slow_another_down() -> None:
    budgets = Budgets[str](fresh)
    for _ in range(3):
        async with budgets.of("busy").slot(Urgency.FIRST):
            pass
    async with budgets.of("free").slot(Urgency.FIRST):
        assert now() == 0
    async with budgets.of("busy").slot(Urgency.FIRST):
        assert now() == 5


@virtual_time
async def test_budgets_that_count_something_are_kept_when_there_are_many() -> None:
    budgets = Budgets[int](fresh)
    async with budgets.of(0).slot(Urgency.FIRST):
        pass
    budgets.of(1).pause(60)
    used, paused, idle = budgets.of(0), budgets.of(1), budgets.of(2)
    for number in range(3, 1001):
        budgets.of(number)
    assert budgets.of(0) is used
    assert budgets.of(1) is paused
    assert budgets.of(2) is not idle


@virtual_time
async def test_a_budget_with_a_write_under_way_is_kept() -> None:
    budgets = Budgets[int](fresh)
    async with budgets.of(0).slot(Urgency.FIRST):
        used = budgets.of(0)
        for number in range(1, 1001):
            budgets.of(number)
        assert budgets.of(0) is used
