"""/ask, /regenerate, /compare and /feedback as people give them in Slack and Discord."""

import asyncio
from pathlib import Path

from redis.asyncio import Redis

from adapters.slack.manifest import manifest
from adapters.slack.names import Names
from tests.core.store.own_server import own_server
from tests.core.store.talk import eventually
from tests.doubles.discord.permissions import Permission
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.faults import ApiError
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage, SlackStage, WebStage

ONE, TWO = "public/deepseek-v3", "public/deepseek-r1"


async def at_rest(redis_url: str) -> None:
    """What is shown was committed as well."""
    async with Redis.from_url(redis_url) as redis:

        async def nothing_is_left() -> bool:
            return not await redis.exists("drun:{0}:schedule")

        await eventually(nothing_is_left)


def scripts(*texts: str) -> list[Script]:
    return [Script(text) for text in texts]


async def test_slack_ask_shows_who_asks_and_answers_in_a_thread_below(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.script(*scripts("Because.", "Still."))
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        given = await channel.slash(slack.ada, "/drun", "ask <!channel> why <@U0DOUBLEBOT>?")
        assert given.texts == []
        await slack.until(lambda: any(message.thread_ts for message in channel.messages))
        question = channel.messages[0]
        assert question.text.startswith("**Ada** asks: ")
        assert not question.broadcasts
        assert not question.mentions
        await slack.until(lambda: [m.text for m in channel.thread(question.ts)] == ["Because."])
        # It is a conversation as any other one.
        await channel.say(slack.ada, f"<@{slack.slack.bot_user_id}> and now?", thread=question.ts)
        await slack.until(lambda: channel.thread(question.ts)[-1].text == "Still.")
    sent = [message["content"] for message in drun.requests[1].messages]
    assert sent[-3].endswith("why <@U0DOUBLEBOT>?")
    assert sent[-2] == "Because."


async def test_slack_ask_where_the_bot_is_no_member_is_one_sentence(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    channel = slack.channel("general")
    channel.has_bot = False
    async with running(redis_url, drun, slack):
        given = await channel.slash(slack.ada, "/drun", "ask why?")
        assert "Invite me with `/invite`" in given.texts[0]
        slack.slack.fail("chat.postMessage", ApiError("internal_error"))
        again = await slack.channel("other").slash(slack.ada, "/drun", "ask why?")
        assert again.texts == ["Your question could not be posted. Please ask it again."]
    assert not drun.requests
    assert not channel.messages


async def test_slack_ask_in_a_direct_message_is_answered_in_place(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.script(*scripts("Because."))
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack):
        await dm.slash(slack.ada, "/drun", "ask why?")
        await slack.until(lambda: [m.text for m in dm.messages] == ["**Ada** asks: why?", "Because."])
    assert [message.thread_ts for message in dm.messages] == [None, None]


async def test_slack_regenerates_over_the_old_answer(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    gated = Script("Two.", gated=True)
    drun.script(Script("One."), gated, Script("Three."))
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        nothing = await channel.slash(slack.ada, "/drun", "regenerate")
        assert nothing.texts[0].startswith("Nothing was asked here yet")
        asked = await slack.ask("count")
        await slack.until(lambda: slack.answers(asked) == ["One."])
        await at_rest(redis_url)
        given = await channel.slash(slack.ada, "/drun", "regenerate deepseek-r1")
        assert given.texts == ["I am answering “count” again."]
        assert (given.ack_payload or {})["response_type"] == "ephemeral"
        await drun.until(lambda: drun.in_flight == 1)
        busy = await channel.slash(slack.ada, "/drun", "regenerate")
        assert busy.texts[0].startswith("A question is still being answered here.")
        await gated.finish_up()
        await slack.until(lambda: slack.answers(asked) == [f"Two.\n\n_Version 2, by `{TWO}`._"])
        # As text, in the thread.
        await slack.ask_on(asked, "/regenerate")
        await slack.until(lambda: slack.answers(asked) == [f"Three.\n\n_Version 3, by `{ONE}`._"])
    assert [request.model for request in drun.requests] == [ONE, TWO, ONE]
    assert len({str(request.messages) for request in drun.requests}) == 1


async def test_slack_offers_the_author_of_an_edited_question_to_answer_it_again(
    redis_url: str, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two."))
    events = manifest(Names())["settings"]["event_subscriptions"]["bot_events"]
    async with SlackDouble(
        bot_token="xoxb-offers-token", app_token="xapp-offers-token", events=events
    ) as double:
        slack = SlackStage(double)
        channel, bot = slack.channel("general"), double.workspace.parts.identity.bot_name
        async with running(redis_url, drun, slack):
            asked = await slack.ask("count")
            await slack.until(lambda: slack.answers(asked) == ["One."])
            await at_rest(redis_url)
            await channel.edit(channel.find(asked.id), f"<@{double.bot_user_id}> count again")
            await slack.until(lambda: channel.ephemerals)
            (offer,) = channel.ephemerals
            assert (offer.user, offer.thread_ts) == (slack.ada.id, asked.id)
            sentence = f"`@{bot} /regenerate` answers it as it says now."
            assert offer.text == f"You have changed your question. {sentence}"
            await slack.ask_on(asked, "/regenerate")
            await slack.until(lambda: slack.answers(asked)[0].startswith("Two."))
    assert drun.requests[1].messages[-1]["content"] == "count again"


async def test_slack_compares_two_models_in_one_answer(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.answer_as(ONE, Script("One."))
    drun.answer_as(TWO, Script("Eins."))
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        await channel.slash(slack.ada, "/drun", "compare deepseek-v3 deepseek-r1 count")
        await slack.until(lambda: len(channel.messages) == 2)
        question = channel.messages[0]
        assert question.text == f"**Ada** asks `{ONE}`, `{TWO}`: count"
        shown = [f"**{ONE}**\n\nOne.\n\n**{TWO}**\n\nEins."]
        await slack.until(lambda: [m.text for m in channel.thread(question.ts)] == shown)


async def test_slack_feedback_is_between_the_person_and_the_bot(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.script(*scripts("One."))
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        asked = await slack.ask("count")
        await slack.until(lambda: slack.answers(asked) == ["One."])
        await at_rest(redis_url)
        given = await channel.slash(slack.ada, "/drun", "feedback bad too short")
        assert given.texts == ["Thank you: the answer to “count” is noted as bad."]
        assert (given.ack_payload or {})["response_type"] == "ephemeral"


async def test_discord_ask_is_a_message_that_is_answered_in_its_place_in_the_order(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.script(*scripts("Before.", "Because."))
    channel = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("first")
        given = await channel.slash(discord.ada, "ask", {"question": "why @everyone?"})
        assert given.original is not None
        assert given.original.content.startswith("**Ada** asks: why @")
        assert not given.original.ephemeral
        assert not given.original.pings
        await discord.until(lambda: channel.by_bot[-1].content == "Because.")
        reference = channel.by_bot[-1].parent
        assert reference is not None
        assert reference.message_id == given.original.id
    sent = [message["content"] for message in drun.requests[1].messages]
    assert sent[-3:-1] == ["first", "Before."]


async def test_discord_regenerates_compares_and_takes_feedback(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two."))
    channel = discord.channel("general")
    async with running(redis_url, drun, discord):
        asked = await discord.ask("count")
        await discord.until(lambda: discord.answers(asked) == ["One."])
        await at_rest(redis_url)
        given = await channel.slash(discord.ada, "regenerate", {"model": "deepseek-r1"})
        assert given.original is not None
        assert given.original.ephemeral
        assert given.original.content == "I am answering “count” again."
        await discord.until(lambda: channel.by_bot[0].content == f"Two.\n\n_Version 2, by `{TWO}`._")
        await at_rest(redis_url)
        rated = await channel.slash(discord.ada, "feedback", {"verdict": "good", "reason": "short"})
        assert rated.original is not None
        assert rated.original.ephemeral
        assert rated.original.content == "Thank you: the answer to “count” is noted as good."
        drun.answer_as(ONE, Script("Uno."))
        drun.answer_as(TWO, Script("Eins."))
        compared = await channel.slash(
            discord.ada, "compare", {"first": "deepseek-v3", "second": "deepseek-r1", "question": "count"}
        )
        assert compared.original is not None
        shown = f"**{ONE}**\n\nUno.\n\n**{TWO}**\n\nEins."
        await discord.until(lambda: channel.by_bot[-1].content == shown)
        choices = await channel.autocomplete(discord.ada, "compare", {"first": "deepseek-v3", "second": "r1"})
        assert [choice["value"] for choice in choices] == [TWO]
    assert [request.model for request in drun.requests[:2]] == [ONE, TWO]


async def test_what_is_asked_by_command_while_redis_is_away_is_answered_when_it_is_back(
    tmp_path: Path, slack: SlackStage, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Because.")
    channel, place = slack.channel("general"), discord.channel("general")
    async with own_server(tmp_path) as server, running(server.url, drun, slack, discord):
        server.kill()
        await channel.slash(slack.ada, "/drun", "ask why?")
        await place.slash(discord.ada, "ask", {"question": "why?"})
        await slack.until(lambda: channel.messages)
        async with own_server(tmp_path):
            await slack.slack.until(
                lambda: [m.text for m in channel.messages].count("Because.") == 1, timeout=25
            )
            await discord.discord.until(
                lambda: [m.content for m in place.by_bot].count("Because.") == 1, timeout=25
            )


async def test_on_the_page_a_new_answer_takes_the_old_ones_place(
    redis_url: str, web: WebStage, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "二。"))
    async with running(redis_url, drun, web):
        asked = await web.ask("/ask 数到三")
        await web.until(lambda: web.answers(asked) == ["One."])
        await web.ask("/regenerate")
        await web.until(lambda: web.answers(asked) == [f"二。\n\n_第 2 版，由 `{ONE}` 回答。_"])
        assert not web.writing(asked)
        compared = await web.ask("/compare deepseek-v3 deepseek-r1 count")
        await web.until(lambda: f"**{TWO}**\n\nYou asked {TWO}" in "".join(web.answers(compared)))


async def test_slack_asks_in_chinese(redis_url: str, slack: SlackStage, drun: DrunDouble) -> None:
    drun.script(*scripts("因为。"))
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        await channel.slash(slack.ada, "/drun", "ask 为什么？")
        await slack.until(lambda: len(channel.messages) == 2)
        assert channel.messages[0].text == "**Ada** 提问：为什么？"


async def test_discord_says_where_it_may_not_answer(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    channel = discord.channel("general")
    channel.deny(Permission.SEND_MESSAGES)
    async with running(redis_url, drun, discord):
        given = await channel.slash(discord.ada, "ask", {"question": "why?"})
        assert given.original is not None
        assert given.original.ephemeral
        assert given.original.content.startswith("I may not write in this channel.")
    assert not drun.requests


async def test_a_question_that_takes_too_long_for_a_first_response_is_seen_by_everybody_all_the_same(
    tmp_path: Path, slack: SlackStage, discord: DiscordStage, drun: DrunDouble
) -> None:
    """Redis hangs, and with it what the person has chosen: both platforms want to hear something sooner."""
    drun.reply_with("Because.")
    channel, place = slack.channel("general"), discord.channel("general")
    async with own_server(tmp_path) as server, running(server.url, drun, slack, discord):
        with server.paused():
            in_slack = asyncio.create_task(channel.slash(slack.ada, "/drun", "ask why?"))
            in_discord = await place.slash(discord.ada, "ask", {"question": "why?"})
            assert (await in_slack).acked
        question = "**Ada** asks: why?"
        await slack.slack.until(
            lambda: [m.text for m in channel.messages] == [question, "Because."], timeout=25
        )
        seen = [question, "Because."]
        await discord.discord.until(
            lambda: [m.content for m in place.by_bot if not m.ephemeral] == seen, timeout=25
        )
    assert in_discord.original is not None
    assert in_discord.original.ephemeral
    assert in_discord.original.content == "I am asking."
    assert len(drun.requests) == 2
