"""What nobody wrote to the bot is answered only where its channel wants that."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from core.conversation import SaidTo, UserMessage
from core.drun.catalog import Catalog
from core.errors import StoreUnavailable
from core.inbox import Inbox
from core.overheard import BELIEVED_S, Overheard
from core.store.claims import Nothing
from core.store.connection import Connections, connect
from core.store.journal import Journals
from tests.core.desks import choose, desk_of, preferences_of
from tests.core.drun.talk import model_client
from tests.core.store.talk import ROOM, ask, channels_of, claimed, said, thread, turns_of


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def overheard_by(connections: Connections, clock: Clock | None = None) -> Overheard:
    return Overheard(preferences_of(connections), channels_of(connections), clock or Clock())


def to(whom: SaidTo, text: str = "hello all", *, in_thread: str = "") -> UserMessage:
    return replace(said(text, thread(in_thread) if in_thread else ROOM), said_to=whom)


EVERYTHING = (
    to(SaidTo.BOT),
    to(SaidTo.THREAD, in_thread="1"),
    to(SaidTo.THREAD, in_thread="2"),
    to(SaidTo.CHANNEL),
)


async def answered(overheard: Overheard, messages: Iterable[UserMessage] = EVERYTHING) -> list[bool]:
    return [await overheard.answered(message) for message in messages]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("", [True, False, False, False]),
        ("mention", [True, False, False, False]),
        ("threads", [True, True, False, False]),
        ("all", [True, True, True, True]),
    ],
)
async def test_a_channel_chooses_what_is_answered(
    connections: Connections, mode: str, expected: list[bool]
) -> None:
    await ask(turns_of(connections), "the bot takes part in this one", thread("1"))
    await choose(preferences_of(connections), "replies", mode)
    assert await answered(overheard_by(connections)) == expected


async def test_a_thread_that_is_a_channel_of_its_own_is_taken_part_in_once_something_was_asked_there(
    connections: Connections,
) -> None:
    await choose(preferences_of(connections), "replies", "threads")
    in_room = to(SaidTo.THREAD)
    assert await answered(overheard_by(connections), [in_room]) == [False]
    await ask(turns_of(connections), "hello")
    assert await answered(overheard_by(connections), [in_room]) == [True]


async def test_what_says_nothing_is_not_answered(connections: Connections) -> None:
    """Discord sends empty texts to a bot without the message content intent."""
    await choose(preferences_of(connections), "replies", "all")
    assert await answered(overheard_by(connections), [to(SaidTo.CHANNEL, " ")]) == [False]


async def test_a_change_is_heard_of_within_ten_seconds(connections: Connections) -> None:
    clock = Clock()
    overheard = overheard_by(connections, clock)
    chatter = to(SaidTo.CHANNEL)
    assert not overheard.surely_not(chatter)  # nobody has asked yet
    assert not await overheard.answered(chatter)
    assert overheard.surely_not(chatter)
    assert not overheard.surely_not(to(SaidTo.BOT))
    await choose(preferences_of(connections), "replies", "all")
    assert not await overheard.answered(chatter)
    clock.at += BELIEVED_S
    assert not overheard.surely_not(chatter)
    assert await overheard.answered(chatter)


async def test_a_store_out_of_reach_accepts_nothing_and_loses_nothing() -> None:
    async with connect("redis://127.0.0.1:1") as away:
        with pytest.raises(StoreUnavailable):
            await overheard_by(away).answered(to(SaidTo.CHANNEL))
        assert await overheard_by(away).answered(to(SaidTo.BOT))


async def test_the_inbox_makes_turns_of_nothing_else(connections: Connections) -> None:
    async with model_client() as client:
        desk = desk_of(connections, Catalog(client, [], aliases={}, runs={}))
        inbox = Inbox(desk, Journals(connections, ttl_s=60), overheard=overheard_by(connections))
        assert not (await inbox.accept(to(SaidTo.CHANNEL))).new
        assert isinstance(await desk.turns.claim(), Nothing)
        await choose(desk.preferences, "replies", "all")
        chatter = to(SaidTo.CHANNEL)
        inbox = replace(inbox, overheard=overheard_by(connections))
        assert (await inbox.accept(chatter)).new
        assert (await claimed(desk.turns)).message == chatter
