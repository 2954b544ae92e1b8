"""Who is not answered is told so once an hour, and costs nothing."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from core.admission import NOT_HERE, Admission, parse_entry
from core.chores import Chores
from core.commands.command import Call
from core.commands.running import complete_line, run
from core.conversation import SaidTo, UserMessage
from core.door import SILENT_S, Door
from core.drun.catalog import Catalog
from core.errors import SurfaceGone
from core.hold import Hold
from core.inbox import Inbox
from core.store.claims import Nothing
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.told import Told
from core.surface import ALONE
from tests.core.desks import desk_of
from tests.core.drun.talk import model_client
from tests.core.scene import FakePlatform, Scene
from tests.core.store.talk import ROOM, said, thread, until

BLOCKED = Admission(blocked=[parse_entry("slack:person:mallory")])


@dataclass(slots=True)
class Entrance:
    inbox: Inbox
    platform: FakePlatform
    chores: Chores
    now: float = 0.0

    async def hand_in(self, message: UserMessage) -> list[str]:
        """What its author is told."""
        accepted = await self.inbox.accept(message)
        assert (accepted.new, accepted.refused) == (False, False), "nobody shall hand it in again"
        await until(lambda: not self.chores.running)
        surface = self.platform.shown.get(message.turn_id)
        return surface.texts() if surface else []


@asynccontextmanager
async def entrance(
    connections: Connections, admission: Admission = BLOCKED
) -> AsyncGenerator[Entrance, None]:
    platform = FakePlatform()
    platforms = {"slack": platform}
    async with model_client() as client, Chores() as chores:
        desk = desk_of(connections, Catalog(client, [], aliases={}, runs={}), platforms=platforms)
        desk = replace(desk, admission=admission)
        made = Entrance(Inbox(desk, Journals(connections, ttl_s=60)), platform, chores)
        first = Told(connections).first
        door = Door(admission, platforms, chores, first=first, now=lambda: made.now)
        made.inbox = replace(made.inbox, door=door)
        yield made


def by_mallory(text: str = "hello", number: int = 1) -> UserMessage:
    return replace(said(text, thread(str(number))), author="mallory")


async def test_who_is_blocked_is_told_once_and_never_becomes_a_turn(connections: Connections) -> None:
    async with entrance(connections) as made:
        assert await made.hand_in(by_mallory()) == [NOT_HERE.en]
        for number in range(5):
            assert await made.hand_in(by_mallory(number=number)) == []
        assert await made.hand_in(by_mallory("/help")) == []
        assert isinstance(await made.inbox.desk.turns.claim(), Nothing)


async def test_they_are_told_in_their_language(connections: Connections) -> None:
    async with entrance(connections) as made:
        assert await made.hand_in(by_mallory("你好")) == [NOT_HERE.zh]


async def test_a_message_that_comes_twice_is_refused_once(connections: Connections) -> None:
    async with entrance(connections) as made:
        message = by_mallory()
        assert await made.hand_in(message) == [NOT_HERE.en]
        assert await made.hand_in(replace(message, event_id="again")) == [NOT_HERE.en], "the same one"
        assert len(made.platform.of(message).writes) == 1


async def test_another_process_or_a_restarted_one_does_not_say_it_again(
    connections: Connections, redis_url: str
) -> None:
    async with entrance(connections) as made:
        assert await made.hand_in(by_mallory()) == [NOT_HERE.en]
    async with connect(redis_url) as others, entrance(others) as restarted:
        assert await restarted.hand_in(by_mallory()) == []


async def test_after_an_hour_they_are_told_again(connections: Connections) -> None:
    async with entrance(connections) as made:
        await made.hand_in(by_mallory())
        [key] = [str(key) async for key in connections.ask.scan_iter("drun:told:*")]
        assert 0 < await connections.ask.ttl(key) <= SILENT_S
        await connections.ask.delete(key)
        assert await made.hand_in(by_mallory()) == [], "the process itself is silent as long"
        made.now = SILENT_S
        assert await made.hand_in(by_mallory()) == [NOT_HERE.en]


async def test_each_person_is_told_on_their_own_account(connections: Connections) -> None:
    async with entrance(connections, Admission(allowed=[parse_entry("slack:person:ada")])) as made:
        assert await made.hand_in(by_mallory()) == [NOT_HERE.en]
        assert await made.hand_in(replace(by_mallory(), author="trudy")) == [NOT_HERE.en]
        assert (await made.inbox.accept(said("hello"))).new, "ada is allowed"


async def test_what_was_not_written_to_the_bot_is_left_alone_in_silence(connections: Connections) -> None:
    async with entrance(connections) as made:
        assert await made.hand_in(replace(by_mallory(), said_to=SaidTo.CHANNEL)) == []
        assert await made.hand_in(by_mallory()) == [NOT_HERE.en]


async def test_it_is_said_to_them_alone(connections: Connections) -> None:
    async with entrance(connections) as made:
        message = by_mallory()
        await made.hand_in(message)
        assert [write.message for write in made.platform.of(message).writes] == [f"m{ALONE}"]


async def test_a_platform_that_does_not_take_it_is_not_asked_again(connections: Connections) -> None:
    async with entrance(connections) as made:
        message = by_mallory()
        made.platform.of(message).outcomes = deque([SurfaceGone("not_in_channel")])
        assert await made.hand_in(message) == []
        assert await made.hand_in(by_mallory()) == []


async def test_without_the_store_they_are_met_with_silence(connections: Connections) -> None:
    async with connect("redis://127.0.0.1:1") as nowhere, entrance(nowhere) as made:
        assert await made.hand_in(by_mallory()) == []


@pytest.mark.parametrize(("language", "told"), [("en", NOT_HERE.en), ("zh", NOT_HERE.zh)])
async def test_their_commands_are_refused_as_well(connections: Connections, language: str, told: str) -> None:
    async with entrance(connections) as made:
        call = Call(
            ROOM, "settings", "thinking off channel", "zh" if language == "zh" else "en", author="mallory"
        )
        answer = await run(made.inbox.desk, call)
        assert (answer.text, answer.public) == (told, False)
        chosen = await made.inbox.desk.preferences.chosen(ROOM, "mallory")
        assert chosen["thinking"] == ""
        assert await complete_line(made.inbox.desk, replace(call, argument="thi")) == []


async def test_what_was_accepted_before_somebody_was_blocked_is_refused_when_its_turn_comes(
    stage: Scene,
) -> None:
    engine = replace(stage.engine, desk=replace(stage.desk, admission=BLOCKED))
    for text in ("hello", "/help"):
        await stage.turns.accept(by_mallory(text))
        claim = await stage.turns.claim()
        assert not isinstance(claim, Nothing)
        await engine.answer(Hold(claim))
        assert stage.platform.of(claim.message).texts() == [NOT_HERE.en]
    assert not stage.drun.requests
