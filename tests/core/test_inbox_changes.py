"""What people do to messages that they have written, from the inbox on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from core.changes import Deleted, Edited, Was
from core.chores import Chores
from core.drun.catalog import Catalog
from core.inbox import Inbox
from core.store.connection import Connections
from core.store.journal import Journals
from core.store.turns import Turns
from core.waiting import CROWD, Waiting
from tests.core.desks import desk_of, preferences_of
from tests.core.drun.talk import model_client
from tests.core.scene import FakePlatform
from tests.core.store.talk import GENERAL, ROOM, ask, claimed, said, turns_of


@dataclass(frozen=True, slots=True)
class House:
    inbox: Inbox
    turns: Turns
    platform: FakePlatform


@asynccontextmanager
async def house_on(connections: Connections) -> AsyncGenerator[House, None]:
    turns, platform = turns_of(connections), FakePlatform()
    async with model_client() as client, Chores() as chores:
        desk = desk_of(connections, Catalog(client, [], aliases={}, runs={}), turns=turns)
        waiting = Waiting(
            {"slack": platform}, chores, place=turns.place, busy_of=preferences_of(connections).busy_of
        )
        yield House(Inbox(desk, Journals(connections, ttl_s=60), waiting=waiting), turns, platform)


@pytest.fixture
async def house(connections: Connections) -> AsyncGenerator[House, None]:
    async with house_on(connections) as made:
        yield made


async def test_the_notice_of_a_question_that_is_deleted_while_it_waits_is_withdrawn(house: House) -> None:
    await ask(house.turns, "running")
    questions = [said(f"question {number}") for number in range(CROWD)]
    for question in questions:
        await house.inbox.accept(question)
    last = house.platform.of(questions[-1])
    await last.until(lambda: bool(last.shown))
    amended = await house.inbox.amend(Deleted(GENERAL, (questions[-1].message_id,)))
    assert (amended.was, amended.changed, amended.turn) == (Was.WAITING, True, questions[-1].turn_id)
    await last.until(lambda: not last.shown)
    assert not (await house.inbox.amend(Deleted(GENERAL, (questions[-1].message_id,)))).changed


async def test_half_of_a_surrogate_pair_does_not_keep_an_edit_out(house: House) -> None:
    question = said("smile")
    await house.inbox.accept(question)
    amended = await house.inbox.amend(Edited(GENERAL, question.message_id, "smile \ud83d, 世界 🙂"))
    assert (amended.conversation, amended.changed) == (ROOM, True)
    assert (await claimed(house.turns)).message.text == "smile ?, 世界 🙂"
