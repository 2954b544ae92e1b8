"""``/model``."""

import pytest

from core.cascade import Level
from core.commands.command import Answer
from core.conversation import Channel, Conversation
from core.drun.catalog import Catalog
from core.errors import ModelUnavailable
from core.store.connection import Connections
from core.texts import Language
from tests.core.commands.bureau import ADA, DIRECT, NOWHERE, THREAD, Bureau, bureau_with
from tests.core.desks import choose, desk_of
from tests.core.drun.talk import maas, model_client
from tests.core.scene import FakePlatform
from tests.core.store.talk import ROOM, ask, thread
from tests.doubles.drun.refusals import broken
from tests.doubles.drun.server import DrunDouble

R1, V3 = "public/deepseek-r1", "public/deepseek-v3"
ALIASES = {"fast": V3, "quick": V3, R1: R1}


async def test_alone_it_tells_which_one_answers_and_lists_the_rest(bureau: Bureau) -> None:
    answer = await bureau.say("model")
    assert answer.text.startswith("`public/deepseek-v3` answers here (the default): DeepSeek-V3")
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


async def test_a_long_list_is_cut_and_says_by_how_much(connections: Connections) -> None:
    models = [f"public/model-{number:02}" for number in range(37)]
    async with bureau_with(connections, *models, default="public/model-03") as bureau:
        lines = (await bureau.say("model")).text.split("\n")
        listed = [line for line in lines if line.startswith("- ")]
        assert listed == [*(f"- `{model}` MaaS by Token" for model in models[:30]), "- and 7 more"]


async def test_a_list_of_exactly_thirty_is_whole(connections: Connections) -> None:
    models = [f"public/model-{number}" for number in range(30)]
    async with bureau_with(connections, *models, default="public/model-3") as bureau:
        assert "more" not in (await bureau.say("model")).text.split("\n\n")[1]


async def test_it_is_switched_for_the_channel_and_all_its_threads(bureau: Bureau) -> None:
    answer = await bureau.say("model deepseek-r1 channel", where=THREAD)
    known = "DeepSeek-R1 · MaaS by Token · 128k tokens · reasoning, tools · ¥0.004 in, ¥0.016 out per 1k"
    expected = f"From now on `public/deepseek-r1` answers in this channel: {known}."
    assert answer == Answer(expected, public=True)
    assert (await bureau.say("model")).text.startswith("`public/deepseek-r1` answers here (this channel)")
    claim = await ask(bureau.desk.turns, "hello", thread("2"))
    assert claim.settings[Level.CHANNEL] == {"model": R1}
    elsewhere = Conversation(Channel("slack", "T1", "random"))
    assert (await bureau.say("model", where=elsewhere)).text.startswith("`public/deepseek-v3` answers")


async def test_without_a_word_behind_it_is_meant_for_the_place_where_it_is_written(bureau: Bureau) -> None:
    assert "answers in this thread" in (await bureau.say("model deepseek-r1", where=THREAD)).text
    assert "answers in this channel" in (await bureau.say("model glm4-9b")).text
    assert (await bureau.set_at(Level.THREAD), await bureau.set_at(Level.CHANNEL)) == (
        {"model": R1},
        {"model": "public/glm4-9b"},
    )


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("model deepseek-r1 me", Level.PERSON),
        ("model deepseek-r1 for me", Level.PERSON),
        ("model deepseek-r1 in this channel", Level.CHANNEL),
        ("model deepseek-r1 我", Level.PERSON),
        ("model deepseek-r1 本频道", Level.CHANNEL),
        ("model deepseek-r1　频道", Level.CHANNEL),
        ("model deepseek-r1 话题。", Level.THREAD),
        ("model deepseek-r1 Channel!", Level.CHANNEL),
        ("model ｄｅｅｐｓｅｅｋ－ｒ１ ｍｅ", Level.PERSON),
        ("model deepseek-r1. me", Level.PERSON),
        ("model deepseek-r1 here", Level.THREAD),
        ("model deepseek-r1 这里", Level.THREAD),
    ],
)
async def test_people_name_places_in_their_own_words(bureau: Bureau, line: str, level: Level) -> None:
    await bureau.say(line, where=THREAD)
    assert await bureau.set_at(level) == {"model": R1}


async def test_whose_own_choice_does_not_count_here_is_told_whose_does(bureau: Bureau) -> None:
    await bureau.say("model glm4-9b channel")
    answer = await bureau.say("model deepseek-r1 me")
    assert answer.text.endswith("Here `public/glm4-9b` still answers: it was chosen for this channel.")
    assert not answer.public


