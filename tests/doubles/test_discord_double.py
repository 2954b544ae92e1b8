import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from tests.doubles.discord import (
    Channel,
    Delay,
    DiscordDouble,
    Intent,
    Message,
    NoResponseError,
    Permission,
    Reset,
    Status,
    Throttle,
)

INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
WITH_CONTENT = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)
MODELS = ["public/deepseek-v3", "public/qwen3", "u-1100a15812cc/qwen2"]
TOKEN = "bot-token"


class Bot(discord.Client):
    """A client of the real library with one handler for messages and two commands."""

    def __init__(
        self,
        double: DiscordDouble,
        on_text: Callable[[discord.Message], Awaitable[None]] | None = None,
        intents: discord.Intents = INTENTS,
    ) -> None:
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.05,
            max_messages=None,
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.on_text = on_text
        self.double = double

    async def setup_hook(self) -> None:
        self.tree.add_command(make_model_command())
        self.tree.add_command(make_panel_command())
        self.tree.add_command(app_commands.ContextMenu(name="Read out", callback=read_out))
        self.add_dynamic_items(StopButton)
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)
        self.double.recheck()
        if self.on_text is not None and not message.author.bot:
            await self.on_text(message)


async def read_out(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"read: {message.content}", ephemeral=True)


def make_model_command() -> app_commands.Command[Any, ..., Any]:
    @app_commands.command(description="Which model answers")
    async def model(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content=f"one moment, {name}")
        await interaction.edit_original_response(content=f"now {name}")
        await interaction.followup.send("ask away", ephemeral=True)

    @model.autocomplete("name")
    async def complete(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=one, value=one) for one in MODELS if typed in one]

    return model


def make_panel_command() -> app_commands.Command[Any, ..., Any]:
    @app_commands.command(description="A button")
    async def panel(interaction: discord.Interaction) -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(StopButton())
        await interaction.response.send_message("writing", view=view)

    return panel


class StopButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template="stop"):
    """Known by its custom_id alone, so that a click may come before the library has stored any view."""

    def __init__(self) -> None:
        super().__init__(discord.ui.Button(label="Stop", custom_id="stop"))

    @classmethod
    async def from_custom_id(cls, *_about: object) -> Self:
        return cls()

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content="stopped", view=None)


