"""The pauses between attempts, and the chance in them."""

import random
from dataclasses import replace

import pytest

from core.drun.calls import ChatRequest
from core.drun.client import ModelClient, http_client
from core.drun.patience import Patience, chance
from core.errors import ModelBusy, ModelError, ModelUnavailable
from tests.core.drun.talk import HELLO, MODEL, QUICK, ask, maas, text_of
from tests.doubles.drun import refusals
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble


def drawn(seed: int, error: ModelError, attempt: int) -> float:
    """A pause as the client draws it without a jitter of somebody's own."""
    random.seed(seed)
    return Patience().pause(error, attempt, chance())


@pytest.mark.parametrize(
    ("error", "middle"), [(ModelUnavailable(), (1.0, 2.0, 4.0)), (ModelBusy(), (2.0, 4.0, 8.0))]
)
def test_chance_takes_off_or_adds_a_half_at_the_most_and_uses_all_of_that(
    error: ModelError, middle: tuple[float, ...]
) -> None:
    for attempt, usual in enumerate(middle):
        pauses = [drawn(seed, error, attempt) / usual for seed in range(500)]
        assert 0.5 <= min(pauses) < 0.55
        assert 1.45 < max(pauses) <= 1.5
        assert 0.95 < sum(pauses) / len(pauses) < 1.05


def test_the_same_seed_draws_the_same_pause_and_another_one_another() -> None:
    pauses = {drawn(seed, ModelBusy(), 0) for seed in range(50)}
    assert len(pauses) == 50, "who failed together does not come back together"
    assert drawn(7, ModelBusy(), 0) == drawn(7, ModelBusy(), 0)


@pytest.mark.parametrize("jitter", [0.5, 1.0, 1.5])
def test_a_time_that_the_server_names_is_neither_shortened_nor_stretched(jitter: float) -> None:
    assert Patience().pause(ModelBusy(retry_after=7.0), 2, jitter) == 7.0
    assert Patience().pause(ModelBusy(retry_after=7000.0), 0, jitter) == 7000.0


async def test_every_pause_has_a_chance_of_its_own_and_is_kept(drun: DrunDouble) -> None:
    dice = random.Random(11)  # noqa: S311 - spreads, and hides nothing
    rolled: list[float] = []

    def jitter() -> float:
        rolled.append(dice.uniform(0.5, 1.5))
        return rolled[-1]

    drun.script(refusals.broken(), refusals.rate_limited())
    drun.script(Script("At last."))
    async with http_client(QUICK) as http:
        client = ModelClient(http, replace(QUICK, retry_wait_s=0.1), jitter=jitter)
        said = [delta async for delta in client.stream(maas(drun), ChatRequest(MODEL, HELLO))]
    assert text_of(said) == "At last."
    assert rolled == [(again := random.Random(11)).uniform(0.5, 1.5), again.uniform(0.5, 1.5)]  # noqa: S311 - the same
    first, second, third = (call.at for call in drun.requests)
    assert second - first >= 0.1 * rolled[0]
    assert third - second >= 0.4 * rolled[1], "busy, and the second time"


async def test_a_reply_that_comes_at_once_rolls_no_dice(drun: DrunDouble) -> None:
    random.seed(3)
    before = random.getstate()
    await ask(drun)
    assert random.getstate() == before
