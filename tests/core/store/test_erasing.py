"""Forgetting: what is asked for is gone from the whole store, and nothing else is."""

from collections.abc import AsyncIterator, Sequence

import pytest

from core.cascade import Level
from core.conversation import Channel, Conversation, Turn, UserMessage, Voice
from core.store.claims import Lease, Nothing
from core.store.connection import Connections, connect
from core.store.erasing import Asking
from core.store.owners import owned
from core.store.parked import ParkedTurns
from core.store.preferences import Place
from core.store.sealing import Seal, new_key
from tests.core.store.filled import ADA, BOB, ELSEWHERE, GENERAL, RANDOM, THREAD, Filled
from tests.core.store.talk import claimed

ROOM = Conversation(GENERAL)


@pytest.fixture(params=["plain", "sealed"])
async def connections(redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Connections]:
    """All of this is the same where everything is sealed."""
    seal = Seal.of([new_key()] if request.param == "sealed" else [])
    async with connect(redis_url, wait_replicas=int("+" in redis_url), seal=seal) as found:
        yield found


@pytest.fixture
async def filled(connections: Connections) -> Filled:
    one = connections.routes.masters.one_for_all
    made = Filled(connections, 1 if one else 16)
    await made.fill()
    return made


def kinds(keys: list[str]) -> set[str]:
    return {found.kind for key in keys if (found := owned(key))}


@pytest.mark.every_form
async def test_of_a_forgotten_channel_no_word_is_left_and_of_others_every_one(filled: Filled) -> None:
    before = await filled.texts()
    await filled.channels.erasing.channel(GENERAL)
    left = await filled.holding(f"-{GENERAL.channel}-")
    assert kinds(left) == {"settings", "audit", "usage", "allowance"}, "what was chosen, and sums by turn"
    # The question that somebody is about to answer is there, without its words, until its turn has ended.
    running = {"queue", "state"}
    named = kinds(await filled.holding(f"{GENERAL}")) - {"settings", "audit", "usage", "allowance"}
    assert named == {"channel", "seen", *running}
    after = await filled.texts()
    for key, text in before.items():
        found = owned(key)
        if found and found.channel in {RANDOM.channel, ELSEWHERE.channel}:
            assert after[key] == text, key


@pytest.mark.every_form
async def test_of_a_workspace_that_was_left_nothing_is_left(filled: Filled) -> None:
    before = await filled.texts()
    await filled.channels.erasing.workspace("slack", "TOURS")
    assert await filled.holding("TOURS") == []
    for word in (GENERAL.channel, RANDOM.channel):
        assert await filled.holding(f"-{word}-") == []
    after = await filled.texts()
    for key, text in before.items():
        found = owned(key)
        if found and found.workspace == ELSEWHERE.workspace:
            assert after[key] == text, key


@pytest.mark.every_form
async def test_of_somebody_who_is_forgotten_only_the_count_of_budgets_is_left(filled: Filled) -> None:
    await filled.channels.erasing.person(GENERAL, ADA)
    for key in await filled.holding(ADA):
        found = owned(key)
        if found is None:
            assert key.endswith(":parked"), "shared with the neighbours"
        else:
            assert found.workspace == ELSEWHERE.workspace or found.kind in {"allowance", "usage"}, key
    for channel in (GENERAL, RANDOM):
        # Ids of turns that are counted in sums of the channel and the workspace.
        assert kinds(await filled.holding(f"-{channel.channel}-{ADA}-")) <= {"allowance", "usage"}
        assert await filled.holding(f"q-{channel.channel}-{ADA}-") == []
    for channel in (GENERAL, RANDOM):
        for word in (f"q-{channel.channel}-{BOB}-edited", f"q-{channel.channel}-{BOB}-thread"):
            assert await filled.holding(word), f"{word} is Bob's"
    assert await filled.holding(f"q-{ELSEWHERE.channel}-{ADA}-edited"), "of another workspace"


async def test_forgetting_twice_is_forgetting_once(filled: Filled) -> None:
    for _ in range(2):
        await filled.channels.erasing.channel(GENERAL)
        await filled.channels.erasing.person(RANDOM, ADA)
        await filled.channels.erasing.workspace("slack", "TTHEIRS")
    assert await filled.holding(f"q-{RANDOM.channel}-{BOB}-edited")


async def test_ids_that_look_like_patterns_mean_themselves(filled: Filled) -> None:
    before = await filled.texts()
    for workspace in ("T*", "T[O]URS", "TOUR?", "TOUR"):
        await filled.channels.erasing.workspace("slack", workspace)
    assert await filled.texts() == before


