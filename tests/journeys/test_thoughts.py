"""What models think, as people see it on each platform: after answers, on request, folded."""

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.core.store.talk import eventually
from tests.doubles.discord import Permission
from tests.doubles.discord.channel import Channel as DiscordChannel
from tests.doubles.discord.faults import Delay
from tests.doubles.discord.model import Message as DiscordMessage
from tests.doubles.discord.model import User as DiscordUser
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.channel import Channel as SlackChannel
from tests.doubles.slack.channel import SlashResult
from tests.doubles.slack.faults import ApiError, Hold
from tests.doubles.slack.model import User as SlackUser
from tests.journeys.running import running
from tests.journeys.stages import Asked, DiscordStage, SlackStage, Stage, WebStage

FULL = {"DRUN_SHOW_REASONING": "full"}
LOUD = "@everyone @here <!channel> <!subteam^S1> <@U123> <@1> || so 6 * 7"
LONG = "\n".join(f"step {number}: think about it" for number in range(800))
"""More than one message of any platform holds but the page's, and less than what is kept."""


def folded(stage: Stage, asked: Asked) -> list[str]:
    """The thoughts that stand folded after ``asked``, as they are shown once they are opened."""
    if isinstance(stage, SlackStage):
        blocks = [block for message in stage.shown(asked) for block in message.blocks]
        closed = [block for block in blocks if block["type"] == "container" and block["default_collapsed"]]
        return ["".join(child["text"]["text"] for child in block["child_blocks"]) for block in closed]
    if isinstance(stage, DiscordStage):
        shown = [message for message in stage.shown(asked) if message.content.startswith("-# ")]
        return [
            message.attachments[0].data.decode()
            if message.attachments
            else message.content.partition("\n")[2].removeprefix("||").removesuffix("||")
            for message in shown
        ]
    assert isinstance(stage, WebStage)
    return [message["folded"]["html"] for message in stage._shown(asked) if message["folded"]]


def answers(stage: Stage, asked: Asked) -> list[str]:
    """What stands beside them."""
    found = stage.answers(asked)
    if isinstance(stage, SlackStage):
        found = [message.text for message in stage.shown(asked) if not message.blocks]
    return [text for text in found if not text.startswith("-# ")]


@pytest.mark.parametrize(
    ("question", "summary"), [("what is 6 * 7?", "Thoughts · "), ("六乘七等于几？", "思考过程 · ")]
)
async def test_thoughts_follow_the_answer_folded_and_notify_nobody(
    redis_url: str, stage: Stage, drun: DrunDouble, question: str, summary: str
) -> None:
    answer = "It is 42."
    drun.script(Script(answer, thoughts=[LOUD]))
    drun.reply_with("Yes.")
    async with running(redis_url, drun, stage, settings=FULL):
        asked = await stage.ask(question)
        await stage.until(lambda: folded(stage, asked))
        assert answers(stage, asked) == [answer]
        [thoughts] = folded(stage, asked)
        assert thoughts.replace("</p>", "").strip().endswith("so 6 * 7")
        assert summary in _summary(stage, asked)
        again = await stage.ask_on(asked, "sure?")
        await stage.until(lambda: "Yes." in stage.answers(again))
    assert stage.broadcasts() == 0
    assert stage.throttled == 0
    assert "so 6 * 7" not in str(drun.requests[-1].messages)
    assert answer in str(drun.requests[-1].messages)


def _summary(stage: Stage, asked: Asked) -> str:
    if isinstance(stage, WebStage):
        return str(stage._shown(asked)[0]["folded"]["summary"])
    return stage.answers(asked)[-1]


