"""The table of docs/redis.md: every key that is written stands in it, and lives as long as it says."""

import re
from dataclasses import replace

import pytest

from core.store.connection import Connections
from core.store.owners import owned
from core.store.resealing import announce_key
from core.store.sealing import Seal, new_key
from tests.checkout import CHECKOUT
from tests.core.store.filled import GENERAL, Filled

_ROW = re.compile(r"^\| `(?P<name>drun:[^`]+)` \|[^|]*\|[^|]*\| (?P<kept>[^|]+) \|$", re.MULTILINE)
_ID = "[^:{}]+"
_MEANT = {"channel": f"{_ID}:{_ID}:{_ID}", "thread": _ID}
"""All other words in angle brackets stand for anything."""


def table() -> dict[str, str]:
    """How long each key is kept, by a pattern of its name."""
    guide = (CHECKOUT / "docs" / "redis.md").read_text(encoding="utf-8")
    rows = {found["name"]: found["kept"].strip() for found in _ROW.finditer(guide)}
    return {pattern(name): kept for name, kept in rows.items()}


def pattern(name: str) -> str:
    return re.sub("<([a-z]+)>", lambda found: _MEANT.get(found[1], "[^{}]+"), re.escape(name))


def kept(key: str) -> list[str]:
    """What the table says of ``key``; of two names that fit, the longer one was meant."""
    found = [name for name in table() if re.fullmatch(name, key)]
    return [table()[max(found, key=len)]] if found else []


@pytest.fixture
async def filled(connections: Connections) -> Filled:
    made = Filled(connections)
    await made.fill()
    seal = Seal.of([new_key()])
    await announce_key(replace(connections, seal=seal))
    return made


async def test_every_key_stands_in_the_table_and_what_expires_has_a_time_to_live(filled: Filled) -> None:
    wrong = []
    for key in await filled.keys():
        said, seconds = kept(key), await filled.connections.ask.ttl(key)
        if not said:
            wrong.append(f"{key} is not in the table")
        elif (seconds == -1) != said[0].startswith(("for ever", "while")):
            wrong.append(f"{key} has {seconds} s, and the table says: {said[0]}")
    assert not wrong


async def test_every_row_of_the_table_is_a_key_that_is_written(filled: Filled) -> None:
    keys = await filled.keys()
    assert [name for name in table() if not any(re.fullmatch(name, key) for key in keys)] == []


async def test_every_key_of_somebody_names_whose_it_is(filled: Filled) -> None:
    """Whoever adds a key whose name says it in another way would leave it behind when it is to be forgotten."""
    for key in await filled.keys():
        if any(id_ in key for id_ in ("TOURS", "CGENERAL", "UADA", "CPAGE")):
            found = owned(key)
            assert found, key
            assert found.key == key
            assert found.kind in key
    assert owned(f"drun:{{0}}:edited:{GENERAL}:17.1") is not None
