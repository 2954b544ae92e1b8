"""Pages follow a channel: all the same, from anywhere, over reloads and restarts."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from adapters.web.app import connect
from adapters.web.events import conversation_of
from adapters.web.settings import Settings
from adapters.web.stream import MOST_STREAMS
from adapters.web.surface import WebSurface
from core.conversation import UserMessage
from core.delivery import Delivery
from core.inbox import Inbox
from core.store.connection import Connections
from tests.adapters.web.browser import Event, browsing, until_done, until_ready

GENERAL = conversation_of("general")


def question(number: int) -> UserMessage:
    return UserMessage(GENERAL, f"{number:08}", f"{number:08}", "you", f"question {number}")


def delivery(inbox: Inbox, message: UserMessage) -> Delivery:
    async def checkpoint(messages: Sequence[str]) -> None:
        pass

    return Delivery(WebSurface(inbox.journals, message), check=lambda: None, checkpoint=checkpoint)


async def answer(inbox: Inbox, number: int, text: str) -> None:
    async with delivery(inbox, question(number)) as reply:
        reply.add(text)
        await reply.finish()


def messages(events: Sequence[Event]) -> dict[str, tuple[str, str]]:
    """What the page shows after ``events``."""
    shown = {event.data["id"]: event.data for event in events if event.name == "message"}
    return {name: (data["state"], data["html"]) for name, data in shown.items()}


async def test_a_reply_arrives_while_it_is_written_as_safe_html(page: str, inbox: Inbox) -> None:
    async with browsing(page) as browser, browser.events() as events:
        assert [event.name for event in await until_ready(events)] == ["reset"]
        await browser.say("<b>why</b>?", "00000001")
        async with delivery(inbox, question(1)) as reply:
            reply.add("**Because** <script>")
            asked, began = await anext(events), await anext(events)
            reply.add(" of that")
            await reply.finish()
        ended = (await until_done(events))[-1]
    assert (asked.data["role"], asked.data["html"]) == ("user", "&lt;b&gt;why&lt;/b&gt;?")
    assert (began.data["state"], began.data["text"]) == ("writing", "")
    assert ended.data["html"] == "<p><strong>Because</strong> &lt;script&gt; of that</p>\n"
    assert ended.data["text"] == "**Because** <script> of that"
    assert began.data["turn"] == ended.data["turn"] == asked.data["turn"] == question(1).turn_id
    assert asked.id < began.id < ended.id


async def test_a_page_that_is_reloaded_in_mid_answer_shows_everything(page: str, inbox: Inbox) -> None:
    await answer(inbox, 1, "first")
    async with browsing(page) as browser, delivery(inbox, question(2)) as reply:
        reply.add("half")
        async with browser.events() as events:
            while "half" not in str(await anext(events)):
                pass
        async with browser.events() as events:
            shown = messages(await until_ready(events))
            assert list(shown.values()) == [("done", "<p>first</p>\n"), ("writing", "<p>half</p>\n")]
            reply.add(" and whole")
            await reply.finish()
            assert (await until_done(events))[-1].data["html"] == "<p>half and whole</p>\n"


async def test_a_page_that_was_away_is_told_what_it_missed_and_no_more(page: str, inbox: Inbox) -> None:
    await answer(inbox, 1, "first")
    async with browsing(page) as browser:
        async with browser.events() as events:
            last = (await until_ready(events))[-1].id
        await answer(inbox, 2, "second")
        # The browser reconnects by itself, or the page opens the stream anew.
        for stream in (browser.events(Last_Event_ID=last), browser.events(after=last)):
            async with stream as events:
                missed = await until_ready(events)
            assert [(event.name, event.data["html"]) for event in missed] == [("message", "<p>second</p>\n")]


async def test_a_message_that_was_withdrawn_meanwhile_goes_from_the_page(page: str, inbox: Inbox) -> None:
    surface = WebSurface(inbox.journals, question(1))
    message = await surface.post(0, "a", final=False)
    async with browsing(page) as browser:
        async with browser.events() as events:
            last = (await until_ready(events))[-1].id
        await surface.withdraw(message)
        async with browser.events(Last_Event_ID=last) as events:
            assert messages(await until_ready(events)) == {message: ("withdrawn", "")}


async def test_after_the_store_was_emptied_the_page_begins_anew(
    page: str, inbox: Inbox, connections: Connections
) -> None:
    await answer(inbox, 1, "first")
    async with browsing(page) as browser:
        async with browser.events() as events:
            last = (await until_ready(events))[-1].id
        await connections.ask.flushall()
        for place in (last, "nonsense", "99999999999999999999-0"):
            async with browser.events(Last_Event_ID=place) as events:
                assert [event.name for event in await until_ready(events)] == ["reset"]


async def test_two_pages_see_the_same(page: str, inbox: Inbox) -> None:
    async with browsing(page) as one, browsing(page) as other, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(each.events()) for each in (one, other)]
        for events in streams:
            await until_ready(events)
        await one.say("why?", "00000001")
        await answer(inbox, 1, "a longer answer, " * 20)
        seen = [messages(await until_done(events)) for events in streams]
    assert seen[0] == seen[1]
    assert [state for state, _ in seen[0].values()] == ["done", "done"]


async def test_another_server_shows_what_this_one_was_told(inbox: Inbox, page: str) -> None:
    settings = Settings.model_validate({"web_port": 0})
    async with (
        connect(settings, inbox) as second,
        second.listening() as elsewhere,
        browsing(page) as here,
        browsing(elsewhere) as there,
        there.events() as events,
    ):
        await until_ready(events)
        await here.say("why?", "00000001")
        asked = await anext(events)
    assert asked.data["html"] == "why?"


async def test_the_end_of_the_program_ends_streams_at_once(inbox: Inbox) -> None:
    settings = Settings.model_validate({"web_port": 0})
    async with connect(settings, inbox) as platform, AsyncExitStack() as stack:
        listening = platform.listening()
        where = await listening.__aenter__()
        browser = await stack.enter_async_context(browsing(where))
        streams = [await stack.enter_async_context(browser.events()) for _ in range(3)]
        for events in streams:
            await until_ready(events)
        async with asyncio.timeout(1.5):
            await listening.__aexit__(None, None, None)
            assert [await anext(events, None) for events in streams] == [None, None, None]


async def test_a_store_that_goes_ends_the_stream_so_that_the_page_asks_again(
    page: str, connections: Connections
) -> None:
    async with browsing(page) as browser, browser.events() as events:
        await until_ready(events)
        await connections.ask.shutdown(nosave=True)
        assert await anext(events, None) is None


async def test_closed_pages_make_room_for_others(page: str) -> None:
    async with browsing(page) as browser:
        async with AsyncExitStack() as stack:
            for _ in range(MOST_STREAMS):
                await until_ready(await stack.enter_async_context(browser.events()))
            refused = await browser.get("/api/channels/general/events")
            assert (refused.status, "Too many pages" in refused.body["error"]) == (503, True)
        async with asyncio.timeout(10):
            while not await has_room(browser):  # noqa: ASYNC110 - only the server knows when it noticed
                await asyncio.sleep(0.05)


async def has_room(browser: Any) -> bool:
    async with browser._http.get(f"{browser.base}/api/channels/general/events") as response:
        return bool(response.status == 200)
