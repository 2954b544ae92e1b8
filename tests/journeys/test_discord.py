"""What only Discord does."""

from tests.doubles.discord import Delay, Reset, Status
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage


async def test_a_direct_message_is_answered_in_place(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Here I am.")
    dm = discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        await dm.say(discord.ada, "are you there?")
        await discord.until(lambda: [m.content for m in dm.by_bot] == ["Here I am."])


async def test_an_answer_is_a_reply_to_the_question(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("To you.")
    async with running(redis_url, drun, discord):
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked) == ["To you."])
    reference = discord.shown(asked)[0].parent
    assert reference is not None
    assert reference.message_id == asked.id


async def test_a_reply_to_the_bot_is_a_question(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes?")
    channel = discord.channel("general")
    async with running(redis_url, drun, discord):
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked) == ["Yes?"])
        await channel.say(discord.ada, "and more of it", reply_to=channel.by_bot[0])
        await discord.until(lambda: len(channel.by_bot) == 2)
        await channel.say(discord.ada, "just talking to others")
        # Without a ping it reaches a bot that may read content.
        await channel.say(discord.ada, "without a ping", reply_to=channel.by_bot[0], ping=False)
        await discord.until(lambda: [m.content for m in channel.by_bot] == ["Yes?"] * 3)
    asked_for = [request.messages[-1]["content"] for request in drun.requests]
    assert asked_for == ["hello", "and more of it", "without a ping"]


async def test_without_the_content_intent_a_reply_that_does_not_ping_is_left_alone(
    redis_url: str, drun: DrunDouble
) -> None:
    token = "am91cm5leS1ib3QtaWQtMDAw.journe.y-token-of-the-discord-double-00"
    async with DiscordDouble(token=token, privileged_intents=0) as double:
        discord = DiscordStage(double)
        drun.reply_with("Yes?")
        channel = discord.channel("general")
        async with running(redis_url, drun, discord):
            asked = await discord.ask("hello")
            await discord.until(lambda: discord.answers(asked) == ["Yes?"])
            await channel.say(discord.ada, "you cannot read this", reply_to=channel.by_bot[0], ping=False)
            again = await discord.ask("hello", channel="other")
            await discord.until(lambda: discord.answers(again) == ["Yes?"])
    assert len(channel.by_bot) == 1
    assert len(drun.requests) == 2


async def test_a_message_that_comes_twice_is_answered_once(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Once.")
    async with running(redis_url, drun, discord):
        asked = await discord.ask("only once")
        await discord.until(lambda: discord.answers(asked) == ["Once."])
        question = next(m for m in discord.channel("general").messages if m.id == asked.id)
        await discord.discord.redeliver(question)
        again = await discord.ask("next", channel="other")
        await discord.until(lambda: discord.answers(again) == ["Once."])
    assert discord.answers(asked) == ["Once."]
    assert len(drun.requests) == 2


async def test_what_is_said_to_others_is_not_answered(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes?")
    channel = discord.channel("general")
    bot = discord.discord.add_user("another bot", bot=True)
    async with running(redis_url, drun, discord):
        await channel.say(discord.ada, "@everyone look")
        await channel.say(bot, "<@BOT> hello, bot")
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked) == ["Yes?"])
    assert len(drun.requests) == 1


async def test_the_model_is_switched_by_slash_command_with_completion(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Yes.")
    channel = discord.channel("general")
    async with running(redis_url, drun, discord):
        shown = await channel.slash(discord.ada, "model")
        assert shown.original is not None
        assert "`public/deepseek-v3` answers" in shown.original.content
        assert shown.original.ephemeral
        choices = await channel.autocomplete(discord.ada, "model", {"name": "r1"})
        assert "public/deepseek-r1" in [choice["value"] for choice in choices]
        unknown = await channel.slash(discord.ada, "model", {"name": "gpt-9"})
        assert unknown.original is not None
        assert "`gpt-9` does not exist" in unknown.original.content
        switched = await channel.slash(discord.ada, "model", {"name": "public/deepseek-r1"})
        assert switched.original is not None
        assert not switched.original.ephemeral
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked) == ["Yes."])
    async with running(redis_url, drun, discord):
        asked = await discord.ask("hello after a restart")
        await discord.until(lambda: discord.answers(asked) == ["Yes."])
    assert [request.model for request in drun.requests] == ["public/deepseek-r1"] * 2


async def test_commands_that_discord_does_not_take_keep_nobody_from_being_heard(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Still here.")
    discord.discord.fail(Status(503), method="PUT", path=r"/commands$", times=10)
    async with running(redis_url, drun, discord):
        asked = await discord.ask("are you there?")
        await discord.until(lambda: discord.answers(asked) == ["Still here."])


async def test_commands_are_offered_in_chinese(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    wei = discord.discord.add_user("wei", locale="zh-CN")
    async with running(redis_url, drun, discord):
        model = next(command for command in discord.discord.commands if command["name"] == "model")
        assert model["description_localizations"]["zh-CN"].startswith("查看")
        shown = await discord.channel("general").slash(wei, "model")
        assert shown.original is not None
        assert "这里当前使用" in shown.original.content


async def test_a_post_whose_answer_is_lost_is_not_posted_again(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Just one.")
    for fault in (Reset(applied=True), Status(503, applied=True), Delay(0.2)):
        discord.discord.fail(fault, method="POST", path=r"/channels/\d+/messages$")
    async with running(redis_url, drun, discord):
        asked = await discord.ask("hello")
        await discord.until(lambda: discord.answers(asked) == ["Just one."])
    assert discord.answers(asked) == ["Just one."]


async def test_a_post_that_is_repeated_later_shows_the_newer_text(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    """Discord answers a repeated nonce with the first message, and leaves its text as it was."""
    script = Script("one two three four", gated=True)
    drun.script(script)
    discord.discord.fail(Reset(applied=True), method="POST", path=r"/channels/\d+/messages$")
    async with running(redis_url, drun, discord):
        asked = await discord.ask("count")
        await script.release(2)
        await discord.until(lambda: discord.answers(asked) == ["one two ▍"])
        await script.finish_up()
        await discord.until(lambda: discord.answers(asked) == ["one two three four"])


async def test_a_session_that_broke_is_taken_up_again(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply_with("Still here.")
    async with running(redis_url, drun, discord):
        await discord.discord.disconnect("abort")
        asked = await discord.ask("are you there?")
        await discord.until(lambda: discord.answers(asked) == ["Still here."])


async def test_ten_answers_at_once_are_never_throttled(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.reply = Script("word " * 150, delay_s=0.02)
    async with running(redis_url, drun, discord):
        asked = [await discord.ask(f"question {number}", channel=f"c{number}") for number in range(10)]
        await discord.discord.until(
            lambda: all([text.count("word") for text in discord.answers(each)] == [150] for each in asked),
            timeout=40,
        )
    assert discord.throttled == 0
