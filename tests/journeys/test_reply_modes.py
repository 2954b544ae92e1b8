"""Where a channel wants it, the bot answers what nobody wrote to it."""

from collections.abc import Callable

from adapters.slack.manifest import manifest
from adapters.slack.names import Names
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import Asked, DiscordStage, SlackStage


def questions(drun: DrunDouble) -> list[str]:
    return [request.messages[-1]["content"] for request in drun.requests]


def all_acked(double: SlackDouble) -> Callable[[], bool]:
    return lambda: all(delivery.acked for delivery in double.deliveries)


async def test_slack_in_the_mode_all_every_message_of_a_channel_is_answered_once_in_its_thread(
    redis_url: str, drun: DrunDouble
) -> None:
    drun.reply_with("Heard.")
    events = manifest(Names())["settings"]["event_subscriptions"]["bot_events"]
    async with SlackDouble(
        bot_token="xoxb-modes-token", app_token="xapp-modes-token", events=events
    ) as double:
        slack = SlackStage(double)
        general = slack.channel("general")
        async with running(redis_url, drun, slack):
            await general.say(slack.ada, "in a channel that has not chosen")
            other = slack.channel("other")
            await other.slash(slack.ada, "/drun", "settings replies all")
            said = await other.say(slack.ada, "to everybody")
            asked = Asked("other", said.ts)
            await slack.until(lambda: slack.answers(asked) == ["Heard."])
            mention = await slack.ask("and to you", channel="other")
            await slack.until(lambda: slack.answers(mention) == ["Heard."])
            await slack.until(all_acked(double))
    assert questions(drun) == ["to everybody", "and to you"]


async def test_slack_in_the_mode_threads_the_bot_goes_on_in_its_threads_without_a_mention(
    redis_url: str, drun: DrunDouble
) -> None:
    drun.reply_with("Heard.")
    events = manifest(Names())["settings"]["event_subscriptions"]["bot_events"]
    async with SlackDouble(
        bot_token="xoxb-modes-token", app_token="xapp-modes-token", events=events
    ) as double:
        slack = SlackStage(double)
        general = slack.channel("general")
        async with running(redis_url, drun, slack, settings={"REPLY_MODE": "threads"}):
            asked = await slack.ask("hello")
            await slack.until(lambda: slack.answers(asked) == ["Heard."])
            await general.say(slack.ada, "to everybody")
            root = await general.say(slack.ada, "a thread of others")
            await general.say(slack.ada, "in it", thread=root.ts)
            await general.say(slack.ada, "go on", thread=asked.id)
            await slack.until(lambda: slack.answers(asked) == ["Heard.", "Heard."])
            await slack.until(all_acked(double))
    assert questions(drun) == ["hello", "go on"]


async def test_discord_in_the_mode_all_every_message_is_answered(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Heard.")
    general = discord.channel("general")
    async with running(redis_url, drun, discord, settings={"REPLY_MODE": "all"}):
        await general.say(discord.ada, "to everybody")
        await discord.until(lambda: [m.content for m in general.by_bot] == ["Heard."])
    assert questions(drun) == ["to everybody"]


async def test_discord_without_the_content_intent_only_mentions_are_answered(
    redis_url: str, drun: DrunDouble
) -> None:
    drun.reply_with("Heard.")
    token = "am91cm5leS1ib3QtaWQtMDAw.journe.y-token-of-the-discord-double-00"
    async with DiscordDouble(token=token, privileged_intents=0) as double:
        discord = DiscordStage(double)
        general = discord.channel("general")
        async with running(redis_url, drun, discord, settings={"REPLY_MODE": "all"}):
            await general.say(discord.ada, "to everybody")
            asked = await discord.ask("hello")
            await discord.until(lambda: discord.answers(asked) == ["Heard."])
    assert questions(drun) == ["hello"]
