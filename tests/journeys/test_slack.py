"""What only Slack does."""

import pytest

from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.faults import ApiError, ConnectionReset, HttpError, RateLimited
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import SlackStage


async def test_a_direct_message_is_answered_in_place(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("Here I am.")
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack):
        await dm.say(slack.ada, "are you there?")
        await slack.until(lambda: dm.messages[-1].text == "Here I am.")
        assert dm.messages[-1].thread_ts is None
        await dm.say(slack.ada, "and now?")
        await slack.until(lambda: [m.text for m in dm.messages].count("Here I am.") == 2)
    assert [m["content"] for m in drun.requests[-1].messages][-3:] == [
        "are you there?",
        "Here I am.",
        "and now?",
    ]


async def test_an_answer_to_a_mention_opens_a_thread(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("In the thread.")
    async with running(redis_url, drun, slack):
        asked = await slack.ask("hello")
        await slack.until(lambda: slack.answers(asked) == ["In the thread."])
    assert slack.shown(asked)[0].thread_ts == asked.id


async def test_what_comes_twice_is_answered_once(redis_url: str, drun: DrunDouble) -> None:
    """The same event again, and the message event that stands beside each app_mention."""
    events = {"app_mention", "message.im", "message.channels"}
    drun.reply_with("Once.")
    async with SlackDouble(
        bot_token="xoxb-twice-token", app_token="xapp-twice-token", events=events
    ) as double:
        slack = SlackStage(double)
        await _ask_twice(redis_url, slack, drun)


async def _ask_twice(redis_url: str, slack: SlackStage, drun: DrunDouble) -> None:
    async with running(redis_url, drun, slack):
        asked = await slack.ask("only once, please")
        await slack.until(lambda: slack.answers(asked) == ["Once."])
        question = slack.channel("general").find(asked.id)
        await slack.slack.redeliver(question)
        again = await slack.ask("next")
        await slack.until(lambda: slack.answers(again) == ["Once."])
        await slack.until(lambda: all(delivery.acked for delivery in slack.slack.deliveries))
    assert slack.answers(asked) == ["Once."]
    assert len(drun.requests) == 2


async def test_a_new_thread_knows_what_was_answered_in_the_channel(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("Hello Ada.")
    async with running(redis_url, drun, slack):
        first = await slack.ask("my name is Ada")
        await slack.until(lambda: slack.answers(first) == ["Hello Ada."])
        inside = await slack.ask_on(first, "a secret of this thread")
        await slack.until(lambda: slack.answers(inside))
        elsewhere = await slack.ask("what is my name?", channel="random")
        await slack.until(lambda: slack.answers(elsewhere))
        second = await slack.ask("what is my name?")
        await slack.until(lambda: slack.answers(second))
    said = [[m["content"] for m in request.messages[1:]] for request in drun.requests]
    assert said[1] == ["my name is Ada", "Hello Ada.", "a secret of this thread"]
    assert said[2] == ["what is my name?"], "another channel knows nothing of it"
    assert said[3] == ["my name is Ada", "Hello Ada.", "what is my name?"], (
        "a thread's later turns stay its own"
    )


async def test_the_model_is_switched_by_slash_command(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        shown = await channel.slash(slack.ada, "/model")
        assert "`public/deepseek-v3` answers" in shown.texts[0]
        assert "public/deepseek-r1" in shown.texts[0]
        unknown = await channel.slash(slack.ada, "/model", "gpt-9")
        assert "`gpt-9` does not exist" in unknown.texts[0]
        assert "Can be chosen: `public/deepseek-r1`, `public/deepseek-v3`" in unknown.texts[0]
        assert (unknown.ack_payload or {})["response_type"] == "ephemeral"
        switched = await channel.slash(slack.ada, "/model", "public/deepseek-r1")
        assert (switched.ack_payload or {})["response_type"] == "in_channel"
        umbrella = await channel.slash(slack.ada, "/drun", "model")
        assert "`public/deepseek-r1` answers" in umbrella.texts[0]
        helped = await channel.slash(slack.ada, "/drun", "")
        assert "`/drun reset`" in helped.texts[0]
        assert "`/model`" in helped.texts[0]
        asked = await slack.ask("hello")
        await slack.until(lambda: slack.answers(asked) == ["Yes."])
    async with running(redis_url, drun, slack):
        asked = await slack.ask("hello after a restart")
        await slack.until(lambda: slack.answers(asked) == ["Yes."])
    assert [request.model for request in drun.requests] == ["public/deepseek-r1"] * 2


async def test_an_empty_mention_gets_a_hint(redis_url: str, slack: SlackStage, drun: DrunDouble) -> None:
    async with running(redis_url, drun, slack):
        asked = await slack.ask("")
        await slack.until(lambda: "/help`" in "".join(slack.answers(asked)))
        assert f"`@{slack.slack.workspace.parts.identity.bot_name} /help`" in slack.answers(asked)[0]
    assert not drun.requests


async def test_a_slash_command_stops_what_is_written_in_the_channels_threads(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    async with running(redis_url, drun, slack):
        asked = await slack.ask("count")
        await script.release()
        await slack.until(lambda: slack.answers(asked))
        stopped = await slack.channel("general").slash(slack.ada, "/drun", "stop")
        assert stopped.texts == ["Stopping."]
        await slack.until(lambda: "Stopped." in slack.answers(asked)[0])


async def test_a_question_may_begin_with_a_slash(redis_url: str, slack: SlackStage, drun: DrunDouble) -> None:
    drun.reply_with("Delete something.")
    async with running(redis_url, drun, slack):
        asked = await slack.ask("/var is full, what do I do?")
        await slack.until(lambda: slack.answers(asked) == ["Delete something."])


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionReset(applied=True),
        ConnectionReset(applied=False),
        HttpError(503, applied=True),
        RateLimited(1),
    ],
    ids=str,
)
async def test_a_post_whose_answer_is_lost_is_not_posted_again(
    redis_url: str,
    slack: SlackStage,
    drun: DrunDouble,
    fault: ConnectionReset | HttpError | RateLimited,
) -> None:
    drun.reply_with("Just one.")
    slack.slack.fail("chat.postMessage", fault)
    async with running(redis_url, drun, slack):
        asked = await slack.ask("hello")
        await slack.until(lambda: slack.answers(asked) == ["Just one."])
        again = await slack.ask("next")
        await slack.until(lambda: slack.answers(again) == ["Just one."])
    assert slack.answers(asked) == ["Just one."]


async def test_a_channel_that_does_not_let_the_bot_write_stops_the_model(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    drun.reply_with("Elsewhere.")
    slack.slack.fail("chat.postMessage", ApiError("not_in_channel"))
    async with running(redis_url, drun, slack):
        asked = await slack.ask("hello")
        await drun.until(lambda: drun.in_flight == 1)
        await script.release()
        await drun.until(lambda: drun.requests[0].closed_early)
        other = await slack.ask("hello", channel="other")
        await slack.until(lambda: slack.answers(other) == ["Elsewhere."])
    assert slack.answers(asked) == []


async def test_twenty_answers_at_once_are_never_throttled(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply = Script("word " * 60, delay_s=0.04)
    async with running(redis_url, drun, slack):
        asked = [await slack.ask(f"question {number}", channel=f"c{number}") for number in range(20)]
        await slack.slack.until(
            lambda: all([text.count("word") for text in slack.answers(each)] == [60] for each in asked),
            timeout=45,
        )
    assert slack.throttled == 0