async def test_long_thoughts_are_whole_where_they_are_opened(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    drun.script(Script("42", thoughts=[LONG]))
    async with running(redis_url, drun, stage):
        chosen = await stage.ask("/settings thinking full")
        await stage.until(lambda: stage.answers(chosen))
        asked = await stage.ask_on(chosen, "what is it?")
        await stage.until(lambda: folded(stage, asked))
    [thoughts] = folded(stage, asked)
    assert all(f"step {number}:" in thoughts for number in range(800))
    assert answers(stage, asked)[0].startswith("42")


async def test_thoughts_can_be_asked_for_in_the_conversation(
    redis_url: str, stage: Stage, drun: DrunDouble
) -> None:
    drun.script(Script("42", thoughts=[LONG]))
    drun.reply_with("Yes.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("what is it?")
        await stage.until(lambda: stage.answers(asked) and stage.answers(asked)[-1].startswith("42"))
        assert not folded(stage, asked)
        # Thoughts are kept a moment after their turn has ended.
        again = await stage.ask_on(asked, "sure?")
        await stage.until(lambda: "Yes." in stage.answers(again))
        told = await stage.ask_on(asked, "/thinking")
        await stage.until(lambda: answers(stage, told))
        assert "about “what is it?”" in answers(stage, told)[-1]
        await stage.until(lambda: folded(stage, told))
    [thoughts] = folded(stage, told)
    assert "step 0:" in thoughts
    assert "step 799:" in thoughts


async def test_slack_s_slash_command_quotes_as_much_of_the_end_as_one_message_holds(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    drun.script(Script("42", thoughts=[LOUD]), Script("42", thoughts=[LONG]))
    channel = slack.channel("general")
    async with running(redis_url, drun, slack):
        await slack.ask("what is it?")
        await _slash_until(channel, slack.ada, "so 6 * 7")
        await slack.ask("what is it now?")
        shown = await _slash_until(channel, slack.ada, "step 799: think about it")
    assert (shown.ack_payload or {})["response_type"] == "ephemeral"
    assert 11_900 < len(shown.texts[0]) <= 12_000
    assert re.search("_The first [0-9]+ characters are left out._", shown.texts[0])
    told = "".join(each.text for each in channel.ephemerals)
    assert "so 6 * 7" in told
    assert "<!" not in told
    assert "<@U123>" not in told


async def _slash_until(channel: SlackChannel, user: SlackUser, ending: str) -> SlashResult:
    """Thoughts are kept a moment after their answer is shown."""

    async def shown() -> SlashResult | None:
        result = await channel.slash(user, "/drun", "thinking")
        return result if result.texts[0].endswith(ending) else None

    found = await eventually(shown)
    assert found is not None
    return found


@pytest.mark.parametrize(("locale", "said"), [("en-US", "thought for 0 s about"), ("zh-CN", "思考了 0 秒")])
async def test_discord_s_slash_command_quotes_short_thoughts_and_sends_long_ones_as_a_file(
    redis_url: str, discord: DiscordStage, drun: DrunDouble, locale: str, said: str
) -> None:
    drun.script(Script("42", thoughts=[LOUD]), Script("42", thoughts=[LONG]))
    discord.ada.locale = locale
    channel = discord.channel("general")
    async with running(redis_url, drun, discord):
        await discord.ask("what is it?")
        short = await _shown_until(channel, discord.ada, "so 6 * 7")
        assert short.ephemeral
        assert said in short.content
        assert not short.attachments
        assert not short.pings
        await discord.ask("what is it now?")
        long = await _shown_until(channel, discord.ada, "> step 799: think about it")
    assert long.ephemeral
    assert len(long.content) < 1000
    [file] = long.attachments
    assert (file.filename, file.data.decode()) == ("thinking.md", LONG)


async def _shown_until(channel: DiscordChannel, user: DiscordUser, ending: str) -> DiscordMessage:
    """Thoughts are kept a moment after their answer is shown."""

    async def shown() -> DiscordMessage | None:
        message = (await channel.slash(user, "thinking")).original
        return message if message and message.content.endswith(ending) else None

    found = await eventually(shown)
    assert found is not None
    return found


async def test_where_discord_s_bot_may_send_no_files_the_end_is_shown(
    redis_url: str, discord: DiscordStage, drun: DrunDouble
) -> None:
    drun.script(Script("42", thoughts=[LONG]))
    discord.channel("general").deny(Permission.ATTACH_FILES)
    async with running(redis_url, drun, discord, settings=FULL):
        asked = await discord.ask("what is it?")
        await discord.until(lambda: folded(discord, asked))
    [thoughts] = folded(discord, asked)
    assert thoughts.endswith("step 799: think about it")
    assert "characters are left out" in discord.answers(asked)[-1]


async def test_a_slack_that_knows_no_containers_still_shows_the_answer(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    script = Script("one two", thoughts=["hm"], gated=True)
    drun.script(script)
    drun.reply_with("Yes.")
    async with running(redis_url, drun, slack, settings=FULL):
        asked = await slack.ask("what is it?")
        await script.release(2)
        await slack.until(lambda: slack.answers(asked))
        slack.slack.fail("chat.postMessage", ApiError("invalid_blocks"))
        await script.finish_up()
        again = await slack.ask_on(asked, "and now?")
        await slack.until(lambda: slack.answers(again) == ["Yes."])
    assert slack.answers(asked) == ["one two", "Yes."]


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_thoughts_whose_worker_ended_before_it_knew_are_neither_lost_nor_doubled(
    redis_url: str, slack: SlackStage, discord: DiscordStage, drun: DrunDouble, platform: str
) -> None:
    stage: SlackStage | DiscordStage = slack if platform == "slack" else discord
    script = Script("one two", thoughts=["first thought"], gated=True)
    drun.script(script, Script("un deux", thoughts=["second thought"]), Script("Yes."))
    answered = asyncio.Event()
    async with running(redis_url, drun, stage, settings={**FULL, "DRAIN_S": "0"}):
        asked = await stage.ask("count")
        await script.release(2)
        await stage.until(lambda: stage.answers(asked))
        _hold_posts(slack, discord, answered)
        await script.finish_up()
        await stage.until(lambda: folded(stage, asked) == ["first thought"])
    answered.set()
    discord.discord.world.nonces.clear()  # Discord knows them for a few minutes
    async with running(redis_url, drun, stage, settings=FULL):
        await stage.until(_shows(stage, asked, "un deux", "second thought"))
        following = await stage.ask_on(asked, "and now?")
        await stage.until(lambda: "Yes." in stage.answers(following))
    assert answers(stage, asked) == ["un deux", "Yes."]
    assert folded(stage, asked) == ["second thought"]


def _hold_posts(slack: SlackStage, discord: DiscordStage, answered: asyncio.Event) -> None:
    slack.slack.fail("chat.postMessage", Hold(answered))
    discord.discord.fail(Delay(30), method="POST", path="/messages$")


def _shows(stage: Stage, asked: Asked, answer: str, thoughts: str) -> Callable[[], bool]:
    return lambda: answers(stage, asked) == [answer] and folded(stage, asked) == [thoughts]
