import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.doubles.slack import (
    ApiError,
    ConnectionReset,
    Delay,
    File,
    Hold,
    HttpError,
    RateLimited,
    SlackDouble,
)
from tests.doubles.slack.clients import bolt, call, web_client
from tests.doubles.slack.socket_mode import HANDSHAKE

ALL_MESSAGES = {"app_mention", "message.channels", "message.im"}
Block = dict[str, Any]
BUTTONS: Block = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "again", "text": {"type": "plain_text", "text": "Again"}}],
}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def slack() -> AsyncIterator[SlackDouble]:
    async with SlackDouble() as double:
        yield double


@pytest.fixture
async def client(slack: SlackDouble) -> AsyncIterator[AsyncWebClient]:
    async with web_client(slack) as made:
        yield made


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def ticket(slack: SlackDouble) -> str:
    return str((await call(slack, "apps.connections.open", token=slack.app_token)).body["url"])


@asynccontextmanager
async def socket(slack: SlackDouble) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A bare socket that has read its hello and acks nothing."""
    async with aiohttp.ClientSession() as session, session.ws_connect(await ticket(slack)) as ws:
        assert (await ws.receive_json())["type"] == "hello"
        yield ws


class TestSocketMode:
    async def test_a_mention_becomes_a_threaded_reply_that_is_edited_to_its_end(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        app = AsyncApp(client=client)

        @app.event("app_mention")
        async def answer(event: dict[str, Any], client: AsyncWebClient) -> None:
            posted = await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="…")
            for text in ("one", "one two", "one two three"):
                await client.chat_update(channel=event["channel"], ts=posted["ts"], markdown_text=text)

        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        async with bolt(slack, app):
            message = await channel.say(ada, f"<@{slack.bot_user_id}> count")
            await slack.until(lambda: [one.text for one in channel.thread(message.ts)] == ["one two three"])
            await slack.until(lambda: slack.calls("chat.update")[-1].status == 200)
        (reply,) = channel.thread(message.ts)
        assert [version.text for version in reply.versions] == ["…", "one", "one two", "one two three"]
        assert [version.at for version in reply.versions] == sorted(version.at for version in reply.versions)
        assert (reply.author, reply.broadcasts, reply.streaming) == (slack.bot_user_id, [], False)
        (delivery,) = slack.deliveries
        assert delivery.acked
        assert delivery.ack_delay is not None
        assert 0 <= delivery.ack_delay < 3
        assert not [
            call for call in slack.requests if "authorization" in call.headers or "token" in call.args
        ]
        assert slack.links == []

    async def test_an_event_nobody_handles_is_repeated_until_it_is_acked(self) -> None:
        async with SlackDouble(ack_s=0.1) as slack, web_client(slack) as own:
            app, seen = AsyncApp(client=own), asyncio.Event()
            channel, ada = slack.add_channel("general"), slack.add_user("ada")
            async with bolt(slack, app):
                await channel.say(ada, f"<@{slack.bot_user_id}> hi")
                await slack.until(lambda: slack.deliveries[0].expired)

                @app.event("app_mention")
                async def heard(event: dict[str, Any]) -> None:
                    seen.set()

                await slack.until(lambda: slack.deliveries[-1].acked)
                await asyncio.wait_for(seen.wait(), 5)
                acked = slack.deliveries[-1]
                with pytest.raises(TimeoutError):
                    await slack.until(lambda: acked.expired, timeout=0.2)
                assert slack.deliveries[-1] is acked
            first, *repeats = slack.deliveries
            assert not first.acked
            assert [one.attempt for one in repeats] == list(range(1, len(repeats) + 1))
            assert {one.reason for one in repeats} == {"timeout"}
            assert {one.payload["event_id"] for one in slack.deliveries} == {first.payload["event_id"]}
            assert len({one.envelope_id for one in slack.deliveries}) == len(slack.deliveries)

    async def test_a_test_can_redeliver_an_event_in_a_new_envelope(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        app, ada = AsyncApp(client=client), slack.add_user("ada")

        @app.event("message")
        async def heard(body: dict[str, Any], client: AsyncWebClient) -> None:
            await client.chat_postMessage(channel=body["event"]["channel"], text=body["event_id"])

        dm = slack.open_dm(ada)
        async with bolt(slack, app):
            message = await dm.say(ada, "hi")
            delivery = await slack.redeliver(message)
            await slack.until(lambda: delivery.acked)
            await slack.until(lambda: [call.status for call in slack.calls("chat.postMessage")] == [200, 200])
        event_id = message.deliveries[0].payload["event_id"]
        # Bolt does not recognise an event it has seen.
        assert [one.text for one in dm.messages] == ["hi", event_id, event_id]
        assert (delivery.attempt, delivery.reason) == (1, "timeout")
        assert delivery.envelope_id != message.deliveries[0].envelope_id

    async def test_an_ack_that_comes_too_late_does_not_count(self) -> None:
        async with SlackDouble(ack_s=0.05) as slack, socket(slack) as ws:
            ada = slack.add_user("ada")
            await slack.open_dm(ada).say(ada, "hi")
            envelope = await ws.receive_json()
            await slack.until(lambda: slack.deliveries[0].expired)
            await ws.send_json({"envelope_id": envelope["envelope_id"]})
            await slack.until(lambda: slack.deliveries[0].late)
            assert not slack.deliveries[0].acked
            assert (await ws.receive_json())["retry_attempt"] == 1

    async def test_a_ticket_admits_one_handshake(self, slack: SlackDouble) -> None:
        url = await ticket(slack)
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url) as ws:
                assert (await ws.receive_json())["num_connections"] == 1
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(url)
        assert slack.refused_handshakes == 1

    async def test_a_handshake_that_fails_burns_its_ticket(self, slack: SlackDouble) -> None:
        slack.fail(HANDSHAKE, HttpError(503))
        url = await ticket(slack)
        async with aiohttp.ClientSession() as session:
            for status in ("503", "403"):
                with pytest.raises(aiohttp.WSServerHandshakeError, match=status):
                    await session.ws_connect(url)

    async def test_the_eleventh_socket_is_sent_away(self, slack: SlackDouble) -> None:
        async with aiohttp.ClientSession() as session:
            urls = [await ticket(slack) for _ in range(10)]
            sockets = [await session.ws_connect(url) for url in urls]
            await slack.connected(10)
            slack.web.limits._buckets.clear()
            async with session.ws_connect(await ticket(slack)) as ws:
                assert await ws.receive_json() == {"type": "disconnect", "reason": "too_many_websockets"}
            for ws in sockets:
                await ws.close()

    async def test_each_event_goes_to_one_of_the_sockets(self, slack: SlackDouble) -> None:
        ada = slack.add_user("ada")
        async with aiohttp.ClientSession() as session:
            sockets = [await session.ws_connect(await ticket(slack)) for _ in range(2)]
            await slack.connected(2)
            for text in ("one", "two"):
                await slack.open_dm(ada).say(ada, text)
            heard = []
            for ws in sockets:
                assert (await ws.receive_json())["type"] == "hello"
                heard.append((await ws.receive_json())["payload"]["event"]["text"])
                await ws.close()
        assert sorted(heard) == ["one", "two"]

    @pytest.mark.parametrize("kind", ["warning", "refresh_requested", "reset", "silence"])
    async def test_bolt_comes_back_after_its_socket_ends(
        self, kind: Literal["warning", "refresh_requested", "reset", "silence"]
    ) -> None:
        async with SlackDouble(ack_s=1.0) as slack, web_client(slack) as own:
            app = AsyncApp(client=own)

            @app.event("message")
            async def heard(event: dict[str, Any], client: AsyncWebClient) -> None:
                await client.chat_postMessage(channel=event["channel"], text="still here")

            ada = slack.add_user("ada")
            dm = slack.open_dm(ada)
            async with bolt(slack, app):
                first = slack.links[0].number
                await slack.disconnect(kind)
                await slack.until(lambda: [link for link in slack.links if link.number != first])
                await slack.until(lambda: all(link.number != first for link in slack.links))
                await dm.say(ada, "hello?")
                await slack.until(lambda: dm.messages[-1].text == "still here")
                await slack.until(lambda: slack.calls("chat.postMessage")[-1].status == 200)

    async def test_waiting_in_vain_reports_what_was_seen_last(self, slack: SlackDouble) -> None:
        await call(slack, "auth.test")
        with pytest.raises(TimeoutError, match=r"auth\.test 200"):
            await slack.until(lambda: False, timeout=0.01)


class TestEvents:
    async def test_a_mention_is_told_twice_with_one_timestamp(self) -> None:
        async with SlackDouble(events=ALL_MESSAGES) as slack, socket(slack) as ws:
            channel, ada = slack.add_channel("general"), slack.add_user("ada")
            await channel.say(ada, f"<@{slack.bot_user_id}> is 1 < 2 & <!channel>? @here")
            pair = [(await ws.receive_json())["payload"] for _ in range(2)]
        mention, message = (one["event"] for one in pair)
        assert (mention["type"], message["type"]) == ("app_mention", "message")
        assert message["channel_type"] == "channel"
        assert {mention[name] == message[name] for name in ("ts", "channel", "client_msg_id", "text")} == {
            True
        }
        assert pair[0]["event_id"] != pair[1]["event_id"]
        assert mention["text"] == f"<@{slack.bot_user_id}> is 1 &lt; 2 &amp; &lt;!channel&gt;? <!here>"
        assert {"team_id", "api_app_id", "event_time", "authorizations"} <= pair[0].keys()

    async def test_a_direct_message_is_no_mention(self, slack: SlackDouble) -> None:
        async with socket(slack):
            ada = slack.add_user("ada")
            message = await slack.open_dm(ada).say(ada, f"<@{slack.bot_user_id}> hi")
        (delivery,) = message.deliveries
        event = delivery.payload["event"]
        assert (event["type"], event["channel_type"], event["channel"][0]) == ("message", "im", "D")

    async def test_the_app_hears_its_own_messages_edits_and_deletions(self) -> None:
        async with SlackDouble(events=ALL_MESSAGES) as slack:
            channel = slack.add_channel("general")
            posted = (await call(slack, "chat.postMessage", channel=channel.id, text="one")).body
            await call(slack, "chat.update", channel=channel.id, ts=posted["ts"], text="two")
            await call(slack, "chat.delete", channel=channel.id, ts=posted["ts"])
            first, second, third = (delivery.payload["event"] for delivery in slack.deliveries)
            assert first["bot_id"]
            assert (second["subtype"], second["message"]["text"]) == ("message_changed", "two")
            assert second["previous_message"]["text"] == "one"
            assert second["ts"] != posted["ts"]
            assert (third["subtype"], third["deleted_ts"]) == ("message_deleted", posted["ts"])
            assert channel.messages[0].deleted

    async def test_people_edit_and_delete_what_they_wrote(self, slack: SlackDouble) -> None:
        async with socket(slack):
            ada = slack.add_user("ada")
            dm = slack.open_dm(ada)
            message = await dm.say(ada, "teh")
            (changed,) = await dm.edit(message, "the")
            (deleted,) = await dm.remove(message)
        assert changed.payload["event"]["message"]["text"] == "the"
        assert deleted.payload["event"]["deleted_ts"] == message.ts

    async def test_a_shared_file_needs_the_token(self, slack: SlackDouble) -> None:
        async with socket(slack), aiohttp.ClientSession() as session:
            ada = slack.add_user("ada")
            message = await slack.open_dm(ada).share(ada, File("notes.txt", b"secret"))
            event = message.deliveries[0].payload["event"]
            assert (event["subtype"], event["text"]) == ("file_share", "")
            url = event["files"][0]["url_private"]
            async with session.get(url) as stranger:
                assert (stranger.status, (await stranger.text())[:9]) == (200, "<!DOCTYPE")
            async with session.get(url, headers={"Authorization": f"Bearer {slack.bot_token}"}) as app:
                assert await app.read() == b"secret"

    async def test_a_channel_without_the_app_tells_it_nothing(self) -> None:
        async with SlackDouble(events=ALL_MESSAGES) as slack:
            channel, ada = slack.add_channel("general"), slack.add_user("ada")
            channel.has_bot = False
            await channel.say(ada, f"<@{slack.bot_user_id}> hi")
            answer = await call(slack, "chat.postMessage", channel=channel.id, text="hi")
            assert answer.body["error"] == "not_in_channel"
            assert slack.deliveries == []


class TestPeople:
    async def test_a_slash_command_is_answered_in_its_ack_and_later(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        app = AsyncApp(client=client)

        @app.command("/model")
        async def model(ack: Any, respond: Any, command: dict[str, Any]) -> None:
            await ack(text=f"switching to {command['text']}")
            await respond(text="switched", response_type="in_channel")

        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        async with bolt(slack, app):
            result = await channel.slash(ada, "/model", "small")
            await slack.until(lambda: result.responses)
            # Bolt's listener still waits for the answer of its last post.
            await slack.until(lambda: channel.messages)
            with pytest.raises(ValueError, match="threads"):
                await channel.slash(ada, "/model", "small", thread=channel.messages[0].ts)
        assert result.acked
        assert result.texts == ["switching to small", "switched"]
        assert [one.text for one in channel.ephemerals] == ["switching to small"]
        assert [one.text for one in channel.messages] == ["switched"]

    async def test_a_slash_command_nobody_acks_is_not_repeated(self) -> None:
        async with SlackDouble(ack_s=0.05) as slack, socket(slack):
            result = await slack.add_channel("general").slash(slack.add_user("ada"), "/model")
        assert (result.acked, result.delivery.expired, len(slack.deliveries)) == (False, True, 1)

    async def test_a_response_url_takes_five_posts(self) -> None:
        async with SlackDouble(ack_s=0.05) as slack, aiohttp.ClientSession() as session:
            async with socket(slack):
                result = await slack.add_channel("general").slash(slack.add_user("ada"), "/model")
            statuses = []
            for _ in range(6):
                async with session.post(
                    result.delivery.payload["response_url"], json={"text": "x"}
                ) as answer:
                    statuses.append(answer.status)
        assert statuses == [200] * 5 + [404]
        assert len(result.responses) == 5

    async def test_a_button_opens_a_modal_once_and_the_modal_is_submitted(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        app, errors, done = AsyncApp(client=client), list[str](), asyncio.Event()
        view = {
            "type": "modal",
            "callback_id": "m",
            "title": {"type": "plain_text", "text": "T"},
            "blocks": [],
        }

        @app.action("again")
        async def pressed(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=view)
            try:
                await client.views_open(trigger_id=body["trigger_id"], view=view)
            except SlackApiError as error:
                errors.append(error.response["error"])
            done.set()

        @app.view("m")
        async def submitted(ack: Any) -> None:
            await ack(response_action="update", view={**view, "title": {"type": "plain_text", "text": "New"}})

        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        await client.chat_postMessage(channel=channel.id, text="x", blocks=[section("answer"), BUTTONS])
        async with bolt(slack, app):
            assert (await slack.acts.click(ada, channel.messages[0], {"action_id": "again"})).acked
            await asyncio.wait_for(done.wait(), 5)
            (opened,) = slack.workspace.views.values()
            await slack.acts.submit(ada, opened, {})
        assert errors == ["exchanged_trigger_id"]
        assert slack.workspace.views[opened.id].view["title"]["text"] == "New"
        with pytest.raises(ValueError, match="no element"):
            await slack.acts.click(ada, channel.messages[0], {"action_id": "unknown"})

    async def test_a_trigger_runs_out_and_a_home_is_guarded_by_its_hash(self) -> None:
        async with SlackDouble(trigger_s=0.0) as slack:
            ada, home = slack.add_user("ada"), {"type": "home", "blocks": [section("hi")]}
            trigger = slack.workspace.parts.hooks.trigger_id(ada.id)
            expired = await call(slack, "views.open", trigger_id=trigger, view=home)
            assert expired.body["error"] == "expired_trigger_id"
            first = (await call(slack, "views.publish", user_id=ada.id, view=home)).body["view"]["hash"]
            await call(slack, "views.publish", user_id=ada.id, view=home, hash=first)
            stale = await call(slack, "views.publish", user_id=ada.id, view=home, hash=first)
            assert stale.body["error"] == "hash_conflict"

    async def test_a_status_stays_until_a_reply(self, slack: SlackDouble, client: AsyncWebClient) -> None:
        channel = slack.add_channel("general")
        root = (await client.chat_postMessage(channel=channel.id, text="root"))["ts"]
        await client.assistant_threads_setStatus(channel_id=channel.id, thread_ts=root, status="is thinking…")
        assert channel.statuses == {root: "is thinking…"}
        await client.chat_postMessage(channel=channel.id, thread_ts=root, text="reply")
        assert channel.statuses == {}


CONTENT: list[tuple[str, dict[str, Any], str | None]] = [
    ("chat.postMessage", {}, "no_text"),
    ("chat.postMessage", {"text": " "}, "no_text"),
    ("chat.postMessage", {"markdown_text": "a" * 12_000}, None),
    ("chat.postMessage", {"markdown_text": "a" * 12_001}, "msg_too_long"),
    ("chat.postMessage", {"markdown_text": "a", "text": ""}, "markdown_text_conflict"),
    ("chat.postMessage", {"markdown_text": "a", "blocks": [section("b")]}, "markdown_text_conflict"),
    ("chat.postMessage", {"blocks": [section("b" * 3_000)]}, None),
    ("chat.postMessage", {"blocks": [section("b" * 3_001)]}, "invalid_blocks"),
    ("chat.postMessage", {"blocks": [section("b")] * 50}, None),
    ("chat.postMessage", {"blocks": [section("b")] * 51}, "invalid_blocks"),
    ("chat.postMessage", {"blocks": [{"type": "sextion"}]}, "invalid_blocks"),
    ("chat.postMessage", {"blocks": "nonsense"}, "invalid_arguments"),
    ("chat.postMessage", {"blocks": [{"type": "markdown", "text": "a" * 6_001}] * 2}, "msg_blocks_too_long"),
    ("chat.postMessage", {"text": "a", "channel": "C404"}, "channel_not_found"),
    ("chat.postMessage", {"text": "a", "thread_ts": "1.000001"}, "thread_not_found"),
    ("chat.update", {"text": "a" * 4_000}, None),
    ("chat.update", {"text": "a" * 4_001}, "msg_too_long"),
    ("chat.update", {"markdown_text": "a" * 12_001}, "msg_too_long"),
    ("chat.update", {"markdown_text": "a", "text": ""}, "markdown_text_conflict"),
    ("chat.update", {}, "no_text"),
    ("chat.update", {"text": "a", "ts": "1.000001"}, "message_not_found"),
    ("chat.delete", {"ts": "1.000001"}, "message_not_found"),
    ("chat.nonsense", {}, "unknown_method"),
]


class TestWebApi:
    @pytest.mark.parametrize(("method", "args", "error"), CONTENT)
    async def test_content_is_held_to_slacks_limits(
        self, slack: SlackDouble, method: str, args: dict[str, Any], error: str | None
    ) -> None:
        channel = slack.add_channel("general")
        old = (await call(slack, "chat.postMessage", channel=channel.id, text="old")).body["ts"]
        answer = await call(slack, method, **{"channel": channel.id, "ts": old, **args})
        assert (answer.status, answer.body.get("error")) == (200, error)
        assert answer.body["ok"] is (error is None)
        assert slack.requests[-1].error == error

    async def test_a_post_over_forty_thousand_characters_is_cut(self, slack: SlackDouble) -> None:
        channel = slack.add_channel("general")
        answer = await call(slack, "chat.postMessage", channel=channel.id, text="a" * 40_001)
        assert answer.body["warning"] == "message_truncated"
        assert channel.messages[0].text == "a" * 40_000

    async def test_only_its_own_messages_can_be_edited_or_deleted(self, slack: SlackDouble) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        message = await channel.say(ada, "mine")
        for method, error in (("chat.update", "cant_update_message"), ("chat.delete", "cant_delete_message")):
            answer = await call(slack, method, channel=channel.id, ts=message.ts, text="yours")
            assert answer.body["error"] == error

    async def test_tokens_and_scopes_are_checked(self, slack: SlackDouble) -> None:
        answers = {
            token: (await call(slack, "auth.test", token=token)).body.get("error")
            for token in ("", "xoxb-other", slack.app_token)
        }
        assert answers == {
            "": "not_authed",
            "xoxb-other": "invalid_auth",
            slack.app_token: "not_allowed_token_type",
        }
        slack.workspace.scopes = {"users:read"}
        refused = (await call(slack, "chat.postMessage", channel="C1", text="hi")).body
        assert (refused["error"], refused["needed"], refused["provided"]) == (
            "missing_scope",
            "chat:write",
            "users:read",
        )

    async def test_arguments_may_stand_in_query_form_and_body(self, slack: SlackDouble) -> None:
        channel = slack.add_channel("general")
        form = {"text": "hi", "blocks": '[{"type": "divider"}]', "token": slack.bot_token}
        async with aiohttp.ClientSession() as session:
            url = f"{slack.api_url}chat.postMessage"
            async with session.post(url, params={"channel": channel.id}, data=form) as answer:
                assert (await answer.json())["ok"] is True
        assert channel.messages[0].blocks == [{"type": "divider"}]

    async def test_blocks_hide_the_text_and_context_is_the_footer(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        channel = slack.add_channel("general")
        context: Block = {"type": "context", "elements": [{"type": "mrkdwn", "text": "small model"}]}
        blocks: list[Block] = [{"type": "markdown", "text": "# Answer"}, context, BUTTONS]
        await client.chat_postMessage(channel=channel.id, text="preview", blocks=blocks)
        (message,) = channel.messages
        assert (message.text, message.footer, message.fallback) == ("# Answer", "small model", "preview")
        await client.chat_update(channel=channel.id, ts=message.ts, text="plain")
        assert (message.text, message.footer, message.blocks) == ("plain", "", [])

    @pytest.mark.parametrize(
        ("args", "groups", "people"),
        [
            ({"text": "<!channel> <!here|here>"}, ["channel", "here"], []),
            ({"markdown_text": "**<!everyone>** <!subteam^S1|@team>"}, ["everyone", "subteam^S1"], []),
            ({"text": "x", "blocks": [section("<!channel> <@U1>")]}, ["channel"], ["U1"]),
            ({"text": "<!here>", "blocks": [section("x")]}, ["here"], []),
            ({"text": "@channel @here"}, [], []),
            ({"text": "@channel @here me@everyone.org", "link_names": True}, ["channel", "here"], []),
            ({"text": "@everyone", "parse": "full"}, ["everyone"], []),
            ({"text": "&lt;!channel&gt; <!date^1^{date}|then>"}, [], []),
        ],
    )
    async def test_it_knows_whom_a_message_notifies(
        self, slack: SlackDouble, args: dict[str, Any], groups: list[str], people: list[str]
    ) -> None:
        channel = slack.add_channel("general")
        assert (await call(slack, "chat.postMessage", channel=channel.id, **args)).body["ok"]
        assert (channel.messages[0].broadcasts, channel.messages[0].mentions) == (groups, people)

    async def test_a_notification_is_not_undone_by_an_edit(self, slack: SlackDouble) -> None:
        channel = slack.add_channel("general")
        posted = (await call(slack, "chat.postMessage", channel=channel.id, text="<!channel>")).body
        await call(slack, "chat.update", channel=channel.id, ts=posted["ts"], text="harmless")
        assert channel.messages[0].broadcasts == ["channel"]

    async def test_threads_and_channels_are_read_in_pages(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        root = await channel.say(ada, "root")
        for text in ("one", "two"):
            await channel.say(ada, text, thread=root.ts)
        await channel.say(ada, "later")
        page = await client.conversations_replies(channel=channel.id, ts=root.ts, limit=2)
        rest = await client.conversations_replies(
            channel=channel.id, ts=root.ts, cursor=page["response_metadata"]["next_cursor"]
        )
        assert [one["text"] for one in page["messages"]] == ["root", "one"]
        assert page["messages"][0]["reply_count"] == 2
        assert ([one["text"] for one in rest["messages"]], rest["has_more"]) == (["two"], False)
        history = await client.conversations_history(channel=channel.id)
        assert [one["text"] for one in history["messages"]] == ["later", "root"]
        with pytest.raises(SlackApiError, match="thread_not_found"):
            await client.conversations_replies(channel=channel.id, ts="1.000001")

    async def test_people_channels_and_reactions_can_be_looked_up(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        assert (await client.users_info(user=ada.id))["user"]["name"] == "ada"
        assert (await client.conversations_info(channel=channel.id))["channel"]["name"] == "general"
        opened = await client.conversations_open(users=ada.id)
        assert opened["channel"]["id"] == slack.open_dm(ada).id
        message = await channel.say(ada, "hi")
        await client.reactions_add(channel=channel.id, timestamp=message.ts, name="eyes")
        assert message.reactions == {"eyes": [slack.bot_user_id]}
        with pytest.raises(SlackApiError, match="already_reacted"):
            await client.reactions_add(channel=channel.id, timestamp=message.ts, name="eyes")
        await client.reactions_remove(channel=channel.id, timestamp=message.ts, name="eyes")
        assert message.reactions == {}
        with pytest.raises(SlackApiError, match="no_reaction"):
            await client.reactions_remove(channel=channel.id, timestamp=message.ts, name="eyes")
        with pytest.raises(SlackApiError, match="invalid_name"):
            await client.reactions_add(channel=channel.id, timestamp=message.ts, name="⏳")
        with pytest.raises(SlackApiError, match="message_not_found"):
            await client.reactions_add(channel=channel.id, timestamp="1.000001", name="eyes")

    async def test_a_file_is_announced_brought_and_shared_once(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        ada = slack.add_user("ada")
        dm = slack.open_dm(ada)
        announced = await client.files_getUploadURLExternal(filename="a.txt", length=3)
        number, url = announced["file_id"], announced["upload_url"]

        async def brought(data: bytes, **headers: str) -> int:
            async with (
                aiohttp.ClientSession() as session,
                session.post(url, data=data, headers=headers) as answer,
            ):
                return answer.status

        async def refused(error: str, place: str = dm.id, file: str = number) -> None:
            with pytest.raises(SlackApiError, match=error):
                await client.files_completeUploadExternal(files=[{"id": file}], channel_id=place)

        await refused("file_not_found")
        assert [await brought(data) for data in (b"four", b"abc", b"abc")] == [400, 200, 404]
        for place in (ada.id, "C1"):
            await refused("channel_not_found", place)
        await refused("file_not_found", file="F1")
        done = await client.files_completeUploadExternal(
            files=[{"id": number, "title": "A"}], channel_id=dm.id, initial_comment="here"
        )
        assert (done["files"][0]["id"], done["files"][0]["title"]) == (number, "A")
        [message] = dm.messages
        assert (message.subtype, message.text, slack.file(message).data) == ("file_share", "here", b"abc")
        await refused("file_not_found")
        with pytest.raises(SlackApiError, match="missing_argument"):
            await client.files_getUploadURLExternal(filename="a.txt", length=0)
        slack.workspace.scopes.discard("files:write")
        await refused("missing_scope")

    async def test_an_ephemeral_is_seen_by_one_person(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        await client.chat_postEphemeral(channel=channel.id, user=ada.id, text="psst")
        assert [(one.user, one.text) for one in channel.ephemerals] == [(ada.id, "psst")]
        assert channel.messages == []


class TestLimits:
    async def test_posting_to_one_channel_is_throttled(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        channel, other = slack.add_channel("general"), slack.add_channel("other")
        for _ in range(4):
            await client.chat_postMessage(channel=channel.id, text="x")
        throttled = await call(slack, "chat.postMessage", channel=channel.id, text="x")
        assert (throttled.status, throttled.headers["Retry-After"]) == (429, "1")
        assert throttled.body == {"ok": False, "error": "ratelimited"}
        assert (await call(slack, "chat.postMessage", channel=other.id, text="x")).status == 200
        assert slack.throttled == 1
        client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
        await client.chat_postMessage(channel=channel.id, text="after a second")
        assert [one.text for one in channel.messages] == ["x"] * 4 + ["after a second"]

    @pytest.mark.parametrize(("method", "retry_after"), [("chat.update", "2"), ("chat.stopStream", "3")])
    async def test_a_tier_allows_ten_calls_at_once(
        self, slack: SlackDouble, method: str, retry_after: str
    ) -> None:
        answers = [await call(slack, method) for _ in range(11)]
        assert [answer.status for answer in answers] == [200] * 10 + [429]
        assert answers[-1].headers["Retry-After"] == retry_after

    async def test_a_faster_slack_refills_faster(self) -> None:
        async with SlackDouble(speed=100_000.0) as slack:
            for _ in range(30):
                assert (await call(slack, "chat.update")).status == 200

    async def test_readers_see_a_write_half_its_latency_before_the_writer_hears_of_it(self) -> None:
        async with SlackDouble(latency=0.2) as slack:
            channel, started = slack.add_channel("general"), time.monotonic()
            writing = asyncio.create_task(call(slack, "chat.postMessage", channel=channel.id, text="x"))
            await slack.until(lambda: channel.messages)
            assert not writing.done()
            assert (await writing).status == 200
            assert channel.messages[0].versions[0].at - started >= 0.1
            assert time.monotonic() - started >= 0.2


class TestStreams:
    async def test_slacks_stream_helper_writes_a_message_to_its_end(
        self, slack: SlackDouble, client: AsyncWebClient
    ) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        root = await channel.say(ada, "go")
        stream = await client.chat_stream(
            channel=channel.id,
            thread_ts=root.ts,
            recipient_team_id=slack.team_id,
            recipient_user_id=ada.id,
            buffer_size=1,
        )
        for part in ("one <!chan", "nel> two"):
            await stream.append(markdown_text=part)
        (reply,) = channel.thread(root.ts)
        streaming = [reply.streaming]
        with pytest.raises(SlackApiError, match="streaming_state_conflict"):
            await client.chat_update(channel=channel.id, ts=reply.ts, text="mine")
        await stream.stop(markdown_text=" three", blocks=[BUTTONS])
        assert [*streaming, reply.streaming] == [True, False]
        assert reply.text == "one <!channel> two three"
        assert [version.text for version in reply.versions][:2] == ["one <!chan", "one <!channel> two"]
        assert (reply.broadcasts, reply.blocks) == (["channel"], [BUTTONS])

    async def test_a_stream_in_a_channel_names_its_reader_and_one_in_a_dm_need_not(
        self, slack: SlackDouble
    ) -> None:
        channel, ada = slack.add_channel("general"), slack.add_user("ada")
        full = {"channel": channel.id, "recipient_team_id": slack.team_id, "recipient_user_id": ada.id}
        for missing in ("recipient_team_id", "recipient_user_id"):
            args = {name: value for name, value in full.items() if name != missing}
            assert (await call(slack, "chat.startStream", **args)).body["error"] == f"missing_{missing}"
        unknown = await call(slack, "chat.startStream", **{**full, "recipient_user_id": "U404"})
        assert unknown.body["error"] == "user_not_found"
        assert (await call(slack, "chat.startStream", **full)).body["ok"]
        assert (await call(slack, "chat.startStream", channel=slack.open_dm(ada).id)).body["ok"]

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            ({}, "no_text"),
            ({"markdown_text": "a" * 11_997}, None),
            ({"markdown_text": "a" * 11_998}, "msg_too_long"),
            (
                {"markdown_text": "a", "chunks": [{"type": "markdown_text", "text": "b"}]},
                "cannot_provide_both_markdown_text_and_chunks",
            ),
            ({"chunks": [{"type": "markdown_text", "text": "b"}]}, "streaming_mode_mismatch"),
            ({"markdown_text": "a", "ts": "1.000001"}, "message_not_found"),
        ],
    )
    async def test_appends_are_held_to_slacks_rules(
        self, slack: SlackDouble, args: dict[str, Any], error: str | None
    ) -> None:
        dm = slack.open_dm(slack.add_user("ada"))
        started = (await call(slack, "chat.startStream", channel=dm.id, markdown_text="abc")).body
        answer = await call(slack, "chat.appendStream", **{"channel": dm.id, "ts": started["ts"], **args})
        assert answer.body.get("error") == error
        assert dm.messages[0].streaming

    async def test_chunks_carry_text_tasks_and_plans(self, slack: SlackDouble) -> None:
        dm = slack.open_dm(slack.add_user("ada"))
        task = {"type": "task_update", "id": "1", "title": "Search", "status": "in_progress", "details": "a"}
        chunks = [{"type": "markdown_text", "text": "hi"}, {"type": "plan_update", "title": "Plan"}, task]
        ts = (await call(slack, "chat.startStream", channel=dm.id, chunks=chunks)).body["ts"]
        done = {**task, "status": "complete", "details": "b"}
        await call(slack, "chat.appendStream", channel=dm.id, ts=ts, chunks=[done])
        wrong = await call(
            slack, "chat.appendStream", channel=dm.id, ts=ts, chunks=[{**task, "status": "odd"}]
        )
        assert wrong.body["error"] == "invalid_chunks"
        stream = dm.messages[0].stream
        assert stream is not None
        assert (dm.messages[0].text, stream.plan) == ("hi", "Plan")
        assert (stream.tasks["1"]["status"], stream.tasks["1"]["details"]) == ("complete", "ab")

    async def test_an_expired_stream_stays_unfinished_until_it_is_updated(self) -> None:
        async with SlackDouble(stream_s=0.0) as slack:
            dm = slack.open_dm(slack.add_user("ada"))
            ts = (await call(slack, "chat.startStream", channel=dm.id, markdown_text="cut")).body["ts"]
            for method in ("chat.appendStream", "chat.stopStream"):
                answer = await call(slack, method, channel=dm.id, ts=ts, markdown_text="x")
                assert answer.body["error"] == "message_not_in_streaming_state"
            assert dm.messages[0].streaming
            assert (await call(slack, "chat.update", channel=dm.id, ts=ts, markdown_text="whole")).body["ok"]
            assert (dm.messages[0].streaming, dm.messages[0].text) == (False, "whole")

    async def test_the_stop_button_ends_a_stream_and_tells_the_app(self) -> None:
        async with SlackDouble(events={"agent_session_stopped"}) as slack:
            ada = slack.add_user("ada")
            dm = slack.open_dm(ada)
            ts = (await call(slack, "chat.startStream", channel=dm.id, markdown_text="half")).body["ts"]
            async with socket(slack):
                (stopped,) = await slack.acts.press_stop(ada, dm.messages[0])
            assert stopped.payload["event"]["streaming_message_ts"] == [ts]
            answer = await call(slack, "chat.appendStream", channel=dm.id, ts=ts, markdown_text="more")
            assert answer.body["error"] == "stopped_by_user"
            assert (await call(slack, "chat.stopStream", channel=dm.id, ts=ts)).body["ok"]
            assert (dm.messages[0].streaming, dm.messages[0].text) == (False, "half")

    async def test_a_refused_stop_leaves_the_stream_running(self, slack: SlackDouble) -> None:
        dm = slack.open_dm(slack.add_user("ada"))
        ts = (await call(slack, "chat.startStream", channel=dm.id, markdown_text="a" * 11_000)).body["ts"]
        answer = await call(slack, "chat.stopStream", channel=dm.id, ts=ts, markdown_text="b" * 1_001)
        assert (answer.body["error"], dm.messages[0].streaming) == ("msg_too_long", True)


class TestFaults:
    @pytest.mark.parametrize("applied", [True, False])
    async def test_a_connection_breaks_before_the_answer(self, slack: SlackDouble, applied: bool) -> None:
        channel = slack.add_channel("general")
        slack.fail("chat.postMessage", ConnectionReset(applied=applied))
        with pytest.raises(aiohttp.ClientError):
            await call(slack, "chat.postMessage", channel=channel.id, text="x")
        assert len(channel.messages) == applied
        assert (await call(slack, "chat.postMessage", channel=channel.id, text="y")).body["ok"]

    async def test_faults_meet_one_call_each_in_order(self, slack: SlackDouble) -> None:
        channel = slack.add_channel("general")
        faults = (HttpError(500), HttpError(503, applied=True), RateLimited(30), ApiError("internal_error"))
        slack.fail("chat.postMessage", *faults)
        answers = [await call(slack, "chat.postMessage", channel=channel.id, text=str(n)) for n in range(5)]
        assert [answer.status for answer in answers] == [500, 503, 429, 200, 200]
        assert answers[2].headers["Retry-After"] == "30"
        assert answers[3].body["error"] == "internal_error"
        assert [one.text for one in channel.messages] == ["1", "4"]
        assert slack.throttled == 1

    @pytest.mark.parametrize("applied", [True, False])
    async def test_an_answer_can_be_held_back(self, slack: SlackDouble, applied: bool) -> None:
        channel, gate = slack.add_channel("general"), asyncio.Event()
        slack.fail("chat.postMessage", Hold(gate, applied=applied))
        writing = asyncio.create_task(call(slack, "chat.postMessage", channel=channel.id, text="x"))
        seen: Callable[[], object] = (lambda: channel.messages) if applied else (lambda: slack.requests)
        await slack.until(seen)
        assert (len(channel.messages), writing.done()) == (applied, False)
        gate.set()
        assert (await writing).body["ok"]
        assert len(channel.messages) == 1

    async def test_an_answer_can_come_late(self, slack: SlackDouble) -> None:
        channel, started = slack.add_channel("general"), time.monotonic()
        slack.fail("chat.postMessage", Delay(0.1))
        await call(slack, "chat.postMessage", channel=channel.id, text="x")
        assert time.monotonic() - started >= 0.1
        assert channel.messages[0].versions[0].at - started < 0.1
