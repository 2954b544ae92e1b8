"""Files become part of the question: pictures are shown to models that see, texts are quoted, the rest is named."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest

from core.attachments import KEPT, MOST_FILES, MOST_PICTURES, Files, Question
from core.conversation import Attachment, Message, UserMessage
from core.drun.calls import ChatRequest, chat, continuation
from core.drun.endpoints import Deployment, Endpoint
from core.errors import PicturesRefused
from core.hold import Hold
from core.store.connection import Connections
from tests.core.scene import FakePlatform, Scene, scene
from tests.core.store.talk import claimed, said
from tests.doubles.drun.refusals import upstream_error
from tests.doubles.drun.server import DrunDouble
from tests.pictures import opened, picture

SEEING, BLIND, UNKNOWN = "public/llama3.2-11b-vision", "public/deepseek-v3", "public/glm-4v"
KEY = "sk-attachments"


def drun() -> DrunDouble:
    double = DrunDouble(key=KEY, maas_models=(SEEING, BLIND, UNKNOWN))
    double.sees(SEEING)
    double.reply_with("I see.")
    return double


def file(scene: Scene, name: str, data: bytes, size: int | None = None) -> Attachment:
    ref = sha256(name.encode() + data).hexdigest()
    scene.platform.files[ref] = data
    return Attachment.of(name, "", len(data) if size is None else size, ref)


async def answer(on: Scene, text: str, *files: Attachment) -> str:
    message = replace(said(text), attachments=files)
    await on.turns.accept(message)
    claim = await claimed(on.turns)
    await on.engine.answer(Hold(claim))
    return "\n".join(on.platform.of(message).texts())


async def test_a_picture_is_shown_to_a_model_that_sees(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=SEEING) as on:
        assert await answer(on, "what is it?", file(on, "plan.png", picture(size=(2000, 100)))) == "I see."
        call = double.requests[-1]
        assert opened(call.pictures[0]).size == (1568, 78)
        assert call.prompt == "what is it?\n\n[picture: plan.png]"
        assert [turn.text for turn in await on.history()] == [call.prompt]
        await answer(on, "and now?")
        assert double.requests[-1].pictures == [], "history has no pictures"
        assert double.requests[-1].messages[0]["content"] == call.prompt


async def test_no_byte_of_a_picture_is_kept_in_redis(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=SEEING) as on:
        await answer(on, "what is it?", file(on, "plan.png", picture()))
        keys = await on.redis.keys("*")
        dumped = [await on.redis.dump(key) for key in keys]
        assert keys
        assert not any(b"base64" in each or b"IHDR" in each for each in dumped if each)


async def test_a_model_that_sees_nothing_is_not_asked_and_others_are_named(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=BLIND) as on:
        shown = await answer(on, "what is it?", file(on, "plan.png", picture()))
        assert shown == f"⚠️ `{BLIND}` cannot see pictures. These models can: `{SEEING}`."
        assert double.requests == []
        shown = await answer(on, "这是什么？", file(on, "plan.png", picture()))
        assert shown == f"⚠️ `{BLIND}` 看不了图片。可以看图的模型：`{SEEING}`。"


async def test_where_no_model_sees_that_is_said(connections: Connections) -> None:
    async with DrunDouble(key=KEY) as double, scene(connections, double) as on:
        shown = await answer(on, "what is it?", file(on, "plan.png", picture()))
        assert shown == f"⚠️ `{BLIND}` cannot see pictures, and no model that can is offered here."


async def test_of_a_model_nobody_knows_its_own_answer_counts(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=UNKNOWN) as on:
        shown = await answer(on, "what is it?", file(on, "plan.png", picture()))
        assert f"`{UNKNOWN}` cannot see pictures" in shown
        assert [call.status for call in double.requests] == [400]
        double.sees(UNKNOWN)
        assert await answer(on, "now?", file(on, "plan.png", picture())) == "I see."


async def test_a_model_that_takes_fewer_pictures_is_shown_the_last_ones(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=SEEING) as on:
        double.sees(SEEING, most=1)
        files = [file(on, f"{at}.png", picture(size=(at, at))) for at in (10, 20)]
        shown = await answer(on, "compare", *files)
        assert shown.startswith("I see.")
        assert "shown the last 1 of 2 pictures" in shown
        assert [opened(each).size for each in double.requests[-1].pictures] == [(20, 20)]
        assert len(double.requests) == 2


async def test_a_picture_is_sent_again_when_the_model_fails_first(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=SEEING) as on:
        double.script(upstream_error("engine died", 500))
        assert await answer(on, "what is it?", file(on, "plan.png", picture())) == "I see."
        assert [len(call.pictures) for call in double.requests] == [1, 1]


async def test_two_text_files_are_quoted_after_the_text(connections: Connections) -> None:
    async with drun() as double, scene(connections, double) as on:
        files = file(on, "a.py", b"print(1)\n"), file(on, "b.csv", "名,数\n甲,1\n".encode("gb18030"))
        assert await answer(on, "what do they do?", *files) == "I see."
        asked = "what do they do?\n\n`a.py`:\n```\nprint(1)\n```\n\n`b.csv`:\n```\n名,数\n甲,1\n```"
        assert double.requests[-1].prompt == asked
        assert [turn.text for turn in await on.history()] == [asked]


async def test_a_file_alone_is_a_question_and_nothing_at_all_is_none(connections: Connections) -> None:
    async with drun() as double, scene(connections, double) as on:
        assert await answer(on, "", file(on, "a.py", b"print(1)\n")) == "I see."
        assert double.requests[-1].prompt == "`a.py`:\n```\nprint(1)\n```"
        assert "I see no text" in await answer(on, "")


async def test_content_counts_and_not_the_name(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=SEEING) as on:
        files = file(on, "notes.txt", picture()), file(on, "photo.jpg", b"no photo at all\n")
        assert await answer(on, "look", *files) == "I see."
        assert len(double.requests[-1].pictures) == 1
        assert "`photo.jpg`:\n```\nno photo at all" in double.requests[-1].prompt


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.zip", b"PK\x03\x04\0\0" + bytes(range(256)), "it is neither a text nor a picture"),
        ("a.png", picture()[:40], "the picture is broken"),
        ("a.txt", b"", "it is empty"),
        ("large.txt", b"x" * 5000, "it is larger than 0.004 MB"),
    ],
)
async def test_what_cannot_be_used_is_named_and_the_text_is_answered(
    connections: Connections, name: str, data: bytes, why: str
) -> None:
    async with drun() as double, scene(connections, double) as on:
        small = replace(on, engine=replace(on.engine, means=replace(on.engine.means, files=Files(most=4000))))
        shown = await answer(small, "look", file(on, name, data, size=10))
        assert shown.startswith(f"I see.\n\n_`{name}` was left out: {why}")
        assert double.requests[-1].prompt == f"look\n\n[file, not read: {name}]"


async def test_what_is_said_to_be_too_large_is_not_even_read(connections: Connections) -> None:
    async with drun() as double, scene(connections, double) as on:
        huge = Attachment.of("huge.bin", "", 100_000_000, "nowhere")
        assert "`huge.bin` was left out: it is larger than 20 MB." in await answer(on, "look", huge)
        assert len(double.requests) == 1


async def test_when_nothing_is_left_to_ask_only_that_is_said(connections: Connections) -> None:
    async with drun() as double, scene(connections, double) as on:
        gone = (
            Attachment.of("gone.txt", "", 5, "nowhere"),
            file(on, "a.zip", b"PK\x03\x04\0\0" + b"\xff\xfe\0"),
        )
        shown = await answer(on, "", *gone)
        assert shown.startswith("⚠️ `gone.txt` was left out: it could not be read.")
        assert "_`a.zip` was left out" in shown
        assert double.requests == []
        await answer(on, "hello?")
        assert all(message["content"] for message in double.requests[-1].messages)


async def test_more_than_a_question_may_have_is_named(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=SEEING) as on:
        pictures = [file(on, f"{at}.png", picture(size=(at + 1, 1))) for at in range(MOST_PICTURES + 1)]
        shown = await answer(on, "look", *pictures)
        assert f"`{MOST_PICTURES}.png` was left out: of one question" in shown
        assert len(double.requests[-1].pictures) == MOST_PICTURES
        texts = [file(on, f"{at}.txt", b"x%d" % at) for at in range(MOST_FILES + 1)]
        shown = await answer(on, "look", *texts)
        assert f"`{MOST_FILES}.txt` was left out: of one question" in shown


async def test_a_long_text_is_cut_to_the_window_and_so_is_what_is_kept(connections: Connections) -> None:
    line = "2026-11-22 18:00:00 INFO nothing happened here\n"
    async with DrunDouble(key=KEY) as double:
        double.reply_with("Quiet.")
        endpoint = Endpoint(Deployment.MAAS, double.maas_url, KEY, 8192)
        async with scene(connections, double, endpoints=[endpoint]) as on:
            files = file(on, "big.log", line.encode() * 4000), file(on, "small.txt", b"all of it")
            shown = await answer(on, "what happened?", *files)
            prompt = double.requests[-1].prompt
            assert "of 188,000 characters (the rest was left out)" in prompt
            assert "all of it" in prompt
            assert 8_000 < len(prompt) < 24_000, "the window is used, and not more than it"
            given = prompt.split("the first ")[1].split(" ")[0]
            assert f"_Of `big.log` the model was given the first {given} of 188,000 characters._" in shown
            [turn] = await on.history()
            assert len(turn.text) < KEPT + 300
            await answer(on, "and then?")
            assert double.requests[-1].messages[0]["content"] == turn.text


async def test_messages_that_waited_bring_all_their_files(connections: Connections) -> None:
    async with drun() as double, scene(connections, double) as on:
        waiting = [
            replace(said(name), attachments=(file(on, name, f"inside {name}".encode()),))
            for name in ("a.txt", "b.txt")
        ]
        await on.turns.accept(waiting[0])
        await on.engine.answer(Hold(replace(await claimed(on.turns), messages=waiting)))
        assert "inside a.txt" in double.requests[-1].prompt
        assert "inside b.txt" in double.requests[-1].prompt


def test_messages_of_an_older_version_are_read_and_new_ones_are_small() -> None:
    old = msgspec.json.encode(said("hello"))
    fields = msgspec.json.decode(old)
    del fields["attachments"]
    read = msgspec.json.decode(msgspec.json.encode(fields), type=UserMessage)
    assert read.attachments == ()
    new = replace(read, attachments=(Attachment.of("a" * 500, "image/png", 5_000_000, "F1"),))
    assert len(msgspec.json.encode(new)) < len(old) + 200
    assert msgspec.json.decode(msgspec.json.encode(new), type=UserMessage) == new


def test_a_name_is_safe_to_be_shown() -> None:
    name = Attachment.of("a`b\n\ud800" + "c" * 200 + ".png", "", 0, "").name
    assert len(name) <= 81
    assert name.startswith("a'b ?ccc")
    assert name.endswith("ccc.png")
    assert Attachment.of(" \n ", "", 0, "").name == "?"


def test_pictures_are_parts_of_the_last_message_and_texts_stay_texts() -> None:
    uri = "data:image/png;base64,AAAA"
    messages = [Message("system", "be brief"), Message("user", "look", (uri,))]
    body = chat(ChatRequest("m", messages))
    assert body["messages"][0] == {"role": "system", "content": "be brief"}
    assert body["messages"][1]["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": uri}},
    ]
    with pytest.raises(PicturesRefused):
        continuation(ChatRequest("m", messages))


async def test_a_model_that_only_continues_texts_sees_nothing(connections: Connections) -> None:
    async with drun() as double, scene(connections, double, default=UNKNOWN) as on:
        double.without_chat(UNKNOWN)
        shown = await answer(on, "what is it?", file(on, "plan.png", picture()))
        assert f"`{UNKNOWN}` cannot see pictures" in shown
        assert not any(call.continues for call in double.requests)


async def test_the_demo_model_is_known_to_see_nothing(connections: Connections) -> None:
    async with DrunDouble(key=KEY) as double:
        demo = Endpoint(Deployment.DEMO, double.maas_url, KEY, 8192)
        async with scene(connections, double, endpoints=[demo]) as on:
            shown = await answer(on, "what is it?", file(on, "plan.png", picture()))
            assert "cannot see pictures, and no model that can is offered here" in shown
            assert double.requests == []


async def test_the_loop_goes_on_while_a_large_picture_is_made_small(connections: Connections) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.002)
            ticks += 1

    async with drun() as double, scene(connections, double, default=SEEING) as on:
        large = file(on, "large.png", picture(size=(6000, 6000)))
        question = Question(replace(said("look"), attachments=(large,)))
        ticking = asyncio.create_task(tick())
        await Files().read(question, on.platform, on.desk.catalog)
        ticking.cancel()
        assert len(question.pictures) == 1
        assert ticks > 5, "in its place the loop would have ticked once or twice"


async def test_a_stop_while_files_are_read_ends_the_turn_and_keeps_their_names(
    connections: Connections,
) -> None:
    class Slow(FakePlatform):
        async def read(self, attachment: Attachment, *, most: int) -> bytes:
            stopping.set()
            await asyncio.Event().wait()
            raise AssertionError

    stopping = asyncio.Event()
    async with drun() as double, scene(connections, double) as on:
        slow = Slow()
        engine = replace(on.engine, desk=replace(on.desk, platforms={"slack": slow}))
        message = replace(said("look"), attachments=(file(on, "a.txt", b"x"),))
        await on.turns.accept(message)
        claim = await claimed(on.turns)
        async with asyncio.timeout(5):
            await engine.answer(Hold(claim, stopping))
        assert slow.of(message).texts() == ["_Stopped._"]
        assert [turn.text for turn in await on.history()] == ["look\n\n[file, not read: a.txt]"]
        assert double.requests == []


@pytest.fixture
async def blindfolded(connections: Connections) -> AsyncGenerator[tuple[Scene, DrunDouble], None]:
    """A deployment with DRUN_SEND_IMAGES=0, and a model that could see."""
    async with drun() as double, scene(connections, double, default=SEEING) as on:
        means = replace(on.engine.means, files=Files(pictures=False))
        yield replace(on, engine=replace(on.engine, means=means)), double


NOT_SENT = (
    "no pictures are sent to models here. Please say in words what is to be seen, or ask the operator of this bot "
    "to switch pictures on."
)


async def test_where_pictures_are_switched_off_the_rest_is_answered_and_one_sentence_says_so(
    blindfolded: tuple[Scene, DrunDouble],
) -> None:
    on, double = blindfolded
    files = file(on, "a.png", picture()), file(on, "b.py", b"print(1)\n"), file(on, "c.png", picture())
    shown = await answer(on, "what do they do?", *files)
    assert shown == f"I see.\n\n_`a.png`, `c.png` left out: {NOT_SENT}_"
    [call] = double.requests
    assert call.pictures == []
    assert "`b.py`:\n```\nprint(1)\n```" in call.prompt
    assert "[file, not read: a.png]" in call.prompt, "the model knows that there was more"


async def test_where_pictures_are_switched_off_a_picture_alone_is_not_asked_about(
    blindfolded: tuple[Scene, DrunDouble],
) -> None:
    on, double = blindfolded
    pictures = [file(on, f"{at}.png", picture(size=(at, at))) for at in range(10, 16)]
    names = ", ".join(f"`{each.name}`" for each in pictures)
    assert await answer(on, "", *pictures) == f"⚠️ {names} left out: {NOT_SENT}"
    shown = await answer(on, "这是什么？", pictures[0])
    assert shown.startswith("I see.")
    assert "未使用 `10.png`：本机器人不会把图片发给模型。" in shown
    assert [call.pictures for call in double.requests] == [[]]
