"""Forgetting, while somebody is about to make a summary of what is forgotten."""

from typing import Any

import pytest

from core.conversation import Conversation
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.keys import partition_of
from core.store.summaries import Summaries, summary_of
from core.store.turns import TURNS_KEPT
from tests.core.store.filled import ADA, BOB, GENERAL, Filled

pytestmark = pytest.mark.every_form
ROOM = Conversation(GENERAL)
SECRET = "the secret is 42"


@pytest.fixture
def filled(connections: Connections) -> Filled:
    return Filled(connections)


async def sum_up(filled: Filled, claim: Claim, text: str = SECRET) -> bool:
    """As somebody does who knows what ``claim`` told. False: it was begun or made in vain."""
    summaries = Summaries(filled.connections, partitions=filled.partitions)
    making = await summaries.begin(GENERAL, claim.recalled)
    if making is None:
        return False
    kept = await summaries.keep(making, summary_of(text, "m"), upto=int(claim.sequence))
    await summaries.end(making)
    return kept


async def told(filled: Filled) -> str:
    """The summary that whoever asks now is given."""
    claim = await filled.ask(ROOM, BOB, "and?")
    assert await filled.turns.commit(claim, None)
    return claim.recalled.summary.text if claim.recalled.summary else ""


async def test_of_a_forgotten_channel_no_summary_comes_back(filled: Filled) -> None:
    claim = await filled.exchange(ROOM, ADA, "secret")
    assert await sum_up(filled, claim)
    assert await told(filled) == SECRET
    await filled.channels.erasing.channel(GENERAL)
    assert await told(filled) == ""
    await filled.exchange(ROOM, BOB, "new")
    assert not await sum_up(filled, claim), "made of what was said before"
    assert await told(filled) == ""


async def test_of_somebody_who_is_forgotten_no_summary_comes_back_though_their_turn_had_left_the_history(
    filled: Filled,
) -> None:
    await only_others_in_a_full_history(filled)
    claim = await filled.ask(ROOM, BOB, "next")
    assert claim.recalled.summary, "it was handed out before"
    await filled.channels.erasing.person(GENERAL, ADA)
    assert await filled.turns.commit(claim, None)
    assert await told(filled) == ""
    assert not await sum_up(filled, claim), "it goes on from the old summary"
    assert await told(filled) == ""
    assert await sum_up(filled, await filled.exchange(ROOM, BOB, "new"), "made anew")
    assert await told(filled) == "made anew"


async def test_a_history_that_was_never_full_keeps_a_summary_without_a_word_of_whoever_is_forgotten(
    filled: Filled,
) -> None:
    claim = await filled.exchange(ROOM, BOB, "hello")
    assert await sum_up(filled, claim, "Bob said hello")
    await filled.channels.erasing.person(GENERAL, ADA)
    assert await told(filled) == "Bob said hello"


async def only_others_in_a_full_history(filled: Filled) -> None:
    """It has lost what Ada asked, but its summary was made of that too."""
    await filled.exchange(ROOM, ADA, "secret")
    keys, redis = partition_of(GENERAL, filled.partitions), filled.connections.ask
    first = await filled.exchange(ROOM, BOB, "hello")
    key, room = keys.history(GENERAL), range(int(first.sequence), int(first.sequence) + TURNS_KEPT)
    # redis-py types replies for all protocols and encodings at once; these are texts.
    members: Any = await redis.zrange(key, 0, -1)
    text = members[-1].partition(" ")[2]
    await redis.hset(keys.channel(GENERAL), "sequence", str(room[-1]))
    await redis.zadd(key, {f"{sequence} {text}": sequence for sequence in room})
    await redis.zrem(key, members[0])
    assert await redis.zcard(key) == TURNS_KEPT
    assert await sum_up(filled, first)