@contextlib.asynccontextmanager
async def connected(
    double: DiscordDouble,
    on_text: Callable[[discord.Message], Awaitable[None]] | None = None,
    intents: discord.Intents = INTENTS,
) -> AsyncIterator[Bot]:
    """The real client against the double, ready when the block begins and closed when it ends."""
    point_library_at(double)
    bot = Bot(double, on_text, intents)
    running = asyncio.create_task(bot.start(double.token))
    ready = asyncio.create_task(bot.wait_until_ready())
    try:
        await asyncio.wait([running, ready], timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        with contextlib.suppress(Exception):
            await running


def point_library_at(double: DiscordDouble) -> None:
    discord.http.Route.BASE = double.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(double.gateway_url)


@contextlib.asynccontextmanager
async def caller(double: DiscordDouble, token: str = TOKEN) -> AsyncIterator[aiohttp.ClientSession]:
    """Bare calls of the REST interface, by paths below the version."""
    async with aiohttp.ClientSession(
        base_url=double.api_url + "/", headers={"Authorization": f"Bot {token}"}
    ) as session:
        yield session


class Wire:
    """A gateway client by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def read(self) -> dict[str, Any]:
        frame: dict[str, Any] = await self.socket.receive_json(timeout=5)
        return frame

    async def until(self, event: str) -> dict[str, Any]:
        while (frame := await self.read())["t"] != event:
            pass
        return frame

    async def identify(self, token: str = TOKEN, intents: int = INTENTS.value) -> dict[str, Any]:
        assert (await self.read())["op"] == 10
        properties = {"os": "linux", "browser": "test", "device": "test"}
        await self.socket.send_json(
            {"op": 2, "d": {"token": token, "intents": intents, "properties": properties}}
        )
        return await self.read()

    async def closed(self) -> int | None:
        frame = await self.socket.receive(timeout=5)
        assert frame.type is aiohttp.WSMsgType.CLOSE, frame
        return self.socket.close_code


@contextlib.asynccontextmanager
async def wire(double: DiscordDouble, path: str = "/gateway") -> AsyncIterator[Wire]:
    async with (
        aiohttp.ClientSession(base_url=double.world.base_url) as session,
        session.ws_connect(f"{path}?v=10&encoding=json") as socket,
    ):
        yield Wire(socket)


@pytest.fixture
async def double() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble(token=TOKEN, window=0.5) as made:
        yield made


@pytest.fixture
def general(double: DiscordDouble) -> Channel:
    return double.add_guild("Acme").add_channel("general")


async def post(session: aiohttp.ClientSession, channel: Channel, **body: Any) -> tuple[int, dict[str, Any]]:
    async with session.post(f"channels/{channel.id}/messages", json=body) as response:
        return response.status, await response.json()


async def test_a_mention_is_answered_by_a_reply_that_is_edited_to_its_final_content(
    double: DiscordDouble, general: Channel
) -> None:
    async def stream(message: discord.Message) -> None:
        async with message.channel.typing():
            reply = await message.reply("one", mention_author=False)
        partial = message.channel.get_partial_message(reply.id)  # type: ignore[union-attr] # every channel one can write to has it
        for text in ("one two", "one two three"):
            await partial.edit(content=text)

    ada = double.add_user("ada")
    async with connected(double, stream):
        asked = await general.say(ada, "<@BOT> count")
        await double.until(lambda: general.by_bot and general.by_bot[0].content == "one two three")
    [reply] = general.by_bot
    assert [edit.content for edit in reply.edits] == ["one", "one two", "one two three"]
    assert [edit.at for edit in reply.edits] == sorted(edit.at for edit in reply.edits)
    assert reply.reference == asked.id
    assert reply.kind == 19
    assert reply.nonce is not None
    assert reply.pings == set()
    assert len(general.typing) == 1
    assert double.throttled == 0


async def test_the_bot_hears_its_own_messages_and_edits(double: DiscordDouble, general: Channel) -> None:
    async with caller(double) as session, wire(double) as gateway:
        await gateway.identify()
        _, made = await post(session, general, content="hello")
        assert (await gateway.until("MESSAGE_CREATE"))["d"]["content"] == "hello"
        path = f"channels/{general.id}/messages/{made['id']}"
        async with session.patch(path, json={"content": "hello again"}) as response:
            assert response.status == 200
        update = (await gateway.until("MESSAGE_UPDATE"))["d"]
        assert (update["content"], update["guild_id"]) == ("hello again", general.guild_id)
        async with session.delete(path) as response:
            assert response.status == 204
        assert (await gateway.until("MESSAGE_DELETE"))["d"]["id"] == made["id"]
        async with session.patch(path, json={"content": "too late"}) as response:
            assert (response.status, (await response.json())["code"]) == (404, 10008)
    assert general.messages[0].deleted


async def test_a_direct_message_has_no_guild_and_always_content(double: DiscordDouble) -> None:
    async def echo(message: discord.Message) -> None:
        await message.channel.send(f"you said {message.content}")

    dm = double.open_dm(double.add_user("ada"))
    async with connected(double, echo) as bot:
        await dm.say(dm.recipient or double.world.bot, "hi")
        await double.until(lambda: dm.by_bot)
        assert bot.heard[0].guild is None
    assert dm.by_bot[0].content == "you said hi"


async def test_content_is_withheld_without_the_intent_unless_the_bot_is_mentioned(
    double: DiscordDouble, general: Channel
) -> None:
    ada = double.add_user("ada")
    async with connected(double) as bot:
        first = await general.say(ada, "a secret", files={"a.txt": b"secret"})
        await general.say(ada, "<@BOT> and this?", reply_to=first)
        await double.until(lambda: len(bot.heard) == 2)
    private, mentioned = bot.heard
    assert (private.content, private.attachments) == ("", [])
    assert mentioned.content == f"<@{double.bot_id}> and this?"
    assert mentioned.reference is not None
    assert isinstance(mentioned.reference.resolved, discord.Message)
    assert mentioned.reference.resolved.content == ""


async def test_with_the_intent_every_message_and_its_files_can_be_read(
    double: DiscordDouble, general: Channel
) -> None:
    ada = double.add_user("ada")
    async with connected(double, intents=WITH_CONTENT) as bot:
        await general.say(ada, "look", files={"a.txt": b"the file"})
        await double.until(lambda: bot.heard)
        assert bot.heard[0].content == "look"
        assert await bot.heard[0].attachments[0].read() == b"the file"
        with pytest.raises(discord.NotFound):
            await bot.http.get_from_cdn(bot.heard[0].attachments[0].url.split("?")[0])


async def test_an_intent_that_the_portal_does_not_allow_closes_with_4014_and_rest_withholds_content() -> None:
    async with DiscordDouble(privileged_intents=0) as double:
        channel = double.add_guild("Acme").add_channel("general")
        await channel.say(double.add_user("ada"), "a secret")
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with connected(double, intents=WITH_CONTENT):
                pass
        async with caller(double) as session, session.get(f"channels/{channel.id}/messages") as response:
            assert [one["content"] for one in await response.json()] == [""]


async def test_a_session_hears_only_what_its_intents_ask_for(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    async with wire(double) as gateway:
        await gateway.identify(intents=Intent.DIRECT_MESSAGES)
        await general.say(ada, "<@BOT> in the guild")
        await double.open_dm(ada).say(ada, "directly")
        heard = await gateway.read()
    assert (heard["t"], heard["d"]["content"]) == ("MESSAGE_CREATE", "directly")
    assert "guild_id" not in heard["d"]


async def test_a_wrong_token_is_refused_by_rest_and_by_the_gateway(double: DiscordDouble) -> None:
    async with caller(double, "wrong") as session, session.get("users/@me") as response:
        assert response.status == 401
        assert await response.json() == {"message": "401: Unauthorized", "code": 0}
    async with wire(double) as gateway:
        with pytest.raises(TypeError, match="4004"):
            await gateway.identify(token="wrong")
        assert gateway.socket.close_code == 4004
    point_library_at(double)
    async with Bot(double) as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", 4002),
        ('{"op": 99, "d": null}', 4001),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "bot-token", "intents": 67108864}}', 4013),
        ('{"op": 2, "d": {"token": "bot-token", "intents": 1, "pad": "' + "x" * 4096 + '"}}', 4002),
    ],
)
async def test_a_wrong_frame_closes_the_gateway(double: DiscordDouble, frame: str, code: int) -> None:
    async with wire(double) as gateway:
        await gateway.read()
        await gateway.socket.send_str(frame)
        assert await gateway.closed() == code


async def test_heartbeats_are_acknowledged_until_the_gateway_falls_silent(double: DiscordDouble) -> None:
    async with wire(double) as gateway:
        await gateway.identify(intents=0)
        await gateway.socket.send_json({"op": 1, "d": 1})
        assert (await gateway.read())["op"] == 11
        await double.disconnect("silent")
        await gateway.socket.send_json({"op": 1, "d": 1})
        await double.until(lambda: double.gateway.heartbeats == 2)
        # The answer to a ping would overtake nothing: had an acknowledgement been sent, it would be here.
        with pytest.raises(TimeoutError):
            await gateway.socket.receive(timeout=0.05)


@pytest.mark.parametrize("kind", ["abort", "reconnect", "resumable", "close"])
async def test_the_client_resumes_and_is_told_what_it_missed(
    double: DiscordDouble, general: Channel, kind: Any
) -> None:
    ada = double.add_user("ada")
    async with connected(double) as bot:
        await general.say(ada, "<@BOT> before")
        await double.until(lambda: len(bot.heard) == 1)
        await double.disconnect(kind)
        await general.say(ada, "<@BOT> meanwhile")
        await double.until(lambda: double.gateway.resumes == 1)
        await general.say(ada, "<@BOT> after")
        await double.until(lambda: len(bot.heard) == 3)
    assert [one.content.split()[1] for one in bot.heard] == ["before", "meanwhile", "after"]
    assert double.gateway.identifies == 1


async def test_an_invalidated_session_cannot_be_resumed(double: DiscordDouble, general: Channel) -> None:
    async with wire(double) as gateway:
        ready = await gateway.identify()
        await double.disconnect("invalid")
        while (frame := await gateway.read())["op"] != 9:
            pass
        assert frame["d"] is False
    async with wire(double, "/resume") as gateway:
        await gateway.read()
        session = {"token": TOKEN, "session_id": ready["d"]["session_id"], "seq": 1}
        await gateway.socket.send_json({"op": 6, "d": session})
        assert (await gateway.read())["op"] == 9
    assert double.gateway.resumes == 0


async def test_a_lost_session_cannot_be_resumed_and_its_events_are_gone(
    double: DiscordDouble, general: Channel
) -> None:
    ada = double.add_user("ada")
    async with wire(double) as gateway:
        ready = await gateway.identify()
        await double.disconnect("lost")
        await general.say(ada, "<@BOT> to nobody")
    async with wire(double, "/resume") as gateway:
        await gateway.read()
        session = {"token": TOKEN, "session_id": ready["d"]["session_id"], "seq": 1}
        await gateway.socket.send_json({"op": 6, "d": session})
        refused = await gateway.read()
        assert (refused["op"], refused["d"]) == (9, False)
    async with wire(double) as gateway:
        await gateway.identify()
        await general.say(ada, "<@BOT> to somebody")
        event = await gateway.until("MESSAGE_CREATE")
        assert event["d"]["content"].endswith("to somebody")
    assert double.gateway.resumes == 0


@pytest.mark.parametrize("resumable", [False, True])
async def test_a_gateway_that_is_down_lets_nobody_in(
    double: DiscordDouble, general: Channel, resumable: bool
) -> None:
    ada = double.add_user("ada")
    async with wire(double) as gateway:
        ready = await gateway.identify()
        async with double.gateway_down(resumable=resumable):
            assert not double.connected
            await general.say(ada, "<@BOT> meanwhile")
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with wire(double):
                    pass
            # REST does not know of it.
            assert await listed(double, general) == [f"<@{double.bot_id}> meanwhile"]
    async with wire(double, "/resume") as gateway:
        await gateway.read()
        session = {"token": TOKEN, "session_id": ready["d"]["session_id"], "seq": 1}
        await gateway.socket.send_json({"op": 6, "d": session})
        if resumable:
            assert (await gateway.until("MESSAGE_CREATE"))["d"]["content"].endswith("meanwhile")
        else:
            assert (await gateway.read())["op"] == 9
    assert double.gateway.resumes == resumable


@pytest.mark.parametrize(("code", "kept"), [(1000, 0), (1001, 0), (4000, 1)])
async def test_only_closing_with_1000_or_1001_ends_the_session(
    double: DiscordDouble, code: int, kept: int
) -> None:
    async with wire(double) as gateway:
        await gateway.identify()
        await double.until(lambda: double.connected)
        await gateway.socket.close(code=code)
    await double.until(lambda: not double.gateway.connections)
    assert not double.connected
    assert len(double.gateway.sessions) == kept


async def test_the_handshake_of_the_gateway_can_fail(double: DiscordDouble) -> None:
    double.fail(Status(503), method="WS")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with wire(double):
            pass
    double.fail(Status(503))
    async with wire(double) as gateway:
        assert (await gateway.identify())["t"] == "READY"
    assert double.faults.waiting == 1


async def test_the_bot_hears_nothing_from_a_channel_it_cannot_see(
    double: DiscordDouble, general: Channel
) -> None:
    ada = double.add_user("ada")
    async with connected(double) as bot:
        general.deny(Permission.VIEW_CHANNEL)
        await general.say(ada, "<@BOT> unseen")
        general.allow(Permission.VIEW_CHANNEL)
        general.deny(Permission.SEND_MESSAGES)
        await general.say(ada, "<@BOT> seen")
        await double.until(lambda: bot.heard)
    assert [message.content.split()[1] for message in bot.heard] == ["seen"]


async def test_a_redelivered_message_has_the_same_id(double: DiscordDouble, general: Channel) -> None:
    async with connected(double) as bot:
        message = await general.say(double.add_user("ada"), "<@BOT> once")
        await double.redeliver(message)
        await double.until(lambda: len(bot.heard) == 2)
    assert {str(one.id) for one in bot.heard} == {message.id}


async def test_a_slash_command_is_deferred_edited_and_followed_up(
    double: DiscordDouble, general: Channel
) -> None:
    ada = double.add_user("ada")
    async with connected(double):
        used = await general.slash(ada, "model", {"name": "public/qwen3"})
        assert used.response is not None
        assert used.response["type"] == 5
        await double.until(lambda: used.followups)
    assert used.original is not None
    assert [edit.content for edit in used.original.edits] == ["one moment, public/qwen3", "now public/qwen3"]
    assert not used.ephemeral
    assert not used.original.loading
    assert used.followups[0].ephemeral
    assert [message.content for message in general.messages] == ["now public/qwen3"]


async def test_autocomplete_answers_with_choices(double: DiscordDouble, general: Channel) -> None:
    async with connected(double):
        choices = await general.autocomplete(double.add_user("ada"), "model", {"name": "pub"})
    assert [choice["value"] for choice in choices] == MODELS[:2]


async def test_a_button_updates_its_message_and_is_then_gone(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    async with connected(double):
        shown = (await general.slash(ada, "panel")).original
        assert shown is not None
        clicked = await general.click(ada, shown, "stop")
        assert clicked.response is not None
        assert clicked.response["type"] == 7
        assert (shown.content, shown.components) == ("stopped", [])
        with pytest.raises(AssertionError, match="cannot be clicked"):
            await general.click(ada, shown, "stop")


async def test_a_context_menu_reads_its_target_without_the_intent(
    double: DiscordDouble, general: Channel
) -> None:
    ada = double.add_user("ada")
    async with connected(double):
        message = await general.say(ada, "unmentioned")
        used = await general.menu(ada, "Read out", message)
    assert used.original is not None
    assert used.original.content == "read: unmentioned"
    assert used.ephemeral
    assert used.original not in general.messages


async def test_a_person_can_only_send_what_is_registered(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    async with connected(double):
        assert sorted(command["name"] for command in double.commands) == ["Read out", "model", "panel"]
        with pytest.raises(AssertionError, match="no command 'modle'"):
            await general.slash(ada, "modle")
        with pytest.raises(AssertionError, match="no option"):
            await general.slash(ada, "model", {"nam": "x"})
        with pytest.raises(AssertionError, match="required option 'name'"):
            await general.slash(ada, "model")
        with pytest.raises(AssertionError, match="does not take 5"):
            await general.slash(ada, "model", {"name": 5})


async def register(session: aiohttp.ClientSession, double: DiscordDouble, *commands: Any) -> tuple[int, Any]:
    path = f"applications/{double.application_id}/commands"
    async with session.put(path, json=list(commands)) as response:
        return response.status, await response.json()


def option(name: str = "x", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": 3, "description": "x", **more}


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"name": "Model", "description": "x"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "a b", "description": "x"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "x" * 33, "description": "x"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "x", "description": ""}, "BASE_TYPE_BAD_LENGTH"),
        ({"name": "x", "description": "x" * 101}, "BASE_TYPE_BAD_LENGTH"),
        ({"name": "x"}, "BASE_TYPE_REQUIRED"),
        (
            {"name": "x", "description": "x", "options": [option(str(at)) for at in range(26)]},
            "BASE_TYPE_MAX_LENGTH",
        ),
        ({"name": "x", "description": "x", "options": [option(), option()]}, "NAME_ALREADY_EXISTS"),
        (
            {"name": "x", "description": "x", "options": [option("a"), option("b", required=True)]},
            "REQUIRED_INVALID",
        ),
        (
            {
                "name": "x",
                "description": "x",
                "options": [option(choices=[{"name": str(at), "value": str(at)} for at in range(26)])],
            },
            "BASE_TYPE_MAX_LENGTH",
        ),
        ({"name": "x", "description": "x", "name_localizations": {"zh": "x"}}, "ENUM_TYPE_COERCE"),
        ({"name": "x", "type": 3, "description": "x"}, "DESCRIPTION_NOT_ALLOWED"),
    ],
)
async def test_a_wrong_command_is_not_registered(
    double: DiscordDouble, command: dict[str, Any], code: str
) -> None:
    async with caller(double) as session:
        status, answer = await register(session, double, command)
    assert (status, answer["code"]) == (400, 50035)
    assert code in str(answer["errors"]["0"])
    assert double.commands == []


async def test_commands_are_replaced_as_a_whole_and_keep_their_ids(double: DiscordDouble) -> None:
    def named(*names: str) -> list[dict[str, Any]]:
        return [{"name": name, "description": "x"} for name in names]

    async with caller(double) as session:
        _, before = await register(session, double, *named("model", "reset"))
        _, after = await register(session, double, *named("stop", "model"))
        assert [one["name"] for one in double.commands] == ["stop", "model"]
        assert after[1]["id"] == before[0]["id"]
        status, answer = await register(session, double, *named(*(f"c{at}" for at in range(101))))
        assert (status, answer["code"]) == (400, 30032)
        status, answer = await register(session, double, *named("twice", "twice"))
        assert (status, answer["code"]) == (400, 50035)


async def make_interaction(double: DiscordDouble, channel: Channel, *, option_type: int = 3) -> Any:
    """A slash interaction that only the test answers."""
    async with caller(double) as session:
        chosen = {**option("x", autocomplete=True), "type": option_type}
        await register(session, double, {"name": "raw", "description": "x", "options": [chosen]})
    return await channel.slash(double.add_user("ada"), "raw", wait=False)


async def respond(session: aiohttp.ClientSession, interaction: Any, **body: Any) -> tuple[int, Any]:
    path = f"interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
    async with session.post(path, json=body) as response:
        return response.status, await response.json()


async def test_an_interaction_is_answered_once(double: DiscordDouble, general: Channel) -> None:
    used = await make_interaction(double, general)
    hook = f"webhooks/{double.application_id}/{used.token}"
    async with caller(double) as session:
        async with session.post(hook, json={"content": "too early"}) as response:
            assert (response.status, (await response.json())["code"]) == (404, 10015)
        status, answer = await respond(session, used, type=4, data={"content": "x", "flags": 64})
        assert (status, answer["interaction"]["id"]) == (200, used.id)
        status, answer = await respond(session, used, type=4, data={"content": "again"})
        assert (status, answer["code"]) == (400, 40060)
        message = f"channels/{general.id}/messages/{used.original.id}"
        async with session.get(message) as response:
            assert (response.status, (await response.json())["code"]) == (404, 10008)
    assert used.ephemeral


async def test_the_first_followup_after_a_defer_fills_the_deferred_message(
    double: DiscordDouble, general: Channel
) -> None:
    used = await make_interaction(double, general)
    async with caller(double) as session:
        await respond(session, used, type=5)
        assert used.original.loading
        async with session.post(
            f"webhooks/{double.application_id}/{used.token}", json={"content": "here"}
        ) as response:
            assert (await response.json())["id"] == used.original.id
    assert (used.original.content, used.original.loading, used.followups) == ("here", False, [])


async def test_a_late_interaction_is_unknown_and_a_person_sees_that_nothing_came(
    double: DiscordDouble,
) -> None:
    async with DiscordDouble(interaction_deadline=0.05, interaction_lifetime=0.05) as quick:
        channel = quick.add_guild("Acme").add_channel("general")
        used = await make_interaction(quick, channel)
        with pytest.raises(NoResponseError, match="did not respond"):
            await channel.slash(used.user, "raw")
        async with caller(quick) as session:
            status, answer = await respond(session, used, type=5)
            assert (status, answer["code"]) == (404, 10062)


async def test_autocomplete_takes_at_most_25_choices_of_100_characters(
    double: DiscordDouble, general: Channel
) -> None:
    used = await make_interaction(double, general)
    answers = asyncio.create_task(general.autocomplete(used.user, "raw", {"x": "p"}))
    asked = await double.until(lambda: [one for one in double.world.interactions.values() if one.kind == 4])
    async with caller(double) as session:
        for choices in (
            [{"name": "x", "value": "x"}] * 26,
            [{"name": "x" * 101, "value": "x"}],
            [{"name": "x", "value": "x" * 101}],
            [{"name": "", "value": "x"}],
            [{"name": "x", "value": 5}],
        ):
            status, answer = await respond(session, asked[0], type=8, data={"choices": choices})
            assert (status, answer["code"]) == (400, 50035), choices
        status, _ = await respond(session, asked[0], type=8, data={"choices": [{"name": "x", "value": "x"}]})
        assert status == 200
    assert await answers == [{"name": "x", "value": "x"}]


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"content": "x" * 2001}, 50035, "content"),
        ({"content": " \n"}, 50006, None),
        ({}, 50006, None),
        ({"content": "x", "nonce": "x" * 26}, 50035, "nonce"),
        ({"content": "x", "message_reference": {"message_id": 5}}, 50035, "message_reference"),
        ({"content": "x", "embeds": [{"description": "x" * 4097}]}, 50035, "embeds"),
        ({"content": "x", "embeds": [{"description": "x" * 4000}] * 2}, 50035, "embeds"),
        ({"content": "x", "components": [{"type": 2, "style": 1, "custom_id": "x"}]}, 50035, "components"),
        ({"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "x"}]}, 50035, "content"),
        (
            {"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 4001}]},
            50035,
            "components",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}},
            50035,
            "allowed_mentions",
        ),
    ],
)
async def test_a_wrong_message_is_refused(
    double: DiscordDouble, general: Channel, body: dict[str, Any], code: int, where: str | None
) -> None:
    async with caller(double) as session:
        status, answer = await post(session, general, **body)
        assert (status, answer["code"]) == (400, code)
        assert where is None or where in answer["errors"]
        status, _ = await post(session, general, content="\N{THUMBS UP SIGN}" * 2000)
    assert status == 200
    assert len(general.messages) == 1


async def test_an_edit_obeys_the_same_limits(double: DiscordDouble, general: Channel) -> None:
    theirs = await general.say(double.add_user("ada"), "mine")
    async with caller(double) as session:
        _, made = await post(session, general, content="first")
        path = f"channels/{general.id}/messages"
        for target, text, expected in (
            (made["id"], "x" * 2001, 50035),
            (made["id"], "", 50006),
            (theirs.id, "yours", 50005),
            ("5", "nobody's", 10008),
        ):
            async with session.patch(f"{path}/{target}", json={"content": text}) as response:
                assert (await response.json())["code"] == expected
    assert [edit.content for edit in general.by_bot[0].edits] == ["first"]


async def test_a_reply_to_a_deleted_message_becomes_a_plain_one_when_asked(
    double: DiscordDouble, general: Channel
) -> None:
    question = await general.say(double.add_user("ada"), "<@BOT> hi")
    await general.delete(question)
    reference = {"message_id": int(question.id), "fail_if_not_exists": False}
    async with caller(double) as session:
        status, _ = await post(session, general, content="x", message_reference=reference)
    assert status == 200
    assert general.by_bot[0].reference is None


async def test_permissions_are_taken_away_per_channel(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    dm = double.open_dm(ada)
    ada.dms_closed = True
    question = await general.say(ada, "<@BOT> hi")
    async with caller(double) as session:
        general.deny(Permission.READ_MESSAGE_HISTORY)
        _, answer = await post(session, general, content="x", message_reference={"message_id": question.id})
        assert answer["code"] == 160002
        general.deny(Permission.SEND_MESSAGES)
        status, answer = await post(session, general, content="x")
        assert (status, answer["code"]) == (403, 50013)
        general.deny(Permission.VIEW_CHANNEL)
        status, answer = await post(session, general, content="x")
        assert (status, answer["code"]) == (403, 50001)
        status, answer = await post(session, dm, content="x")
        assert (status, answer["code"]) == (403, 50007)
        async with session.post("channels/5/messages", json={"content": "x"}) as response:
            assert (response.status, (await response.json())["code"]) == (404, 10003)
    assert double.invalid_requests == 4


async def test_a_nonce_returns_the_first_message(double: DiscordDouble, general: Channel) -> None:
    async with caller(double) as session:
        _, first = await post(session, general, content="once", nonce="turn-1", enforce_nonce=True)
        _, second = await post(session, general, content="twice", nonce="turn-1", enforce_nonce=True)
        _, third = await post(session, general, content="unenforced", nonce="turn-1")
    assert first["id"] == second["id"] != third["id"]
    assert [message.content for message in general.messages] == ["once", "unenforced"]


@pytest.mark.parametrize(
    ("allowed", "pings"),
    [
        (None, {"5", "6", "everyone"}),
        ({"parse": []}, set()),
        ({"parse": ["users"]}, {"5"}),
        ({"parse": ["everyone"], "roles": [6]}, {"6", "everyone"}),
    ],
)
async def test_pings_are_what_content_and_allowed_mentions_make_of_them(
    double: DiscordDouble, general: Channel, allowed: Any, pings: set[str]
) -> None:
    body = {"content": "<@5> <@&6> @everyone"} | ({} if allowed is None else {"allowed_mentions": allowed})
    async with caller(double) as session:
        await post(session, general, **body)
    assert general.by_bot[0].pings == pings
    assert general.by_bot[0].allowed_mentions == [allowed]


async def test_an_edit_without_allowed_mentions_pings_again_and_so_does_a_reply(
    double: DiscordDouble, general: Channel
) -> None:
    ada, bo = double.add_user("ada"), double.add_user("bo")
    question = await general.say(ada, "<@BOT> hi")
    quiet: dict[str, list[str]] = {"parse": []}
    async with caller(double) as session:
        reference = {"message_id": question.id}
        _, made = await post(
            session, general, content=bo.mention, message_reference=reference, allowed_mentions=quiet
        )
        reply = general.by_bot[0]
        assert reply.pings == set()
        path = f"channels/{general.id}/messages/{made['id']}"
        async with session.patch(path, json={"flags": 4}) as response:
            assert response.status == 200
        assert reply.pings == set()
        async with session.patch(path, json={"content": f"{bo.mention}!"}) as response:
            assert [user["username"] for user in (await response.json())["mentions"]] == ["bo", "ada"]
    assert reply.pings == {ada.id, bo.id}


async def test_an_interaction_pings_users_only_by_default(double: DiscordDouble, general: Channel) -> None:
    used = await make_interaction(double, general)
    async with caller(double) as session:
        await respond(session, used, type=4, data={"content": "<@5> <@&6> @everyone"})
    assert used.original.pings == {"5"}


async def test_history_is_read_forward_and_backward(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    said = [await general.say(ada, str(at)) for at in range(6)]
    async with connected(double, intents=WITH_CONTENT) as bot:
        channel = bot.get_channel(int(general.id))
        assert isinstance(channel, discord.TextChannel)
        after = [one.content async for one in channel.history(after=discord.Object(int(said[2].id)))]
        newest = [one.content async for one in channel.history(limit=2)]
    async with (
        caller(double) as session,
        session.get(f"channels/{general.id}/messages?limit=2&after={said[0].id}") as response,
    ):
        page = [one["id"] for one in await response.json()]
    assert page == [said[2].id, said[1].id]
    assert after == ["3", "4", "5"]
    assert newest == ["5", "4"]


async def test_each_side_of_a_message_is_listed_newest_first(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    said = [await general.say(ada, str(at)) for at in range(7)]
    await general.delete(said[4])
    expected = {
        "": ["6", "5", "3", "2", "1", "0"],
        "limit=2": ["6", "5"],
        f"limit=2&before={said[3].id}": ["2", "1"],
        f"limit=2&after={said[1].id}": ["3", "2"],
        f"limit=3&around={said[2].id}": ["3", "2", "1"],
        f"after={said[6].id}": [],
        # Any number is a place in the history, also one that no message has, or a deleted one.
        f"after={int(said[6].id) - 1}": ["6"],
        f"before={said[4].id}&limit=1": ["3"],
    }
    async with caller(double) as session:
        for query, texts in expected.items():
            async with session.get(f"channels/{general.id}/messages?{query}") as response:
                assert response.headers["X-RateLimit-Bucket"]
                # A message in a list does not say which guild it is from.
                assert all("guild_id" not in one and "member" not in one for one in await response.json())
                assert [one["content"] for one in await response.json()] == texts, query
            await asyncio.sleep(float(response.headers["X-RateLimit-Reset-After"]))


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=-1", "limit=many", "after=yesterday", "after=1&before=2"]
)
async def test_a_list_that_cannot_be_is_refused(double: DiscordDouble, general: Channel, query: str) -> None:
    async with (
        caller(double) as session,
        session.get(f"channels/{general.id}/messages?{query}") as response,
    ):
        assert response.status == 400
        assert (await response.json())["code"] == 50035


async def listed(double: DiscordDouble, place: Channel) -> list[str] | int:
    """The texts in ``place``, or Discord's own code of a refusal."""
    async with caller(double) as session, session.get(f"channels/{place.id}/messages") as response:
        body = await response.json()
        return [one["content"] for one in body] if response.ok else int(body["code"])


async def test_history_is_withheld_without_permission(double: DiscordDouble, general: Channel) -> None:
    await general.say(double.add_user("ada"), "hello")
    assert await listed(double, general) == ["hello"]
    general.deny(Permission.READ_MESSAGE_HISTORY)
    assert await listed(double, general) == []
    general.deny(Permission.VIEW_CHANNEL)
    assert await listed(double, general) == 50001


async def test_history_holds_back_content_without_the_intent() -> None:
    async with DiscordDouble(token=TOKEN, privileged_intents=0) as double:
        ada = double.add_user("ada")
        general, dm = double.add_guild("Acme").add_channel("general"), double.open_dm(ada)
        await general.say(ada, "to others")
        await general.say(ada, "<@BOT> to you")
        await dm.say(ada, "in private")
        assert await listed(double, general) == [f"<@{double.bot_id}> to you", ""]
        assert await listed(double, dm) == ["in private"]


async def test_a_thread_has_the_id_of_its_message_and_permissions_of_its_own(
    double: DiscordDouble, general: Channel
) -> None:
    async def open_thread(message: discord.Message) -> None:
        thread = await message.create_thread(name="about it")
        await thread.send("in the thread")

    ada = double.add_user("ada")
    async with connected(double, open_thread):
        question = await general.say(ada, "<@BOT> hi")
        await double.until(lambda: question.id in double.world.places)
        thread = double.world.places[question.id]
        await double.until(lambda: len(thread.messages) == 2)
    assert [message.kind for message in thread.messages] == [21, 0]
    general.deny(Permission.SEND_MESSAGES_IN_THREADS)
    assert isinstance(thread, Channel)
    async with caller(double) as session:
        status, answer = await post(session, thread, content="x")
    assert (status, answer["code"]) == (403, 50013)


async def test_the_sixth_message_of_a_window_is_refused_with_headers_that_say_when(
    double: DiscordDouble, general: Channel
) -> None:
    other = double.add_guild("Other").add_channel("general")
    async with caller(double) as session:
        for left in (4, 3, 2, 1, 0):
            async with session.post(f"channels/{general.id}/messages", json={"content": "x"}) as response:
                assert response.status == 200
                assert response.headers["X-RateLimit-Remaining"] == str(left)
                assert response.headers["Content-Type"] == "application/json"
        async with session.post(f"channels/{general.id}/messages", json={"content": "x"}) as response:
            assert response.status == 429
            assert "Via" in response.headers
            answer = await response.json()
        assert answer["global"] is False
        assert 0 < answer["retry_after"] <= 0.5
        status, _ = await post(session, other, content="another channel has its own bucket")
        assert status == 200
    assert double.throttled == 1


async def test_more_than_fifty_requests_a_second_are_refused_globally(double: DiscordDouble) -> None:
    async with caller(double) as session:

        async def ask() -> tuple[int, bool]:
            async with session.get("users/@me") as response:
                return response.status, bool((await response.json()).get("global"))

        answers = await asyncio.gather(*(ask() for _ in range(51)))
    assert (429, True) in answers


async def test_the_headers_make_the_library_pace_itself(double: DiscordDouble, general: Channel) -> None:
    async with connected(double) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        began = time.monotonic()
        await asyncio.gather(*(channel.send(str(at)) for at in range(12)))
    assert double.throttled == 0
    assert len(general.by_bot) == 12
    assert general.by_bot[-1].edits[0].at - began >= 2 * 0.5 - 0.05


async def test_a_forced_429_is_waited_for_and_one_without_via_is_an_error(
    double: DiscordDouble, general: Channel
) -> None:
    async with connected(double) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        double.fail(Throttle(0.01), method="POST", path="/messages$")
        await channel.send("second try")
        double.fail(Throttle(0.01, via=False), method="POST", path="/messages$")
        with pytest.raises(discord.HTTPException):
            await channel.send("never")
    assert [message.content for message in general.by_bot] == ["second try"]
    assert double.throttled == 2


@pytest.mark.parametrize(
    ("fault", "there"),
    [
        (Status(503, html=True), 0),
        (Status(503, applied=True), 1),
        (Reset(), 0),
        (Reset(applied=True), 1),
    ],
)
async def test_a_failed_post_may_have_had_its_effect(
    double: DiscordDouble, general: Channel, fault: Any, there: int
) -> None:
    async with connected(double) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        double.fail(fault, method="POST", path="/messages$")
        with pytest.raises((discord.DiscordServerError, aiohttp.ClientError, ConnectionError)):
            await channel.send("x")
    assert len(general.by_bot) == there
    assert double.faults.waiting == 0


async def test_a_delayed_answer_comes_after_its_effect(double: DiscordDouble, general: Channel) -> None:
    double.fail(Delay(0.1), path="/messages$")
    async with caller(double) as session:
        await post(session, general, content="x")
    assert time.monotonic() - general.by_bot[0].edits[0].at >= 0.1


async def test_latency_delays_writes_and_not_reads() -> None:
    async with DiscordDouble(latency=0.1) as double, caller(double) as session:
        channel = double.add_guild("Acme").add_channel("general")
        began = time.monotonic()
        async with session.get("users/@me") as response:
            assert response.status == 200
        read = time.monotonic()
        await post(session, channel, content="x")
        written = time.monotonic()
    assert read - began < 0.1 <= written - read
    assert channel.by_bot[0].edits[0].at - read >= 0.05


async def test_requests_are_recorded_with_their_bodies(double: DiscordDouble, general: Channel) -> None:
    async with caller(double) as session:
        await post(session, general, content="x")
        async with session.get("no/such/path") as response:
            assert (response.status, await response.json()) == (404, {"message": "404: Not Found", "code": 0})
        async with session.post(f"channels/{general.id}/messages", data="{", headers=JSON) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50109)
    first = double.requests[0]
    assert (first.method, first.path, first.body, first.status) == (
        "POST",
        f"/channels/{general.id}/messages",
        {"content": "x"},
        200,
    )


