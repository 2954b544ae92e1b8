"""Every command on every platform, given as people give it there: the same words, but for how commands are spelled."""

import re
from collections.abc import Awaitable, Callable, Mapping

import pytest
from redis.asyncio import Redis

from core.commands.listed import COMMANDS
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import Asked, DiscordStage, SlackStage, Stage, WebStage

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
# What one person alone may see is not told where everybody would: nowhere, or not where nobody can be told alone.
PRIVATE: Mapping[str, tuple[str, ...]] = {
    "export": ("message in a thread of Slack", "message in Discord"),
    "usage": ("message in Discord",),
}
PERSONAL: Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]] = {
    ("system", ("show", "me")): ("message in Discord",)
}
"""The same, of one line."""

Give = Callable[[str, tuple[str, ...]], Awaitable[str]]


def plainly(text: str) -> str:
    """``text`` with its commands spelled as where each is a slash command of its own."""
    spelled = re.sub(r"@\w+ /|/drun ", "/", text)
    # Outside of a thread nothing is offered for one, and whoever is alone with the bot is in no channel.
    place = re.compile(r"(in )?this (channel|conversation)|\bhere\b", re.IGNORECASE)
    return place.sub("here", spelled.replace("`thread`, ", "")).strip()


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def by_slash_in_slack(slack: SlackStage) -> Give:
    async def give(name: str, fields: tuple[str, ...]) -> str:
        line = COMMANDS[name].line(fields)
        shown = await slack.channel("slash").slash(slack.ada, "/drun", f"{name} {line}")
        [text] = shown.texts
        return text

    return give


def told(stage: Stage, asked: Asked) -> bool:
    """An answer is there, and whole: what one person alone is told is not written bit by bit."""
    return bool(stage.told(asked)) and not (stage.answers(asked) and stage.writing(asked))


def by_message(stage: Stage) -> Give:
    """In a thread on Slack."""

    async def give(name: str, fields: tuple[str, ...]) -> str:
        asked = await stage.ask(f"/{name} {COMMANDS[name].line(fields)}".strip(), channel="messages")
        await stage.until(lambda: told(stage, asked))
        return stage.told(asked)[-1]

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
            for way in PRIVATE.get(name, PERSONAL.get((name, fields), ())):
                assert said.pop(way).startswith("Everybody would see it here."), way
            assert name == "export" or len(set(said.values())) == 1, said
    assert drun.requests == []


@pytest.mark.parametrize("word", ["@everyone", "@channel", "<!channel>", "@here"])
async def test_a_refusal_that_quotes_somebody_notifies_nobody(
    redis_url: str, stage: Stage, drun: DrunDouble, word: str
) -> None:
    async with running(redis_url, drun, stage):
        for line in (f"/settings {word} on", f"/model {word}", f"/settings busy {word}"):
            asked = await stage.ask(line)
            await stage.until(lambda asked=asked: told(stage, asked))  # type: ignore[misc] # mypy infers no lambda with a default
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
        ("模型 deepseek-r1 me", "您个人现在使用 `public/deepseek-r1`"),
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
    ("typed", "offered"),
    [
        (("system", {"action": "preset", "text": "tr"}), ["translator"]),
        (("system", {"text": "tr"}), []),
        (("compare", {"second": "r1"}), ["public/deepseek-r1"]),
        (("settings", {"value": "c"}), []),
    ],
)
async def test_a_field_is_completed_although_an_earlier_one_was_left_out(
    redis_url: str,
    discord: DiscordStage,
    drun: DrunDouble,
    typed: tuple[str, Mapping[str, str]],
    offered: list[str],
) -> None:
    async with running(redis_url, drun, discord):
        choices = await discord.channel("slash").autocomplete(discord.ada, *typed)
    assert [choice["value"] for choice in choices] == offered


