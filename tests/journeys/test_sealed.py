"""The whole program with ENCRYPTION_KEYS: people notice nothing, and the store tells nothing."""

from functools import partial
from typing import Any

from redis.asyncio import Redis

from core.store.sealing import Seal, new_key
from tests.core.store.test_key_table import kept
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import Asked, SlackStage, Stage, WebStage

WORDS = ("Rumpelstilzchen", "Dornröschen", "Aschenputtel")


async def everything(redis_url: str) -> dict[str, str]:
    """All that is in the store, by key."""
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        client: Any = redis
        readers = {
            "string": client.get,
            "hash": client.hgetall,
            "list": lambda key: client.lrange(key, 0, -1),
            "zset": lambda key: client.zrange(key, 0, -1),
            "set": client.smembers,
            "stream": client.xrange,
        }
        keys = [key async for key in client.scan_iter("*")]
        return {key: str(await readers[await client.type(key)](key)) for key in keys}


async def answered(stage: Stage, asked: Asked, text: str) -> None:
    await stage.until(lambda: any(text in answer for answer in stage.answers(asked)))


async def test_nothing_that_was_said_can_be_read_in_the_store(
    redis_url: str, slack: SlackStage, web: WebStage, drun: DrunDouble
) -> None:
    question, answer, instructions = WORDS
    drun.reply_with(f"{answer}.")
    keys = {"ENCRYPTION_KEYS": new_key()}
    async with running(redis_url, drun, slack, web, settings=keys):
        stages: tuple[Stage, ...] = (slack, web)
        for stage in stages:
            asked = await stage.ask(f"/system set me {instructions}")
            await stage.until(partial(stage.told, asked))
            await answered(stage, await stage.ask(f"who is {question}?"), f"{answer}.")
        found = await everything(redis_url)
    assert [key for key in found if not kept(key)] == [], "not in the table of docs/redis.md"
    assert {"history", "journal"} <= {kind for key in found for kind in key.split(":")}
    text = str(found)
    for word in WORDS:
        assert word not in text
    assert text.count(Seal.of(list(keys.values())).newest) > len(WORDS)