JSON = {"Content-Type": "application/json"}


async def test_files_of_the_bot_are_kept(double: DiscordDouble, general: Channel) -> None:
    async with connected(double) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        sent = await channel.send("long", file=discord.File(io.BytesIO(b"# Answer"), filename="answer.md"))
        assert await sent.attachments[0].read() == b"# Answer"
    [kept] = general.by_bot[0].attachments
    assert (kept.filename, kept.data) == ("answer.md", b"# Answer")


async def test_a_silent_gateway_is_noticed_and_resumed(double: DiscordDouble, general: Channel) -> None:
    async with connected(double) as bot:
        # The library waits this long for any frame before it takes the connection for dead.
        bot.ws._max_heartbeat_timeout = 0.1
        await general.say(double.add_user("ada"), "<@BOT> heard")
        await double.until(lambda: bot.heard)
        await double.disconnect("silent")
        await general.say(double.add_user("bo"), "<@BOT> unheard")
        await double.until(lambda: double.gateway.resumes)
        await double.until(lambda: len(bot.heard) == 2)
    assert bot.heard[1].author.name == "bo"


async def test_a_form_is_opened_and_submitted(double: DiscordDouble, general: Channel) -> None:
    used = await make_interaction(double, general)
    field = {"type": 4, "custom_id": "prompt", "style": 2, "label": "Prompt", "max_length": 20}
    form = {"custom_id": "system", "title": "System", "components": [{"type": 1, "components": [field]}]}
    async with caller(double) as session:
        status, answer = await respond(session, used, type=9, data={**form, "title": "x" * 46})
        assert (status, answer["code"]) == (400, 50035)
        await respond(session, used, type=9, data=form)
        with pytest.raises(AssertionError, match="length"):
            await general.submit(used, {"prompt": "x" * 21})
        with pytest.raises(AssertionError, match="only"):
            await general.submit(used, {"prompt": "x", "other": "x"})
        sent = await general.submit(used, {"prompt": "be brief"}, wait=False)
    [row] = sent.data["components"]
    assert row["components"][0]["value"] == "be brief"


