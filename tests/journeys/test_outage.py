"""While Redis is away people are told so, and what they wrote is answered when it is back."""

from pathlib import Path

from core import texts
from tests.core.store.own_server import own_server
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage, SlackStage, WebStage

AWAY = texts.OUTAGE.say("en")


def echoing(drun: DrunDouble, *names: str) -> None:
    for name in names:
        drun.answer_to(name, Script(f"re: {name}"))


async def test_in_slack_each_channel_is_told_once_and_every_question_answered_once(
    tmp_path: Path, drun: DrunDouble
) -> None:
    echoing(drun, "first", "second", "third", "elsewhere")
    async with SlackDouble(bot_token="xoxb-outage-token", app_token="xapp-outage-token", ack_s=0.2) as double:
        slack = SlackStage(double)
        async with own_server(tmp_path) as server, running(server.url, drun, slack):
            first = await slack.ask("first")
            await slack.until(lambda: slack.answers(first) == ["re: first"])
            server.kill()
            second, third = await slack.ask("second"), await slack.ask("third")
            other = await slack.ask("elsewhere", channel="other")
            await slack.until(lambda: slack.answers(second) == [AWAY])
            await slack.until(lambda: slack.answers(other) == [AWAY])
            await double.redeliver(slack.channel("general").find(second.id))
            assert slack.answers(third) == []
            async with own_server(tmp_path):
                for asked in (second, third, other):
                    await double.redeliver(slack.channel(asked.channel).find(asked.id))
                await slack.until(lambda: slack.answers(second) == [AWAY, "re: second"])
                await slack.until(lambda: slack.answers(third) == ["re: third"])
                await slack.until(lambda: slack.answers(other) == [AWAY, "re: elsewhere"])
    assert len(drun.requests) == 4


async def test_in_discord_each_channel_is_told_once_and_every_question_answered_once(
    tmp_path: Path, discord: DiscordStage, drun: DrunDouble
) -> None:
    echoing(drun, "first", "second", "third", "elsewhere")
    async with own_server(tmp_path) as server, running(server.url, drun, discord):
        first = await discord.ask("first")
        await discord.until(lambda: discord.answers(first) == ["re: first"])
        server.kill()
        second = await discord.ask("second")
        await discord.ask("third")
        other = await discord.ask("elsewhere", channel="other")
        await discord.until(lambda: discord.answers(second) == [AWAY])
        await discord.until(lambda: discord.answers(other) == [AWAY])
        async with own_server(tmp_path):
            await discord.discord.until(
                lambda: discord.answers(second) == [AWAY, "re: second", "re: third"], timeout=25
            )
            await discord.until(lambda: discord.answers(other) == [AWAY, "re: elsewhere"])
    assert len(drun.requests) == 4


async def test_the_page_says_it_in_its_own_way_and_promises_nothing(
    tmp_path: Path, web: WebStage, drun: DrunDouble
) -> None:
    async with own_server(tmp_path) as server, running(server.url, drun, web):
        first = await web.ask("first")
        await web.until(lambda: web.answers(first))
        server.kill()
        status, answer = await web.refused(
            "/api/channels/general/messages", {"id": "0" * 32, "text": "second"}
        )
        assert status == 503
        assert "cannot be reached right now. Please try again." in answer["error"]
        async with own_server(tmp_path):
            pass
