"""The buckets in Redis: the scripts do what ``core.drun.bucket`` says, and workers share them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from core.conversation import Message
from core.drun.bucket import Bucket, Rule, Taking
from core.drun.calls import ChatRequest
from core.drun.client import ModelClient, http_client
from core.drun.limiter import Limiter, bucket_of
from core.drun.patience import Patience
from core.errors import ModelBusy
from core.store.blocks import Blocks
from core.store.connection import Connections, connect
from tests.core.drun.talk import MODEL, QUICK, maas
from tests.core.store.talk import until
from tests.doubles.drun import refusals as doubled
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

Step = tuple[Taking, None] | tuple[None, tuple[float | None, float]]


def refusal(pause_ms: float | None = None, sent_ms: float = 5.0) -> Step:
    return None, (pause_ms, sent_ms)


def ask(rule: Rule, wanted: int = 1, *, worker: str = "a", held: int = 0, worked: int = 0) -> Step:
    return Taking(rule, worker, wanted, held, worked), None


SET, HELD, NONE = Rule(rpm=6000), Rule(concurrency=3), Rule()
STORIES: dict[str, Sequence[Step]] = {
    "nothing is set": [ask(NONE, 5), ask(NONE, 0)],
    "a burst, then one after the other": [ask(SET, 4800), ask(SET, 50), ask(SET, 200), ask(SET, 9)],
    "two workers take turns": [
        ask(Rule(rpm=60), 60),
        *(ask(Rule(rpm=60), 5, worker=worker) for worker in "abcabcabc"),
    ],
    "a refusal spaces them, and work brings them together again": [
        ask(NONE, 3),
        refusal(0.0),
        ask(NONE, 5),
        ask(NONE, 1, worked=1),
        ask(NONE, 1, worked=30),
        ask(NONE, 1, worked=60),
        ask(NONE, 9),
    ],
    "refusals of one moment count once, later ones more": [
        refusal(),
        refusal(sent_ms=1000),
        refusal(250.0, sent_ms=1000),
        ask(NONE, 4),
        refusal(sent_ms=-1000),
        ask(NONE, 4),
    ],
    "a pause that is named": [refusal(90_000), ask(SET, 2), ask(SET, 0)],
    "so many at once": [
        ask(HELD, 2),
        ask(HELD, 2, worker="b"),
        ask(HELD, 1, worker="c"),
        ask(HELD, 0, held=1),
        ask(HELD, 2, worker="c"),
        ask(HELD, 2, worker="b", held=1),
        ask(HELD, 0, held=0, worker="b"),
        ask(HELD, 2, worker="c"),
    ],
    "who came before is left a place": [
        ask(Rule(concurrency=1), 1, worker="b"),
        ask(Rule(concurrency=1), 1),
        ask(Rule(600), 2000, worker="c"),
    ],
    "both": [ask(Rule(600, 2), 5), ask(Rule(600, 2), 5, worker="b"), ask(Rule(600, 2), 5, held=0)],
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.every_form
async def test_the_scripts_and_the_bucket_of_one_process_grant_the_same(
    story: str, connections: Connections
) -> None:
    blocks, here = Blocks(connections), Bucket()
    for taking, refused in STORIES[story]:
        if taking is not None:
            there = await blocks.stamped("b", taking)
            grant = here.take(taking, there.now_ms)
            assert (there.grant.count, there.grant.free) == (grant.count, grant.free)
            assert there.grant.first_ms == pytest.approx(grant.first_ms if grant.gap_ms else 0, abs=0.01)
            assert there.grant.gap_ms == pytest.approx(grant.gap_ms, abs=0.01)
            assert there.grant.wait_ms == pytest.approx(grant.wait_ms, abs=0.01)
        if refused is not None:
            pause_ms, sent_ms = refused
            now = await blocks.told("b", pause_ms=pause_ms, sent_ms=sent_ms, jitter=1.25)
            here.refused(now, pause_ms=pause_ms, sent_ms=sent_ms, jitter=1.25)


async def test_a_bucket_is_one_key_that_expires_and_holds_no_key_of_drun(
    connections: Connections, redis_url: str, drun: DrunDouble
) -> None:
    limiter = Limiter(Blocks(connections), rpm=60, concurrency=5)
    async with limiter.admitted(maas(drun), MODEL, within_s=5.0) as permit:
        permit.worked()
    await limiter.aclose()
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        [key] = [key async for key in redis.scan_iter()]
        held = await redis.hgetall(key)
        assert 0 < await redis.ttl(key) <= 300
    assert key == f"drun:limit:{{{bucket_of(maas(drun), MODEL)}}}"
    assert held
    assert drun.key not in f"{key} {held}"


async def asked(
    limiter: Limiter, drun: DrunDouble, times: int, patience: Patience = QUICK, *, key: str = ""
) -> list[str]:
    """So many questions at once through a client of its own; what became of each."""
    async with http_client() as http:
        client = ModelClient(http, patience, limiter=limiter)

        async def one(number: int) -> str:
            request = ChatRequest(MODEL, [Message("user", f"question {number}")])
            return "".join([delta.text async for delta in client.stream(maas(drun, key), request)])

        said = await asyncio.gather(*(one(number) for number in range(times)))
    await limiter.aclose()
    return said


def refusals(drun: DrunDouble) -> int:
    return sum(call.status == 429 for call in drun.requests)


async def test_many_workers_with_the_right_number_set_are_never_refused(
    connections: Connections, drun: DrunDouble
) -> None:
    drun.reply_with("yes")
    drun.limit(MODEL, 1800, seconds=60.0)
    limiters = [Limiter(Blocks(connections), rpm=1800) for _ in range(4)]
    # Nearly all of what may go at once is gone already; from then on thirty go each second.
    await Blocks(connections).take(bucket_of(maas(drun), MODEL), Taking(Rule(1800), "before", 1430))
    said = await asyncio.gather(*(asked(limiter, drun, 20) for limiter in limiters))
    assert sum(map(len, said)) == 80
    assert refusals(drun) == 0


async def test_a_storm_of_429_is_calmed_and_every_question_is_answered(
    connections: Connections, drun: DrunDouble
) -> None:
    drun.reply = Script("yes")
    drun.limit(MODEL, 10, seconds=2.0)
    limiters = [Limiter(Blocks(connections), jitter=lambda: 0.5) for _ in range(3)]
    said = await asyncio.gather(*(asked(limiter, drun, 6, Patience(retries=4)) for limiter in limiters))
    assert [answer for each in said for answer in each] == ["yes"] * 18
    assert refusals(drun) <= 8 + 2, "eight were on their way before anybody knew"


async def test_what_one_worker_was_told_stops_the_others(connections: Connections, drun: DrunDouble) -> None:
    first, second = (Limiter(Blocks(connections), jitter=lambda: 1.0) for _ in range(2))
    line = second._line(maas(drun), MODEL)
    first._line(maas(drun), MODEL)
    await Blocks(connections).refused(line.bucket, pause_ms=60_000, sent_ms=0, jitter=1.0)
    async with second.admitted(maas(drun), MODEL, within_s=1.0):
        await until(lambda: not line.free)
    with pytest.raises(ModelBusy, match="its turn did not come"):
        await asked(second, drun, 1)
    assert drun.requests == []
    assert (line.wanted, line.under_way) == (0, 0)
    await second.aclose()


async def test_without_redis_a_request_waits_half_a_second_at_most(drun: DrunDouble) -> None:
    drun.reply_with("yes")
    async with connect("redis://127.0.0.1:1") as nowhere:
        assert await asked(Limiter(Blocks(nowhere), rpm=600), drun, 5) == ["yes"] * 5


async def test_two_keys_of_one_account_are_one_bucket_for_two_workers(
    connections: Connections, drun: DrunDouble
) -> None:
    """A key is replaced worker by worker: until all have the new one, both are in use."""
    drun.reply_with("yes")
    drun.keys.add("sk-the-next-key")
    before, after = (Limiter(Blocks(connections), rpm=10) for _ in range(2))
    # Eight of ten may go at once, whoever sends them.
    assert await asked(before, drun, 5) == ["yes"] * 5
    assert await asked(after, drun, 3, key="sk-the-next-key") == ["yes"] * 3
    with pytest.raises(ModelBusy, match="its turn did not come"):
        await asked(after, drun, 1, replace(QUICK, total_s=0.3), key="sk-the-next-key")
    assert len(drun.requests) == 8
    assert len({call.headers["Authorization"] for call in drun.requests}) == 2


async def test_what_one_key_was_told_spaces_the_requests_with_another(
    connections: Connections, drun: DrunDouble
) -> None:
    drun.reply_with("yes")
    drun.keys.add("sk-the-next-key")
    first, second = (Limiter(Blocks(connections), jitter=lambda: 1.0) for _ in range(2))
    drun.script(doubled.rate_limited(retry_after="60"))
    with pytest.raises(ModelBusy):
        await asked(first, drun, 1, replace(QUICK, retries=0))
    # The first request of a worker looks beside itself: a later one knows, as soon as that is done.
    assert await asked(second, drun, 1, key="sk-the-next-key") == ["yes"]
    async with asyncio.timeout(10):
        while not await told_busy(second, drun):
            pass  # each try is a request, and waits for its answer
    sent = len(drun.requests)
    assert await told_busy(second, drun)
    assert len(drun.requests) == sent


async def told_busy(limiter: Limiter, drun: DrunDouble) -> bool:
    try:
        await asked(limiter, drun, 1, replace(QUICK, total_s=0.3), key="sk-the-next-key")
    except ModelBusy as error:
        return "its turn did not come" in str(error)
    return False