async def test_text_displays_are_read_by_the_library_and_can_ping(
    double: DiscordDouble, general: Channel
) -> None:
    async with connected(double) as bot:
        view = discord.ui.LayoutView()
        view.add_item(discord.ui.TextDisplay("<@5> look"))
        channel = bot.get_partial_messageable(int(general.id))
        quiet = await channel.send(view=view)
        loud = await channel.send(view=view, allowed_mentions=discord.AllowedMentions(users=True))
    assert quiet.flags.components_v2
    assert [message.pings for message in general.by_bot] == [set(), {"5"}]
    assert str(loud.id) == general.by_bot[1].id


async def test_a_forward_carries_a_snapshot_and_no_content(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    said = await general.say(ada, "worth reading")
    async with connected(double, intents=WITH_CONTENT) as bot:
        await double.open_dm(ada).forward(ada, said)
        await double.until(lambda: bot.heard)
    assert bot.heard[0].content == ""
    assert bot.heard[0].message_snapshots[0].content == "worth reading"


async def test_an_archived_thread_refuses_edits_and_wakes_when_someone_writes(
    double: DiscordDouble, general: Channel
) -> None:
    thread = await general.start_thread(double.add_user("ada"), "old")
    async with caller(double) as session:
        _, made = await post(session, thread, content="x")
        thread.archived = True
        async with session.patch(
            f"channels/{thread.id}/messages/{made['id']}", json={"content": "y"}
        ) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50083)
        await post(session, thread, content="awake")
    assert not thread.archived


