"""/ask while Redis is away: the question stands there for all to see, and no platform tells of it again."""

from pathlib import Path

from tests.core.store.own_server import own_server
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage, SlackStage

_LOST = "This was not asked: I was switched off before I could note it. Please ask again."


async def test_where_the_program_ends_before_it_is_noted_people_are_told_to_ask_again(
    tmp_path: Path, slack: SlackStage, discord: DiscordStage, drun: DrunDouble
) -> None:
    channel, place = slack.channel("general"), discord.channel("general")
    async with own_server(tmp_path) as server, running(server.url, drun, slack, discord):
        server.kill()
        await channel.slash(slack.ada, "/drun", "ask why?")
        await place.slash(discord.ada, "ask", {"question": "how?"})
        await slack.until(lambda: channel.messages)
    asked = channel.messages[0]
    assert asked.text.startswith("**Ada** asks: why?\n\n")
    assert asked.text.endswith(_LOST)
    shown = place.by_bot[0]
    assert "asks: how?\n\n" in shown.content
    assert shown.content.endswith(_LOST)
    assert not drun.requests


async def test_what_was_noted_stays_as_it_was_asked(
    redis_url: str, slack: SlackStage, discord: DiscordStage, drun: DrunDouble
) -> None:
    channel, place = slack.channel("general"), discord.channel("general")
    drun.reply_with("Because.")
    async with running(redis_url, drun, slack, discord):
        await channel.slash(slack.ada, "/drun", "ask why?")
        await place.slash(discord.ada, "ask", {"question": "how?"})
        await slack.until(lambda: any(message.text == "Because." for message in channel.messages))
        await discord.until(lambda: any(message.content == "Because." for message in place.by_bot))
    assert channel.messages[0].text == "**Ada** asks: why?"
    assert place.by_bot[0].content.endswith("asks: how?")


async def test_a_question_finds_room_though_too_many_messages_wait(
    tmp_path: Path, discord: DiscordStage, drun: DrunDouble
) -> None:
    place = discord.channel("general")
    drun.reply_with("Because.")
    async with (
        own_server(tmp_path) as server,
        running(server.url, drun, discord, settings={"DISCORD_BUFFER": "1"}),
    ):
        server.kill()
        await discord.ask("first")
        await discord.ask("second")
        await place.slash(discord.ada, "ask", {"question": "third"})
        async with own_server(tmp_path):
            await discord.discord.until(
                lambda: [message.content for message in place.by_bot].count("Because.") == 3, timeout=25
            )
    assert [str(call.messages[-1]["content"]) for call in drun.requests] == ["first", "second", "third"]
