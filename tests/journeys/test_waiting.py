"""Nobody who waits is met with silence, on any platform."""

from structlog.testing import capture_logs

from bots.configuration import configure
from bots.run import serving
from tests.doubles.discord import Permission
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.faults import ApiError
from tests.journeys.running import environment_of, running
from tests.journeys.stages import Asked, DiscordStage, SlackStage, Stage


async def begin(stage: Stage, drun: DrunDouble, script: Script, *, channel: str = "general") -> Asked:
    """A question whose answer is being written until the test lets it end."""
    drun.answer_to("the running one", script)
    asked = await stage.ask("the running one", channel=channel)
    await drun.until(lambda: drun.in_flight > 0)
    return asked


async def ask_all(stage: Stage, drun: DrunDouble, running_one: Asked, *names: str) -> list[Asked]:
    """More questions in the same conversation; ``question one`` is answered with ``answer one``."""
    asked = []
    for name in names:
        drun.answer_to(f"question {name}", Script(f"answer {name}"))
        asked.append(await stage.ask_on(running_one, f"question {name}"))
    return asked


async def test_a_question_behind_a_reply_is_marked_until_its_answer_begins(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first, second = Script("first answer", gated=True), Script("second answer", gated=True)
    async with running(redis_url, drun, stage):
        asked = await begin(stage, drun, first)
        drun.answer_to("the next one", second)
        further = await stage.ask_on(asked, "the next one")
        await stage.until(lambda: stage.marked(further))
        assert not stage.marked(asked)
        await first.finish_up()
        await stage.until(lambda: not stage.marked(further))
        assert stage.answers(asked)[:1] == ["first answer"]
        await second.finish_up()
        await stage.until(lambda: stage.answers(asked) == ["first answer", "second answer"])
    assert not stage.marked(further)
    assert stage.throttled == 0


async def test_the_fourth_is_told_its_number_and_answered_in_the_same_message(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first = Script("first answer", gated=True)
    async with running(redis_url, drun, stage):
        asked = await begin(stage, drun, first)
        two, three, four = await ask_all(stage, drun, asked, "two", "three", "four")
        await stage.until(lambda: any("number 3 in line" in text for text in stage.answers(four)))
        assert stage.writing(four), "more is to come in this message"
        assert len(stage.answers(four)) == 1
        await stage.until(lambda: all(stage.marked(each) for each in (two, three, four)))
        await first.finish_up()
        told = "answer four"
        await stage.until(lambda: stage.answers(four)[:1] == [told] and len(stage.answers(asked)) == 4)
        await stage.until(lambda: not any(stage.marked(each) for each in (two, three, four)))
    assert sorted(stage.answers(asked)) == ["answer four", "answer three", "answer two", "first answer"]
    order = [request.messages[-1]["content"] for request in drun.requests]
    assert order == ["the running one", "question two", "question three", "question four"]
    assert stage.throttled == 0


async def test_where_all_workers_are_busy_another_conversation_is_told_so(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first = Script("first answer", gated=True)
    drun.answer_to("elsewhere", Script("other answer"))
    async with running(redis_url, drun, stage, settings={"WORKER_TURNS": "1"}):
        asked = await begin(stage, drun, first)
        other = await stage.ask("elsewhere", channel="other")
        await stage.until(lambda: any("number 1 in line" in text for text in stage.answers(other)))
        assert not stage.marked(other), "nothing of its own conversation is before it"
        await first.finish_up()
        await stage.until(lambda: stage.answers(other) == ["other answer"])
        await stage.until(lambda: stage.answers(asked) == ["first answer"])


async def test_one_process_may_hear_and_another_answer(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    """Neither knows of the other: what one of them shows of a wait the other takes away, or writes over."""
    first = Script("first answer", gated=True)
    environment = environment_of(redis_url, drun, stage)
    async with (
        serving(configure([stage.name], environment)) as hearing,
        serving(configure(["worker"], environment)),
    ):
        await stage.join(hearing)
        asked = await begin(stage, drun, first)
        two, three, four = await ask_all(stage, drun, asked, "two", "three", "four")
        await stage.until(lambda: any("number 3 in line" in text for text in stage.answers(four)))
        await stage.until(lambda: all(stage.marked(each) for each in (two, three, four)))
        await first.finish_up()
        await stage.until(lambda: "answer four" in stage.answers(four))
        await stage.until(lambda: not any(stage.marked(each) for each in (two, three, four)))
    assert sorted(stage.answers(asked)) == ["answer four", "answer three", "answer two", "first answer"]


async def test_the_answer_to_a_question_in_chinese_is_announced_in_chinese(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first = Script("first answer", gated=True)
    async with running(redis_url, drun, stage, settings={"WORKER_TURNS": "1"}):
        await begin(stage, drun, first)
        other = await stage.ask("你好", channel="other")
        await stage.until(lambda: any("排在第 1 位" in text for text in stage.answers(other)))
        await first.finish_up()
        await stage.until(lambda: "你好" in stage.answers(other)[0])


async def test_one_too_many_is_refused_in_a_sentence_and_taken_later(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first = Script("first answer", gated=True)
    async with running(redis_url, drun, stage, settings={"WAITING_TURNS": "2"}):
        asked = await begin(stage, drun, first)
        _, three = await ask_all(stage, drun, asked, "two", "three")
        await stage.until(
            lambda: any("2 questions are waiting here" in text for text in stage.answers(three))
        )
        assert not stage.writing(three)
        assert not stage.marked(three)
        await first.finish_up()
        await stage.until(lambda: {"first answer", "answer two"} <= set(stage.answers(asked)))
        (again,) = await ask_all(stage, drun, asked, "three")
        await stage.until(lambda: stage.answers(again) == ["answer three"])
    assert [request.messages[-1]["content"] for request in drun.requests].count("question three") == 1


async def test_collected_messages_are_one_question_and_one_answer(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first = Script("first answer", gated=True)
    async with running(redis_url, drun, stage, settings={"BUSY_MODE": "collect"}):
        asked = await begin(stage, drun, first)
        further = [await stage.ask_on(asked, text) for text in ("one", "two", "three")]
        await stage.until(lambda: all(stage.marked(each) for each in further))
        drun.reply_with("all of it")
        await first.finish_up()
        await stage.until(lambda: stage.answers(asked) == ["first answer", "all of it"])
        await stage.until(lambda: not any(stage.marked(each) for each in further))
        last = await stage.ask_on(asked, "what did I say?")
        await stage.until(lambda: stage.answers(last) == ["all of it"])
    said = [message["content"] for message in drun.requests[-1].messages[1:]]
    assert said[-3:] == ["one\n\ntwo\n\nthree", "all of it", "what did I say?"]
    assert len(drun.requests) == 3


async def test_a_new_message_interrupts_where_that_is_wanted(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    first = Script("one two three four", gated=True)
    drun.answer_to("never mind, this", Script("the new answer"))
    async with running(redis_url, drun, stage, settings={"BUSY_MODE": "interrupt"}):
        asked = await begin(stage, drun, first)
        await first.release(2)
        await stage.until(lambda: stage.answers(asked) and "one two" in stage.answers(asked)[0])
        newer = await stage.ask_on(asked, "never mind, this")
        await stage.until(lambda: stage.answers(newer)[-1:] == ["the new answer"])
    assert "Stopped." in stage.answers(asked)[0]
    assert not stage.marked(newer)


async def test_a_slack_app_without_the_scope_answers_all_the_same_and_says_so_once(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    slack.slack.workspace.scopes.discard("reactions:write")
    with capture_logs() as logs:
        await _ask_three(redis_url, slack, drun)
    told = [entry for entry in logs if entry["event"] == "questions that wait cannot be marked"]
    assert [(entry["platform"], entry["reason"]) for entry in told] == [("slack", "missing_scope")]


async def test_a_discord_bot_without_the_permission_answers_all_the_same_and_says_so_once(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    discord.channel("general").deny(Permission.ADD_REACTIONS)
    with capture_logs() as logs:
        await _ask_three(redis_url, discord, drun)
    told = [entry for entry in logs if entry["event"] == "questions that wait cannot be marked"]
    assert [(entry["platform"], entry["reason"]) for entry in told] == [("discord", "403 50013")]
    assert discord.discord.invalid_requests == 1, "Discord counts them"


async def _ask_three(redis_url: str, stage: SlackStage | DiscordStage, drun: DrunDouble) -> None:
    first = Script("first answer", gated=True)
    async with running(redis_url, drun, stage):
        asked = await begin(stage, drun, first)
        await ask_all(stage, drun, asked, "two", "three", "four")
        await stage.until(lambda: "number 3" in "".join(stage.answers(asked)))
        await first.finish_up()
        await stage.until(
            lambda: len(stage.answers(asked)) == 4 and "number" not in str(stage.answers(asked))
        )


async def test_whoever_has_blocked_the_bot_in_discord_is_answered(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    discord.ada.blocks_bot = True
    with capture_logs() as logs:
        await _ask_three(redis_url, discord, drun)
    assert "questions that wait cannot be marked" not in {entry["event"] for entry in logs}


async def test_a_mark_that_is_there_already_disturbs_nothing(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    slack.slack.fail("reactions.add", ApiError("already_reacted"), ApiError("is_archived"))
    slack.slack.fail("reactions.remove", ApiError("no_reaction"), ApiError("message_not_found"))
    with capture_logs() as logs:
        await _ask_three(redis_url, slack, drun)
    assert [entry["event"] for entry in logs if entry["log_level"] in {"warning", "error"}] == []
