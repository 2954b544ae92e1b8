"""A worker's process is killed while it makes an answer anew."""

from core.store.connection import Connections
from core.store.turns import Turns
from tests.core.store.talk import ROOM, eventually, said, turns_of
from tests.core.test_killed_worker import LEASE_S, Journal, told, worker
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble


async def last_version(turns: Turns) -> int:
    found = await turns.answers.last(ROOM)
    return found.turn.version if found else 0


async def test_a_killed_workers_new_answer_is_finished_by_another_over_the_same_message(
    connections: Connections, redis_url: str, drun: DrunDouble
) -> None:
    turns, journal = turns_of(connections, lease_s=LEASE_S), Journal(connections)
    question, again = said("count"), said("/regenerate")
    first = Script("one two three", gated=True)
    drun.script(Script("old"), first, Script("un deux trois"))
    async with worker(redis_url, drun) as doomed:
        await turns.accept(question)
        (posted,) = {write.message for write in await journal.until_final(question)}
        await told(connections, ROOM)
        await turns.accept(again)
        await drun.until(lambda: drun.in_flight == 1)
        await first.release(2)

        async def is_being_written_over() -> bool:
            return any("one" in write.text for write in await journal.writes(again))

        await eventually(is_being_written_over)
        async with worker(redis_url, drun):
            doomed.kill()
            await journal.until_final(again)
            assert [turn.reply for turn in await told(connections, ROOM)] == ["un deux trois"]
    writes = await journal.writes(again)
    assert {write.message for write in writes} == {posted}
    assert {write.kind for write in writes} == {"edit"}
    assert writes[-1].text == "un deux trois\n\n_Version 2, by `public/deepseek-r1`._"
    found = await turns.answers.last(ROOM)
    assert found is not None
    assert [version.reply for version in found.turn.versions] == ["old"]


async def test_workers_that_are_killed_at_every_step_leave_one_answer_and_each_version_once(
    connections: Connections, redis_url: str, drun: DrunDouble
) -> None:
    turns, rounds = turns_of(connections, lease_s=LEASE_S), 2
    drun.reply = Script("word " * 4, delay_s=0.02)
    await turns.accept(said("count"))
    async with worker(redis_url, drun):
        await eventually(lambda: last_version(turns))
    for number in range(rounds):
        await turns.accept(said("/regenerate"))
        asked = len(drun.requests)
        async with worker(redis_url, drun) as doomed:
            await drun.until(lambda asked=asked: len(drun.requests) > asked)  # type: ignore[misc] # mypy infers no lambda with a default
            if number % 2:
                await drun.until(lambda: not drun.in_flight)
            doomed.kill()
        async with worker(redis_url, drun):
            history = await told(connections, ROOM)
            assert [turn.reply.strip() for turn in history] == [("word " * 4).strip()]
    assert await last_version(turns) == rounds + 1
