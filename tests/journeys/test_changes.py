"""The platform is the truth: what people edit and delete there is edited and deleted in what the model is sent."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from adapters.slack.manifest import manifest
from adapters.slack.names import Names
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import Asked, DiscordStage, SlackStage, Stage


class Changing(Stage, Protocol):
    """A platform on which messages can be changed."""

    async def edit(self, asked: Asked, text: str) -> None: ...

    async def delete(self, asked: Asked) -> None: ...

    async def delete_answer(self, asked: Asked) -> None: ...

    async def pin(self, asked: Asked) -> None: ...


class ChangingSlack(SlackStage):
    async def edit(self, asked: Asked, text: str) -> None:
        channel = self.channel(asked.channel)
        await channel.edit(channel.find(asked.id), f"<@{self.slack.bot_user_id}> {text}")

    async def delete(self, asked: Asked) -> None:
        channel = self.channel(asked.channel)
        await channel.remove(channel.find(asked.id))

    async def delete_answer(self, asked: Asked) -> None:
        await self.channel(asked.channel).remove(self.shown(asked)[0])

    async def pin(self, asked: Asked) -> None:
        await self.slack.acts.pin(self.ada, self.channel(asked.channel).find(asked.id))

    def _root(self, asked: Asked) -> str:
        """Also of a question that is deleted."""
        messages = self.channel(asked.channel).messages
        return next(each for each in messages if each.ts == asked.id).thread_ts or asked.id


class ChangingDiscord(DiscordStage):
    async def edit(self, asked: Asked, text: str) -> None:
        channel = self.channel(asked.channel)
        await channel.edit(next(each for each in channel.messages if each.id == asked.id), f"<@BOT> {text}")

    async def delete(self, asked: Asked) -> None:
        channel = self.channel(asked.channel)
        await channel.delete(next(each for each in channel.messages if each.id == asked.id))

    async def delete_answer(self, asked: Asked) -> None:
        await self.channel(asked.channel).purge(self.shown(asked)[0])

    async def pin(self, asked: Asked) -> None:
        channel = self.channel(asked.channel)
        await channel.pin(next(each for each in channel.messages if each.id == asked.id))


@pytest.fixture(params=["slack", "discord"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Changing]:
    if request.param == "slack":
        events = manifest(Names())["settings"]["event_subscriptions"]["bot_events"]
        async with SlackDouble(
            bot_token="xoxb-changes-token", app_token="xapp-changes-token", events=events
        ) as slack:
            yield ChangingSlack(slack)
    else:
        token = "am91cm5leS1ib3QtaWQtMDAw.change.s-token-of-the-discord-double-00"
        async with DiscordDouble(token=token) as discord:
            yield ChangingDiscord(discord)


def sent(drun: DrunDouble) -> list[str]:
    """What the model was sent last, but for the instructions."""
    return [each["content"] for each in drun.requests[-1].messages if each["role"] != "system"]


async def asked_and_answered(stage: Stage, text: str) -> Asked:
    asked = await stage.ask(text)
    await stage.until(lambda: stage.answers(asked)[:1] == ["Noted."])
    return asked


async def settled(stage: Stage) -> None:
    """Whatever was told until now is followed before a question that is asked afterwards in the same channel.

    In Discord one channel's events are taken in in order; in Slack they are acked when they were followed.
    """
    if isinstance(stage, ChangingSlack):
        await stage.slack.until(lambda: all(delivery.acked for delivery in stage.slack.deliveries))


async def test_the_model_is_sent_an_edited_question_as_it_says_now(
    redis_url: str, stage: Changing, drun: DrunDouble
) -> None:
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        first = await asked_and_answered(stage, "my name is Ada")
        await stage.edit(first, "my name is Grace")
        await settled(stage)
        await asked_and_answered(stage, "what did I say?")
        assert sent(drun) == ["my name is Grace", "Noted.", "what did I say?"]
        assert len(drun.requests) == 2, "an edit is not answered"


async def test_the_model_is_not_sent_what_was_deleted(
    redis_url: str, stage: Changing, drun: DrunDouble
) -> None:
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        first = await asked_and_answered(stage, "my password is swordfish")
        second = await asked_and_answered(stage, "and my name is Ada")
        await stage.delete(first)
        await stage.delete_answer(second)
        await settled(stage)
        await asked_and_answered(stage, "what did I say?")
        assert sent(drun) == ["and my name is Ada", "what did I say?"]


async def test_what_is_changed_in_a_thread_is_changed_there(
    redis_url: str, stage: Changing, drun: DrunDouble
) -> None:
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        root = await asked_and_answered(stage, "root")
        inside, gone = await stage.ask_on(root, "inside"), await stage.ask_on(root, "gone")
        await stage.until(lambda: stage.answers(gone) == ["Noted."] or len(drun.requests) == 3)
        await stage.until(lambda: len(stage.answers(root)) == 3 and not stage.writing(root))
        await stage.edit(inside, "changed")
        await stage.delete(gone)
        await settled(stage)
        last = await stage.ask_on(root, "next")
        await stage.until(lambda: stage.answers(last) == ["Noted."])
        assert sent(drun) == ["root", "Noted.", "changed", "Noted.", "next"]


async def test_a_waiting_question_that_is_deleted_is_never_answered(
    redis_url: str, stage: Changing, drun: DrunDouble
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        running_one = await stage.ask("count")
        await script.release()
        await stage.until(lambda: stage.answers(running_one))
        never = await stage.ask_on(running_one, "never mind")
        edited = await stage.ask_on(running_one, "waht?")
        await stage.until(lambda: stage.marked(never) and stage.marked(edited))
        await stage.delete(never)
        await stage.edit(edited, "what?")
        await settled(stage)
        last = await stage.ask_on(running_one, "and then?")
        await stage.until(lambda: stage.marked(last))
        await script.finish_up()
        await stage.until(lambda: stage.answers(running_one) == ["one two three", "Noted.", "Noted."])
        assert sent(drun)[-3:] == ["what?", "Noted.", "and then?"]
    said = [message["content"] for request in drun.requests for message in request.messages]
    assert "never mind" not in said
    assert len(drun.requests) == 3


async def test_deleting_a_question_stops_its_answer(
    redis_url: str, stage: Changing, drun: DrunDouble
) -> None:
    script = Script("one two three", gated=True)
    drun.script(script)
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("a secret")
        await script.release()
        await stage.until(lambda: stage.answers(asked))
        await stage.delete(asked)
        await drun.until(lambda: drun.requests[0].closed_early)
        await stage.until(lambda: "Stopped." in stage.answers(asked)[0])
        await settled(stage)
        await asked_and_answered(stage, "what did I say?")
        assert sent(drun) == ["what did I say?"]


async def test_an_edit_while_it_is_answered_is_what_is_remembered(
    redis_url: str, stage: Changing, drun: DrunDouble
) -> None:
    script = Script("Noted.", gated=True)
    drun.script(script)
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        asked = await stage.ask("my name is Ada")
        await drun.until(lambda: drun.in_flight == 1)
        await stage.edit(asked, "my name is Grace")
        await settled(stage)
        last = await stage.ask_on(asked, "what did I say?")
        await stage.until(lambda: stage.marked(last))
        await script.finish_up()
        await stage.until(lambda: stage.answers(asked) == ["Noted."] * 2)
        assert sent(drun) == ["my name is Grace", "Noted.", "what did I say?"]


async def test_a_message_that_is_edited_to_mention_the_bot_is_left_alone(
    redis_url: str, stage: Changing, drun: DrunDouble
) -> None:
    drun.reply_with("Noted.")
    async with running(redis_url, drun, stage):
        if isinstance(stage, ChangingSlack):
            other = Asked("general", (await stage.channel("general").say(stage.ada, "to others")).ts)
        else:
            assert isinstance(stage, ChangingDiscord)
            other = Asked("general", (await stage.channel("general").say(stage.ada, "to others")).id)
        await stage.edit(other, "to you")
        await stage.pin(other)
        await settled(stage)
        await asked_and_answered(stage, "hello")
        assert sent(drun) == ["hello"]
    assert len(drun.requests) == 1
