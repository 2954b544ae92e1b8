"""``/export``: all that is kept of a conversation, for whoever asks."""

import json
from dataclasses import replace

import pytest

from core.cascade import Level
from core.commands.command import Answer, Call
from core.commands.desk import Desk
from core.commands.running import run
from core.conversation import Conversation
from core.exported import as_json, as_markdown, seen_by
from core.store.connection import Connections
from core.store.records import Record
from core.texts import Language
from tests.core.commands.bureau import DIRECT, THREAD, Bureau
from tests.core.store.filled import ADA, BOB, GENERAL, RANDOM, Filled
from tests.core.store.filled import THREAD as FILLED_THREAD
from tests.core.store.talk import ROOM, ask, exchange


@pytest.fixture
async def filled(connections: Connections) -> Filled:
    made = Filled(connections)
    await made.fill()
    return made


def words(channel: str) -> list[str]:
    """All that Ada may see of what was said in a channel of a filled store, and is still there."""
    per_author = "q-{0}-{1}-edited r-{0}-{1}-history n-{0}-{1}-history q-{0}-{1}-thread r-{0}-{1}-thread"
    said = [word for author in (ADA, BOB) for word in per_author.format(channel, author).split()]
    more = f"o-{channel}-{ADA}-feedback h-{channel}-{ADA}-thought z-{channel}-{ADA}-summary s-{channel}-channel s-{channel}-thread"
    return [*said, *more.split(), f"q-{channel}-{BOB}-summed"]


async def exported(desk: Desk, where: Conversation, form: str, language: Language = "en") -> Answer:
    return await run(desk, Call(where, "export", form, language, author=ADA))


def desk_at(bureau: Bureau, filled: Filled) -> Desk:
    return replace(bureau.desk, turns=filled.turns, channels=filled.channels, preferences=filled.preferences)


async def test_json_has_every_word_that_is_kept_of_a_channel(bureau: Bureau, filled: Filled) -> None:
    answer = await exported(desk_at(bureau, filled), Conversation(GENERAL), "json")
    assert not answer.public
    assert answer.attached
    found = json.loads(answer.attached.text)
    assert answer.attached.name == "conversation.json"
    for word in (*words(GENERAL.channel), f"q-{GENERAL.channel}-{ADA}-parked"):
        assert word in answer.attached.text, word
    assert f"-{RANDOM.channel}-{ADA}" not in answer.attached.text
    assert "UOPERATOR" not in answer.attached.text
    assert "-person" not in answer.attached.text, "what people have set for themselves"
    assert found["settings_by_level"]["channel"] == {"system": f"s-{GENERAL.channel}-channel"}
    sequences = [turn["sequence"] for turn in found["turns"]]
    assert len(sequences) == 4
    assert sequences == sorted(sequences)
    assert found["turns"][0]["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "reasoning_tokens": None,
        "estimated": False,
        "reasoning_estimated": False,
    }
    everything = {key for key in await filled.keys() if f"{GENERAL}" in key and "{0}" in key}
    assert {key for key in everything if key.split(":")[2] in {"seen", "state", "index", "pins"}} <= set(
        found["other"]
    )


async def test_markdown_has_what_was_said_in_words(
    bureau: Bureau, filled: Filled, language: Language
) -> None:
    answer = await exported(desk_at(bureau, filled), Conversation(GENERAL), "", language)
    assert answer.attached
    assert answer.attached.name == "conversation.md"
    for word in words(GENERAL.channel):
        assert word in answer.attached.text, word


@pytest.mark.parametrize("form", ["json", "markdown"])
async def test_what_others_think_of_an_answer_is_counted_and_not_told(
    bureau: Bureau, filled: Filled, form: str
) -> None:
    desk = desk_at(bureau, filled)
    reasons = {author: f"o-{GENERAL.channel}-{author}-feedback" for author in (ADA, BOB)}
    for author, reason in reasons.items():
        call = Call(Conversation(GENERAL), "export", form, "en", author=author)
        answer = await run(desk, call)
        assert answer.attached
        told = [each for each in reasons.values() if each in answer.attached.text]
        assert told == [reason]
        if form == "markdown":
            assert answer.attached.text.count("- others: bad 1") == 1
            continue
        turns = json.loads(answer.attached.text)["turns"]
        assert [[each["author"] for each in turn["feedback"]] for turn in turns if turn["feedback"]] == [
            [author]
        ]
        assert [turn["feedback_of_others"] for turn in turns if "feedback_of_others" in turn] == [{"bad": 1}]


