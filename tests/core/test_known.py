"""What a platform told is kept for a while, and not for ever."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from core.known import Known, NotTold


@dataclass(slots=True)
class Telling:
    """A platform that tells a number more each time, at a time that the test sets."""

    at: float = 0.0
    asked: int = 0
    error: Exception | None = None
    known: Known[int] = field(init=False)

    def __post_init__(self) -> None:
        self.known = Known[int]("numbers", most=3, now=lambda: self.at)

    async def ask(self, key: str = "a") -> int | None:
        return await self.known.of(key, self._tell)

    async def _tell(self) -> int:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.asked


async def test_an_answer_is_good_for_ten_minutes() -> None:
    told = Telling()
    assert await told.ask() == 1
    told.at = 599.0
    assert (await told.ask(), told.known.glance("a")) == (1, 1)
    told.at = 600.0
    assert told.known.glance("a") is None
    assert await told.ask() == 2


async def test_a_failure_is_good_for_half_a_minute() -> None:
    told = Telling(error=NotTold("broken"))
    assert (await told.ask(), await told.ask(), told.asked) == (None, None, 1)
    assert (await told.ask("b"), told.asked) == (None, 2), "another question may be answered all the same"
    told.error, told.at = None, 30.0
    assert await told.ask() == 3


async def test_a_pause_holds_for_every_question_and_ends() -> None:
    told = Telling(error=NotTold("busy", pause_s=90.0))
    await told.ask()
    told.error, told.at = None, 89.0
    assert (await told.ask(), await told.ask("b"), told.asked) == (None, None, 1)
    told.at = 90.0
    assert (await told.ask(), await told.ask("b")) == (2, 3)


@pytest.mark.parametrize(("pause_s", "until"), [(float("inf"), 3600.0), (float("nan"), 30.0), (-1.0, 30.0)])
async def test_a_pause_that_makes_no_sense_ends_all_the_same(pause_s: float, until: float) -> None:
    told = Telling(error=NotTold("busy", pause_s=pause_s))
    await told.ask()
    told.error, told.at = None, until - 1
    assert await told.ask() is None
    told.at = until
    assert await told.ask() == 2


async def test_what_is_known_is_known_in_a_pause_too() -> None:
    told = Telling()
    await told.ask()
    told.error = NotTold("busy", pause_s=90.0)
    await told.ask("b")
    assert await told.ask() == 1


async def test_the_least_used_goes_first() -> None:
    told = Telling()
    for key in ("a", "b", "c"):
        await told.ask(key)
    await told.ask("a")
    await told.ask("d")
    assert [told.known.glance(key) for key in ("a", "b", "c", "d")] == [1, None, 3, 4]


async def test_failures_are_one_line_of_the_log_until_something_was_told() -> None:
    told = Telling(error=NotTold("broken"))
    with capture_logs() as logs:
        for key in ("a", "b", "c"):
            await told.ask(key)
    assert [(line["of"], line["reason"]) for line in logs] == [("numbers", "broken")]
    told.error = None
    await told.ask("d")
    told.error = NotTold("again")
    with capture_logs() as logs:
        await told.ask("e")
    assert [line["reason"] for line in logs] == ["again"]


@pytest.mark.parametrize("error", [KeyError("user"), RuntimeError("closed"), TimeoutError()])
async def test_nothing_is_raised_whatever_is_met(error: Exception) -> None:
    told = Telling(error=error)
    assert await told.ask() is None
    assert told.asked == 1
