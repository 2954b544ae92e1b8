"""One turn: from a claim to what is shown and remembered."""

import asyncio
from collections import deque
from dataclasses import replace
from itertools import pairwise

import pytest

from core import texts
from core.conversation import Channel, Conversation, Turn, Usage
from core.drun.catalog import Catalog
from core.drun.endpoints import Deployment, Endpoint
from core.engine import ATTEMPTS
from core.errors import SurfaceFailed, SurfaceGone
from core.hold import Hold, LeaseLost
from core.store.claims import Nothing
from core.store.connection import Connections, connect
from tests.core.desks import choose
from tests.core.drun.talk import maas, model_client, service
from tests.core.scene import Scene, scene
from tests.core.store.talk import ROOM, ask, channels_of, claimed, eventually, exchange, expire, said
from tests.doubles.drun.refusals import OVERFLOWS, rate_limited, unreachable, upstream_error
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

OVERFLOW = upstream_error(OVERFLOWS["vLLM 0.8, messages"])


async def test_a_turn_is_shown_and_remembered_as_it_was_said(
    connections: Connections, drun: DrunDouble
) -> None:
    async with scene(connections, drun, instructions="Be brief.") as stage:
        drun.reply_with("Hello Ada.")
        assert await stage.answer("my name is Ada") == ["Hello Ada."]
        await stage.answer("what is my name?")
        assert [message["content"] for message in drun.requests[-1].messages] == [
            "Be brief.",
            "my name is Ada",
            "Hello Ada.",
            "what is my name?",
        ]
        assert (await stage.history())[0] == Turn("ada", "my name is Ada", "Hello Ada.")


async def test_history_keeps_what_answered_what_it_cost_and_where_it_is_shown(stage: Scene) -> None:
    stage.drun.script(Script("one two three"))
    claim = await stage.asked("count")
    await stage.engine.answer(Hold(claim))
    [turn] = await stage.kept()
    assert (turn.id, turn.model, turn.messages) == (claim.message.turn_id, "public/deepseek-v3", ("m0",))
    assert turn.usage == Usage(prompt_tokens=2, completion_tokens=3)


async def test_a_conversation_too_long_for_the_server_is_asked_again_with_less(stage: Scene) -> None:
    for number in range(60):
        await exchange(stage.turns, f"{number} " + "long " * 40)
    stage.drun.script(OVERFLOW, Script("It fits."))
    assert await stage.answer("and now?") == ["It fits."]
    first, second = stage.drun.requests
    assert 1 < len(second.messages) < len(first.messages)
    assert second.messages == first.messages[-len(second.messages) :], "the newest of it"
    assert second.prompt == "and now?"
    assert (await stage.history())[-1].complete

    stage.drun.script(Script("At once."))
    assert await stage.answer("and then?") == ["At once."]
    assert len(stage.drun.requests) == 3, "the window that was named is remembered"
    assert len(stage.drun.requests[2].messages) < len(first.messages)


async def test_a_conversation_that_is_too_long_even_then_ends_in_a_notice(stage: Scene) -> None:
    for number in range(60):
        await exchange(stage.turns, f"{number} " + "long " * 40)
    stage.drun.script(OVERFLOW, OVERFLOW)
    assert await stage.answer("hello") == ["⚠️ The conversation is too long for this model."]
    assert len(stage.drun.requests) == 2
    assert (await stage.history())[-1] == Turn("ada", "hello", "", complete=False)


async def test_a_conversation_that_cannot_be_made_shorter_is_not_asked_again(stage: Scene) -> None:
    stage.drun.script(OVERFLOW)
    assert await stage.answer("hello") == ["⚠️ The conversation is too long for this model."]
    assert len(stage.drun.requests) == 1
    assert await stage.history() == [Turn("ada", "hello", "", complete=False)]


async def test_a_model_that_only_thought_is_not_an_empty_answer(stage: Scene) -> None:
    stage.drun.script(Script("", thoughts=("Hm. ", "Well."), finish="length"))
    assert await stage.answer("hello") == [texts.ONLY_REASONING.say("en")]
    stage.drun.script(Script("", thoughts=("Hm. ",)))
    assert await stage.answer("你好") == [texts.NO_TEXT.say("zh")]


@pytest.mark.parametrize(
    ("finish", "note"), [("length", texts.CUT_BY_LENGTH), ("content_filter", texts.FILTERED)]
)
async def test_an_answer_that_did_not_end_by_itself_says_so_and_is_remembered_as_incomplete(
    stage: Scene, finish: str, note: texts.Text
) -> None:
    stage.drun.script(Script("Once upon a time", finish=finish))
    assert await stage.answer("a story") == [f"Once upon a time\n\n_{note.en}_"]
    assert await stage.history() == [Turn("ada", "a story", "Once upon a time", complete=False)]


