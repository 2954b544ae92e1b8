"""A worker's process is killed or frozen in the middle of an answer."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

import msgspec
import pytest

from core.conversation import Conversation, Turn, UserMessage
from core.store.connection import Connections
from core.store.journal import Journals
from core.store.turns import Turns
from tests.core.store.talk import ROOM, eventually, said, thread, turns_of
from tests.core.worker_process import SHOWN, Write
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

LEASE_S = 1.0
_write = msgspec.json.Decoder(Write)
_turn = msgspec.json.Decoder(Turn)


@asynccontextmanager
async def worker(redis_url: str, drun: DrunDouble) -> AsyncGenerator[Process, None]:
    """Another process that claims and answers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.core.worker_process"),
        *(redis_url, drun.maas_url, drun.key, str(LEASE_S)),
        stdout=PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Journal:
    """What the workers have shown, whichever it was."""

    def __init__(self, connections: Connections) -> None:
        self._journals = Journals(connections, ttl_s=60)
        self._redis = connections.ask

    async def writes(self, message: UserMessage) -> list[Write]:
        found = [_write.decode(entry.text) for entry in await self._journals.read(SHOWN)]
        return [write for write in found if write.turn == message.turn_id]

    async def until_final(self, message: UserMessage) -> list[Write]:
        async def ended() -> list[Write]:
            found = await self.writes(message)
            return found if found and found[-1].final else []

        return await eventually(ended)

    async def until_remembered(self, message: UserMessage) -> None:
        """The first message of the reply is posted and checkpointed."""
        state = f"drun:{{0}}:state:{message.conversation}"
        await eventually(lambda: self._redis.hexists(state, "shown:1"))


@pytest.fixture
def turns(connections: Connections) -> Turns:
    return turns_of(connections, lease_s=LEASE_S)


async def told(connections: Connections, room: Conversation) -> list[Turn]:
    """The history, once nothing waits. Not through a claim: a live worker would be faster."""

    async def nothing_waits() -> bool:
        return not await connections.ask.exists(f"drun:{{0}}:queue:{room}")

    await eventually(nothing_waits)
    kept = await connections.ask.zrange(f"drun:{{0}}:history:{room}", 0, -1)
    return [_turn.decode(str(entry).partition(" ")[2]) for entry in kept]


async def test_a_killed_workers_reply_is_finished_by_another_in_the_same_message(
    turns: Turns, connections: Connections, redis_url: str, drun: DrunDouble
) -> None:
    journal, question = Journal(connections), said("count")
    first = Script("one two three", gated=True)
    drun.script(first, Script("un deux trois"))
    async with worker(redis_url, drun) as doomed:
        await turns.accept(question)
        await first.release(2)
        await journal.until_remembered(question)
        async with worker(redis_url, drun):
            killed = monotonic()
            doomed.kill()
            await drun.until(lambda: len(drun.requests) == 2)
            assert monotonic() - killed < LEASE_S + 1.5
            await journal.until_final(question)
            await drun.until(lambda: not drun.in_flight)
            assert [turn.reply for turn in await told(connections, ROOM)] == ["un deux trois"]
    writes = await journal.writes(question)
    assert Counter(write.kind for write in writes)["post"] == 1
    assert len({write.message for write in writes}) == 1
    assert writes[-1].text == "un deux trois"


async def test_a_worker_that_was_frozen_longer_than_its_lease_writes_nothing_more(
    turns: Turns, connections: Connections, redis_url: str, drun: DrunDouble
) -> None:
    journal, question = Journal(connections), said("count")
    first = Script("one two three", gated=True)
    drun.script(first, Script("un deux trois"))
    async with worker(redis_url, drun) as frozen:
        await turns.accept(question)
        await first.release(2)
        await journal.until_remembered(question)
        async with worker(redis_url, drun):
            frozen.send_signal(signal.SIGSTOP)
            await journal.until_final(question)
            before = await journal.writes(question)
            await first.finish_up()
            frozen.send_signal(signal.SIGCONT)
            await drun.until(lambda: drun.requests[0].closed_early or not drun.in_flight)
            assert [turn.reply for turn in await told(connections, ROOM)] == ["un deux trois"]
    assert await journal.writes(question) == before


async def test_many_killed_workers_lose_and_double_nothing(
    turns: Turns, connections: Connections, redis_url: str, drun: DrunDouble
) -> None:
    journal = Journal(connections)
    drun.reply = Script("word " * 10, delay_s=0.05)
    rooms = [thread(str(number)) for number in range(6)]
    questions: list[UserMessage] = []
    for round_ in range(2):
        async with worker(redis_url, drun) as doomed:
            asked = [said(f"{round_}", room) for room in rooms]
            questions += asked
            for question in asked:
                await turns.accept(question)
            await drun.until(lambda: drun.in_flight >= 3)
            doomed.kill()
            await drun.until(lambda: not drun.in_flight)
    async with worker(redis_url, drun):
        finals = [await journal.until_final(question) for question in questions]
        histories = [await told(connections, room) for room in rooms]
    assert len(drun.requests) > len(questions), "some of them died in the middle of an answer"
    for writes in finals:
        assert writes[-1].text == ("word " * 10).strip()
        assert [write.kind for write in writes].count("post") == 1
    for history in histories:
        assert [turn.text for turn in history] == ["0", "1"]
        assert all(turn.complete for turn in history)
