"""Requests to a model that refuses what is too much, on a virtual clock: many workers, one bucket."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from core.drun.bucket import HOLDER_MS, Bucket, Grant, Rule, Taking
from core.drun.endpoints import Deployment, Endpoint
from core.drun.limiter import Limiter, bucket_of
from core.errors import ModelBusy, StoreUnavailable
from tests.fakes.clock import now, virtual_time

MAAS = Endpoint(Deployment.MAAS, "https://chat.d.run/v1", "sk-secret")
SERVICE = Endpoint(Deployment.SERVICE, "https://sh-02.d.run/v1", "sk-secret")
MODEL = "public/deepseek-v3"


@dataclass(slots=True)
class Together:
    """What all workers share, in memory."""

    buckets: dict[str, Bucket] = field(default_factory=dict)
    away: bool = False
    calls: int = 0

    async def take(self, bucket: str, taking: Taking) -> Grant:
        await self._answer()
        return self._of(bucket).take(taking, now() * 1000)

    async def refused(self, bucket: str, *, pause_ms: float | None, sent_ms: float, jitter: float) -> None:
        await self._answer()
        self._of(bucket).refused(now() * 1000, pause_ms=pause_ms, sent_ms=sent_ms, jitter=jitter)

    async def _answer(self) -> None:
        self.calls += 1
        await asyncio.sleep(0.001)
        if self.away:
            raise StoreUnavailable("gone")

    def _of(self, bucket: str) -> Bucket:
        return self.buckets.setdefault(bucket, Bucket())


@dataclass(slots=True)
class Model:
    """d.run's bucket: ``requests`` in ``seconds``, refilled all the time; 0 takes everything."""

    requests: int = 0
    seconds: float = 60.0
    answer_s: float = 0.5
    retry_after: float | None = None
    asked: list[str] = field(default_factory=list)
    served: list[tuple[float, str]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    _left: float = float("inf")
    _at: float = 0.0

    async def ask(
        self, limiter: Limiter, name: str = "", *, endpoint: Endpoint = MAAS, within_s: float = 3600.0
    ) -> None:
        """Until it is served, as a client does that never gives up."""
        again = False
        while True:
            try:
                async with limiter.admitted(endpoint, MODEL, within_s=within_s, again=again) as permit:
                    self.asked.append(name)
                    await asyncio.sleep(0.05)  # on the way
                    self._take()
                    permit.worked()
                    await self._serve(name)
            except ModelBusy as error:
                if "turn" in str(error):
                    raise
                again = True
            else:
                return

    def _take(self) -> None:
        if not self.requests:
            return
        refilled = min(self.requests, self._left + (now() - self._at) * self.requests / self.seconds)
        self._left, self._at = refilled, now()
        if self._left < 1:
            self.refused.append(now())
            raise ModelBusy("too many", retry_after=self.retry_after)
        self._left -= 1

    async def _serve(self, name: str) -> None:
        self.served.append((now(), name))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.answer_s)
        finally:
            self.under_way -= 1


def workers(
    count: int, shared: Together | None = None, *, rpm: int = 0, concurrency: int = 0
) -> list[Limiter]:
    common = Together() if shared is None else shared
    return [Limiter(common, rpm=rpm, concurrency=concurrency, jitter=lambda: 1.0) for _ in range(count)]


async def all_ask(model: Model, limiters: Sequence[Limiter], each: int) -> None:
    await asyncio.gather(
        *(
            model.ask(limiter, f"{at}.{number}")
            for number in range(each)
            for at, limiter in enumerate(limiters)
        )
    )
    for limiter in limiters:
        await limiter.aclose()


@virtual_time
async def test_with_the_right_number_set_no_worker_is_ever_refused_and_the_bucket_is_used_up() -> None:
    model = Model(requests=120)
    await all_ask(model, workers(5, rpm=120), 60)
    assert model.refused == []
    assert len(model.served) == 300
    # 120 at once and two a second were possible; a fifth of the bucket is kept back.
    assert now() < 1.3 * (300 - 120) / 2


@virtual_time
async def test_a_burst_within_the_bucket_waits_for_nothing() -> None:
    model = Model(requests=60)
    await all_ask(model, workers(1, rpm=60), 48)
    assert now() < 1.0


@virtual_time
async def test_redis_is_not_asked_for_each_request() -> None:
    shared, model = Together(), Model(requests=1200)
    await all_ask(model, workers(2, shared, rpm=1200), 1000)
    assert model.refused == []
    assert shared.calls < 250, "two workers, a block a second"


@virtual_time
async def test_nothing_set_and_nothing_refused_waits_for_nothing_and_looks_once_a_second() -> None:
    shared, model = Together(), Model()
    [limiter] = workers(1, shared)
    for _ in range(100):
        await model.ask(limiter)
    assert now() == pytest.approx(100 * 0.55)
    assert shared.calls <= 56