async def test_a_withdrawn_model_is_replaced_by_the_default_and_its_channel_is_told_once(
    stage: Scene,
) -> None:
    stage.drun.reply_with("Still here.")
    await choose(stage.desk.preferences, "model", "public/withdrawn")
    gone = "_`public/withdrawn` is not offered any more; `public/deepseek-v3` answers._"
    assert await stage.answer("hello") == [f"Still here.\n\n{gone}"]
    assert stage.drun.requests[-1].model == "public/deepseek-v3"
    assert await stage.answer("and now?") == ["Still here."], "once is enough"
    await choose(stage.desk.preferences, "model", "public/deepseek-r1")
    assert await stage.answer("hello again") == ["Still here."]
    assert stage.drun.requests[-1].model == "public/deepseek-r1"


async def test_of_two_workers_one_tells_that_a_default_is_gone_and_the_bot_goes_on(
    connections: Connections, drun: DrunDouble
) -> None:
    drun.reply_with("Still here.")
    gone = "_`public/withdrawn` is not offered any more; `public/deepseek-r1` answers._"
    shown = []
    async with (
        scene(connections, drun, default="public/withdrawn") as one,
        scene(connections, drun, default="public/withdrawn") as other,
    ):
        for stage in (one, other, one):
            shown += await stage.answer("hello")
        elsewhere = Conversation(Channel("slack", "T1", "elsewhere"))
        shown += await other.answer("hello", elsewhere)
    assert shown == [f"Still here.\n\n{gone}", "Still here.", "Still here.", f"Still here.\n\n{gone}"]


async def test_a_worker_that_dies_before_it_has_told_leaves_that_to_the_next(
    connections: Connections, drun: DrunDouble
) -> None:
    drun.reply_with("仍在。")
    async with scene(connections, drun, default="public/withdrawn") as stage:
        claim = await stage.asked("你好")
        surface = stage.platform.of(claim.message)
        surface.gate.clear()
        answering = stage.answering(claim)
        await surface.until(lambda: "不再提供" in "".join(write.text for write in surface.writes))
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        surface.gate.set()
        await expire(connections.ask, ROOM)
        await stage.engine.answer(Hold(await claimed(stage.turns)))
        assert surface.texts() == [
            "仍在。\n\n_`public/withdrawn` 已不再提供，现由 `public/deepseek-r1` 回答。_"
        ]


async def test_with_redis_away_it_is_rather_told_twice_than_never(stage: Scene) -> None:
    stage.drun.reply_with("Still here.")
    await choose(stage.desk.preferences, "model", "public/withdrawn")
    async with connect("redis://127.0.0.1:1") as nowhere:
        means = replace(stage.engine.means, channels=channels_of(nowhere))
        away = replace(stage, engine=replace(stage.engine, means=means))
        for _ in range(2):
            [answer] = await away.answer("hello")
            assert "is not offered any more" in answer


async def test_whoever_stands_in_is_named_under_the_answer_and_kept_with_it(
    connections: Connections, drun: DrunDouble
) -> None:
    drun.maas.models.append("public/glm4-9b")
    chosen = "u-1100a15812cc/qwen2"
    async with (
        scene(connections, drun, endpoints=[maas(drun), service(drun)]) as stage,
        model_client() as client,
    ):
        runs = {chosen: "glm-4-9b-chat"}
        catalog = Catalog(client, [maas(drun), service(drun)], default=chosen, aliases={}, runs=runs)
        means = replace(stage.engine.means, catalog=catalog)
        engine = replace(stage.engine, desk=replace(stage.desk, catalog=catalog), means=means)
        drun.script(rate_limited(retry_after="0"), times=3)
        drun.script(Script("From MaaS."))
        claim = await stage.asked("hello")
        await engine.answer(Hold(claim))
        note = f"_`public/glm4-9b` answered: `{chosen}` is busy._"
        assert stage.platform.of(claim.message).texts() == [f"From MaaS.\n\n{note}"]
        [turn] = await stage.kept()
        assert (turn.reply, turn.model, turn.complete) == ("From MaaS.", "public/glm4-9b", True)
        await catalog.aclose()


async def test_the_demo_model_is_named_under_its_answer(connections: Connections, drun: DrunDouble) -> None:
    demo = Endpoint(Deployment.DEMO, drun.maas_url, drun.key)
    async with scene(connections, drun, endpoints=[demo]) as stage:
        drun.reply_with("I am small.")
        assert await stage.answer("hello") == [f"I am small.\n\n_{texts.DEMO_MODEL.en}_"]