@pytest.mark.parametrize("word", ["reset", "Reset.", "重置", "恢复", "默认"])
async def test_a_reset_goes_back_to_what_the_next_level_has(bureau: Bureau, word: str) -> None:
    await bureau.say("model glm4-9b me")
    await bureau.say("model deepseek-r1 channel")
    answer = await bureau.say(f"model {word} channel")
    assert answer.text == "The choice in this channel is forgotten; `public/glm4-9b` answers (you)."
    assert answer.public
    await bureau.say(f"model {word} me")
    assert await bureau.everything_set() == []


async def test_one_that_is_none_changes_nothing_and_names_what_is_near(
    bureau: Bureau, language: Language
) -> None:
    answer = await bureau.say("model deepseek-v4", language=language)
    assert "`deepseek-v4`" in answer.text
    assert "`public/deepseek-v3`" in answer.text
    assert not answer.public
    assert await bureau.everything_set() == []


async def test_one_like_no_other_gets_some_that_there_are(bureau: Bureau) -> None:
    answer = await bureau.say("model zzzzzz")
    assert "`zzzzzz` does not exist" in answer.text
    assert "Can be chosen: `public/deepseek-r1`, `public/deepseek-v3`, `public/glm4-9b`" in answer.text


async def test_what_is_no_name_at_all_is_quoted_briefly_and_harmlessly(bureau: Bureau) -> None:
    text = (await bureau.say("model " + "`x` " * 900)).text
    assert len(text) < 300
    assert "'x' 'x'" in text


async def test_a_withdrawn_choice_falls_back_to_the_default_and_model_says_so(bureau: Bureau) -> None:
    await choose(bureau.desk.preferences, "model", "public/withdrawn")
    text = (await bureau.say("model")).text
    assert text.startswith("`public/deepseek-v3` answers")
    assert "`public/withdrawn` is not offered any more; `public/deepseek-v3` answers." in text


async def test_a_default_that_is_gone_is_replaced_by_the_first_of_the_list(connections: Connections) -> None:
    async with bureau_with(connections, "public/a", "public/b", default="public/gone") as bureau:
        text = (await bureau.say("model")).text
        assert text.startswith("`public/a` answers")
        assert "`public/gone` is not offered any more; `public/a` answers." in text
        assert "`public/a`" in (await bureau.say("model reset")).text


async def test_a_list_that_cannot_be_read_is_one_sentence(
    connections: Connections, language: Language
) -> None:
    async with DrunDouble() as drun, model_client() as client:
        drun.maas.listing_fault = broken()
        desk = desk_of(connections, Catalog(client, [maas(drun)], aliases={}, runs={}))
        answer = await Bureau(desk, FakePlatform()).say("model", language=language)
        assert answer.text == ModelUnavailable().notice(language)


async def test_where_nobody_is_known_by_name_nothing_is_set_for_a_person(bureau: Bureau) -> None:
    assert "choose `channel`" in (await bureau.say("model deepseek-r1 me", by="")).text
    assert await bureau.everything_set() == []


async def test_a_thread_is_set_from_within_it_alone(bureau: Bureau, language: Language) -> None:
    answer = await bureau.say("model deepseek-r1 thread", language=language)
    assert "`channel`" in answer.text
    assert not answer.public
    assert await bureau.everything_set() == []


async def test_the_operators_names_are_chosen_listed_and_answered_with(connections: Connections) -> None:
    async with bureau_with(connections, R1, V3, aliases=ALIASES, default="fast") as bureau:
        text = (await bureau.say("model")).text
        assert text.startswith("`fast` (`public/deepseek-v3`) answers here (the default)")
        assert "\n- `fast` (`public/deepseek-v3`) DeepSeek-V3" in text
        assert "\n- `public/deepseek-r1` DeepSeek-R1" in text
        assert "From now on `fast` (`public/deepseek-v3`) answers" in (await bureau.say("model fast")).text
        assert "From now on `fast` (`public/deepseek-v3`) answers" in (await bureau.say("model quick")).text
        assert (
            "From now on `fast` (`public/deepseek-v3`) answers"
            in (await bureau.say("model deepseek-v3")).text
        )
        assert "Did you mean `fast`" in (await bureau.say("model fasr")).text
        assert await bureau.completed("model fa") == ["fast"]


