"""/regenerate, as a turn: the last question is answered again, over the messages of its answer."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from core.changes import Deleted
from core.conversation import Turn
from core.engine import ATTEMPTS
from core.feedback import Version
from core.hold import Hold, LeaseLost
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.kept import MOST_VERSIONS, Kept
from core.store.turns import Turns
from tests.core.play import Play, play, prompts, scripts
from tests.core.store.talk import ROOM, claimed, eventually, expire, said, thread
from tests.doubles.drun.refusals import broken
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble


@pytest.fixture
async def here(connections: Connections, drun: DrunDouble) -> AsyncGenerator[Play, None]:
    async with play(connections, drun) as made:
        yield made


async def test_the_answer_is_made_anew_in_its_own_message_and_the_old_one_is_kept(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two.", "Three."))
    await here.ask("hello")
    first = await here.ask("count")
    again = await here.ask("/regenerate")
    assert here.wall.texts() == ["One.", "Three.\n\n_Version 2, by `public/deepseek-v3`._"]
    assert prompts(drun)[1] == prompts(drun)[2] == ["hello", "One.", "count"]
    turn = await here.last()
    assert (turn.id, turn.text, turn.reply) == (first.message.turn_id, "count", "Three.")
    assert (turn.version, turn.answer) == (2, again.message.turn_id)
    (was,) = turn.versions
    assert (was.id, was.reply, was.model) == (first.message.turn_id, "Two.", "public/deepseek-v3")
    assert was.at > 0
    assert was.usage is not None
    assert [each.reply for each in await here.stage.history()] == ["One.", "Three."]


async def test_another_model_answers_when_it_is_named_and_only_this_once(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two.", "Three."))
    await here.ask("count")
    await here.ask("/regenerate deepseek-r1")
    assert here.wall.texts() == ["Two.\n\n_Version 2, by `public/deepseek-r1`._"]
    await here.ask("next")
    models = [request.model for request in drun.requests]
    assert models == ["public/deepseek-v3", "public/deepseek-r1", "public/deepseek-v3"]


async def test_a_model_that_is_none_is_said_and_changes_nothing(here: Play, drun: DrunDouble) -> None:
    drun.script(*scripts("One."))
    await here.ask("count")
    await here.ask("/regenerate gpt-9")
    assert here.wall.texts()[0] == "One."
    assert "`gpt-9` does not exist" in here.wall.texts()[1]
    assert (await here.last()).versions == ()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [("/regenerate", "Nothing was asked here yet"), ("/regenerate　", "Nothing was asked here yet")],
)
async def test_where_nothing_was_asked_that_is_said(here: Play, command: str, sentence: str) -> None:
    await here.ask(command)
    assert here.wall.texts()[0].startswith(sentence)


async def test_after_a_reset_there_is_nothing_to_answer_again(here: Play, drun: DrunDouble) -> None:
    drun.script(*scripts("One."))
    await here.ask("count")
    await here.ask("/reset")
    await here.ask("/regenerate")
    assert here.wall.texts()[-1].startswith("Nothing was asked here yet")


async def test_a_thread_answers_its_root_again_and_never_what_another_thread_asked(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(*scripts("Another's.", "One.", "Two."))
    await here.ask("elsewhere", thread("1"), opens=True)
    root = await here.ask("count", thread("2"), opens=True)
    await here.ask("/regenerate", thread("2"))
    assert here.wall.texts()[0] == "Another's."
    assert here.wall.texts()[1].startswith("Two.")
    turn = await here.last(ROOM)
    assert (turn.id, turn.thread, turn.reply) == (root.message.turn_id, "2", "Two.")
    await here.ask("/regenerate", thread("3"))
    assert here.wall.texts()[-1].startswith("Nothing was asked here yet")


async def test_only_the_newest_versions_are_kept(here: Play, drun: DrunDouble) -> None:
    drun.script(*scripts(*(f"Number {number}." for number in range(1, MOST_VERSIONS + 4))))
    await here.ask("count")
    for _ in range(MOST_VERSIONS + 2):
        await here.ask("/regenerate")
    turn = await here.last()
    assert turn.version == MOST_VERSIONS + 3
    assert [each.reply for each in turn.versions] == [f"Number {n}." for n in range(3, MOST_VERSIONS + 3)]


async def test_a_longer_answer_goes_on_in_new_messages_and_a_shorter_one_withdraws_them(
    here: Play, drun: DrunDouble
) -> None:
    here.wall.limit = 400
    drun.script(*scripts("Short.", "long " * 150, "Short again."))
    await here.ask("count")
    await here.ask("/regenerate")
    texts = here.wall.texts()
    assert len(texts) > 1
    assert "".join(texts).count("long") == 150
    assert (await here.last()).messages == tuple(here.wall.shown)
    await here.ask("/regenerate")
    assert len(here.wall.shown) == 1
    assert here.wall.texts()[0].startswith("Short again.")


async def test_an_answer_that_fails_leaves_the_old_one_as_it_was(here: Play, drun: DrunDouble) -> None:
    drun.script(Script("One."))
    await here.ask("count")
    before = await here.last()
    drun.answer_to("count", broken())
    await here.ask("/regenerate")
    (text,) = here.wall.texts()
    assert text.startswith("One.\n\n⚠️")
    assert text.endswith("_The earlier answer stays._")
    assert await here.last() == before


async def test_an_answer_that_is_stopped_before_it_began_leaves_the_old_one(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(Script("One."), Script("never shown", gated=True))
    await here.ask("count")
    await here.stage.turns.accept(said("/regenerate"))
    hold = Hold(await claimed(here.stage.turns))
    answering = asyncio.create_task(here.engine.answer(hold))
    await drun.until(lambda: drun.in_flight == 1)
    hold.stopping.set()
    await answering
    assert here.wall.texts() == ["One.\n\n_Stopped._\n\n_The earlier answer stays._"]
    assert (await here.last()).versions == ()


async def test_an_answer_that_was_deleted_on_the_platform_is_posted_anew(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two."))
    claim = await here.ask("count")
    (message,) = here.wall.shown
    here.wall.shown.clear()
    await here.stage.turns.amend(Deleted(ROOM.channel, (message,)))
    await here.ask("/regenerate")
    assert here.wall.texts() == ["Two."], "a first version has no number"
    turn = await here.last()
    assert (turn.id, turn.reply, turn.versions) == (claim.message.turn_id, "Two.", ())


async def test_a_question_that_is_deleted_meanwhile_is_not_brought_back(here: Play, drun: DrunDouble) -> None:
    script = Script("one two", gated=True)
    drun.script(Script("One."), script)
    claim = await here.ask("count")
    await here.stage.turns.accept(said("/regenerate"))
    answering = asyncio.create_task(here.engine.answer(Hold(await claimed(here.stage.turns))))
    await drun.until(lambda: drun.in_flight == 1)
    await here.stage.turns.amend(Deleted(ROOM.channel, (claim.message.message_id,)))
    await script.finish_up()
    await answering
    assert await here.stage.history() == []


async def test_a_turn_that_names_the_question_answers_that_one_though_others_came_since(
    here: Play, drun: DrunDouble
) -> None:
    drun.script(*scripts("One.", "Two.", "One again."))
    first = await here.ask("one?")
    await here.ask("two?")
    await here.take(replace(said("/regenerate"), replaces=first.message.turn_id))
    assert [each.reply for each in await here.stage.history()] == ["One again.", "Two."]
    assert prompts(drun)[-1] == ["one?"]
    await here.stage.turns.amend(Deleted(ROOM.channel, (first.message.message_id,)))
    await here.take(replace(said("/regenerate"), replaces=first.message.turn_id))
    assert here.wall.texts()[-1].startswith("That question is not in my memory any more")


class Dying(Turns):
    """A worker's that dies right before the commit: all has been shown and kept."""

    async def commit(self, claim: Claim, turn: Turn | None, *, gave_up: str = "") -> bool:
        return False


