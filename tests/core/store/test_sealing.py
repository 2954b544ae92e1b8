"""What people say is sealed before it goes to Redis, and opened with any of the keys."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.changes import Edited
from core.conversation import Conversation, Turn
from core.errors import StoreUnavailable
from core.exported import as_json
from core.store.claims import Nothing
from core.store.connection import connect
from core.store.parked import ParkedTurns
from core.store.resealing import SEALED, Resealing, announce_key, missing_keys
from core.store.sealing import Seal, StoreSealed, new_key
from tests.core.store.filled import ADA, BOB, GENERAL, RANDOM, Filled
from tests.core.store.talk import claimed, expire

ROOM = Conversation(GENERAL)
OLD, NEW = new_key(), new_key()
_SAID = re.compile(r"\b[qrnoshz]-C[A-Z]+-|line-")
"""How each word begins that is said in a filled store."""


@asynccontextmanager
async def sealed(redis_url: str, *keys: str) -> AsyncIterator[Filled]:
    replicas = int("+" in redis_url)
    async with connect(redis_url, wait_replicas=replicas, seal=Seal.of(keys)) as connections:
        yield Filled(connections, 1 if connections.routes.masters.one_for_all else 16)


async def words(filled: Filled) -> list[str]:
    """What can be read of what was said, by whoever has the store and no key."""
    raw = [str(await filled.raw(key)) for key in await filled.keys()]
    return [found[0] for text in raw if (found := _SAID.search(text))]


async def exported(filled: Filled) -> str:
    return as_json(await filled.channels.records.of(ROOM), {})


def test_what_is_closed_is_opened_and_what_stands_before_it_stays() -> None:
    seal = Seal.of([NEW, OLD])
    closed = seal.close("wörter 词")
    assert "词" not in closed
    assert " " not in closed
    assert seal.open(f"7 m 2 {closed}") == "7 m 2 wörter 词"
    assert seal.opened([closed, 1, None, [closed], {"a": closed}]) == [
        "wörter 词",
        1,
        None,
        ["wörter 词"],
        {"a": "wörter 词"},
    ]
    assert seal.close("") == ""
    assert seal.open("plain") == "plain"
    assert seal.close("same") != seal.close("same"), "nobody can compare"


def test_any_key_opens_and_the_first_one_closes() -> None:
    old = Seal.of([OLD]).close("secret")
    both = Seal.of([NEW, OLD])
    assert both.open(old) == "secret"
    assert Seal.of([NEW]).open(both.close("secret")) == "secret"
    assert Seal.of([NEW]).open(both.again(old)) == "secret"
    new = both.again(f"3 {old}")
    assert both.again(new) == new, "it is not done twice"


@pytest.mark.parametrize("keys", [[], [NEW]])
def test_without_its_key_nothing_is_read_and_the_error_names_it(keys: list[str]) -> None:
    closed = Seal.of([OLD]).close("secret")
    with pytest.raises(StoreSealed, match=Seal.of([OLD]).newest):
        Seal.of(keys).open(closed)


def test_what_was_changed_is_not_believed() -> None:
    seal = Seal.of([OLD])
    closed = seal.close("secret")
    with pytest.raises(StoreSealed):
        seal.open(closed[:-6] + "AAAAA=")


def test_nobody_can_write_what_looks_sealed() -> None:
    forged = Seal.of([OLD]).close("secret")
    plain = Seal()
    assert plain.open(plain.close(forged)) == forged.replace("\x1dsealed:", "")


@pytest.mark.parametrize("key", ["", "short", "x" * 44, OLD[:-4]])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="32"):
        Seal.of([key])


@pytest.mark.every_form
async def test_of_all_that_was_said_no_word_can_be_read_in_the_store(redis_url: str) -> None:
    async with sealed(redis_url) as filled:
        await filled.fill()
        assert await words(filled), "without a key they can"
        for server in await filled.connections.routes.masters.all():
            await server.ask.flushall()
    async with sealed(redis_url, NEW) as filled:
        await filled.fill()
        assert await words(filled) == []
        said = await exported(filled)
        for author in (ADA, BOB):
            for word in ("q-{0}-{1}-edited", "r-{0}-{1}-history", "o-{0}-{1}-feedback", "q-{0}-{1}-parked"):
                assert word.format(GENERAL.channel, author) in said
        for word in ("s-{0}-channel", "z-{0}-UADA-summary", "h-{0}-UADA-thought", "q-{0}-UBOB-summed"):
            assert word.format(GENERAL.channel) in said
        assert [entry.text for entry in await filled.journals.read("web:CPAGE")] == ["line-CPAGE"]


async def test_what_was_kept_before_there_was_a_key_is_still_read(redis_url: str) -> None:
    async with sealed(redis_url) as filled:
        await filled.fill()
        before = await exported(filled)
    async with sealed(redis_url, NEW) as filled:
        assert _without_time(await exported(filled)) == _without_time(before)
        claim = await filled.ask(Conversation(RANDOM), ADA, "and now?")
        assert [turn.text for turn in claim.history] == [
            f"q-{RANDOM.channel}-{each}-edited" for each in (ADA, BOB)
        ]


@pytest.mark.every_form
async def test_an_old_key_can_go_when_all_is_sealed_anew(redis_url: str) -> None:
    async with sealed(redis_url) as filled:
        await filled.journals.append("web:CPAGE", "line-plain")
    async with sealed(redis_url, OLD) as filled:
        await announce_key(filled.connections)
        await filled.fill()
        before, lives = await filled.texts(), await lifetimes(filled)
    async with sealed(redis_url, NEW, OLD) as filled:
        await announce_key(filled.connections)
        resealing = Resealing(filled.connections)
        assert await resealing.all() > 20
        assert await resealing.all() == 0, "what is done is not done again"
    async with sealed(redis_url, NEW) as filled:
        assert await missing_keys(filled.connections) == []
        assert await words(filled) == [], "also what had been plain"
        after = await filled.texts()
        del after[SEALED], before[SEALED]
        assert {key: sorted(text) for key, text in after.items()} == {
            key: sorted(text) for key, text in before.items()
        }
        for key, seconds in (await lifetimes(filled)).items():
            assert abs(lives[key] - seconds) < 60, key


async def test_it_is_sealed_anew_while_turns_run(redis_url: str) -> None:
    async with sealed(redis_url, OLD, NEW) as old, sealed(redis_url, NEW, OLD) as new:
        first = await old.exchange(ROOM, ADA, "first")
        claim = await old.ask(ROOM, ADA, "second")
        edits = [
            old.turns.amend(Edited(GENERAL, first.message.message_id, f"edit {number}", at=number))
            for number in range(1, 20)
        ]
        await asyncio.gather(Resealing(new.connections).all(), *edits)
        assert await old.turns.commit(claim, Turn(ADA, "second", "answer"))
        await Resealing(new.connections).all()
    async with sealed(redis_url, NEW) as new:
        history = (await new.ask(ROOM, ADA, "third")).history
        assert [turn.text for turn in history] == ["edit 19", "second"]


async def test_who_has_no_key_gives_the_turn_back_and_no_attempt_is_lost(redis_url: str) -> None:
    async with sealed(redis_url, OLD) as right, sealed(redis_url) as wrong:
        await right.turns.accept(right.message(ROOM, ADA, "secret"))
        for _ in range(5):
            assert isinstance(await wrong.turns.claim(), Nothing)
            await expire(right.connections.ask, ROOM)
        claim = await claimed(right.turns)
        assert (claim.message.text, claim.attempt) == ("secret", 1)
        assert await ParkedTurns(right.connections, partitions=1).all() == []
        with pytest.raises(StoreUnavailable):
            await wrong.channels.records.of(ROOM)


async def test_a_store_says_which_keys_it_needs(redis_url: str) -> None:
    async with sealed(redis_url) as none, sealed(redis_url, OLD) as old, sealed(redis_url, NEW) as new:
        await announce_key(none.connections)
        assert await missing_keys(none.connections) == []
        await announce_key(old.connections)
        name = old.connections.seal.newest
        assert await missing_keys(none.connections) == await missing_keys(new.connections) == [name]
        assert await missing_keys(old.connections) == []


async def test_what_was_given_up_is_tried_again_and_dropped(redis_url: str) -> None:
    async with sealed(redis_url, OLD) as filled:
        parked = ParkedTurns(filled.connections, partitions=1)
        for word in ("the first", "the second"):
            claim = await filled.ask(ROOM, ADA, word)
            await filled.turns.commit(claim, None, gave_up="no reason")
        one, two = [each.turn for each in await parked.all()]
        assert await parked.drop(one)
        assert not await parked.drop(one)
        assert await parked.requeue(two)
        assert await parked.all() == []
        assert (await claimed(filled.turns)).message.text == "the second"
        assert "the second" not in str(await filled.raw(f"drun:{{0}}:queue:{GENERAL}"))


def _without_time(text: str) -> str:
    return re.sub(r'"exported_at": "[^"]*"', "", text)


async def lifetimes(filled: Filled) -> dict[str, int]:
    return {key: await filled.connections.ask.ttl(key) for key in await filled.keys()}