async def test_history_is_what_was_shown_when_the_platform_takes_no_more(stage: Scene) -> None:
    script = Script("one two three four", gated=True)
    stage.drun.script(script)
    claim = await stage.asked("count")
    surface = stage.platform.of(claim.message)
    surface.outcomes = deque([None, SurfaceGone("deleted")])
    answering = stage.answering(claim)
    await script.release(2)
    await surface.until(lambda: surface.texts() == ["one two ▍"])
    await script.release(1)
    await answering
    await stage.drun.until(lambda: stage.drun.requests[0].closed_early)
    assert await stage.history() == [Turn("ada", "count", "one two ", complete=False)]


async def test_a_reply_that_could_never_be_shown_was_never_said(stage: Scene) -> None:
    stage.drun.reply_with("Nobody reads this.")
    claim = await stage.asked("hello")
    stage.platform.of(claim.message).outcomes = deque([SurfaceGone("not in channel")])
    await stage.engine.answer(Hold(claim))
    assert await stage.history() == [Turn("ada", "hello", "", complete=False)]


async def test_a_platform_that_fails_for_a_moment_costs_nothing(stage: Scene) -> None:
    stage.drun.reply_with("Here.")
    claim = await stage.asked("hello")
    surface = stage.platform.of(claim.message)
    surface.outcomes = deque([SurfaceFailed("500")])
    await stage.engine.answer(Hold(claim))
    assert surface.texts() == ["Here."]
    assert await stage.history() == [Turn("ada", "hello", "Here.")]


async def test_a_stop_ends_the_request_and_records_what_was_shown(stage: Scene) -> None:
    script = Script("one two three four", gated=True)
    stage.drun.script(script)
    claim = await stage.asked("count")
    surface, stopping = stage.platform.of(claim.message), asyncio.Event()
    answering = stage.answering(claim, stopping)
    await script.release(2)
    await surface.until(lambda: surface.texts() == ["one two ▍"])
    stopping.set()
    await answering
    assert surface.texts() == ["one two\n\n_Stopped._"]
    await stage.drun.until(lambda: stage.drun.requests[0].closed_early)
    assert await stage.history() == [Turn("ada", "count", "one two ", complete=False)]


async def test_a_turn_that_was_stopped_before_it_was_taken_over_ends_at_once(stage: Scene) -> None:
    stage.drun.reply = Script("never", gated=True)
    claim = replace(await stage.asked("count"), shown=["m0"], stopped=True)
    surface, stopping = stage.platform.of(claim.message), asyncio.Event()
    surface.shown["m0"] = "one two ▍"
    stopping.set()
    await stage.engine.answer(Hold(claim, stopping))
    assert surface.texts() == ["_Stopped._"]
    assert await stage.history() == [Turn("ada", "count", "", complete=False)]


async def test_a_turn_that_is_taken_over_is_written_into_the_messages_that_are_there(
    stage: Scene, connections: Connections
) -> None:
    script = Script("one two three", gated=True)
    stage.drun.script(script, Script("un deux trois"))
    first = await stage.asked("count")
    surface = stage.platform.of(first.message)
    dying = stage.answering(first)
    await script.release(2)
    await surface.until(lambda: surface.texts() == ["one two ▍"])
    await eventually(lambda: connections.ask.hexists(f"drun:{{0}}:state:{ROOM}", f"shown:{first.sequence}"))
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await expire(connections.ask, ROOM)
    second = await claimed(stage.turns)
    assert list(second.shown) == ["m0"]
    await stage.engine.answer(Hold(second))
    assert surface.shown == {"m0": "un deux trois"}
    assert [turn.reply for turn in await stage.history()] == ["un deux trois"]


async def test_who_lost_the_lease_writes_nothing_more(stage: Scene, connections: Connections) -> None:
    script = Script("one two three", gated=True)
    stage.drun.script(script)
    claim = await stage.asked("count")
    answering = stage.answering(claim)
    await stage.drun.until(lambda: stage.drun.in_flight == 1)
    await expire(connections.ask, ROOM)
    winner = await claimed(stage.turns)
    await script.release(2)
    with pytest.raises(LeaseLost):
        await answering
    await stage.drun.until(lambda: stage.drun.requests[0].closed_early)
    await stage.turns.commit(winner, Turn("ada", "count", "the winner's"))
    assert [turn.reply for turn in await stage.history()] == ["the winner's"]


