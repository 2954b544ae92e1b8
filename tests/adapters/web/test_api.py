"""What the page asks for, answered by the real server with the real store."""

import asyncio
from dataclasses import replace

import pytest

from adapters.web.app import connect
from adapters.web.channels import INDEX, Channels
from adapters.web.events import AUTHOR, conversation_of
from adapters.web.settings import Settings
from adapters.web.transcript import Asked, journal_of, line_of
from core.admission import Admission, parse_entry
from core.commands.command import Call
from core.commands.running import run
from core.conversation import UserMessage
from core.inbox import Inbox
from core.store.claims import Claim, Nothing
from core.store.connection import Connections
from tests.adapters.web.browser import Browser, browsing
from tests.adapters.web.conftest import MODELS
from tests.core.desks import choose

MESSAGE = "0123456789abcdef"


async def questions(inbox: Inbox) -> list[str]:
    lines = [line_of(entry) for entry in await inbox.journals.read(journal_of("general"))]
    return [line.text for line in lines if isinstance(line, Asked)]


async def test_the_page_and_its_parts_are_served(page: str) -> None:
    async with browsing(page) as browser:
        index = await browser.get("/")
        assert 'id="message"' in index.body
        for path in ("/app.js", "/style.css", "/log.js"):
            assert path == "/log.js" or path in index.body
            part = await browser.get(path)
            assert (part.status, len(part.body) > 500) == (200, True)
        assert (await browser.get("/app.js")).headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_a_message_becomes_a_turn_and_is_shown(page: str, inbox: Inbox) -> None:
    async with browsing(page) as browser:
        answer = await browser.say("Why? 为什么", MESSAGE)
    assert (answer.status, answer.body) == (202, {"new": True, "ahead": 0})
    claim = await inbox.desk.turns.claim()
    assert isinstance(claim, Claim)
    assert claim.message == UserMessage(conversation_of("general"), MESSAGE, MESSAGE, "you", "Why? 为什么")
    assert await questions(inbox) == ["Why? 为什么"]


async def test_a_message_that_is_sent_again_is_one_turn_and_one_line(page: str, inbox: Inbox) -> None:
    async with browsing(page) as browser:
        answers = [await browser.say("Why?", MESSAGE) for _ in range(3)]
    assert [answer.body["new"] for answer in answers] == [True, False, False]
    assert await questions(inbox) == ["Why?"]
    assert isinstance(await inbox.desk.turns.claim(), Claim)
    assert isinstance(await inbox.desk.turns.claim(), Nothing)


async def test_stop_reaches_the_reply_that_is_being_written(page: str, inbox: Inbox) -> None:
    async with browsing(page) as browser:
        assert (await browser.post("/api/channels/general/stop", {})).body == {"stopping": False}
        await browser.say("Why?", MESSAGE)
        assert isinstance(await inbox.desk.turns.claim(), Claim)
        assert (await browser.post("/api/channels/general/stop", {})).body == {"stopping": True}


async def test_channels_are_made_and_kept_apart(page: str, inbox: Inbox) -> None:
    async with browsing(page) as browser:
        made = await browser.post("/api/channels", {"title": " Redis  排查 "})
        assert (made.status, made.body["title"]) == (201, "Redis 排查")
        listed = await browser.get("/api/channels")
        assert listed.body["channels"] == [{"id": "general", "title": "general"}, made.body]
        assert (await browser.say("Why?", MESSAGE, made.body["id"])).status == 202
    claim = await inbox.desk.turns.claim()
    assert isinstance(claim, Claim)
    assert claim.conversation == conversation_of(made.body["id"])
    assert await questions(inbox) == []


async def test_the_list_of_channels_outlives_its_last_entry_while_people_talk(inbox: Inbox) -> None:
    channels = Channels(inbox.journals)
    made = [await channels.create(title) for title in ("a", "b")]
    await channels.keep()
    assert len(await inbox.journals.read(INDEX)) == 2
    # As if both had been made long ago: the store gives no entry a time of the past after one of the present.
    old = [entry.text for entry in await inbox.journals.read(INDEX)]
    redis = inbox.journals._redis
    await redis.delete("drun:journal:{web:index}")
    for number, text in enumerate(old):
        await redis.xadd("drun:journal:{web:index}", {"text": text}, id=f"1000-{number}")
    await channels.keep()
    entries = await inbox.journals.read(INDEX)
    assert [entry.id.startswith("1000-") for entry in entries] == [True, False]
    assert [channel.title for channel in await channels.all()] == ["general", *(each.title for each in made)]


@pytest.mark.parametrize("what", ["messages", "stop", "model", "events"])
async def test_a_channel_that_is_not_there_is_said_to_be_missing(page: str, what: str) -> None:
    async with browsing(page) as browser:
        path = f"/api/channels/nowhere/{what}"
        answer = await (browser.get(path) if what in {"model", "events"} else browser.post(path, {}))
        assert (answer.status, answer.body) == (404, {"error": "There is no such channel."})


async def test_the_model_that_answers_is_named(page: str, inbox: Inbox) -> None:
    async with browsing(page) as browser:
        model = await browser.get("/api/channels/general/model")
        assert model.body == {"label": f"{MODELS[0]} (demo model)"}
        await choose(inbox.desk.preferences, "model", MODELS[1], conversation_of("general").channel)
        model = await browser.get("/api/channels/general/model")
        assert model.body == {"label": f"{MODELS[1]} (demo model)"}