async def test_a_guild_and_its_channels_can_come_and_go_while_connected(double: DiscordDouble) -> None:
    async with connected(double) as bot:
        guild = double.add_guild("Late")
        channel = guild.add_channel("general")
        await channel.say(double.add_user("ada"), "<@BOT> hi")
        await double.until(lambda: bot.heard)
        assert bot.heard[0].guild is not None
        assert bot.heard[0].guild.name == "Late"
        guild.remove_bot()
        with pytest.raises(discord.NotFound):
            await bot.heard[0].reply("gone")


async def test_the_sharded_client_connects_too(double: DiscordDouble, general: Channel) -> None:
    point_library_at(double)
    heard: list[discord.Message] = []
    client = discord.AutoShardedClient(intents=INTENTS, guild_ready_timeout=0.05)

    @client.event
    async def on_message(message: discord.Message) -> None:
        heard.append(message)
        double.recheck()

    async with client:
        running = asyncio.create_task(client.start(TOKEN))
        await asyncio.wait_for(double.until(lambda: double.connected), 10)
        await general.say(double.add_user("ada"), "<@BOT> hi")
        await double.until(lambda: heard)
        await client.close()
        await running
    assert double.gateway.identifies == 1


async def test_reactions_and_other_bots_are_seen_as_on_discord(
    double: DiscordDouble, general: Channel
) -> None:
    helper = double.add_user("helper", bot=True)
    async with connected(double) as bot, caller(double) as session:
        message = await general.say(helper, "<@BOT> hi")
        await double.until(lambda: bot.heard)
        assert bot.heard[0].author.bot
        path = f"channels/{general.id}/messages/{message.id}"
        async with session.put(f"{path}/reactions/%F0%9F%91%8D/@me") as response:
            assert response.status == 204
    assert message.reactions == [(double.bot_id, "\N{THUMBS UP SIGN}")]


