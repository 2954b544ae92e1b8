"""First words, wire to wire: once in every place the bot comes to, and to whoever calls it without a word."""

from collections.abc import AsyncIterator, Sequence

import pytest
from structlog.testing import capture_logs

from adapters.slack.manifest import manifest
from adapters.slack.names import Names
from tests.doubles.discord.channel import Channel as DiscordChannel
from tests.doubles.discord.channel import Guild
from tests.doubles.discord.faults import Status
from tests.doubles.discord.permissions import Permission
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.channel import Channel as SlackChannel
from tests.doubles.slack.faults import ApiError
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage, SlackStage, Stage

IN_ENGLISH = (
    "Hello! Mention me with a question, and I answer it here. "
    "`public/deepseek-v3` answers until another one is chosen with `/model`. "
)
IN_CHINESE = (
    "大家好！在这里 @我 并提出问题，我就会回答。默认由 `public/deepseek-v3` 回答，可用 `/model` 切换。"
)
UNSAID = "a greeting could not be said"
AUTO, ENGLISH, CHINESE = ({"REPLY_LANGUAGE": language} for language in ("auto", "en", "zh"))


@pytest.fixture
async def slack() -> AsyncIterator[SlackStage]:
    """With the events and the scopes that the manifest asks for, and no others."""
    asked = manifest(Names())
    async with SlackDouble(
        bot_token="xoxb-greeting-token",
        app_token="xapp-greeting-token",
        events=asked["settings"]["event_subscriptions"]["bot_events"],
        scopes=asked["oauth_config"]["scopes"]["bot"],
    ) as double:
        yield SlackStage(double)


def uninvited(slack: SlackStage) -> SlackChannel:
    channel = slack.channel("new")
    channel.has_bot = False
    channel.members.remove(slack.slack.bot_user_id)
    return channel


def by_bot(slack: SlackStage, channel: SlackChannel) -> list[str]:
    """What the bot says in ``channel`` itself."""
    me = slack.slack.bot_user_id
    return [each.text for each in channel.messages if each.author == me and each.subtype is None]


def system_channel(guild: Guild) -> DiscordChannel:
    return next(
        each
        for each in guild.places
        if isinstance(each, DiscordChannel) and each.id == guild.system_channel_id
    )


def shown(channel: DiscordChannel) -> list[str]:
    return [message.content for message in channel.by_bot]


def unsaid(log: Sequence[object]) -> list[object]:
    return [each for each in log if isinstance(each, dict) and each["event"] == UNSAID]


@pytest.mark.parametrize(
    ("settings", "greeting"),
    [
        (
            AUTO,
            f"{IN_ENGLISH}`/drun help` says what else I can do.\n\n{IN_CHINESE}输入 `/drun help` 查看更多用法。",
        ),
        (ENGLISH, f"{IN_ENGLISH}`/drun help` says what else I can do."),
        (CHINESE, f"{IN_CHINESE}输入 `/drun help` 查看更多用法。"),
    ],
)
async def test_slack_a_channel_that_the_bot_is_invited_to_is_greeted(
    redis_url: str, slack: SlackStage, drun: DrunDouble, settings: dict[str, str], greeting: str
) -> None:
    channel = uninvited(slack)
    async with running(redis_url, drun, slack, settings=settings):
        await slack.slack.acts.invite(channel, by=slack.ada)
        await slack.until(lambda: by_bot(slack, channel))
    assert by_bot(slack, channel) == [greeting]
    [message] = [each for each in channel.messages if each.text == greeting]
    assert (message.thread_ts, message.mentions, message.broadcasts) == (None, [], [])


