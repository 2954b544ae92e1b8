"""Every command on every platform, given as people give it there: the same words, but for how commands are spelled."""

import re
from collections.abc import Awaitable, Callable, Mapping

import pytest
from redis.asyncio import Redis

from core.commands.listed import COMMANDS
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage, SlackStage, Stage, WebStage

# Of each command what is written into its arguments: such that it says the same in a thread and outside of one.
EXAMPLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "ask": ((),),
    "model": ((), ("deepseek-r1", "me"), ("deepseek-r1", "channel"), ("gpt-9",), ("reset", "me")),
    "system": (
        (),
        ("set", "me", "Answer briefly, in prose."),
        ("show", "me"),
        ("set", "me"),
        ("presets",),
        ("preset", "me", "translator"),
        ("show", "me"),
        ("preset", "me", "tranlator"),
        ("reset", "me"),
    ),
    "settings": ((), ("temperature", "0.5", "me"), ("busy", "loud"), ("nothing",), ("temperature", "", "me")),
    "stop": ((),),
    "regenerate": (("gpt-9",),),
    "compare": (
        (),
        ("deepseek-v3", "gpt-9", "which of you?"),
        ("deepseek-v3", "deepseek-v3", "which of you?"),
    ),
    "feedback": ((), ("good", "well said")),
    "reset": ((),),
    "forget": ((), ("me",), ("channel",)),
    "export": ((), ("json",)),
    "thinking": ((),),
    "usage": ((),),
    "help": ((),),
}
# What one person alone may see is not told where everybody would.
PRIVATE = {"export"}

Give = Callable[[str, tuple[str, ...]], Awaitable[str]]


def plainly(text: str) -> str:
    """``text`` with its commands spelled as where each is a slash command of its own."""
    return re.sub(r"@\w+ /|/drun ", "/", text).strip()


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def by_slash_in_slack(slack: SlackStage) -> Give:
    async def give(name: str, fields: tuple[str, ...]) -> str:
        line = COMMANDS[name].line(fields)
        shown = await slack.channel("slash").slash(slack.ada, "/drun", f"{name} {line}")
        [text] = shown.texts
        return text

    return give


def by_message(stage: Stage) -> Give:
    """In a thread on Slack."""

    async def give(name: str, fields: tuple[str, ...]) -> str:
        asked = await stage.ask(f"/{name} {COMMANDS[name].line(fields)}".strip(), channel="messages")
        await stage.until(lambda: stage.answers(asked) and not stage.writing(asked))
        return stage.answers(asked)[-1]

    return give


def by_slash_in_discord(discord: DiscordStage) -> Give:
    async def give(name: str, fields: tuple[str, ...]) -> str:
        command = COMMANDS[name]
        options = {each.name: field for each, field in zip(command.arguments, fields, strict=False) if field}
        shown = await discord.channel("slash").slash(discord.ada, name, options)
        assert shown.original is not None
        return shown.original.content

    return give


@pytest.fixture
def stages(
    slack: SlackStage, discord: DiscordStage, web: WebStage
) -> tuple[SlackStage, DiscordStage, WebStage]:
    return slack, discord, web


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_says_the_same_wherever_it_is_given(
    redis_url: str, stages: tuple[SlackStage, DiscordStage, WebStage], drun: DrunDouble, name: str
) -> None:
    slack, discord, web = stages
    ways = {
        "slash command in Slack": by_slash_in_slack(slack),
        "message in a thread of Slack": by_message(slack),
        "application command in Discord": by_slash_in_discord(discord),
        "message in Discord": by_message(discord),
        "message on the page": by_message(web),
    }
    # The page's visitor is an admin, who is told more in places.
    admins = {"ADMINS": f"slack:{slack.ada.id},discord:{discord.ada.id}"}
    async with running(redis_url, drun, *stages, settings=admins):
        for fields in EXAMPLES[name]:
            said = {way: plainly(await give(name, fields)) for way, give in ways.items()}
            assert all(said.values()), said
            assert name in PRIVATE or len(set(said.values())) == 1, said
    assert drun.requests == []


@pytest.mark.parametrize("word", ["@everyone", "@channel", "<!channel>", "@here"])
async def test_a_refusal_that_quotes_somebody_notifies_nobody(
    redis_url: str, stage: Stage, drun: DrunDouble, word: str
) -> None:
    async with running(redis_url, drun, stage):
        for line in (f"/settings {word} on", f"/model {word}", f"/settings busy {word}"):
            asked = await stage.ask(line)
            await stage.until(lambda asked=asked: stage.answers(asked) and not stage.writing(asked))  # type: ignore[misc] # mypy infers no lambda with a default
    assert stage.broadcasts() == 0
    assert drun.requests == []


