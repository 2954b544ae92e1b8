"""`drun-chat export` and `drun-chat forget` as an operator meets them."""

import json
from pathlib import Path

import pytest

from core.conversation import Channel, Conversation
from core.store.connection import Connections
from tests.bots.program import ended
from tests.core.store.filled import ADA, GENERAL, RANDOM, Filled


@pytest.fixture
async def filled(connections: Connections) -> Filled:
    made = Filled(connections)
    await made.fill()
    return made


async def test_all_that_is_kept_of_a_conversation_is_printed(
    tmp_path: Path, filled: Filled, redis_url: str
) -> None:
    settings = {"REDIS_URL": redis_url}
    found = await ended(tmp_path, "export", f"{GENERAL}", "--form", "json", settings=settings)
    assert (found.code, found.err) == (0, "")
    assert len(json.loads(found.out)["turns"]) == 4
    found = await ended(tmp_path, "export", f"{GENERAL}:17.1", settings=settings)
    assert f"q-{GENERAL.channel}-{ADA}-thread" in found.out
    assert f"q-{GENERAL.channel}-{ADA}-edited" not in found.out


async def test_a_secret_in_the_reason_of_a_turn_that_was_given_up_is_not_printed(
    tmp_path: Path, filled: Filled, redis_url: str
) -> None:
    where = Conversation(Channel("slack", "TOURS", "CEMPTY"))
    claim = await filled.ask(where, ADA, "why?")
    await filled.turns.commit(claim, None, gave_up="refused: Bearer sk-0123456789abcdef")
    for form in ("json", "markdown"):
        found = await ended(tmp_path, "export", f"{where}", "--form", form, settings={"REDIS_URL": redis_url})
        assert "refused: Bearer <secret>" in found.out
        assert "0123456789abcdef" not in found.out


async def test_a_channel_and_a_workspace_are_forgotten(
    tmp_path: Path, filled: Filled, redis_url: str
) -> None:
    settings = {"REDIS_URL": redis_url}
    found = await ended(tmp_path, "forget", f"{GENERAL}", settings=settings)
    assert (found.code, found.err) == (0, "")
    assert found.out == f"What was said in {GENERAL} is forgotten.\n"
    assert await filled.holding(f"q-{GENERAL.channel}-") == []
    assert await filled.holding(f"q-{RANDOM.channel}-")
    found = await ended(tmp_path, "forget", "slack:TOURS", settings=settings)
    assert found.out == "Nothing of slack:TOURS is kept.\n"
    assert await filled.holding("TOURS") == []


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ("forget", "slack"),
        ("forget", "slack:"),
        ("forget", "a:b:c:d"),
        ("export", "slack:T1"),
        ("export", "::"),
    ],
)
async def test_a_name_that_is_none_is_one_sentence(
    tmp_path: Path, redis_url: str, command: str, where: str
) -> None:
    found = await ended(tmp_path, command, where, settings={"REDIS_URL": redis_url})
    assert (found.code, found.out) == (1, "")
    assert "slack:T0123" in found.err
    assert found.err.count("\n") == 1


async def test_a_store_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    found = await ended(tmp_path, "forget", "slack:T1", settings={"REDIS_URL": "redis://127.0.0.1:1"})
    assert found.code == 1
    assert found.err.startswith("The store does not answer, see REDIS_URL")