async def test_commands_and_models_are_completed(page: str) -> None:
    async with browsing(page) as browser:
        complete = "/api/channels/general/complete?command="
        assert (await browser.get(f"{complete}model&text=oth")).body == {"choices": [MODELS[1]]}
        assert (await browser.get(f"{complete}model&text=")).body == {"choices": MODELS}
        assert (await browser.get(f"{complete}system&text=preset%20tr")).body == {
            "choices": ["preset translator"]
        }
        assert (await browser.get(f"{complete}nothing")).body == {"choices": []}
        commands = (await browser.get("/api/commands", Accept_Language="zh-CN,zh;q=0.9")).body["commands"]
        assert {"name": "reset", "summary": "重新开始，不再参考之前的对话", "arguments": 0} in commands


async def test_completion_is_that_of_the_channel_that_is_open(inbox: Inbox) -> None:
    blocked = Admission(blocked=[parse_entry("web:local:general")])
    there = replace(inbox, desk=replace(inbox.desk, admission=blocked))
    async with (
        connect(Settings.model_validate({"web_port": 0}), there) as platform,
        platform.listening() as page,
        browsing(page) as browser,
    ):
        other = (await browser.post("/api/channels", {"title": "other"})).body["id"]
        asked = "complete?command=settings&text=busy%20c"
        assert (await browser.get(f"/api/channels/general/{asked}")).body == {"choices": []}
        assert (await browser.get(f"/api/channels/{other}/{asked}")).body == {"choices": ["busy collect"]}
        assert (await browser.get(f"/api/channels/gone/{asked}")).status == 404


async def test_whoever_may_open_the_page_may_change_what_counts_everywhere(inbox: Inbox) -> None:
    async with connect(Settings.model_validate({"web_port": 0}), inbox) as platform:
        desk = replace(inbox.desk, platforms={platform.name: platform})
        call = Call(conversation_of("general"), "system", "preset brief everywhere", "en", author=AUTHOR)
        assert (await run(desk, call)).text.startswith("The model is given the preset `brief` everywhere")
        history = await run(desk, replace(call, name="settings", argument="history everywhere"))
        assert "`web:you` · `system`" in history.text


async def test_wrong_requests_are_answered_with_a_sentence(page: str) -> None:
    async with browsing(page) as browser:
        own = {"Origin": browser.base, "Content-Type": "application/json"}
        messages = "/api/channels/general/messages"
        for body, status, sentence in (
            (b"{", 400, "not the JSON"),
            (b'{"id": "0123456789", "text": " "}', 400, "empty"),
            (b'{"id": "0123456789", "text": "%s"}' % (b"x" * 100_001), 413, "at most 100,000"),
            (b"x" * (256 * 1024 + 1), 413, "256 kB"),
        ):
            answer = await browser.send("POST", messages, body, own)
            assert (answer.status, sentence in answer.body["error"]) == (status, True)
        for method, path, status in (
            ("GET", "/nothing", 404),
            ("DELETE", "/api/channels", 405),
            ("GET", messages, 405),
        ):
            answer = await browser.send(method, path, b"", own)
            assert (answer.status, answer.body["error"].endswith(".")) == (status, True)


async def test_refusals_speak_the_browsers_language(page: str) -> None:
    async with browsing(page) as browser:
        answer = await browser.post("/api/channels", {"title": ""}, Accept_Language="zh-CN,zh;q=0.9,en;q=0.8")
        assert answer.body == {"error": "频道需要一个名称，长度为 1 到 60 个字符。"}


async def refused_by_the_store(browser: Browser) -> None:
    for answer in (
        await browser.get("/api/channels"),
        await browser.say("Why?", MESSAGE),
        await browser.get("/api/channels/general/events"),
        await browser.get("/api/channels/general/model"),
    ):
        assert (answer.status, "My memory (Redis)" in answer.body["error"]) == (503, True)


async def test_without_the_store_the_page_says_so_and_is_not_ready(
    page: str, connections: Connections
) -> None:
    async with browsing(page) as browser:
        assert ((await browser.get("/readyz")).status, (await browser.get("/readyz")).body) == (200, "ok")
        await connections.ask.shutdown(nosave=True)
        await refused_by_the_store(browser)
        ready = await browser.get("/readyz")
        assert (ready.status, "My memory (Redis)" in ready.body) == (503, True)
        assert ((await browser.get("/healthz")).status, (await browser.get("/")).status) == (200, 200)


async def test_many_who_write_at_once_are_all_heard(page: str, inbox: Inbox) -> None:
    async with browsing(page) as browser:
        answers = await asyncio.gather(*(browser.say(f"{n}", f"{n:08}") for n in range(20)))
    assert sorted(answer.body["ahead"] for answer in answers) == list(range(20))
    assert sorted(await questions(inbox)) == sorted(str(n) for n in range(20))


@pytest.mark.parametrize(("accepted", "language"), [("zh-CN,zh;q=0.9", "zh"), ("en", "en")])
async def test_the_browser_tells_the_language_of_whoever_writes_nothing_that_does(
    inbox: Inbox, accepted: str, language: str
) -> None:
    async with connect(Settings(web_port=0), inbox) as platform, platform.listening() as where:
        assert (await platform.person(AUTHOR, conversation_of("general").channel)).language is None
        async with browsing(where) as browser:
            body = {"id": MESSAGE, "text": "/help"}
            sent = await browser.post("/api/channels/general/messages", body, Accept_Language=accepted)
        assert sent.status == 202
        assert (await platform.person(AUTHOR, conversation_of("general").channel)).language == language