async def test_a_change_that_quotes_somebody_notifies_nobody(
    redis_url: str, slack: SlackStage, discord: DiscordStage, drun: DrunDouble
) -> None:
    """What answers a slash command, for everybody to see."""
    here = slack.channel("slash")
    dm = discord.discord.open_dm(discord.ada)
    text = f"Tell <@{slack.ada.id}>, <!channel>, @here and @everyone."
    async with running(redis_url, drun, slack, discord, settings={"ADMINS": f"slack:{slack.ada.id}"}):
        shown = await here.slash(slack.ada, "/drun", f"system set channel {text}")
        assert shown.texts[0].startswith("The model is given new instructions in this channel: ")
        answered = await dm.slash(
            discord.ada,
            "system",
            {"action": "set", "for": "channel", "text": f"<@{discord.ada.id}> @everyone"},
        )
    public = [message for message in here.messages if message.author == slack.slack.bot_user_id]
    assert [(message.broadcasts, message.mentions) for message in public] == [([], [])]
    assert answered.original is not None
    assert not answered.original.ephemeral
    assert not answered.original.pings


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("model deepseek-r1 me", "From now on `public/deepseek-r1` answers for you"),
        ("/model deepseek-r1 me", "From now on `public/deepseek-r1` answers for you"),
        ("／MODEL　deepseek-r1　me", "From now on `public/deepseek-r1` answers for you"),
        ("", "Mention me or write to me directly"),
        ("  ", "Mention me or write to me directly"),
        ("help!", "Mention me or write to me directly"),
        ("sing a song", "There is no command `/sing`"),
        ("帮助", "在频道里 @我"),
        ("／帮助。", "在频道里 @我"),
        ("模型 deepseek-r1 me", "从现在起"),
    ],
)
async def test_the_umbrella_understands_commands_as_people_write_them(
    redis_url: str, slack: SlackStage, drun: DrunDouble, typed: str, says: str
) -> None:
    async with running(redis_url, drun, slack):
        shown = await slack.channel("general").slash(slack.ada, "/drun", typed)
    assert shown.texts[0].startswith(says)


@pytest.mark.parametrize("typed", ["", "help", "model", "model deepseek-r1 me", "sing", "usage"])
async def test_slack_tells_the_language_of_somebody_whose_command_does_not(
    redis_url: str, slack: SlackStage, drun: DrunDouble, typed: str
) -> None:
    async with running(redis_url, drun, slack):
        wei = slack.slack.add_user("wei", locale="zh-CN")
        channel = slack.channel("general")
        [chinese] = (await channel.slash(wei, "/drun", typed)).texts
        [english] = (await channel.slash(slack.ada, "/drun", typed)).texts
    assert (is_chinese(chinese), is_chinese(english)) == (True, False)


async def test_slack_commands_have_the_names_that_the_operator_gives_them(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    names = {"SLACK_COMMAND": "ask-ai", "SLACK_MODEL_COMMAND": "llm"}
    async with running(redis_url, drun, slack, settings=names):
        channel = slack.channel("general")
        [listed] = (await channel.slash(slack.ada, "/ask-ai", "help")).texts
        [model] = (await channel.slash(slack.ada, "/llm", "deepseek-r1 me")).texts
    assert "`/llm`" in listed
    assert "`/ask-ai stop`" in listed
    assert "/drun" not in listed
    assert model.startswith("From now on `public/deepseek-r1` answers for you")


async def test_the_operators_names_work_as_text_and_as_options(
    redis_url: str, slack: SlackStage, discord: DiscordStage, drun: DrunDouble
) -> None:
    names = {"DRUN_MODELS": "fast=public/deepseek-v3,public/deepseek-r1"}
    async with running(redis_url, drun, slack, discord, settings=names):
        said = await by_message(slack)("model", ("fast", "me"))
        assert said.startswith("From now on `fast` (`public/deepseek-v3`) answers for you")
        choices = await discord.channel("slash").autocomplete(discord.ada, "model", {"name": "fa"})
        assert [choice["value"] for choice in choices] == ["fast"]


async def test_values_are_offered_for_the_setting_that_was_named(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    channel = discord.channel("slash")
    async with running(redis_url, drun, discord):
        options = {"name": "busy", "value": "c"}
        choices = await channel.autocomplete(discord.ada, "settings", options, focused="value")
        assert [choice["value"] for choice in choices] == ["collect"]


@pytest.mark.parametrize(
    ("command", "options", "focused", "offered"),
    [
        ("system", {"action": "preset", "text": "tr"}, "text", ["translator"]),
        ("system", {"text": "tr"}, "text", []),
        ("compare", {"second": "r1"}, "second", ["public/deepseek-r1"]),
        ("settings", {"value": "c"}, "value", []),
    ],
)
async def test_a_field_is_completed_although_an_earlier_one_was_left_out(
    redis_url: str,
    discord: DiscordStage,
    drun: DrunDouble,
    command: str,
    options: Mapping[str, str],
    focused: str,
    offered: list[str],
) -> None:
    async with running(redis_url, drun, discord):
        choices = await discord.channel("slash").autocomplete(discord.ada, command, options, focused=focused)
        assert [choice["value"] for choice in choices] == offered


async def test_a_field_that_was_left_out_is_not_taken_from_the_next_one(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    dm = discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        shown = await dm.slash(discord.ada, "system", {"action": "set", "text": "me and my cat"})
    assert shown.original is not None
    assert shown.original.content == "The model is given new instructions in this channel: `me and my cat`"


async def test_a_change_that_took_long_is_heard_by_everybody_all_the_same(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    channel = discord.channel("slash")
    async with running(redis_url, drun, discord), Redis.from_url(redis_url) as redis:
        await redis.client_pause(3000)
        shown = await channel.slash(discord.ada, "model", {"name": "deepseek-r1"})
        assert shown.original is not None
        assert shown.original.ephemeral, "nobody could know yet whether it changes anything for others"
        await discord.until(lambda: channel.by_bot and not channel.by_bot[-1].ephemeral)
    assert [message.content.partition(":")[0] for message in channel.by_bot] == [
        "From now on `public/deepseek-r1` answers in this channel"
    ]
