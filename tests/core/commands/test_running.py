"""Commands in general: as text, in both languages, unknown, and without a store."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands.command import ANYONE, Answer, Argument, Call, Command
from core.commands.listed import COMMANDS
from core.commands.running import parse_command, run
from core.drun.catalog import Catalog
from core.errors import StoreUnavailable
from core.store.connection import connect
from core.texts import Language, Text
from tests.core.commands.bureau import ADA, DIRECT, THREAD, Bureau
from tests.core.desks import desk_of
from tests.core.drun.talk import maas, model_client
from tests.core.scene import FakePlatform
from tests.core.store.talk import ask, exchange, read
from tests.doubles.drun.server import DrunDouble


async def test_an_unknown_command_is_answered_with_those_there_are(
    bureau: Bureau, language: Language
) -> None:
    answer = await bureau.say("sing", language=language)
    assert "`/sing`" in answer.text
    assert all(f"`/{name}`" in answer.text for name in COMMANDS)
    assert not answer.public


async def test_an_unknown_command_is_quoted_briefly_and_harmlessly(bureau: Bureau) -> None:
    text = (await bureau.say("`" * 2000)).text
    assert text.startswith("There is no command `/''''")
    assert len(text) < 400


async def test_every_sentence_is_said_in_the_language_asked_for(bureau: Bureau, language: Language) -> None:
    lines = ["model", "model gpt-9", "model deepseek-r1", "model reset", "system", "system x", "settings"]
    lines += ["system presets", "system preset brief me", "system preset x"]
    lines += ["settings x", "settings history", "settings busy collect", "stop", "reset", "thinking", "usage"]
    for line in [*lines, "help", "sing"]:
        text = (await bureau.say(line, language=language)).text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text) is (language == "zh"), text


async def test_a_store_out_of_reach_is_one_sentence(drun: DrunDouble, language: Language) -> None:
    async with connect("redis://127.0.0.1:1") as connections, model_client() as client:
        desk = desk_of(connections, Catalog(client, [maas(drun)], aliases={}, runs={}))
        away = Bureau(desk, FakePlatform())
        for line in ("model deepseek-r1", "system", "settings", "stop", "reset", "thinking", "usage"):
            assert await away.say(line, language=language) == Answer(StoreUnavailable().notice(language))
        assert "`/help`" in (await away.say("help", language=language)).text, "it needs no store"


async def test_completion_of_what_takes_nothing_is_empty(bureau: Bureau) -> None:
    for name in ("stop", "reset", "help", "sing"):
        assert await bureau.completed(f"{name} x") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/model", ("model", "")),
        ("  /model   deepseek-r1 \n", ("model", "deepseek-r1")),
        ("/Model X", ("model", "X")),
        ("/model deepseek-r1 me\n", ("model", "deepseek-r1 me")),
        ("/system set\nOne.\nTwo.", ("system", "set\nOne.\nTwo.")),
        ("／model x", ("model", "x")),
        ("／ｍｏｄｅｌ　ｘ", ("model", "ｘ")),
        ("　／重置", ("reset", "")),
        ("/model　快速", ("model", "快速")),
        ("/stop", ("stop", "")),
        ("/stop.", ("stop", "")),
        ("/stop!!", ("stop", "")),
        ("/stop。", ("stop", "")),
        ("／help？", ("help", "")),
        ("/model: fast", ("model", "fast")),
        ("/sing", ("sing", "")),
        ("/stop please", ("stop", "")),
        ("/stop, please!", ("stop", "")),
        ("/stop now, thank you", ("stop", "")),
        ("/stop 谢谢", ("stop", "")),
        ("/stop it", ("stop", "it")),
        ("/reset channel", ("reset", "channel")),
        ("/usage today", ("usage", "today")),
        ("/usage 今天", ("usage", "今天")),
        ("/help model", ("help", "model")),
        ("/thinking very deep", ("thinking", "very deep")),
        ("/help me understand monads", None),
        ("/help 我理解一下单子", None),
        ("/reset my router from the command line", None),
        ("/stop being so verbose", None),
        ("/var is full, what now?", None),
        ("/var?", None),
        ("/etc/passwd", None),
        ("/model/x is broken", None),
        ("/usr/bin/model: no such file", None),
        ("hello /model", None),
        ("//", None),
        ("/", None),
        ("", None),
        ("/模型", ("model", "")),
        ("/模型 deepseek-r1 me", ("model", "deepseek-r1 me")),
        ("/帮助。", ("help", "")),
        ("/吃饭", None),
        ("/模型是什么", None),
        ("/帮助 我写一封信", None),
        ("1/2", None),
    ],
)
def test_a_command_in_a_text_is_one_of_that_name_and_form(text: str, found: tuple[str, str] | None) -> None:
    assert parse_command(text) == found


async def test_a_long_argument_is_read_whole(bureau: Bureau) -> None:
    text = "word " * 700 + "end."
    found = parse_command(f"／system　set here {text}")
    assert found is not None
    await bureau.say(" ".join(found))
    await bureau.say(" ".join(found), by="U2")
    assert (await bureau.say("system")).text.endswith("> " + text)


@given(st.text(alphabet="/／ 　modelstphx.。\n:`<>@", max_size=40))
def test_whatever_is_written_is_a_command_of_ours_or_a_word_alone_or_a_question(text: str) -> None:
    found = parse_command(text)
    if found is not None and found[0] not in COMMANDS:
        assert found[1] == ""
        assert text.strip().strip("/／").isalpha()


async def _nothing(*_: object) -> Answer:
    return Answer("")


FOUR = Command(
    "four",
    Text("does nothing", "无操作"),
    _nothing,
    (
        Argument("what", Text("what", "什么")),
        Argument("for", Text("where", "哪里"), left_out="here"),
        Argument("text", Text("text", "文字")),
    ),
)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ([], ""),
        (["", "", ""], ""),
        (["set", "", ""], "set"),
        (["set", "", "me and my cat"], "set here me and my cat"),
        (["", "me", ""], "me"),
        ([" set ", "me", " a\nb "], "set me a\nb"),
        (["", "", "text"], "here text"),
    ],
)
def test_fields_become_one_line_in_which_none_is_taken_for_another(fields: list[str], line: str) -> None:
    assert FOUR.line(fields) == line
    assert FOUR.who is ANYONE


def test_only_the_last_argument_of_a_command_holds_what_nobody_knows_beforehand() -> None:
    """Of a line nobody could tell where one ends and the next begins."""
    for command in COMMANDS.values():
        for argument in command.arguments[:-1]:
            assert argument.choices or argument.complete, f"/{command.name} {argument.name}"


@pytest.mark.parametrize("line", ["stop it", "reset channel", "reset this thread, all of it", "usage today"])
async def test_a_word_too_many_does_nothing_and_says_so(
    bureau: Bureau, line: str, language: Language
) -> None:
    turns = bureau.desk.turns
    await exchange(turns, "before")
    claim = await ask(turns, "hello")
    answer = await bureau.say(line, language=language)
    command = line.partition(" ")[0]
    expected = {
        "en": f"`/{command}` takes nothing behind it. Nothing was done.",
        "zh": f"`/{command}` 后面不能加内容，请单独输入。未执行任何操作。",
    }
    assert answer == Answer(expected[language])
    assert [lease.name for lease in await turns.renew([claim])] == ["KEPT"]
    await turns.commit(claim, None)
    assert read(await ask(turns, "and now?")) == ["before"]


async def test_a_polite_word_behind_stop_is_none_too_many(bureau: Bureau) -> None:
    claim = await ask(bureau.desk.turns, "hello")
    assert (await bureau.say("stop please")).text == "Stopping."
    assert [lease.name for lease in await bureau.desk.turns.renew([claim])] == ["STOP"]


async def test_chinese_sentences_follow_each_other_without_a_space(bureau: Bureau) -> None:
    await bureau.say("model glm4-9b channel")
    await bureau.say("system set channel Be brief.", by="U2")
    lines = ["model deepseek-r1 me", "model deepseek-v4", "regenerate zzzzzz", "system set me Be long."]
    for line in [*lines, "forget me", "feedback hm"]:
        text = (await bureau.say(line, language="zh")).text
        assert "。" in text[:-1], "more than one sentence"
        assert "。 " not in text, line


async def test_what_is_personal_is_told_alone_or_where_to_have_it_alone(
    bureau: Bureau, language: Language
) -> None:
    await bureau.say("system set me My manager is difficult.")
    for line in ("system", "system show me", "settings", "settings history me", "usage"):
        name, _, argument = line.partition(" ")
        told = await bureau.say(line, language=language)
        assert told.personal, line
        call = Call(THREAD, name, argument, language, turn="1", author=ADA)
        said = await run(bureau.desk, call)
        assert f"`/{name}`" in said.text
        assert "My manager" not in said.text
        assert await run(bureau.desk, replace(call, conversation=DIRECT)) != said, "nobody else is there"
        bureau.platform.whispers = True
        assert (await run(bureau.desk, call)).personal
        bureau.platform.whispers = False
