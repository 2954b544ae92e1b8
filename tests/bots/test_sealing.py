"""`ENCRYPTION_KEYS`, `drun-chat key` and `drun-chat reseal` as an operator meets them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.store.connection import connect
from core.store.resealing import announce_key
from core.store.sealing import Seal, new_key
from tests.bots.program import ended, running
from tests.bots.settings_of import of_drun
from tests.core.store.filled import GENERAL, Filled
from tests.doubles.drun.server import DrunDouble

OLD, NEW = new_key(), new_key()


@asynccontextmanager
async def sealed(redis_url: str, *keys: str) -> AsyncIterator[Filled]:
    async with connect(redis_url, seal=Seal.of(keys)) as connections:
        yield Filled(connections)


async def test_a_key_that_it_makes_is_one(tmp_path: Path) -> None:
    found = await ended(tmp_path, "key", settings={})
    assert (found.code, found.err) == (0, "")
    assert Seal.of([found.out.strip()]).keys


async def test_a_new_key_takes_the_place_of_an_old_one(tmp_path: Path, redis_url: str) -> None:
    async with sealed(redis_url, OLD) as filled:
        await announce_key(filled.connections)
        await filled.fill()
    settings = {"REDIS_URL": redis_url, "ENCRYPTION_KEYS": f"{NEW}, {OLD}"}
    found = await ended(tmp_path, "reseal", settings=settings)
    assert (found.code, found.err) == (0, "")
    assert found.out.endswith(f"all are sealed with the key {Seal.of([NEW]).newest} now.\n")
    only_new = settings | {"ENCRYPTION_KEYS": NEW}
    found = await ended(tmp_path, "export", f"{GENERAL}", settings=only_new)
    assert f"q-{GENERAL.channel}-" in found.out
    assert (await ended(tmp_path, "turns", settings=only_new)).code == 0


@pytest.mark.parametrize(("keys", "said"), [("", "ENCRYPTION_KEYS is not set"), (NEW, "not set (")])
async def test_without_the_keys_nothing_is_sealed_anew(
    tmp_path: Path, redis_url: str, keys: str, said: str
) -> None:
    async with sealed(redis_url, OLD) as filled:
        await announce_key(filled.connections)
    found = await ended(tmp_path, "reseal", settings={"REDIS_URL": redis_url, "ENCRYPTION_KEYS": keys})
    assert (found.code, found.out) == (1, "")
    assert said in found.err


async def test_the_start_notes_the_key_and_another_start_without_it_is_one_sentence(
    tmp_path: Path, redis_url: str, drun: DrunDouble
) -> None:
    settings = {**of_drun(drun), "REDIS_URL": redis_url, "WEB_PORT": "0"}
    async with running(tmp_path, settings=settings | {"ENCRYPTION_KEYS": OLD}):
        pass
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        assert await redis.hkeys("drun:sealed") == [Seal.of([OLD]).newest]
    for keys in ("", NEW):
        found = await ended(tmp_path, "run", settings=settings | {"ENCRYPTION_KEYS": keys})
        assert found.code == 1
        assert "ENCRYPTION_KEYS: what this Redis keeps is sealed with a key that is not set" in found.err
        assert "Traceback" not in found.err
    found = await ended(tmp_path, "check", settings=settings | {"ENCRYPTION_KEYS": OLD})
    assert f"sealed with the key {Seal.of([OLD]).newest}" in found.out
    assert OLD not in found.out