async def test_a_worker_that_dies_before_the_commit_has_made_one_version(
    here: Play, drun: DrunDouble, connections: Connections
) -> None:
    drun.script(*scripts("One.", "Two.", "Never asked for."))
    await here.ask("count")
    again = said("/regenerate")
    await here.stage.turns.accept(again)
    claim = await claimed(here.stage.turns)
    turns = Dying(connections, partitions=1, lease_s=100, history_ttl_s=86_400)
    dying = replace(here.engine, desk=replace(here.engine.desk, turns=turns))
    with pytest.raises(LeaseLost):
        await dying.answer(Hold(claim))
    await expire(connections.ask, ROOM)
    await here.engine.answer(Hold(await claimed(here.stage.turns)))
    assert len(drun.requests) == 2
    turn = await here.last()
    assert (turn.reply, turn.version, turn.answer) == ("Two.", 2, again.turn_id)
    assert [each.reply for each in await here.stage.history()] == ["Two."]


async def test_when_it_is_given_up_the_old_answer_is_shown_again(
    here: Play, drun: DrunDouble, connections: Connections
) -> None:
    script = Script("half of it", gated=True)
    drun.script(Script("```py\nx = 1"), script)
    await here.ask("count")
    await here.stage.turns.accept(said("/regenerate"))
    dying = asyncio.create_task(here.engine.answer(Hold(await claimed(here.stage.turns))))
    await drun.until(lambda: drun.in_flight == 1)
    await script.release(1)

    async def written_over() -> bool:
        return here.wall.texts()[0].startswith("half")

    await eventually(written_over)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    for _ in range(ATTEMPTS - 1):
        await expire(connections.ask, ROOM)
        await claimed(here.stage.turns)
    await expire(connections.ask, ROOM)
    await here.engine.answer(Hold(await claimed(here.stage.turns)))
    (text,) = here.wall.texts()
    assert text.startswith("```py\nx = 1\n```\n\nThis question could not be answered in three attempts.")
    assert text.endswith("_The earlier answer stays._")
    assert (await here.last()).reply == "```py\nx = 1"


def test_a_version_made_twice_by_the_same_message_is_one() -> None:
    turn = Kept("ada", "count", "One.", id="q", model="m", at=5)
    new = Kept("ada", "count", "Two.", model="n")
    once = turn.anew(new, by="r", at=7)
    assert once.versions == (Version("q", "One.", "m", 5),)
    twice = once.anew(replace(new, reply="Two, again."), by="r", at=8)
    assert (twice.reply, twice.version, twice.versions) == ("Two, again.", 2, once.versions)