async def test_who_chose_by_the_operators_name_follows_it_to_another_model(connections: Connections) -> None:
    async with bureau_with(connections, R1, V3, aliases={"fast": V3, "deep": R1}) as bureau:
        await bureau.say("model fast channel")
        await bureau.say(f"model {V3} me")
    async with bureau_with(connections, R1, V3, aliases={"fast": R1, V3: V3}) as bureau:
        assert (await bureau.say("model")).text.startswith("`fast` (`public/deepseek-r1`) answers")
        assert await bureau.set_at(Level.PERSON) == {"model": V3}


async def test_completion_offers_what_is_like_the_text_and_at_most_twenty_five(
    connections: Connections,
) -> None:
    async with bureau_with(connections, *(f"public/model-{number}" for number in range(60))) as bureau:
        assert len(await bureau.completed("model ")) == 25
        assert len(await bureau.completed("model model")) == 25
        assert (await bureau.completed("model model-59"))[0] == "public/model-59"


async def test_completion_goes_on_with_the_place(bureau: Bureau) -> None:
    assert await bureau.completed("model res") == ["reset"]
    assert await bureau.completed("model deepseek-r1 ") == [
        f"deepseek-r1 {word}" for word in ("channel", "me", "workspace", "everywhere")
    ], "from here nothing can be set for a thread"
    assert await bureau.completed("model deepseek-r1　c") == ["deepseek-r1 channel"]
    assert await bureau.completed("model deepseek-r1 me more") == []


async def test_a_persons_model_counts_wherever_they_write_in_the_workspace(bureau: Bureau) -> None:
    await bureau.say("model deepseek-r1 me")
    elsewhere = Conversation(Channel("slack", "T1", "random"), "9")
    assert (await bureau.say("model", where=elsewhere)).text.startswith(
        "`public/deepseek-r1` answers here (you)"
    )
    assert (await bureau.say("model", by="U9", where=ROOM)).text.startswith("`public/deepseek-v3` answers")
    other = Conversation(Channel("slack", "T2", "general"))
    assert (await bureau.say("model", by=ADA, where=other)).text.startswith("`public/deepseek-v3` answers")


@pytest.mark.parametrize("word", ["list", "show", "Show.", "列表", "查看", "set", "list channel"])
async def test_a_word_for_showing_is_no_model(bureau: Bureau, word: str) -> None:
    assert await bureau.say(f"model {word}") == await bureau.say("model")


@pytest.mark.parametrize("word", ["set", "SET", "设置", "设为"])
async def test_set_may_stand_before_the_name(bureau: Bureau, word: str) -> None:
    assert (await bureau.say(f"model {word} deepseek-r1 me")).text.startswith("From now on")
    assert await bureau.set_at(Level.PERSON) == {"model": "public/deepseek-r1"}
    assert "`gpt-9` does not exist" in (await bureau.say(f"model {word} gpt-9")).text
    await bureau.say(f"model {word} reset me")
    assert await bureau.everything_set() == []


async def test_a_model_that_is_called_like_such_a_word_is_meant_by_it(connections: Connections) -> None:
    async with bureau_with(connections, "public/list", "public/deepseek-v3") as bureau:
        await bureau.say("model list me")
        assert await bureau.set_at(Level.PERSON) == {"model": "public/list"}


@pytest.mark.parametrize("line", ["regenerate deepseek-v4", "compare deepseek-r1 deepseek-v4 why?"])
async def test_whoever_asks_one_that_is_none_hears_what_is_near(
    bureau: Bureau, language: Language, line: str
) -> None:
    text = (await bureau.say(line, language=language)).text
    assert text == (await bureau.say("model deepseek-v4", language=language)).text
    assert "`public/deepseek-v3`" in text


async def test_a_thread_is_offered_only_inside_of_one(bureau: Bureau, language: Language) -> None:
    for line in ("model", "settings", "system x"):
        assert "`thread`" not in (await bureau.say(line, language=language)).text
        assert "`thread`" in (await bureau.say(line, where=THREAD, language=language)).text
        assert "`workspace`" not in (await bureau.say(line, where=NOWHERE, language=language)).text


async def test_a_direct_message_is_called_no_channel(bureau: Bureau) -> None:
    assert (await bureau.say("model deepseek-r1", where=DIRECT)).text.startswith(
        "From now on `public/deepseek-r1` answers here: "
    )
    text = (await bureau.say("model", where=DIRECT)).text
    assert text.startswith("`public/deepseek-r1` answers here (this conversation)")
