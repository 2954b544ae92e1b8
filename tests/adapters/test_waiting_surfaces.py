"""What each platform makes of a wait: the mark on a question, and the notice that becomes its answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from adapters.discord import app as discord_app
from adapters.discord.settings import Settings as DiscordSettings
from adapters.slack import app as slack_app
from adapters.slack.settings import Settings as SlackSettings
from adapters.web import app as web_app
from adapters.web.events import conversation_of
from adapters.web.settings import Settings as WebSettings
from adapters.web.surface import show_question
from adapters.web.transcript import Transcript, journal_of
from core import texts
from core.conversation import Channel, Conversation, UserMessage
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.errors import SurfaceGone
from core.inbox import Inbox
from core.store.connection import Connections
from core.store.journal import Journals
from core.surface import NOTICE, OUTAGE, REFUSAL, Platform
from tests.core.desks import desk_of
from tests.doubles.discord import Permission
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.slack.faults import ApiError
from tests.doubles.slack.server import SlackDouble

TOKEN = "am91cm5leS1ib3QtaWQtMDAw.waitin.g-token-of-the-double-0000000000"
BUSY = texts.BUSY.say("en", number=3)


@dataclass(slots=True)
class Place:
    """A platform, a question on it, and what people see."""

    platform: Platform
    question: UserMessage
    journals: Journals
    slack: SlackDouble | None = None
    discord: DiscordDouble | None = None

    async def marked(self) -> bool:
        where, id_ = self.question.conversation.channel.channel, self.question.message_id
        if self.slack:
            return "hourglass_flowing_sand" in self.slack.workspace.channel(where).find(id_).reactions
        if self.discord:
            return bool(self.discord.world.messages[id_].reactions)
        shown = Transcript(await self.journals.read(journal_of(where)))
        return shown._messages[id_].state == "waiting"


@pytest.fixture
async def inbox(connections: Connections) -> AsyncIterator[Inbox]:
    async with http_client() as http:
        catalog = Catalog(ModelClient(http), [], aliases={}, runs={})
        desk = desk_of(connections, catalog)
        yield Inbox(desk, Journals(connections, ttl_s=60))


@asynccontextmanager
async def in_slack(inbox: Inbox) -> AsyncIterator[Place]:
    async with SlackDouble(bot_token="xoxb-waiting-token", app_token="xapp-waiting-token") as double:
        settings = SlackSettings(
            slack_bot_token=SecretStr(double.bot_token),
            slack_app_token=SecretStr(double.app_token),
            slack_api_url=double.api_url,
        )
        channel, ada = double.add_channel("general"), double.add_user("ada")
        async with slack_app.connect(settings, inbox) as platform:
            said = await channel.say(ada, "hello")
            where = Conversation(Channel("slack", "T1", channel.id), said.ts)
            question = UserMessage(where, "e1", said.ts, ada.id, "hello", opens_thread=True)
            yield Place(platform, question, inbox.journals, slack=double)


@asynccontextmanager
async def in_discord(inbox: Inbox) -> AsyncIterator[Place]:
    async with DiscordDouble(token=TOKEN) as double:
        settings = DiscordSettings(discord_token=SecretStr(TOKEN), discord_api_url=double.api_url)
        guild, ada = double.add_guild("Acme"), double.add_user("ada")
        channel = guild.add_channel("general")
        async with discord_app.connect(settings, inbox) as platform:
            said = await channel.say(ada, "<@BOT> hello")
            where = Conversation(Channel("discord", guild.id, channel.id))
            yield Place(
                platform,
                UserMessage(where, said.id, said.id, ada.id, "hello"),
                inbox.journals,
                discord=double,
            )


@asynccontextmanager
async def on_the_page(inbox: Inbox) -> AsyncIterator[Place]:
    async with web_app.connect(WebSettings(), inbox) as platform:
        question = UserMessage(conversation_of("general"), "01234567", "01234567", "you", "hello")
        await show_question(inbox.journals, question)
        yield Place(platform, question, inbox.journals)


@pytest.fixture(params=[in_slack, in_discord, on_the_page], ids=["slack", "discord", "web"])
async def place(request: pytest.FixtureRequest, inbox: Inbox) -> AsyncIterator[Place]:
    async with request.param(inbox) as made:
        yield made


async def test_a_mark_is_put_on_and_taken_off_however_often(place: Place) -> None:
    surface = place.platform.surface(place.question)
    await surface.mark(waiting=False)
    assert not await place.marked()
    for waiting in (True, True, False, False, True):
        await surface.mark(waiting=waiting)
        assert await place.marked() == waiting


async def test_a_notice_is_found_by_any_process_until_it_is_withdrawn(place: Place) -> None:
    here, elsewhere = place.platform.surface(place.question), place.platform.surface(place.question)
    assert await elsewhere.find(NOTICE) is None
    notice = await here.post(NOTICE, BUSY, final=False)
    reply = await here.post(0, "The answer.", final=True)
    assert reply != notice, "they are told apart, so that a notice that came too late can be withdrawn"
    assert await elsewhere.find(NOTICE) == notice
    await elsewhere.withdraw(notice)
    assert await here.find(NOTICE) is None


async def test_a_reply_is_written_over_its_notice(place: Place) -> None:
    notice = await place.platform.surface(place.question).post(NOTICE, BUSY, final=False)
    later = place.platform.surface(place.question)
    await later.edit(notice, "The answer", final=False)
    await later.edit(notice, "The answer.", final=True)
    if place.discord:
        (message,) = place.discord.world.places[place.question.conversation.channel.channel].messages[1:]
        assert (message.content, message.reference) == ("The answer.", place.question.message_id)
        assert await later.find(NOTICE) is None, "it is the reply now"


async def test_what_is_said_beside_a_reply_is_a_message_of_its_own(place: Place) -> None:
    surface = place.platform.surface(place.question)
    ids = [await surface.post(part, f"text {part}", final=True) for part in (0, REFUSAL, OUTAGE)]
    assert len(set(ids)) == 3


async def test_only_who_repeats_what_was_not_taken_in_says_that_it_keeps_it(place: Place) -> None:
    assert place.platform.keeps == (place.question.conversation.channel.platform != "web")


@pytest.mark.parametrize("error", ["missing_scope", "not_in_channel"])
async def test_slack_says_where_the_bot_may_not_mark(inbox: Inbox, error: str) -> None:
    async with in_slack(inbox) as place:
        assert place.slack
        place.slack.fail("reactions.add", ApiError(error))
        with pytest.raises(SurfaceGone, match=error):
            await place.platform.surface(place.question).mark(waiting=True)


@pytest.mark.parametrize("error", ["is_archived", "message_not_found", "too_many_reactions"])
async def test_in_slack_there_may_be_nothing_to_mark(inbox: Inbox, error: str) -> None:
    async with in_slack(inbox) as place:
        assert place.slack
        place.slack.fail("reactions.add", ApiError(error))
        await place.platform.surface(place.question).mark(waiting=True)
        assert not await place.marked()


async def test_discord_says_where_the_bot_may_not_mark(inbox: Inbox) -> None:
    async with in_discord(inbox) as place:
        assert place.discord
        channel = place.discord.world.places[place.question.conversation.channel.channel]
        channel.deny(Permission.ADD_REACTIONS)
        with pytest.raises(SurfaceGone, match="403 50013"):
            await place.platform.surface(place.question).mark(waiting=True)


async def test_in_discord_the_question_may_be_gone_or_its_author_block_the_bot(inbox: Inbox) -> None:
    async with in_discord(inbox) as place:
        assert place.discord
        said = place.discord.world.messages[place.question.message_id]
        said.author.blocks_bot = True
        await place.platform.surface(place.question).mark(waiting=True)
        said.deleted = True
        await place.platform.surface(place.question).mark(waiting=True)
        assert said.reactions == []


async def test_in_discord_another_answer_is_never_taken_for_a_notice(inbox: Inbox) -> None:
    async with in_discord(inbox) as place:
        assert place.discord
        surface = place.platform.surface(place.question)
        await surface.post(0, "⏳ is an hourglass", final=True)
        channel = place.discord.world.places[place.question.conversation.channel.channel]
        bot = place.discord.add_user("another bot", bot=True)
        asked = place.discord.world.messages[place.question.message_id]
        await channel.say(bot, BUSY, reply_to=asked)  # type: ignore[attr-defined] # the guild's channels can speak
        assert await surface.find(NOTICE) is None