async def test_slack_it_is_said_once_however_often_it_is_told_and_to_how_many_processes(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    channel, bob = uninvited(slack), slack.slack.add_user("bob")
    # What is under way is ended with each of them: nothing more is said afterwards.
    async with running(redis_url, drun, slack), running(redis_url, drun, slack):
        await slack.slack.connected(2)
        [told] = await slack.slack.acts.invite(channel, by=slack.ada)
        for _ in range(4):
            await slack.slack.redeliver(told)
        await slack.slack.acts.invite(channel, by=slack.ada)
        await slack.slack.acts.join(bob, channel)
        await slack.until(lambda: all(each.acked for each in slack.slack.deliveries))
    assert len(slack.slack.deliveries) >= 8, "five times the same, and the two that came later"
    assert {each.attempt for each in slack.slack.deliveries} >= {0, 4}
    assert len(by_bot(slack, channel)) == 1


async def test_slack_where_it_may_not_write_there_is_one_line_of_the_log(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    channel = uninvited(slack)
    slack.slack.fail("chat.postMessage", ApiError("restricted_action"))
    with capture_logs() as log:
        async with running(redis_url, drun, slack):
            [told] = await slack.slack.acts.invite(channel, by=slack.ada)
            await slack.until(lambda: slack.slack.calls("chat.postMessage"))
            await slack.slack.redeliver(told)
            await slack.until(lambda: all(each.acked for each in slack.slack.deliveries))
    [line] = unsaid(log)
    assert isinstance(line, dict)
    assert (line["log_level"], line["reason"]) == ("warning", "restricted_action")
    assert line["channel"].endswith(f":{channel.id}")
    assert by_bot(slack, channel) == []
    assert len(slack.slack.calls("chat.postMessage")) == 1


async def test_slack_who_opens_the_bots_messages_for_the_first_time_is_greeted_once(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    acts, dm = slack.slack.acts, slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack, settings=ENGLISH):
        await acts.open_home(slack.ada, "home")
        for _ in range(3):
            await acts.open_home(slack.ada, "messages")
        await slack.until(lambda: by_bot(slack, dm))
    [text] = by_bot(slack, dm)
    assert text.startswith("Hello! Write to me here, and I answer. `public/deepseek-v3` answers")
    assert len(slack.slack.calls("conversations.history")) == 1


async def test_slack_who_has_talked_with_the_bot_before_is_not_greeted(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("Here I am.")
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack):
        await dm.say(slack.ada, "hello")
        await slack.until(lambda: by_bot(slack, dm) == ["Here I am."])
        await slack.slack.acts.open_home(slack.ada, "messages")
        await slack.until(lambda: slack.slack.calls("conversations.history"))
    assert by_bot(slack, dm) == ["Here I am."]


@pytest.mark.parametrize(
    ("settings", "greeting"),
    [
        (AUTO, f"{IN_ENGLISH}`/help` says what else I can do.\n\n{IN_CHINESE}输入 `/help` 查看更多用法。"),
        (CHINESE, f"{IN_CHINESE}输入 `/help` 查看更多用法。"),
    ],
)
async def test_discord_a_server_that_the_bot_is_added_to_is_greeted_in_its_system_channel(
    redis_url: str, discord: DiscordStage, drun: DrunDouble, settings: dict[str, str], greeting: str
) -> None:
    async with running(redis_url, drun, discord, settings=settings):
        guild = discord.discord.add_guild("New", system_channel="welcome")
        other = guild.add_channel("other")
        welcome = system_channel(guild)
        await discord.until(lambda: welcome.by_bot)
    assert shown(welcome) == [greeting]
    assert other.by_bot == []
    assert not welcome.by_bot[0].pings


async def test_discord_of_two_processes_one_says_it(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Heard.")
    async with running(redis_url, drun, discord), running(redis_url, drun, discord):
        await discord.until(lambda: discord.discord.gateway.identifies == 2)
        guild = discord.discord.add_guild("New", system_channel="welcome")
        welcome = system_channel(guild)
        await discord.until(lambda: welcome.by_bot)
        guild.announce()
        # Both have heard what came before it.
        await welcome.say(discord.ada, "<@BOT> hello")
        await discord.until(lambda: "Heard." in shown(welcome))
    assert len(shown(welcome)) == 2


async def test_discord_a_server_that_only_becomes_available_is_not_greeted(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Heard.")
    guild = discord.discord.add_guild("Old", system_channel="welcome")
    welcome = system_channel(guild)
    async with running(redis_url, drun, discord):
        # With READY it came as unavailable, and then as a whole; and so it does after an outage and a new session.
        guild.go_out()
        guild.come_back()
        await discord.discord.disconnect("lost")
        await discord.until(lambda: discord.discord.gateway.identifies == 2 and discord.discord.connected)
        await welcome.say(discord.ada, "<@BOT> hello")
        await discord.until(lambda: "Heard." in shown(welcome))
    assert shown(welcome) == ["Heard."]


async def test_discord_without_a_system_channel_nothing_is_said(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Heard.")
    with capture_logs() as log:
        async with running(redis_url, drun, discord):
            guild = discord.discord.add_guild("New")
            general = guild.add_channel("general")
            await general.say(discord.ada, "<@BOT> hello")
            await discord.until(lambda: "Heard." in shown(general))
    assert shown(general) == ["Heard."]
    assert unsaid(log) == []


@pytest.mark.parametrize("denied", [Permission.SEND_MESSAGES, Permission.VIEW_CHANNEL])
async def test_discord_where_it_may_not_write_there_is_one_line_of_the_log_and_no_request(
    redis_url: str, discord: DiscordStage, drun: DrunDouble, denied: Permission
) -> None:
    drun.reply_with("Heard.")
    with capture_logs() as log:
        async with running(redis_url, drun, discord):
            guild = discord.discord.add_guild("New", system_channel="welcome", denied=[denied])
            asked = await discord.ask("hello")
            await discord.until(lambda: discord.answers(asked) == ["Heard."])
    [line] = unsaid(log)
    assert isinstance(line, dict)
    assert (line["log_level"], line["reason"]) == ("warning", "no permission")
    assert system_channel(guild).by_bot == []
    assert discord.discord.invalid_requests == 0


async def test_discord_what_it_refuses_is_one_line_of_the_log(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    discord.discord.fail(Status(403), method="POST", path="/messages")
    with capture_logs() as log:
        async with running(redis_url, drun, discord):
            guild = discord.discord.add_guild("New", system_channel="welcome")
            await discord.until(lambda: discord.discord.invalid_requests)
            guild.announce()
            drun.reply_with("Heard.")
            asked = await discord.ask("hello")
            await discord.until(lambda: discord.answers(asked) == ["Heard."])
    [line] = unsaid(log)
    assert isinstance(line, dict)
    assert line["reason"].startswith("403")
    assert system_channel(guild).by_bot == []


SPELLED = {"slack": "@double_bot /{}", "discord": "/{}"}


@pytest.mark.parametrize("stage", ["slack", "discord"], indirect=True)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_calls_it_without_a_word_learns_how_to_go_on_as_it_is_spelled_there(
    redis_url: str, stage: Stage, drun: DrunDouble, language: str
) -> None:
    """The page takes no empty message."""
    async with running(redis_url, drun, stage, settings={"REPLY_LANGUAGE": language}):
        asked = await stage.ask("")
        await stage.until(lambda: stage.answers(asked) and not stage.writing(asked))
        [text] = stage.answers(asked)
    assert all(f"`{SPELLED[stage.name].format(name)}`" in text for name in ("model", "stop", "help"))
    assert text.count("\n- ") == 3
    assert ("没有看到文字" in text) == (language == "zh")
    assert drun.requests == []


@pytest.mark.parametrize("stage", ["slack", "discord"], indirect=True)
async def test_what_tells_no_language_is_answered_in_that_of_its_author_or_of_the_place(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    if isinstance(stage, SlackStage):
        stage.ada = stage.slack.add_user("wei", locale="zh-CN")
    elif isinstance(stage, DiscordStage):
        stage.guild.locale = "zh-CN"
    async with running(redis_url, drun, stage):
        asked = await stage.ask("")
        await stage.until(lambda: stage.answers(asked) and not stage.writing(asked))
        [said] = stage.answers(asked)
    assert "没有看到文字" in said