@virtual_time
async def test_a_storm_of_refusals_is_calmed_for_all_workers_and_everybody_is_served() -> None:
    model = Model(requests=20, seconds=20.0)
    await all_ask(model, workers(4), 50)
    assert len(model.served) == 200
    # 180 were on their way before anybody could know. Of the 180 that then came one by one, few were too many.
    at_once = [at for at in model.refused if at < 1.0]
    assert len(at_once) == 180
    assert len(model.refused) - len(at_once) <= 180 * 0.15
    assert now() < 3 * 180, "one a second was possible"


@virtual_time
async def test_what_one_worker_is_told_keeps_the_others_from_asking() -> None:
    shared = Together()
    first, second = workers(2, shared)
    model = Model(requests=1, seconds=3600.0, retry_after=30.0)
    await model.ask(second)  # both look once a second
    waiting = asyncio.create_task(model.ask(first))
    await asyncio.sleep(2.0)
    assert len(model.refused) == 1
    model.requests = 0
    await model.ask(second)  # its look is beside this one
    began = now()
    await model.ask(second)
    assert now() == pytest.approx(32.0, abs=3.0)
    assert began < 4.0
    await waiting
    assert len(model.refused) == 1


@virtual_time
async def test_a_named_pause_is_kept_and_only_then_the_next_one_goes() -> None:
    model = Model(requests=1, seconds=10.0, retry_after=12.0)
    [limiter] = workers(1)
    await model.ask(limiter)
    await model.ask(limiter)
    assert len(model.refused) == 1
    assert model.served[1][0] - model.refused[0] == pytest.approx(12.05, abs=0.01)


@virtual_time
async def test_a_model_that_refuses_for_long_is_asked_less_and_less() -> None:
    model = Model(requests=1, seconds=1e9)
    [limiter] = workers(1)
    model._left = 0.0
    asking = asyncio.create_task(model.ask(limiter))
    await asyncio.sleep(600.0)
    assert 5 <= len(model.refused) <= 16
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await limiter.aclose()


@virtual_time
async def test_who_came_first_goes_first() -> None:
    model = Model()
    [limiter] = workers(1, rpm=30)
    await all_ask(model, [limiter], 60)
    assert model.asked == [f"0.{number}" for number in range(60)]


@virtual_time
async def test_workers_take_turns() -> None:
    model = Model()
    await all_ask(model, workers(3, rpm=60), 100)
    spaced = [name.partition(".")[0] for at, name in model.served if at > 2.0]
    for end in range(30, 100, 10):
        counts = [spaced[:end].count(str(worker)) for worker in range(3)]
        assert max(counts) - min(counts) <= 4


@virtual_time
async def test_who_was_refused_goes_before_who_was_not_asked_yet() -> None:
    model = Model(requests=1, seconds=2.0)
    [limiter] = workers(1)
    await all_ask(model, [limiter], 2)
    late = [asyncio.create_task(model.ask(limiter, f"late {number}")) for number in range(3)]
    await asyncio.gather(*late)
    assert [name for _, name in model.served[2:]] == ["late 0", "late 1", "late 2"]


@virtual_time
async def test_who_is_stopped_while_it_waits_leaves_its_place_to_others() -> None:
    model = Model()
    [limiter] = workers(1, rpm=6)
    asking = [asyncio.create_task(model.ask(limiter, str(number))) for number in range(8)]
    await asyncio.sleep(1.0)
    assert len(model.served) == 4
    asking[4].cancel()
    with suppress(asyncio.CancelledError):
        await asking[4]
    await asyncio.gather(*asking[5:])
    assert model.asked == ["0", "1", "2", "3", "5", "6", "7"]
    assert limiter._line(MAAS, MODEL).under_way == 0


@virtual_time
async def test_who_is_stopped_at_the_very_moment_of_its_turn_holds_nothing() -> None:
    [limiter] = workers(1, concurrency=1)
    model = Model(answer_s=10.0)
    first = asyncio.create_task(model.ask(limiter, "first"))
    second = asyncio.create_task(model.ask(limiter, "second"))
    await asyncio.sleep(5.0)
    line = limiter._line(MAAS, MODEL)
    line.promised += 1
    line.let_one_go()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert line.under_way == 1
    await first
    await model.ask(limiter, "third")
    assert [name for _, name in model.served] == ["first", "third"]
    await limiter.aclose()


@virtual_time
async def test_a_turn_that_does_not_come_in_time_ends_as_busy() -> None:
    [limiter] = workers(1, rpm=1)
    model = Model()
    await model.ask(limiter)
    began = now()
    with pytest.raises(ModelBusy, match="its turn did not come") as caught:
        await model.ask(limiter, within_s=5.0)
    assert now() - began < 0.1, "it is known at once that nobody goes for a minute"
    assert caught.value.retry_after == pytest.approx(59, abs=2)
    assert limiter._line(MAAS, MODEL).under_way == 0
    await limiter.aclose()


