"""Pictures and texts that people send with their questions, from the platform to the model."""

from collections.abc import AsyncIterator

import pytest

from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.files import File
from tests.doubles.slack.methods import ALL_SCOPES
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import KEY, running
from tests.journeys.stages import DiscordStage, SlackStage
from tests.pictures import opened, picture

SEEING, BLIND = "public/llama3.2-11b-vision", "public/deepseek-v3"
SEES = {"DRUN_DEFAULT_MODEL": SEEING}


@pytest.fixture
async def drun() -> AsyncIterator[DrunDouble]:
    """With a model that sees beside one that does not."""
    async with DrunDouble(key=KEY, maas_models=(SEEING, BLIND)) as double:
        double.sees(SEEING)
        double.reply_with("I see.")
        yield double


async def test_slack_a_picture_without_a_word_is_a_question(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack, settings=SEES):
        await dm.share(slack.ada, File("plan.png", picture(size=(3000, 300)), "image/png"))
        await slack.until(lambda: dm.messages[-1].text == "I see.")
    assert [opened(uri).size for uri in drun.requests[-1].pictures] == [(1568, 157)]
    assert drun.requests[-1].prompt == "[picture: plan.png]"


async def test_slack_two_texts_and_a_lying_name(redis_url: str, slack: SlackStage, drun: DrunDouble) -> None:
    files = (
        File("a.py", b"print(1)\n"),
        File("b.log", "日志".encode()),
        File("c.png", b"MZ\0\0" + bytes(range(256)), "image/png"),
    )
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        asked = await channel.share(slack.ada, *files, text=f"<@{slack.slack.bot_user_id}> explain")
        shown = await slack.until(
            lambda: [m.text for m in channel.thread(asked.ts) if m.text.startswith("I see.")]
        )
    assert "`c.png` was left out: it is neither a text nor a picture" in shown[0]
    quoted = "explain\n\n`a.py`:\n```\nprint(1)\n```\n\n`b.log`:\n```\n日志\n```\n\n[file, not read: c.png]"
    assert drun.requests[-1].prompt == quoted


async def test_slack_a_model_that_cannot_see_is_not_asked(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack):
        await dm.share(slack.ada, File("plan.png", picture(), "image/png"), text="what is it?")
        await slack.until(lambda: "cannot see pictures" in dm.messages[-1].text)
    assert dm.messages[-1].text == f"⚠️ `{BLIND}` cannot see pictures. These models can: `{SEEING}`."
    assert drun.requests == []


async def test_slack_what_says_it_has_100_megabytes_is_not_read(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack):
        await dm.share(slack.ada, File("all.log", b"x", claims=100_000_000), text="what is it?")
        await slack.until(lambda: dm.messages[-1].text.startswith("I see."))
    assert "_`all.log` was left out: it is larger than 20 MB._" in dm.messages[-1].text
    assert slack.slack.files_read == 0


async def test_slack_what_says_it_is_small_is_read_no_further_than_the_setting(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    dm = slack.slack.open_dm(slack.ada)
    async with running(redis_url, drun, slack, settings={"ATTACHMENT_MB": "0.5"}):
        await dm.share(slack.ada, File("all.log", b"x" * 2_000_000, claims=10), text="what is it?")
        await slack.until(lambda: dm.messages[-1].text.startswith("I see."))
    assert "_`all.log` was left out: it is larger than 0.5 MB._" in dm.messages[-1].text


async def test_slack_without_the_scope_one_sentence_says_so(redis_url: str, drun: DrunDouble) -> None:
    async with SlackDouble(
        bot_token="xoxb-no-files", app_token="xapp-no-files", scopes=ALL_SCOPES - {"files:read"}
    ) as double:
        slack = SlackStage(double)
        dm = double.open_dm(slack.ada)
        async with running(redis_url, drun, slack, settings=SEES):
            await dm.share(slack.ada, File("plan.png", picture(), "image/png"), text="what is it?")
            await slack.until(lambda: dm.messages[-1].text.startswith("I see."))
        said = "`plan.png` was left out: I am not allowed to read files here."
        assert said in dm.messages[-1].text
        assert "DOCTYPE" not in drun.requests[-1].prompt


async def test_discord_a_picture_is_shown_to_a_model_that_sees(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    channel = discord.channel("general")
    async with running(redis_url, drun, discord, settings=SEES):
        await channel.say(discord.ada, "<@BOT> what is it?", files={"plan.webp": picture("WEBP")})
        await discord.until(lambda: [m.content for m in channel.by_bot] == ["I see."])
    assert [opened(uri).size for uri in drun.requests[-1].pictures] == [(40, 30)]


async def test_discord_files_without_a_word_are_a_question(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    dm = discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        await dm.say(discord.ada, files={"a.py": b"print(1)\n", "b.md": "# 标题".encode("utf-16")})
        await discord.until(lambda: [m.content for m in dm.by_bot] == ["I see."])
    assert drun.requests[-1].prompt == "`a.py`:\n```\nprint(1)\n```\n\n`b.md`:\n```\n# 标题\n```"


async def test_discord_an_address_that_expired_while_the_question_waited_is_renewed(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    first = drun.reply_with("I see.")
    first.gated = True
    dm = discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        await dm.say(discord.ada, "wait for me")
        await drun.until(lambda: len(drun.requests) == 1)
        asked = await dm.say(discord.ada, "and this?", files={"a.txt": b"the file"})
        discord.discord.expire(asked)
        await first.finish_up()
        first.gated = False
        await drun.until(lambda: len(drun.requests) == 2)
        await discord.until(lambda: [m.content for m in dm.by_bot] == ["I see.", "I see."])
    assert drun.requests[-1].prompt == "and this?\n\n`a.txt`:\n```\nthe file\n```"


async def test_discord_a_file_that_is_forwarded_is_read(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    dm, channel = discord.discord.open_dm(discord.ada), discord.channel("general")
    async with running(redis_url, drun, discord):
        original = await channel.say(discord.ada, "nothing for the bot", files={"a.txt": b"the file"})
        await dm.forward(discord.ada, original)
        await discord.until(lambda: [m.content for m in dm.by_bot] == ["I see."])
    assert "`a.txt`:\n```\nthe file\n```" in drun.requests[-1].prompt


async def test_discord_a_file_that_was_taken_out_of_its_message_is_left_out(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    first = drun.reply_with("I see.")
    first.gated = True
    dm = discord.discord.open_dm(discord.ada)
    async with running(redis_url, drun, discord):
        await dm.say(discord.ada, "wait for me")
        await drun.until(lambda: len(drun.requests) == 1)
        asked = await dm.say(discord.ada, "and this?", files={"a.txt": b"the file"})
        discord.discord.expire(asked)
        asked.attachments.clear()
        first.gated = False
        await first.finish_up()
        shown = await discord.until(lambda: [m for m in dm.by_bot if "was left out" in m.content])
    assert "_`a.txt` was left out: it could not be read. Please send it again._" in shown[0].content
