"""Budgets, and who is answered, as people see them on Slack and Discord."""

import re

from core.admission import NOT_HERE
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage, SlackStage, Stage

TWO = {"BUDGETS": "person 2 requests/day, workspace 100 CNY/day"}
USED_UP = re.compile(r"Your budget of 2 requests a day is used up\. It resets in .+\.")


async def usage(stage: Stage) -> str:
    """What somebody is told, so that nobody else reads it."""
    if isinstance(stage, DiscordStage):
        shown = await stage.channel("other").slash(stage.ada, "usage")
        assert shown.original is not None
        assert shown.original.ephemeral
        return shown.original.content
    asked = await stage.ask("/usage", channel="other")
    await stage.until(lambda: "Budgets:" in "".join(stage.told(asked)))
    (told,) = stage.told(asked)
    return told


async def test_a_budget_holds_over_a_restart_and_says_when_it_resets(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    async with running(redis_url, drun, stage, settings=TWO):
        first = await stage.ask("one")
        await stage.until(lambda: stage.answers(first) == ["Yes."])
    async with running(redis_url, drun, stage, settings=TWO):
        second = await stage.ask("two", channel="random")
        await stage.until(lambda: stage.answers(second) == ["Yes."])
        third = await stage.ask("three", channel="other")
        await stage.until(lambda: stage.answers(third) and USED_UP.fullmatch(stage.answers(third)[0]))
        told = await usage(stage)
        assert "You, 2 requests a day: 2 used, 0 left; resets in " in told
        assert "This workspace, 100 CNY a day: 0 used, 100 left; resets in " in told
    assert len(drun.requests) == 2


async def test_a_blocked_person_is_told_so_alone_on_slack_and_then_met_with_silence(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    settings = {"BLOCKED": f"slack:{slack.ada.id}"}
    bob, channel = slack.slack.add_user("bob"), slack.channel("general")

    async def everybody_asks() -> None:
        asked = await slack.ask("let me in")
        await slack.until(lambda: len(channel.ephemerals) == 1)
        again = await slack.ask("please")
        await slack.slack.redeliver(channel.find(asked.id))
        said = await channel.say(bob, f"<@{slack.slack.bot_user_id}> and me?")
        await slack.until(lambda: "Yes." in [each.text for each in channel.thread(said.ts)])
        assert slack.answers(asked) == slack.answers(again) == []

    async with running(redis_url, drun, slack, settings=settings):
        await everybody_asks()
        told = await slack.channel("random").slash(slack.ada, "/model", "public/deepseek-r1")
        assert NOT_HERE.en in str(told.texts)
        assert [each.user for each in slack.channel("random").ephemerals] == [slack.ada.id]
    async with running(redis_url, drun, slack, settings=settings):
        await everybody_asks()
    [only] = channel.ephemerals
    assert (only.user, only.text, only.thread_ts) == (slack.ada.id, NOT_HERE.en, None)
    assert len(drun.requests) == 2, "those of bob"


async def test_a_blocked_person_is_told_so_in_a_direct_message_on_slack(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack, settings={"BLOCKED": f"slack:{slack.ada.id}"}):
        await dm.say(slack.ada, "let me in")
        await slack.until(lambda: [m.text for m in dm.messages[1:]] == [NOT_HERE.en])
    assert not drun.requests


async def test_a_blocked_person_is_answered_once_on_discord(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    bob, channel = discord.discord.add_user("bob"), discord.channel("general")

    def shown(text: str) -> int:
        return [message.content for message in channel.by_bot].count(text)

    settings = {"BLOCKED": f"discord:{discord.ada.id}"}
    for times in (1, 2):
        async with running(redis_url, drun, discord, settings=settings):
            await discord.ask("let me in")
            await discord.until(lambda: shown(NOT_HERE.en))
            await discord.ask("please")
            await channel.say(bob, "<@BOT> and me?")
            await discord.until(lambda times=times: shown("Yes.") == times)  # type: ignore[misc] # bound early
    assert shown(NOT_HERE.en) == 1
    assert len(drun.requests) == 2, "those of bob"


async def test_only_models_that_are_admitted_are_offered_and_answer(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    settings = {"BLOCKED": "model:public/deepseek-v3"}
    async with running(redis_url, drun, discord, settings=settings):
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked))
        listed = await discord.ask("/model")
        await discord.until(lambda: discord.answers(listed))
        (text,) = discord.answers(listed)
        wanted = await discord.ask("/model public/deepseek-v3")
        await discord.until(lambda: discord.answers(wanted))
    assert "- `public/deepseek-v3`" not in text
    assert "- `public/deepseek-r1`" in text
    assert [request.model for request in drun.requests] != ["public/deepseek-v3"]
    assert "From now on" not in discord.answers(wanted)[0]