def test_somebody_who_is_not_known_has_said_nothing() -> None:
    opinion = {"author": "", "verdict": "good", "reason": "because"}
    record = Record("slack:T1:C1", turns=[{"sequence": 1, "feedback": [opinion, opinion]}])
    assert seen_by("", record).turns == [{"sequence": 1, "feedback": [], "feedback_of_others": {"good": 2}}]


async def test_the_operator_has_all_that_people_think_of_answers(filled: Filled) -> None:
    record = await filled.channels.records.of(Conversation(GENERAL))
    for text in (as_json(record, {}), as_markdown(record, {}, "en")):
        assert all(f"o-{GENERAL.channel}-{author}-feedback" in text for author in (ADA, BOB))


@pytest.mark.parametrize("form", ["json", "markdown"])
async def test_why_a_turn_was_given_up_is_for_operators(bureau: Bureau, filled: Filled, form: str) -> None:
    answer = await exported(desk_at(bureau, filled), Conversation(GENERAL), form)
    assert answer.attached
    assert f"q-{GENERAL.channel}-{ADA}-parked" in answer.attached.text, "that it was is for everybody"
    assert "no reason" not in answer.attached.text
    record = await filled.channels.records.of(Conversation(GENERAL))
    assert all("no reason" in text for text in (as_json(record, {}), as_markdown(record, {}, "en")))


async def test_a_thread_is_exported_without_the_rest_of_its_channel(bureau: Bureau, filled: Filled) -> None:
    answer = await exported(desk_at(bureau, filled), FILLED_THREAD, "json")
    assert answer.attached
    for author in (ADA, BOB):
        assert f"q-{GENERAL.channel}-{author}-thread" in answer.attached.text
        assert f"q-{GENERAL.channel}-{author}-edited" not in answer.attached.text


async def test_the_question_that_opened_a_thread_comes_with_it(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "the root", THREAD, opens_thread=True)
    await exchange(bureau.desk.turns, "inside", THREAD)
    await exchange(bureau.desk.turns, "beside")
    answer = await exported(bureau.desk, THREAD, "json")
    assert answer.attached
    assert [turn["text"] for turn in json.loads(answer.attached.text)["turns"]] == ["the root", "inside"]


async def test_where_nothing_was_said_that_is_what_it_says(bureau: Bureau, language: Language) -> None:
    answer = await exported(bureau.desk, ROOM, "markdown", language)
    assert answer.attached
    assert ("kept" if language == "en" else "保存") in answer.attached.text


async def test_another_form_is_refused_with_those_there_are(bureau: Bureau, language: Language) -> None:
    answer = await exported(bureau.desk, ROOM, "pdf", language)
    assert "`markdown`, `json`" in answer.text
    assert answer.attached is None


async def test_written_as_a_message_among_others_it_names_the_way_to_have_it_alone(bureau: Bureau) -> None:
    claim = await ask(bureau.desk.turns, "/export", THREAD)
    answer = await run(bureau.desk, Call(THREAD, "export", "", "en", claim.sequence, author=ADA))
    assert answer.attached is None
    assert "`/export`" in answer.text
    claim = await ask(bureau.desk.turns, "/export", DIRECT)
    answer = await run(bureau.desk, Call(DIRECT, "export", "", "en", claim.sequence, author=ADA))
    assert answer.attached


async def test_settings_come_with_their_level_and_without_the_persons_own(bureau: Bureau) -> None:
    for level, value in ((Level.CHANNEL, "0.1"), (Level.PERSON, "0.2")):
        await bureau.say(f"settings temperature {value} {level.value}")
    answer = await exported(bureau.desk, ROOM, "json")
    assert answer.attached
    assert json.loads(answer.attached.text)["settings_by_level"] == {"channel": {"temperature": "0.1"}}


async def test_what_is_too_long_for_a_message_says_where_it_can_be_had(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "long " * 5000)
    answer = await exported(bureau.desk, ROOM, "json")
    assert answer.attached
    assert answer.attached.fitted(12_000) == answer.attached.instead
    assert f"drun-chat export {ROOM} --form json" in answer.attached.instead