async def test_a_commit_without_a_lease_is_told(stage: Scene, connections: Connections) -> None:
    claim = await stage.asked("/help")
    await expire(connections.ask, ROOM)
    await claimed(stage.turns)
    with pytest.raises(LeaseLost):
        await stage.engine.answer(Hold(claim))


async def test_a_turn_that_took_three_workers_down_ends_in_a_notice(stage: Scene) -> None:
    for question, language in (("hello", "en"), ("你好", "zh")):
        claim = replace(await stage.asked(question), attempt=ATTEMPTS + 1)
        await stage.engine.answer(Hold(claim))
        shown = stage.platform.of(claim.message).texts()
        assert shown == [texts.GAVE_UP.en if language == "en" else texts.GAVE_UP.zh]
    assert not stage.drun.requests
    assert await stage.history() == []


async def test_the_third_attempt_is_still_one(stage: Scene) -> None:
    stage.drun.reply_with("At last.")
    claim = replace(await stage.asked("hello"), attempt=ATTEMPTS)
    await stage.engine.answer(Hold(claim))
    assert stage.platform.of(claim.message).texts() == ["At last."]


async def test_an_empty_mention_and_a_command_are_no_part_of_the_history(stage: Scene) -> None:
    assert "`/help`" in (await stage.answer("  \n"))[0]
    assert "`/model`" in (await stage.answer("/help"))[0]
    assert "no command `/sing`" in (await stage.answer("/sing"))[0]
    assert await stage.history() == []
    assert not stage.drun.requests


async def test_a_stop_written_where_nothing_is_written_says_so(stage: Scene) -> None:
    assert await stage.answer("/stop") == ["Nothing is being written here now."]


async def test_a_written_reset_forgets_what_came_before_it_and_nothing_after(stage: Scene) -> None:
    await exchange(stage.turns, "before")
    for text in ("/reset", "my name is Ada"):
        await stage.turns.accept(said(text))
    for _ in range(2):
        await stage.engine.answer(Hold(await claimed(stage.turns)))
    assert [turn.text for turn in await stage.history()] == ["my name is Ada"]


async def test_a_notice_that_cannot_be_shown_ends_its_turn_all_the_same(stage: Scene) -> None:
    claim = await stage.asked("/help")
    stage.platform.of(claim.message).outcomes = deque([SurfaceGone("gone")])
    await stage.engine.answer(Hold(claim))
    assert isinstance(await stage.turns.claim(), Nothing)


async def test_a_reply_that_broke_off_before_its_first_word_is_a_model_out_of_reach(stage: Scene) -> None:
    stage.drun.reply = Script("never said", fault=Fault.END)
    assert await stage.answer("hello") == [
        "⚠️ The model cannot be reached right now. Please try again.",
    ]


async def test_a_model_out_of_reach_is_said_in_the_language_of_the_question(stage: Scene) -> None:
    stage.drun.reply = unreachable()
    assert await stage.answer("你好") == ["⚠️ 暂时无法连接到模型，请稍后再试。"]
    assert await stage.history() == [Turn("ada", "你好", "", complete=False)]


async def test_a_turn_of_a_platform_that_is_off_here_is_left_to_others(
    stage: Scene, connections: Connections
) -> None:
    elsewhere = Conversation(Channel("discord", "1", "2"))
    claim = await stage.asked("hello", elsewhere)
    await stage.engine.answer(Hold(claim))
    found = await stage.turns.claim()
    assert isinstance(found, Nothing), "not at once: it would go round and round"
    assert found.due_s is not None
    assert 0 < found.due_s <= 5
    await expire(connections.ask, elsewhere)
    assert (await claimed(stage.turns)).attempt == 1


async def test_turns_of_one_conversation_follow_each_other_without_a_gap(stage: Scene) -> None:
    stage.drun.reply_with("Yes.")
    for number in range(5):
        await stage.turns.accept(said(f"{number}"))
    for _ in range(5):
        await stage.engine.answer(Hold(await claimed(stage.turns)))
    sent = [len(request.messages) for request in stage.drun.requests]
    assert all(later == earlier + 2 for earlier, later in pairwise(sent))
    assert [turn.text for turn in await stage.history()] == ["0", "1", "2", "3", "4"]
    assert (await ask(stage.turns, "done")).attempt == 1


async def test_nothing_is_shown_by_who_may_have_lost_the_lease(stage: Scene) -> None:
    claim = await stage.asked("hello")
    with pytest.raises(LeaseLost):
        await stage.engine.answer(Hold(claim, until=0.0))
    assert stage.platform.of(claim.message).writes == []
