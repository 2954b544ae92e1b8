"""``/forget``: it explains, it asks once more, and then it is gone."""

import pytest

from core.cascade import Level
from core.commands.command import Call
from core.commands.running import run
from core.conversation import Conversation
from core.people import UNKNOWN
from core.store.claims import Lease
from core.store.preferences import Place
from core.texts import Language
from core.wrong import AdminUnknown
from tests.core.commands.bureau import ADA, DIRECT, OPERATOR, ROOT, THREAD, Bureau
from tests.core.store.talk import ROOM, ask, exchange, read

WORDS = {"en": ("me", "channel", "yes"), "zh": ("我", "本频道", "确认")}


async def remembered(bureau: Bureau, where: Conversation = ROOM) -> list[str]:
    claim = await ask(bureau.desk.turns, "what was said?", where)
    await bureau.desk.turns.commit(claim, None)
    return read(claim)


async def test_alone_it_says_what_can_be_forgotten(bureau: Bureau, language: Language) -> None:
    await exchange(bureau.desk.turns, "hello")
    answer = await bureau.say("forget", language=language)
    assert "`/forget me`" in answer.text
    assert "`/forget channel`" in answer.text
    assert await remembered(bureau) == ["hello"]


@pytest.mark.parametrize("what", [0, 1])
async def test_without_a_second_word_it_explains_and_asks(
    bureau: Bureau, language: Language, what: int
) -> None:
    await exchange(bureau.desk.turns, "hello")
    answer = await bureau.say(f"forget {WORDS[language][what]}", by=ROOT, language=language)
    assert f"`/forget {WORDS['en'][what]} yes`" in answer.text
    assert not answer.public
    assert await remembered(bureau) == ["hello"]
    again = await bureau.say(f"forget {WORDS[language][what]} maybe", by=ROOT, language=language)
    assert again == answer


async def test_a_channel_is_forgotten_by_an_admin_and_everybody_is_told(
    bureau: Bureau, language: Language
) -> None:
    await exchange(bureau.desk.turns, "hello")
    await exchange(bureau.desk.turns, "inside", THREAD)
    await bureau.desk.preferences.choose(Place(Level.CHANNEL, ROOM), "model", "m", by=ROOT)
    _, channel, yes = WORDS[language]
    answer = await bureau.say(f"forget {channel} {yes}", by=ROOT, language=language)
    assert answer.public
    assert await remembered(bureau) == []
    assert await remembered(bureau, THREAD) == []
    assert await bureau.set_at(Level.CHANNEL) == {"model": "m"}, "it says how to answer, not what was said"


async def test_a_channel_is_not_forgotten_by_somebody(bureau: Bureau, language: Language) -> None:
    await exchange(bureau.desk.turns, "hello")
    answer = await bureau.say("forget channel yes", language=language)
    assert {"en": "Only admins", "zh": "只有工作区管理员"}[language] in answer.text
    assert {"en": "Nothing was deleted.", "zh": "未删除任何内容。"}[language] in answer.text
    assert "`/forget me`" in answer.text, "what they may do"
    bureau.platform.people[ADA] = UNKNOWN
    assert (await bureau.say("forget channel yes", language=language)).text == AdminUnknown().notice(language)
    assert await remembered(bureau) == ["hello"]
    await bureau.say("forget channel yes", by=OPERATOR)
    assert await remembered(bureau) == []


async def test_in_a_direct_message_the_only_person_may(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "hello", DIRECT)
    await bureau.say("forget channel yes", where=DIRECT)
    assert await remembered(bureau, DIRECT) == []


async def test_somebody_is_forgotten_with_their_settings(bureau: Bureau, language: Language) -> None:
    await exchange(bureau.desk.turns, "hello")
    await bureau.say("settings language en me", by="ada")
    me, _, yes = WORDS[language]
    answer = await bureau.say(f"forget {me} {yes}", by="ada", language=language)
    assert not answer.public
    assert await remembered(bureau) == []
    assert await bureau.set_at(Level.PERSON, by="ada") == {}


async def test_others_are_left_alone(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "hello")  # by ada
    await bureau.say("forget me yes", by=ROOT)
    assert await remembered(bureau) == ["hello"]


@pytest.mark.parametrize("line", ["forget everything", "forget thread yes", "forget yes", "forget workspace"])
async def test_what_cannot_be_forgotten_changes_nothing(
    bureau: Bureau, language: Language, line: str
) -> None:
    await exchange(bureau.desk.turns, "hello")
    answer = await bureau.say(line, by=ROOT, language=language)
    assert "`/forget me`" in answer.text
    assert await remembered(bureau) == ["hello"]


async def test_whom_nobody_knows_cannot_be_forgotten(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "hello")
    assert "channel" in (await bureau.say("forget me yes", by="")).text
    assert await remembered(bureau) == ["hello"]


@pytest.mark.parametrize("what", ["me", "channel"])
async def test_written_as_a_message_its_own_turn_goes_on(bureau: Bureau, what: str) -> None:
    turns = bureau.desk.turns
    claim = await ask(turns, f"/forget {what} yes", DIRECT)
    call = Call(DIRECT, "forget", f"{what} yes", "en", claim.sequence, author="ada")
    await run(bureau.desk, call)
    assert await turns.renew([claim]) == [Lease.KEPT]
    assert await turns.commit(claim, None)


async def test_what_may_be_written_is_offered(bureau: Bureau) -> None:
    assert await bureau.completed("forget ") == ["me", "channel"]
    assert await bureau.completed("forget ch") == ["channel"]
    assert await bureau.completed("forget channel ") == ["channel yes"]
