"""What is learned and counted from turn to turn, on a real store and a real wire."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from structlog.testing import capture_logs

from core.books import REFRESH_S, Books, Said
from core.chores import Chores
from core.conversation import Message, Turn, Usage
from core.drun.endpoints import Deployment, Endpoint
from core.estimate import UNKNOWN, Calibration, raw_prompt
from core.hold import Hold, LeaseLost
from core.store.calibrations import Calibrations
from core.store.connection import Connections, connect
from core.store.scopes import Scope
from core.store.usage import Spending
from tests.core.drun.talk import service
from tests.core.scene import Scene, scene
from tests.core.store.talk import GENERAL, ROOM, claimed, eventually, expire, until
from tests.doubles.drun.frames import Thought
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

V3 = "public/deepseek-v3"


def kept_in(connections: Connections, chores: Chores) -> Books:
    return Books(chores, calibrations=Calibrations(connections), usage=Spending(connections))


def keeping(stage: Scene, connections: Connections, chores: Chores) -> Scene:
    """``stage``, with books that are kept in Redis."""
    return replace(
        stage,
        engine=replace(stage.engine, means=replace(stage.engine.means, books=kept_in(connections, chores))),
    )


async def test_a_turn_is_counted_beside_its_commit(stage: Scene, connections: Connections) -> None:
    async with Chores() as chores:
        stage.drun.reply_with("one two three")
        await keeping(stage, connections, chores).answer("count")
    sums = await Spending(connections).of(Scope.channel(GENERAL), 2)
    assert (sums.turns, sums.prompt_tokens, sums.completion_tokens) == (1, 2, 3)
    assert set(sums.costs) == {"USD"}, "DeepSeek-V3 has a documented price"
    assert await Spending(connections).of(Scope.person(GENERAL, "ada"), 2) == sums


async def test_a_turn_that_is_taken_over_counts_once(stage: Scene, connections: Connections) -> None:
    slow = Script("one two three", gated=True)
    stage.drun.script(slow, Script("four five six"))
    async with Chores() as chores:
        there = keeping(stage, connections, chores)
        claim = await there.asked("count")
        answering = there.answering(claim)
        await slow.release(1)
        await until(lambda: stage.platform.of(claim.message).texts())
        await expire(connections.ask, ROOM)
        second = await claimed(there.turns)
        await slow.finish_up()
        with pytest.raises(LeaseLost):
            await answering
        stage.platform.of(claim.message).sealed.clear()  # the platform lets a final text be written over
        await there.engine.answer(Hold(second))
    assert len(stage.drun.requests) == 2
    assert (await Spending(connections).of(Scope.channel(GENERAL), 2)).turns == 1


async def test_a_stopped_reply_is_estimated_and_marked_so(stage: Scene) -> None:
    script = Script("one two three four five six seven eight", gated=True)
    stage.drun.script(script)
    claim, stopping = await stage.asked("count slowly, please, as far as you can"), asyncio.Event()
    answering = stage.answering(claim, stopping)
    await script.release(4)
    await until(lambda: "four" in "".join(stage.platform.of(claim.message).texts()))
    stopping.set()
    await answering
    [turn] = await stage.kept()
    assert turn.usage is not None
    assert turn.usage.estimated
    assert turn.usage.prompt_tokens == pytest.approx(17, abs=4)
    assert turn.usage.completion_tokens == pytest.approx(5, abs=2)


async def test_a_cut_reply_is_estimated_with_its_thoughts(stage: Scene) -> None:
    thoughts = ("Let me think about that. ",) * 10
    stage.drun.reply = Script("It is blue.", thoughts=thoughts, fault=Fault.NULL, after=12)
    await stage.answer("which colour?")
    [turn] = await stage.kept()
    assert turn.usage is not None
    assert turn.usage.estimated
    assert turn.usage.reasoning_tokens == pytest.approx(65, abs=20)
    assert turn.usage.completion_tokens > (turn.usage.reasoning_tokens or 0)


@pytest.mark.parametrize("shape", Thought)
async def test_what_was_thought_is_estimated_where_the_report_is_silent_of_it(
    stage: Scene, shape: Thought
) -> None:
    thoughts = ["Let me ", "think ", "about ", "that. "] * 10
    stage.drun.script(Script(["It ", "is ", "blue ", "now."], thoughts=thoughts, shape=shape))
    await stage.answer("which colour?")
    [turn] = await stage.kept()
    assert turn.usage is not None
    assert (turn.usage.estimated, turn.usage.reasoning_estimated) == (False, True)
    reported = turn.usage.completion_tokens
    assert 44 <= reported <= 50, "the double counts its pieces, and the tags where there are some"
    assert turn.usage.reasoning_tokens == pytest.approx(reported * 40 / 44, abs=3)


@pytest.mark.parametrize(
    ("report", "thoughts", "counted"),
    [
        (Usage(5, 40, 30), "hm " * 30, Usage(5, 40, 30)),
        (Usage(5, 40), "", Usage(5, 40)),
        (Usage(5, 40, 0), "", Usage(5, 40, 0)),
        (Usage(5, 40), "same", Usage(5, 40, 20, reasoning_estimated=True)),
        (Usage(5, 40, 0), "same", Usage(5, 40, 20, reasoning_estimated=True)),
    ],
    ids=["told", "none came", "none came and 0 told", "not told", "0 told"],
)
async def test_a_report_that_tells_is_believed_and_one_that_does_not_is_completed(
    stage: Scene, report: Usage, thoughts: str, counted: Usage
) -> None:
    said = Said(await stage.desk.catalog.find(V3), [], "same", thoughts, len(thoughts), report)
    assert Books().usage(said) == counted


async def test_a_model_that_said_nothing_used_nothing_that_could_be_known(stage: Scene) -> None:
    stage.drun.reply = Script("", fault=Fault.NULL)
    await stage.answer("hello")
    [turn] = await stage.kept()
    assert turn.usage is None


def test_what_was_kept_before_there_were_more_numbers_still_reads() -> None:
    old = b'{"author":"ada","text":"hi","reply":"Hello","usage":{"prompt_tokens":5,"completion_tokens":2}}'
    assert msgspec.json.decode(old, type=Turn).usage == Usage(5, 2, reasoning_tokens=None, estimated=False)


async def test_the_log_has_one_line_a_turn_with_numbers_and_no_words(stage: Scene) -> None:
    stage.drun.reply_with("a secret answer")
    with capture_logs() as logs:
        await stage.answer("a secret question")
    [line] = [line for line in logs if line["event"] == "a turn"]
    assert (line["model"], line["deployment"], line["prompt_tokens"]) == (V3, "MaaS by Token", 5)
    assert (line["completion_tokens"], line["estimated"], line["complete"]) == (3, False, True)
    assert line["cost"].endswith(" USD")
    assert 0 <= line["first_s"] <= line["took_s"] < 10
    assert "secret" not in str(logs)
    assert stage.drun.key not in str(logs)


async def test_a_model_service_s_tokens_are_counted_and_its_money_is_dedicated(
    connections: Connections, drun: DrunDouble
) -> None:
    async with Chores() as chores, scene(connections, drun, endpoints=[service(drun)], default="") as stage:
        with capture_logs() as logs:
            await keeping(stage, connections, chores).answer("hello")
    assert [line["cost"] for line in logs if line["event"] == "a turn"] == ["dedicated"]
    sums = await Spending(connections).of(Scope.workspace(GENERAL), 2)
    assert (sums.turns, sums.dedicated_turns, sums.costs) == (1, 1, {})
    assert sums.completion_tokens > 0


async def test_what_a_model_reports_corrects_the_next_estimate_for_all_workers_and_restarts(
    stage: Scene, connections: Connections
) -> None:
    question = "word " * 600
    async with Chores() as chores:
        there = keeping(stage, connections, chores)
        await there.answer(question)
        learned = there.engine.means.books.calibration(V3)
    sent = raw_prompt([*_sent(stage)])
    reported = len(question) // 4 + 1
    assert learned.tokens(sent) == pytest.approx(reported, rel=0.1)
    async with Chores() as chores:
        other = kept_in(connections, chores)
        assert other.calibration(V3) == UNKNOWN, "nobody waits for Redis"
        await until(lambda: other.calibration(V3) != UNKNOWN)
        assert other.calibration(V3).factor == pytest.approx(learned.factor, abs=0.001)


def _sent(stage: Scene) -> list[Message]:
    return [Message("user", message["content"]) for message in stage.drun.requests[-1].messages]


async def test_what_others_learn_is_read_again_after_a_minute(connections: Connections) -> None:
    time = [0.0]
    async with Chores() as chores:
        kept = Calibrations(connections)
        books = Books(chores, calibrations=kept, now=lambda: time[0])
        books.refresh()
        await until(lambda: not chores.running)
        await kept.keep(V3, Calibration(2.0, 0.1, 4.0))
        assert books.calibration(V3) == UNKNOWN
        time[0] += REFRESH_S
        books.refresh()
        await until(lambda: not chores.running)
        assert books.calibration(V3).factor == 2.0


async def test_what_was_written_by_another_version_is_left_alone(connections: Connections) -> None:
    kept = Calibrations(connections)
    await kept.keep("a", Calibration(1.5, 0.1, 2.0))
    await connections.ask.hset(
        "drun:calibrations", mapping={"b": "v2;1.5", "c": "99 0.1 2", "d": "nan 0.1 2"}
    )
    assert await kept.all() == {"a": Calibration(1.5, 0.1, 2.0)}


async def test_with_redis_away_a_turn_is_only_not_counted() -> None:
    async with connect("redis://127.0.0.1:1") as nowhere, Chores() as chores:
        books = kept_in(nowhere, chores)
        with capture_logs() as logs:
            assert books.calibration(V3) == UNKNOWN
            await until(lambda: not chores.running)
        assert [line["log_level"] for line in logs] == ["info"]


async def test_a_demo_model_is_free(connections: Connections, drun: DrunDouble) -> None:
    drun.maas.models.append("demo/small")
    endpoint = Endpoint(Deployment.DEMO, drun.maas_url, drun.key, 2048)
    async with scene(connections, drun, endpoints=[endpoint], default=V3) as stage:
        with capture_logs() as logs:
            await stage.answer("hello")
    assert [line["cost"] for line in logs if line["event"] == "a turn"] == ["free"]


async def test_the_store_keeps_counting_while_turns_do_not_wait(
    stage: Scene, connections: Connections
) -> None:
    async with Chores() as chores:
        there = keeping(stage, connections, chores)
        for number in range(5):
            await there.answer(f"question {number}")

        async def counted() -> bool:
            return (await Spending(connections).of(Scope.channel(GENERAL), 2)).turns == 5

        assert await eventually(counted)