async def test_what_is_being_answered_in_a_forgotten_channel_is_stopped_and_leaves_nothing(
    connections: Connections,
) -> None:
    filled = Filled(connections)
    claim = await filled.ask(ROOM, ADA, "the secret")
    await filled.turns.accept(filled.message(ROOM, BOB, "waits behind the secret"))
    async with filled.turns.stops() as announced:
        await filled.channels.erasing.channel(GENERAL)
        assert await anext(announced) == str(ROOM)
    assert await filled.turns.renew([claim]) == [Lease.STOP], "its worker still ends what it shows"
    assert await filled.holding("secret") == []
    assert await filled.turns.commit(claim, Turn(ADA, "the secret", "the secret's answer"))
    assert await filled.holding("secret") == []
    assert isinstance(await filled.turns.claim(), Nothing), "what waited is dropped"


async def test_a_turn_of_a_workspace_that_was_left_commits_to_nothing(connections: Connections) -> None:
    filled = Filled(connections)
    claim = await filled.ask(THREAD, ADA, "the secret")
    await filled.channels.erasing.workspace("slack", "TOURS")
    assert await filled.turns.renew([claim]) == [Lease.LOST]
    assert not await filled.turns.commit(claim, Turn(ADA, "the secret", "the secret's answer"))
    # Were it asked again there, nobody could take the old lease for the new one.
    again = await filled.ask(THREAD, ADA, "another")
    assert again.fence != claim.fence
    assert not await filled.turns.checkpoint(claim, ["p1"])
    assert not await filled.turns.commit(claim, Turn(ADA, "the secret", "the secret's answer"))
    assert await filled.holding("secret") == []


@pytest.mark.parametrize("who", ["channel", "person"])
async def test_the_turn_that_asks_for_it_goes_on(connections: Connections, who: str) -> None:
    filled = Filled(connections)
    await filled.exchange(ROOM, ADA, "secret")
    claim = await filled.ask(ROOM, ADA, "/forget")
    await filled.turns.accept(filled.message(ROOM, ADA, "another secret"))
    asking = Asking(ROOM, claim.sequence)
    if who == "channel":
        await filled.channels.erasing.channel(GENERAL, by=asking)
    else:
        await filled.channels.erasing.person(GENERAL, ADA, by=asking)
    assert await filled.turns.renew([claim]) == [Lease.KEPT]
    assert await filled.turns.commit(claim, None)
    assert await filled.holding("secret") == []
    assert isinstance(await filled.turns.claim(), Nothing)


async def test_what_others_asked_together_with_somebody_stays_without_the_answer(
    connections: Connections,
) -> None:
    filled = Filled(connections)
    await filled.preferences.choose(_place(), "busy", "collect", by=ADA)
    first = await filled.ask(ROOM, BOB, "first")
    for author, word in ((ADA, "adas secret"), (BOB, "bobs question")):
        await filled.turns.accept(filled.message(ROOM, author, word))
    await filled.turns.commit(first, None)
    claim = await claimed(filled.turns)
    assert len(claim.messages) == 2
    turn = Turn(ADA, claim.message.text, "the secret's answer", voices=_voices(claim.messages))
    assert await filled.turns.commit(claim, turn)
    await filled.channels.erasing.person(GENERAL, ADA)
    assert await filled.holding("secret") == []
    (kept,) = (await filled.ask(ROOM, BOB, "next")).history
    assert (kept.author, kept.text, kept.reply) == (BOB, "bobs question", "")


async def test_what_was_given_up_is_forgotten_with_its_channel(connections: Connections) -> None:
    filled = Filled(connections)
    for channel in (GENERAL, RANDOM):
        claim = await filled.ask(Conversation(channel), ADA, "secret")
        await filled.turns.commit(claim, None, gave_up="no reason")
    await filled.channels.erasing.channel(GENERAL)
    (left,) = await ParkedTurns(connections, partitions=1).all()
    assert left.turn.conversation == str(RANDOM)


async def test_people_talk_on_in_a_forgotten_channel_and_nothing_is_asked_twice(
    connections: Connections,
) -> None:
    filled = Filled(connections)
    message = filled.message(ROOM, ADA, "old")
    await filled.turns.accept(message)
    await filled.turns.commit(await claimed(filled.turns), None)
    await filled.channels.erasing.channel(GENERAL)
    assert not (await filled.turns.accept(message)).new, "delivered again, it is still known"
    await filled.exchange(ROOM, ADA, "new")
    assert [turn.text for turn in (await filled.ask(ROOM, ADA, "?")).history] == ["qnew"]


async def test_the_pages_own_messages_go_with_their_channel(filled: Filled) -> None:
    erasing = filled.channels.erasing
    await erasing.channel(Channel("web", "local", "CPAGE"))
    assert await filled.holding("line-CPAGE") == []
    assert await filled.holding("line-COTHER")
    await erasing.person(Channel("web", "local", "COTHER"), "you")
    assert await filled.holding("line-COTHER") == [], "there is one person on the page"
    assert await filled.holding("line-index"), "the list of channels is nobody's words"
    await erasing.workspace("web", "local")
    assert await filled.holding("line-") == []


def _place() -> Place:
    return Place(Level.CHANNEL, ROOM)


def _voices(messages: Sequence[UserMessage]) -> tuple[Voice, ...]:
    return tuple(Voice(each.author, "", each.message_id, len(each.text)) for each in messages)