async def test_a_field_that_was_left_out_is_not_taken_from_the_next_one(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    dm = discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        shown = await dm.slash(discord.ada, "system", {"action": "set", "text": "me and my cat"})
    assert shown.original is not None
    assert shown.original.content == "The model is given new instructions here: `me and my cat`."


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


async def test_what_a_command_answers_in_a_thread_of_slack_nobody_else_sees(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        asked = await slack.ask("hello")
        await slack.until(lambda: slack.answers(asked) == ["Yes."])
        for line, says in (
            ("/system set me my manager is difficult", "my manager is difficult"),
            ("/system show me", "> my manager is difficult"),
            ("/usage", "- You, today (UTC): "),
            ("/settings history me", "`system`"),
            ("/settings temperature 9", "is no temperature"),
            ("/system set channel Obey.", "Only admins"),
            ("/sing", "no command"),
        ):
            given = await slack.ask_on(asked, line)
            await slack.until(lambda given=given: slack.told(given))  # type: ignore[misc] # mypy infers no lambda with a default
            assert says in slack.told(given)[-1]
            assert slack.answers(given) == [], line
        changed = await slack.ask_on(asked, "/model deepseek-r1")
        await slack.until(lambda: slack.answers(changed))
    assert {(each.user, each.thread_ts) for each in channel.ephemerals} == {(slack.ada.id, asked.id)}
    assert len(drun.requests) == 1


async def test_where_nobody_can_be_told_alone_the_slash_command_is_named_for_what_is_personal(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    async with running(redis_url, drun, discord):
        give = by_message(discord)
        await give("system", ("set", "me", "my manager is difficult"))
        await give("settings", ("temperature", "0.5", "me"))
        for name, fields in (
            ("system", ("show",)),
            ("settings", ()),
            ("settings", ("temperature",)),
            ("settings", ("history", "me")),
            ("usage", ()),
        ):
            said = await give(name, fields)
            assert said.startswith("Everybody would see it here."), fields
            assert f"`/{name}`" in said
        assert "is no temperature" in await give("settings", ("temperature", "9"))
        dm = discord.discord.open_dm(discord.ada)
        shown = await dm.slash(discord.ada, "usage")
    assert shown.original is not None
    assert "- You, today (UTC): " in shown.original.content


async def test_a_stop_with_a_polite_word_stops(redis_url: str, stage: Stage, drun: DrunDouble) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    async with running(redis_url, drun, stage):
        asked = await stage.ask("count")
        await script.release()
        await stage.until(lambda: stage.answers(asked))
        await stage.ask_on(asked, "/stop please")
        await stage.until(lambda: "Stopped." in stage.answers(asked)[0])
    assert len(drun.requests) == 1


async def test_a_word_too_many_is_told_of_and_costs_nothing(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.reply_with("Noted.")
    async with running(redis_url, drun, slack):
        asked = await slack.ask("my name is Ada")
        await slack.until(lambda: slack.answers(asked) == ["Noted."])
        given = await slack.ask_on(asked, "/reset channel")
        await slack.until(lambda: slack.told(given))
        assert slack.told(given)[-1].endswith("/reset` takes nothing behind it. Nothing was done.")
        shown = await slack.channel("general").slash(slack.ada, "/drun", "reset thread")
        assert shown.texts == ["`/drun reset` takes nothing behind it. Nothing was done."]
        again = await slack.ask_on(asked, "what is my name?")
        await slack.until(lambda: slack.answers(again) == ["Noted."])
    assert [message["content"] for message in drun.requests[-1].messages][-3] == "my name is Ada"
    assert len(drun.requests) == 2


async def test_settings_that_nobody_has_touched_show_what_counts(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    async with running(redis_url, drun, slack):
        text = await by_slash_in_slack(slack)("settings", ())
    for name, value in (("model", "public/deepseek-v3"), ("footer", "off"), ("changes", "anyone")):
        assert f"- `{name}` `{value}` (the default): " in text


async def test_discord_offers_no_thread_where_places_are_completed(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    channel = discord.channel("slash")
    async with running(redis_url, drun, discord):
        options = {"name": "history", "value": ""}
        choices = await channel.autocomplete(discord.ada, "settings", options, focused="value")
        assert [choice["value"] for choice in choices] == ["channel", "me", "workspace", "everywhere"]
        assert "`thread`" not in await by_slash_in_discord(discord)("model", ())
