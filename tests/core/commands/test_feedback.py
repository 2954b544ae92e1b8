"""/feedback: what somebody thinks of the last answer is kept with its turn, and goes with it."""

import asyncio
from dataclasses import replace

import pytest

from core.cascade import Level
from core.changes import Deleted, Edited
from core.commands.command import Call
from core.commands.feedback import rate
from core.conversation import Conversation
from core.feedback import LONGEST_REASON, Feedback
from core.store.answers import Found
from core.store.kept import Kept
from core.store.preferences import Place
from core.texts import Language
from tests.core.commands.bureau import ADA, BOTH, ROOT, Bureau
from tests.core.store.talk import ROOM, exchange, thread

languages = pytest.mark.parametrize("language", BOTH)


async def last(bureau: Bureau, where: Conversation = ROOM) -> Found:
    found = await bureau.desk.turns.answers.last(where)
    assert found is not None
    return found


async def opinions(bureau: Bureau, where: Conversation = ROOM) -> tuple[Feedback, ...]:
    return (await last(bureau, where)).turn.feedback


@languages
async def test_a_verdict_and_its_reason_are_kept_with_the_turn(bureau: Bureau, language: Language) -> None:
    claim = await exchange(bureau.desk.turns, "why?")
    await bureau.desk.preferences.choose(Place(Level.CHANNEL, ROOM), "system", "Be brief.", by=ROOT)
    answer = await bureau.say("feedback bad too short,\nand wrong", language=language)
    assert not answer.public
    assert "why?" in answer.text
    (kept,) = await opinions(bureau)
    assert kept == Feedback(ADA, "bad", kept.answer, "too short,\nand wrong", at=kept.at, system="Be brief.")
    assert kept.at > 0
    assert (await last(bureau)).turn.text == claim.message.text


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("good", "good"),
        ("GOOD.", "good"),
        ("👍", "good"),
        ("好", "good"),
        ("+1", "good"),
        (":-1:", "bad"),
        ("差", "bad"),
    ],
)
async def test_a_verdict_is_understood_as_people_write_it(bureau: Bureau, written: str, verdict: str) -> None:
    await exchange(bureau.desk.turns, "why?")
    await bureau.say(f"feedback {written}")
    assert [each.verdict for each in await opinions(bureau)] == [verdict]


async def test_each_person_has_one_opinion_of_a_turn_and_may_change_it(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "why?")
    await bureau.say("feedback good")
    await bureau.say("feedback bad", by=ROOT)
    await bureau.say("feedback bad it was wrong after all")
    assert [(each.author, each.verdict, each.reason) for each in await opinions(bureau)] == [
        (ROOT, "bad", ""),
        (ADA, "bad", "it was wrong after all"),
    ]


async def test_many_who_say_so_at_once_are_all_heard(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "why?")
    people = [f"U{number}" for number in range(12)]
    await asyncio.gather(*(bureau.say("feedback good", by=each) for each in people))
    assert sorted(each.author for each in await opinions(bureau)) == sorted(people)


@languages
@pytest.mark.parametrize("line", ["feedback", "feedback great", "feedback good"])
async def test_what_cannot_be_noted_is_answered_with_what_would_be_right(
    bureau: Bureau, line: str, language: Language
) -> None:
    answer = await bureau.say(line, language=language)
    right = {"en": "no answer here yet", "zh": "还没有可以评价"}
    expected = right[language] if line == "feedback good" else "`/feedback good`"
    assert expected in answer.text


async def test_a_reason_without_end_is_cut_and_half_a_surrogate_pair_does_no_harm(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "why?")
    await bureau.say("feedback bad \ud83d" + "x" * 2000)
    (kept,) = await opinions(bureau)
    assert kept.reason == "?" + "x" * (LONGEST_REASON - 1)


async def test_a_thread_has_its_own_last_answer(bureau: Bureau) -> None:
    turns = bureau.desk.turns
    await exchange(turns, "root?", thread("1"), opens_thread=True)
    await bureau.say("feedback good", where=thread("1"))
    await exchange(turns, "inside?", thread("1"))
    await bureau.say("feedback bad", where=thread("1"))
    assert [each.verdict for each in await opinions(bureau, thread("1"))] == ["bad"]
    assert [each.verdict for each in await opinions(bureau)] == ["good"], "the root is the channel's"


async def test_an_edited_question_keeps_what_is_thought_of_its_answer_and_a_deleted_one_does_not(
    bureau: Bureau,
) -> None:
    turns = bureau.desk.turns
    claim = await exchange(turns, "why?")
    await bureau.say("feedback good")
    await turns.amend(Edited(ROOM.channel, claim.message.message_id, "why not?", at=1))
    assert [each.verdict for each in await opinions(bureau)] == ["good"]
    assert [found.turn.text async for found in turns.answers.with_feedback()] == ["why not?"]
    await turns.amend(Deleted(ROOM.channel, (claim.message.message_id,)))
    assert await turns.answers.last(ROOM) is None
    assert [found async for found in turns.answers.with_feedback()] == []


async def test_an_opinion_that_comes_after_the_turn_was_deleted_is_kept_nowhere(bureau: Bureau) -> None:
    turns = bureau.desk.turns
    claim = await exchange(turns, "why?")
    found = await last(bureau)
    await turns.amend(Deleted(ROOM.channel, (claim.message.message_id,)))
    call = Call(ROOM, "feedback", "good", "en", author=ADA)
    answer = await rate(bureau.desk, call, found, "good")
    assert "no answer here yet" in answer.text
    assert [each async for each in turns.answers.with_feedback()] == []


async def test_the_turn_that_a_message_shows_is_found_by_it(bureau: Bureau) -> None:
    """What a button or a reaction stands at."""
    turns = bureau.desk.turns
    claim = await exchange(turns, "root?", thread("1"), opens_thread=True)
    await exchange(turns, "inside?", thread("1"))
    found = await turns.answers.shown_by(thread("1"), claim.message.message_id)
    assert found is not None
    assert (found.turn.text, found.conversation) == ("root?", thread("1"))
    assert await turns.answers.shown_by(ROOM, "another message") is None


async def test_an_opinion_changes_no_word_so_that_summaries_go_on_holding(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "why?")
    channel = f"drun:{{0}}:channel:{ROOM.channel}"
    redis = bureau.desk.preferences._redis
    await bureau.say("feedback good")
    assert await redis.hget(channel, "words") is None
    found = await last(bureau)
    new = replace(found.turn, reply="anew")
    await bureau.desk.turns.answers.answer_anew(found, lambda turn: turn.anew(new, by="r", at=1))
    assert await redis.hget(channel, "words") == "1"


def test_an_opinion_names_the_version_that_it_is_about() -> None:
    turn = Kept("ada", "why?", "One.", id="q")
    opinion = Feedback(ADA, "bad", turn.answer_id)
    anew = turn.rated(opinion).anew(replace(turn, reply="Two."), by="r", at=2)
    assert anew.feedback == (opinion,)
    assert anew.feedback[0].answer == anew.versions[0].id == "q"
    assert anew.answer_id == "r"
