"""Who counts as down, and for how long, on a clock of the test's own."""

import pytest

from core.drun.breaker import AFTER, LONGEST_REST_S, REST_S, Breaker, Breakers
from core.drun.endpoints import Deployment, Endpoint
from core.drun.model import Model
from core.errors import (
    AccessRefused,
    KeyRefused,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    ModelUnknown,
    NoBalance,
    ReplyCut,
    WindowExceeded,
)

HERE = Endpoint(Deployment.SERVICE, "http://a/v1", "sk-a")
THERE = Endpoint(Deployment.MAAS, "http://b/v1", "sk-a")
ONE, OTHER, TWIN = Model("u-1/one", HERE), Model("u-1/other", HERE), Model("public/one", THERE)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def unheard(cause: Exception) -> ModelUnavailable:
    """As the client raises it when nothing was heard."""
    error = ModelUnavailable("nothing was heard")
    error.__cause__ = cause
    return error


REFUSED = unheard(ConnectionRefusedError())
LATE = unheard(TimeoutError())
BROKEN = ModelUnavailable("HTTP 502")


def test_silence_opens_at_once_and_one_call_tries_again_after_each_rest() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    assert breaker.ready()
    breaker.failed(silent=True)
    assert not breaker.ready()
    clock.now += REST_S - 0.1
    assert not breaker.ready()
    clock.now += 0.1
    assert breaker.ready()
    breaker.begin()
    assert not breaker.ready(), "one call is enough to find out"
    breaker.succeeded()
    assert breaker.ready()
    assert not breaker.open


def test_each_failed_try_doubles_the_rest_up_to_a_minute() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(silent=True)
    rests = []
    for _ in range(6):
        began = clock.now
        while not breaker.ready():
            clock.now += 1
        rests.append(clock.now - began)
        breaker.begin()
        breaker.failed(silent=False)
    assert rests == [REST_S, 2 * REST_S, 4 * REST_S, 8 * REST_S, LONGEST_REST_S, LONGEST_REST_S]
    breaker.succeeded()
    breaker.failed(silent=True)
    clock.now += REST_S
    assert breaker.ready(), "after a success the rests begin anew"


def test_those_who_were_already_asking_do_not_prolong_the_rest() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(20):
        breaker.failed(silent=True)
    clock.now += REST_S
    assert breaker.ready()


def test_a_try_that_was_cancelled_lets_another_one_try_in_the_end() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(silent=True)
    clock.now += REST_S
    breaker.begin()
    clock.now += 60
    assert breaker.ready()


def test_answers_of_5xx_open_only_when_there_are_some_in_a_row() -> None:
    breaker = Breaker(Clock())
    for _ in range(AFTER - 1):
        breaker.failed(silent=False)
    assert breaker.ready()
    breaker.succeeded()
    for _ in range(AFTER - 1):
        breaker.failed(silent=False)
    assert breaker.ready()
    breaker.failed(silent=False)
    assert not breaker.ready()


def test_an_endpoint_of_which_nothing_is_heard_is_left_alone_with_all_its_models() -> None:
    breakers = Breakers(Clock())
    breakers.failed(ONE, REFUSED)
    assert not breakers.allow(ONE)
    assert not breakers.allow(OTHER)
    assert breakers.allow(TWIN)
    assert breakers.open(OTHER)


@pytest.mark.parametrize("error", [BROKEN, LATE, ReplyCut("it ended")])
def test_a_model_that_its_endpoint_cannot_reach_is_left_alone_and_no_other(error: ModelError) -> None:
    breakers = Breakers(Clock())
    for _ in range(AFTER):
        breakers.failed(ONE, error)
    assert not breakers.allow(ONE)
    assert breakers.allow(OTHER)


@pytest.mark.parametrize(
    "kind",
    [AccessRefused, KeyRefused, ModelBusy, ModelRefused, ModelUnknown, NoBalance, WindowExceeded],
)
def test_what_is_the_requests_own_fault_opens_nothing_and_proves_the_endpoint_to_be_there(
    kind: type[ModelError],
) -> None:
    clock = Clock()
    breakers = Breakers(clock)
    for _ in range(2 * AFTER):
        breakers.failed(ONE, kind())
    assert breakers.allow(ONE)
    breakers.failed(OTHER, REFUSED)
    clock.now += REST_S
    assert breakers.allow(ONE)
    breakers.failed(ONE, kind())
    assert breakers.allow(OTHER)


def test_a_model_that_answers_is_back_with_its_endpoint() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    breakers.failed(ONE, REFUSED)
    breakers.failed(ONE, LATE)
    clock.now += REST_S
    assert breakers.allow(ONE)
    breakers.answered(ONE)
    assert breakers.allow(ONE)
    assert not breakers.open(OTHER)


def test_one_attempt_without_an_answer_is_a_doubt_that_only_those_heed_who_can_ask_somebody_else() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(silent=True, sure=False)
    assert breaker.open
    assert breaker.ready()
    assert not breaker.ready(hurried=True)
    clock.now += REST_S
    assert breaker.ready(hurried=True)


def test_a_doubt_becomes_certain_when_somebody_insists_and_goes_when_somebody_is_heard() -> None:
    breaker = Breaker(Clock())
    breaker.failed(silent=True, sure=False)
    breaker.begin()
    breaker.failed(silent=True)
    assert not breaker.ready()
    heard = Breaker(Clock())
    heard.failed(silent=True, sure=False)
    heard.begin()
    heard.succeeded()
    assert heard.ready(hurried=True)


def test_one_more_hurried_try_makes_nobody_doubt_what_was_certain() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(silent=True)
    clock.now += REST_S
    breaker.begin()
    breaker.failed(silent=True, sure=False)
    assert not breaker.ready()


@pytest.mark.parametrize("error", [REFUSED, LATE])
def test_a_doubt_keeps_the_hurried_away_and_nobody_else(error: ModelError) -> None:
    breakers = Breakers(Clock())
    breakers.failed(ONE, error, hurried=True)
    assert not breakers.allow(ONE, hurried=True)
    assert breakers.allow(ONE)


def test_what_breaks_again_and_again_is_down_for_all_also_when_all_were_hurried() -> None:
    breakers = Breakers(Clock())
    for _ in range(AFTER):
        breakers.failed(ONE, BROKEN, hurried=True)
    assert not breakers.allow(ONE)