async def test_reactions_have_one_slow_bucket_a_channel(double: DiscordDouble, general: Channel) -> None:
    ada = double.add_user("ada")
    one, other = await general.say(ada, "one"), await general.say(ada, "other")
    async with caller(double) as session:
        path = f"channels/{general.id}/messages"
        async with session.put(f"{path}/{one.id}/reactions/%E2%8F%B3/@me") as response:
            assert response.status == 204
            assert response.headers["X-RateLimit-Remaining"] == "0"
            assert float(response.headers["X-RateLimit-Reset-After"]) <= 0.25
        async with session.delete(f"{path}/{other.id}/reactions/%E2%8F%B3/@me") as response:
            assert response.status == 429


async def test_a_reaction_needs_permissions_and_an_author_who_lets_the_bot(
    double: DiscordDouble, general: Channel
) -> None:
    ada, bob = double.add_user("ada"), double.add_user("bob")
    asked, blocked = await general.say(ada, "one"), await general.say(bob, "other")
    bob.blocks_bot = True

    async def react(message: Message, emoji: str = "%E2%8F%B3") -> tuple[int, int]:
        path = f"channels/{general.id}/messages/{message.id}/reactions/{emoji}/@me"
        async with caller(double) as session:
            while True:
                async with session.put(path) as response:
                    body = await response.json() if response.status != 204 else {"code": 0}
                    if response.status != 429:
                        return response.status, body["code"]
                    await asyncio.sleep(body["retry_after"])

    assert await react(asked, "hourglass") == (400, 10014)
    assert await react(blocked) == (403, 90001)
    general.deny(Permission.ADD_REACTIONS)
    assert await react(asked) == (403, 50013)
    await general.react(bob, asked, "⏳")
    assert await react(asked) == (204, 0), "somebody else has put the first of them"
    general.deny(Permission.READ_MESSAGE_HISTORY)
    assert await react(asked) == (403, 50013)


async def test_waiting_fails_with_what_happened_last(double: DiscordDouble) -> None:
    async with caller(double) as session, session.get("users/@me") as response:
        assert response.status == 200
    with pytest.raises(TimeoutError, match="GET /users/@me 200"):
        await double.until(lambda: False, timeout=0.01)


async def meet_a_defect() -> None:
    async with DiscordDouble() as double, caller(double) as session:
        double.world.bot = None  # type: ignore[assignment] # breaks it on purpose
        async with session.get("users/@me") as response:
            assert response.status == 500


async def test_a_defect_of_the_double_is_not_hidden() -> None:
    with pytest.raises(ExceptionGroup, match="double failed") as raised:
        await meet_a_defect()
    assert raised.group_contains(AttributeError)
