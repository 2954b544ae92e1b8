"""Who asks, and what was said before: asked of the platform in time, sent, and kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.changes import Deleted
from core.conversation import Attachment, Channel, Conversation, Turn, UserMessage
from core.hold import Hold
from core.memory import surroundings
from core.people import UNKNOWN, Person, Remark
from core.store.claims import Busy, Claim
from core.window import BEFORE, SEVERAL
from tests.core.desks import choose
from tests.core.scene import FakePlatform, Scene
from tests.core.store.talk import GENERAL, ROOM, claimed, said, thread

PEOPLE = {"U1": Person("Ada", None), "U2": Person("Bob", None)}
REMARKS = [
    Remark("U2", "Bob", "the build is red", "b1", mine=False),
    Remark("B1", "", "I know nothing of it", "b2", mine=True),
]
JOINED = thread("people's")


async def answer(stage: Scene, text: str, author: str, where: Conversation = ROOM) -> Claim:
    await stage.turns.accept(replace(said(text, where), author=author))
    return await answer_next(stage)


async def answer_next(stage: Scene) -> Claim:
    claim = await claimed(stage.turns)
    await stage.engine.answer(Hold(claim))
    return claim


def sent(stage: Scene) -> list[str]:
    return [str(message["content"]) for message in stage.drun.requests[-1].messages]


async def test_with_one_person_nothing_is_added(stage: Scene) -> None:
    stage.platform.people = PEOPLE
    stage.drun.reply_with("Yes.")
    await answer(stage, "hello", "U1")
    await answer(stage, "and now?", "U1")
    assert sent(stage) == ["hello", "Yes.", "and now?"]
    assert [turn.name for turn in await stage.kept()] == ["Ada", "Ada"]


async def test_with_two_the_model_is_told_who_said_what(stage: Scene) -> None:
    stage.platform.people = PEOPLE
    stage.drun.reply_with("Yes.")
    await answer(stage, "hello", "U1")
    await answer(stage, "and now?", "U2")
    assert sent(stage) == [SEVERAL, "Ada: hello", "Yes.", "Bob: and now?"]
    assert [turn.text for turn in await stage.kept()] == ["hello", "and now?"], (
        "names are kept beside the text"
    )


async def test_several_who_are_answered_together_keep_their_names(stage: Scene) -> None:
    stage.platform.people = PEOPLE
    stage.drun.reply_with("Yes.")
    await choose(stage.desk.preferences, "busy", Busy.COLLECT)
    for text, author in (("tea?", "U1"), ("coffee?", "U2")):
        await stage.turns.accept(replace(said(text), author=author))
    await answer_next(stage)
    assert sent(stage) == [SEVERAL, "Ada: tea?\n\nBob: coffee?"]
    await answer(stage, "so?", "U1")
    assert sent(stage) == [SEVERAL, "Ada: tea?\n\nBob: coffee?", "Yes.", "Ada: so?"]


async def test_files_of_a_question_stand_behind_its_writers_name(stage: Scene) -> None:
    stage.platform.people = PEOPLE
    stage.platform.files = {"f": b"one line"}
    stage.drun.reply_with("Yes.")
    await answer(stage, "hello", "U1")
    message = replace(
        said("read this"), author="U2", attachments=(Attachment("a.txt", "text/plain", 8, "f"),)
    )
    await stage.turns.accept(message)
    await answer_next(stage)
    assert sent(stage)[-1].startswith("Bob: read this\n\n")
    assert "one line" in sent(stage)[-1]


async def test_what_people_said_in_a_thread_is_read_once_and_stays_with_it(stage: Scene) -> None:
    stage.platform.people, stage.platform.before = PEOPLE, REMARKS
    stage.drun.reply_with("Yes.")
    block = f"{BEFORE}Bob: the build is red\nYou: I know nothing of it"
    await answer(stage, "why?", "U1", JOINED)
    assert sent(stage) == [SEVERAL, block, "Ada: why?"]
    await answer(stage, "since when?", "U1", JOINED)
    assert sent(stage) == [SEVERAL, block, "Ada: why?", "Yes.", "Ada: since when?"]
    assert len(stage.platform.reads) == 1


async def test_where_the_first_attempt_failed_it_is_read_again(stage: Scene) -> None:
    stage.platform.before = REMARKS
    stage.drun.reply_with("Yes.")
    await stage.turns.accept(said("why?", JOINED))
    assert await stage.turns.release(await claimed(stage.turns), failed="it was killed")
    await answer_next(stage)
    assert len(stage.platform.reads) == 1
    assert BEFORE in sent(stage)[1]


async def test_a_thread_that_the_bot_opened_is_not_read(stage: Scene) -> None:
    stage.platform.before = REMARKS
    stage.drun.reply_with("Yes.")
    await stage.turns.accept(said("hello", thread("1"), opens_thread=True))
    await answer_next(stage)
    await answer(stage, "and now?", "ada", thread("1"))
    assert stage.platform.reads == []
    assert sent(stage) == ["hello", "Yes.", "and now?"]


async def test_nothing_is_read_after_a_reset_and_what_was_read_is_forgotten_with_it(stage: Scene) -> None:
    stage.platform.before = REMARKS
    stage.drun.reply_with("Yes.")
    await answer(stage, "why?", "ada", JOINED)
    await stage.turns.reset(JOINED)
    await answer(stage, "hello", "ada", JOINED)
    assert (len(stage.platform.reads), sent(stage)) == (1, ["hello"])


async def test_what_is_deleted_of_it_is_gone(stage: Scene) -> None:
    stage.platform.people, stage.platform.before = PEOPLE, REMARKS
    stage.drun.reply_with("Yes.")
    await answer(stage, "why?", "U1", JOINED)
    assert (await stage.turns.amend(Deleted(GENERAL, ("b1",), JOINED.thread))).changed
    await answer(stage, "and now?", "U1", JOINED)
    assert sent(stage) == [f"{BEFORE}You: I know nothing of it", "why?", "Yes.", "and now?"]


async def test_only_so_much_of_it_is_kept_and_what_began_the_thread_always(stage: Scene) -> None:
    stage.platform.before = [
        Remark("U2", "Bob", f"{number} " + "word " * 500, f"b{number}", mine=False) for number in range(30)
    ]
    stage.drun.reply_with("Yes.")
    await answer(stage, "why?", "U1", JOINED)
    [turn] = await stage.kept(JOINED)
    assert [remark.message_id for remark in turn.before] == [
        "b0",
        *(f"b{number}" for number in range(24, 30)),
    ]
    assert all(len(remark.text) == 1_001 for remark in turn.before)


async def test_in_a_direct_message_nobody_is_asked_for(stage: Scene) -> None:
    stage.platform.before = REMARKS
    stage.platform.people = PEOPLE
    direct = Conversation(Channel("slack", "T1", "D1"))
    stage.drun.reply_with("Yes.")
    await answer(stage, "hello", "U1", direct)
    assert stage.platform.reads == []
    assert [turn.name for turn in await stage.kept(direct)] == [""]


@dataclass(slots=True)
class Silent(FakePlatform):
    """Answers nothing until it is told to."""

    talks: asyncio.Event = field(default_factory=asyncio.Event)

    async def person(self, author: str, channel: Channel) -> Person:
        await self.talks.wait()
        return UNKNOWN

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        await self.talks.wait()
        return ()


async def test_a_name_that_does_not_come_holds_nobody_up_for_more_than_a_second(stage: Scene) -> None:
    await stage.turns.accept(said("hello"))
    claim = replace(await claimed(stage.turns), first=False)
    began = asyncio.get_running_loop().time()
    found = await surroundings.surroundings_of(claim, Silent())
    assert asyncio.get_running_loop().time() - began < surroundings.NAMES_S + 0.5
    assert found.part_of(Turn("ada", "hello", "")) == Turn("ada", "hello", "")
    assert surroundings.NAMES_S <= 1
