"""Everything a person can do besides talking, at the desk."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from core.cascade import Level
from core.commands.command import Answer, Call
from core.commands.desk import Desk
from core.commands.listed import COMMANDS
from core.commands.running import complete_line, parse_command
from core.commands.running import run as run_command
from core.conversation import Channel, Conversation
from core.drun.catalog import Catalog
from core.errors import ModelUnavailable, StoreUnavailable
from core.store.connection import Connections, connect
from core.texts import Language
from tests.core.desks import choose, chosen, desk_of
from tests.core.drun.talk import maas, model_client
from tests.core.store.talk import ROOM, answered, ask, exchange, read, thread
from tests.doubles.drun.refusals import broken
from tests.doubles.drun.server import DrunDouble

BOTH: tuple[Language, ...] = ("en", "zh")
languages = pytest.mark.parametrize("language", BOTH)


@asynccontextmanager
async def desk_with(
    connections: Connections, *models: str, default: str = "public/deepseek-v3"
) -> AsyncGenerator[Desk, None]:
    async with DrunDouble(maas_models=models) as drun, model_client() as client:
        catalog = Catalog(client, [maas(drun)], default=default, aliases={}, runs={})
        yield desk_of(connections, catalog)


@pytest.fixture
async def desk(connections: Connections) -> AsyncGenerator[Desk, None]:
    async with desk_with(connections, "public/deepseek-r1", "public/deepseek-v3", "public/glm4-9b") as made:
        yield made


async def run(
    desk: Desk, name: str, argument: str = "", language: Language = "en", where: Conversation = ROOM
) -> Answer:
    return await run_command(desk, Call(where, name, argument, language))


async def completed(desk: Desk, name: str, text: str) -> list[str]:
    return list(await complete_line(desk, Call(ROOM, name, text, "en")))


@languages
async def test_help_tells_of_every_command(desk: Desk, language: Language) -> None:
    answer = await run(desk, "help", language=language)
    assert not answer.public
    for command in COMMANDS.values():
        assert f"`/{command.name}` {command.summary.say(language)}" in answer.text


@languages
async def test_an_unknown_command_is_answered_with_those_there_are(desk: Desk, language: Language) -> None:
    answer = await run(desk, "sing", language=language)
    assert "`/sing`" in answer.text
    assert all(f"`/{name}`" in answer.text for name in COMMANDS)


async def test_commands_are_spelled_as_the_platform_wants_them(desk: Desk) -> None:
    for name, argument in (("help", ""), ("sing", ""), ("model", "")):
        answer = await run_command(desk, Call(ROOM, name, argument, "en", spell=lambda word: f"/drun {word}"))
        assert "`/drun model" in answer.text


@languages
async def test_every_sentence_of_the_desk_is_said_in_the_language_asked_for(
    desk: Desk, language: Language
) -> None:
    calls = [("model", ""), ("model", "gpt-9"), ("model", "deepseek-r1"), ("model", "reset")]
    for name, argument in [*calls, ("stop", ""), ("reset", ""), ("help", ""), ("sing", "")]:
        text = (await run(desk, name, argument, language)).text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text) is (language == "zh"), text


async def test_model_alone_tells_which_one_answers_and_lists_the_rest(desk: Desk) -> None:
    answer = await run(desk, "model")
    assert answer.text.startswith("`public/deepseek-v3` answers")
    listed = [line for line in answer.text.split("\n") if line.startswith("- ")]
    assert listed == [
        (
            "- `public/deepseek-r1` DeepSeek-R1 · MaaS by Token · 128k tokens · reasoning, tools · "
            "¥0.004 in, ¥0.016 out per 1k"
        ),
        "- `public/deepseek-v3` DeepSeek-V3 · MaaS by Token · 128k tokens · tools · $0.28 in, $1.1 out per 1M",
        "- `public/glm4-9b` glm-4-9b-chat · MaaS by Token · 128k tokens",
    ]
    assert not answer.public


async def test_a_long_list_of_models_is_cut_and_says_by_how_much(connections: Connections) -> None:
    models = [f"public/model-{number:02}" for number in range(37)]
    async with desk_with(connections, *models, default="public/model-03") as desk:
        lines = (await run(desk, "model")).text.split("\n")
        listed = [line for line in lines if line.startswith("- ")]
        assert listed == [*(f"- `{model}` MaaS by Token" for model in models[:30]), "- and 7 more"]


async def test_a_list_of_exactly_thirty_is_whole(connections: Connections) -> None:
    models = [f"public/model-{number}" for number in range(30)]
    async with desk_with(connections, *models, default="public/model-3") as desk:
        assert "more" not in (await run(desk, "model")).text.split("\n\n")[1]


async def test_a_model_is_switched_for_the_channel_and_all_its_threads(desk: Desk) -> None:
    answer = await run(desk, "model", "deepseek-r1 channel", where=thread("1"))
    known = "DeepSeek-R1 · MaaS by Token · 128k tokens · reasoning, tools · ¥0.004 in, ¥0.016 out per 1k"
    expected = f"From now on `public/deepseek-r1` answers in this channel: {known}."
    assert answer == Answer(expected, public=True)
    assert await chosen(desk.preferences, "model") == "public/deepseek-r1"
    assert (await run(desk, "model")).text.startswith("`public/deepseek-r1` answers")
    assert (await ask(desk.turns, "hello", thread("2"))).settings[Level.CHANNEL] == {"model": "public/deepseek-r1"}
    elsewhere = Conversation(Channel("slack", "T1", "random"))
    assert (await run(desk, "model", where=elsewhere)).text.startswith("`public/deepseek-v3` answers")


async def test_model_reset_goes_back_to_the_default(desk: Desk) -> None:
    await run(desk, "model", "public/deepseek-r1")
    answer = await run(desk, "model", "reset")
    assert answer.public
    assert "`public/deepseek-v3`" in answer.text
    assert await chosen(desk.preferences, "model") == ""


@languages
async def test_a_model_that_is_none_changes_nothing_and_names_what_is_near(
    desk: Desk, language: Language
) -> None:
    answer = await run(desk, "model", "deepseek-v4", language)
    assert "`deepseek-v4`" in answer.text
    assert "`public/deepseek-v3`" in answer.text
    assert not answer.public
    assert await chosen(desk.preferences, "model") == ""


async def test_a_model_like_no_other_gets_no_suggestion(desk: Desk) -> None:
    answer = await run(desk, "model", "zzzzzz")
    assert "`zzzzzz` does not exist" in answer.text
    assert "Did you mean" not in answer.text


async def test_a_withdrawn_choice_falls_back_to_the_default_and_model_says_so(desk: Desk) -> None:
    await choose(desk.preferences, "model", "public/withdrawn")
    text = (await run(desk, "model")).text
    assert text.startswith("`public/deepseek-v3` answers")
    assert "`public/withdrawn` is not offered any more; `public/deepseek-v3` answers." in text


async def test_a_default_that_is_gone_is_replaced_by_the_first_of_the_list(connections: Connections) -> None:
    async with desk_with(connections, "public/a", "public/b", default="public/gone") as desk:
        text = (await run(desk, "model")).text
        assert text.startswith("`public/a` answers")
        assert "`public/gone` is not offered any more; `public/a` answers." in text
        assert "`public/a`" in (await run(desk, "model", "reset")).text


@languages
async def test_a_list_that_cannot_be_read_is_one_sentence(
    connections: Connections, language: Language
) -> None:
    async with DrunDouble() as drun, model_client() as client:
        drun.maas.listing_fault = broken()
        desk = desk_of(connections, Catalog(client, [maas(drun)], aliases={}, runs={}))
        assert (await run(desk, "model", language=language)).text == ModelUnavailable().notice(language)


@languages
async def test_a_store_out_of_reach_is_one_sentence(drun: DrunDouble, language: Language) -> None:
    async with connect("redis://127.0.0.1:1") as connections, model_client() as client:
        desk = desk_of(connections, Catalog(client, [maas(drun)], aliases={}, runs={}))
        for name, argument in (("model", "deepseek-r1"), ("stop", ""), ("reset", "")):
            answer = await run(desk, name, argument, language)
            assert answer == Answer(StoreUnavailable().notice(language))


async def test_stop_tells_whether_something_was_being_written(desk: Desk) -> None:
    assert (await run(desk, "stop")).text == "Nothing is being written here now."
    claim = await ask(desk.turns, "hello", thread("1"))
    assert (await run(desk, "stop", where=thread("2"))).text == "Nothing is being written here now."
    assert (await run(desk, "stop", where=thread("1"))).text == "Stopping."
    assert [lease.name for lease in await desk.turns.renew([claim])] == ["STOP"]


async def test_a_stop_in_the_channel_means_its_threads_as_well(desk: Desk) -> None:
    """Slack does not tell in which thread a slash command was typed."""
    near = [await ask(desk.turns, f"{number}", thread(str(number))) for number in range(2)]
    alike = Conversation(Channel("slack", "T1", "general2"))
    far = await ask(desk.turns, "elsewhere", alike)
    assert (await run(desk, "stop")).text == "Stopping."
    leases = await desk.turns.renew([*near, far])
    assert [lease.name for lease in leases] == ["STOP", "STOP", "KEPT"]


async def test_a_stop_that_comes_as_a_turn_does_not_stop_itself(desk: Desk) -> None:
    claim = await ask(desk.turns, "/stop")
    answer = await run_command(desk, Call(ROOM, "stop", "", "en", claim.sequence))
    assert answer.text == "Nothing is being written here now."
    assert [lease.name for lease in await desk.turns.renew([claim])] == ["KEPT"]


async def test_reset_forgets_what_was_said(desk: Desk) -> None:
    await exchange(desk.turns, "before")
    answer = await run(desk, "reset")
    assert answer.public
    claim = await ask(desk.turns, "after")
    assert read(claim) == []
    await desk.turns.commit(claim, answered(claim))


async def test_a_reset_in_a_thread_leaves_its_channel_alone(desk: Desk) -> None:
    await exchange(desk.turns, "before")
    await run(desk, "reset", where=thread("1"))
    assert read(await ask(desk.turns, "in the channel")) == ["before"]


async def test_completion_offers_what_is_like_the_text_and_at_most_twenty_five(
    connections: Connections,
) -> None:
    async with desk_with(connections, *(f"public/model-{number}" for number in range(60))) as desk:
        assert len(await completed(desk, "model", "")) == 25
        assert len(await completed(desk, "model", "model")) == 25
        assert (await completed(desk, "model", "model-59"))[0] == "public/model-59"
        for name in ("stop", "reset", "help", "sing"):
            assert await completed(desk, name, "x") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/model", ("model", "")),
        ("  /model   deepseek-r1 \n", ("model", "deepseek-r1")),
        ("/Model X", ("model", "X")),
        ("/stop", ("stop", "")),
        ("/sing", ("sing", "")),
        ("/stop it, please", None),
        ("/var is full, what now?", None),
        ("/etc/passwd", None),
        ("hello /model", None),
        ("//", None),
        ("/", None),
        ("", None),
        ("/模型", None),
    ],
)
def test_a_command_in_a_text_is_one_of_that_name_and_form(text: str, found: tuple[str, str] | None) -> None:
    assert parse_command(text) == found
