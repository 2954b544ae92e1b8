"""A short run of what ``make chaos`` does for long."""

import pytest

from tests.chaos.plan import Blow, Weather, draw
from tests.chaos.run import run

# A machine that also runs something else keeps a process waiting for longer than a second's lease allows.
LEASE_S = 2.0
# Slack delivers what nobody acked for the last time 25 s later, with the double's times as they are set here.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


async def test_killed_and_frozen_processes_lose_double_and_disorder_nothing() -> None:
    outcome = await run(draw(1, Weather(kills=20, lease_s=LEASE_S)))
    assert not outcome.violations, outcome.report
    assert outcome.figures.struck["kill"] == 20
    assert set(outcome.figures.struck) == {blow.name.lower() for blow in Blow}
    assert outcome.figures.again > 0, "some were killed in the middle of an answer"


async def test_faults_of_the_model_end_in_notices_and_in_nothing_worse() -> None:
    plan = draw(2, Weather(kills=8, model_trouble=0.3, lease_s=LEASE_S))
    outcome = await run(plan)
    assert not outcome.violations, outcome.report
    assert outcome.figures.notices > 0, "some streams were cut for good"


def test_the_same_seed_draws_the_same_plan() -> None:
    weather = Weather(kills=5)
    assert draw(7, weather) == draw(7, weather) != draw(8, weather)
