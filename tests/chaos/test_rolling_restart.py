"""Workers are replaced one after the other while people write."""

import asyncio

import pytest

from tests.chaos.plan import Plan, Weather, draw
from tests.chaos.run import World, judged, world

LEASE_S = 30.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


async def test_a_rolling_restart_loses_and_doubles_nothing_and_waits_for_no_lease() -> None:
    plan = draw(3, Weather(kills=12))
    async with world(plan, LEASE_S=f"{LEASE_S:g}", DRAIN_S="0.1") as made:
        await made.crew.hire("slack", "discord")
        workers = [await made.crew.hire("worker") for _ in range(2)]
        first = [post.child for post in workers]
        await made.crew.until_up()
        async with asyncio.TaskGroup() as going:
            going.create_task(_talks(made, plan))
            for post in [*workers, *workers]:
                await made.people.until_begun()
                await made.crew.replace(post)
        assert await made.people.until_answered(LEASE_S / 2), "what was handed on waits for its lease"
        await made.crew.disband()
        violations = await judged(made)
        handed_on = [calls for calls in made.parrot.calls.values() if len({call.key for call in calls}) > 1]
        waits = [later.at - earlier.at for earlier, later, *_ in handed_on]
    assert not violations
    assert not made.crew.failures
    assert [child.code for child in first] == [0, 0]
    assert handed_on, "nobody was answering when it was told to end"
    assert max(waits) < LEASE_S / 3


async def _talks(made: World, plan: Plan) -> None:
    await made.people.hold(plan.introductions)
    await made.people.hold(plan.talks)