@virtual_time
async def test_a_turn_that_might_come_is_waited_for_and_then_given_up() -> None:
    [limiter] = workers(1, concurrency=1)
    model = Model(answer_s=100.0)
    first = asyncio.create_task(model.ask(limiter))
    await asyncio.sleep(1.0)
    with pytest.raises(ModelBusy, match="within 5 s"):
        await model.ask(limiter, within_s=5.0)
    assert now() == pytest.approx(6.0, abs=0.1)
    assert limiter._line(MAAS, MODEL).under_way == 1
    await first
    await limiter.aclose()


@virtual_time
async def test_a_pause_that_one_worker_was_told_ends_the_waiting_of_all_who_cannot_wait_so_long() -> None:
    first, second = workers(2, Together())
    model = Model(requests=1, seconds=1e6, retry_after=3600.0)
    await model.ask(second)  # it looks whether another was refused
    began = now()
    waiting = [
        asyncio.create_task(model.ask(limiter, within_s=600.0)) for limiter in (first, first, second, second)
    ]
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in done] == [ModelBusy] * 4
    for limiter in (first, second):
        with pytest.raises(ModelBusy):
            await model.ask(limiter, within_s=600.0)
        assert (limiter._line(MAAS, MODEL).wanted, limiter._line(MAAS, MODEL).under_way) == (0, 0)
    assert now() - began < 10.0
    patient = asyncio.create_task(model.ask(second, within_s=7200.0))
    await asyncio.sleep(1.0)
    model.requests = 0
    await patient
    assert now() - began == pytest.approx(3600.0, abs=5.0), "who can wait so long does"
    for limiter in (first, second):
        await limiter.aclose()


@virtual_time
async def test_a_model_service_has_no_limit_of_ours() -> None:
    model = Model()
    [limiter] = workers(1, rpm=1, concurrency=1)
    await asyncio.gather(*(model.ask(limiter, endpoint=SERVICE) for _ in range(20)))
    assert now() < 1.0


@virtual_time
async def test_no_more_than_the_set_number_are_under_way_at_all_workers_together() -> None:
    model = Model(answer_s=3.0)
    await all_ask(model, workers(3, concurrency=4), 10)
    assert model.most_under_way == 4
    assert now() < 1.3 * 30 / 4 * 3.05


@virtual_time
async def test_what_a_killed_worker_held_is_free_after_a_while() -> None:
    shared, model = Together(), Model()
    Bucket.take(
        shared.buckets.setdefault(bucket_of(MAAS, MODEL), Bucket()),
        Taking(Rule(0, 1), "killed", 1),
        now() * 1000,
    )
    [limiter] = workers(1, shared, concurrency=1)
    await model.ask(limiter)
    assert HOLDER_MS / 1000 <= model.served[0][0] < HOLDER_MS / 1000 + 1
    await limiter.aclose()


@virtual_time
async def test_a_long_answer_is_held_for_as_long_as_it_takes() -> None:
    model = Model(answer_s=100.0)
    await all_ask(model, workers(2, concurrency=1), 1)
    assert model.most_under_way == 1


@virtual_time
async def test_without_redis_each_process_keeps_the_limit_by_itself() -> None:
    model = Model(requests=60)
    await all_ask(model, workers(1, Together(away=True), rpm=60), 100)
    assert model.refused == []


@virtual_time
async def test_without_redis_a_storm_is_calmed_in_each_process_and_redis_is_not_asked_all_the_time() -> None:
    shared, model = Together(away=True), Model(requests=10, seconds=10.0)
    await all_ask(model, workers(1, shared), 30)
    assert len(model.served) == 30
    assert len(model.refused) <= 20 + 5
    assert shared.calls < 30


@virtual_time
async def test_redis_that_is_back_is_asked_again() -> None:
    shared, model = Together(away=True), Model()
    [limiter] = workers(1, shared, rpm=60)
    await model.ask(limiter)
    shared.away, calls = False, shared.calls
    await asyncio.sleep(6.0)
    await model.ask(limiter)
    assert shared.calls > calls
    assert shared.buckets
    await limiter.aclose()


def test_a_bucket_is_that_of_an_address_and_a_model_whatever_the_key() -> None:
    name = bucket_of(MAAS, MODEL)
    assert len(name) == 20
    assert name == bucket_of(replace(MAAS, key="sk-the-next-key"), MODEL)
    assert len({name, bucket_of(SERVICE, MODEL), bucket_of(MAAS, "public/deepseek-r1")}) == 3
