"""Who is asked, in which order."""

import pytest

from core.drun.endpoints import Deployment, Endpoint
from core.drun.fallback import Order, another_may_help, in_turn
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
    NotServed,
    ReplyCut,
    WindowExceeded,
)

MAAS = Model("public/x", Endpoint(Deployment.MAAS, "http://a/v1", "sk"))
FIRST = Model("u-1/x", Endpoint(Deployment.SERVICE, "http://b/v1", "sk"))
SECOND = Model("u-1/x", Endpoint(Deployment.SERVICE, "http://c/v1", "sk"))
ALL = [MAAS, FIRST, SECOND]


@pytest.mark.parametrize(
    ("chosen", "order", "expected"),
    [
        (MAAS, Order.CHOSEN, [MAAS, FIRST, SECOND]),
        (FIRST, Order.CHOSEN, [FIRST, MAAS, SECOND]),
        (SECOND, Order.CHOSEN, [SECOND, MAAS, FIRST]),
        (MAAS, Order.SERVICE_FIRST, [FIRST, SECOND, MAAS]),
        (SECOND, Order.SERVICE_FIRST, [SECOND, FIRST, MAAS]),
        (MAAS, Order.MAAS_FIRST, [MAAS, FIRST, SECOND]),
        (SECOND, Order.MAAS_FIRST, [MAAS, SECOND, FIRST]),
        (MAAS, Order.OFF, [MAAS]),
        (SECOND, Order.OFF, [SECOND]),
    ],
)
def test_everybody_who_runs_the_model_is_asked_once_in_the_order_that_is_set(
    chosen: Model, order: Order, expected: list[Model]
) -> None:
    assert in_turn(chosen, ALL, order) == expected


def test_who_has_no_twin_is_asked_alone() -> None:
    assert in_turn(MAAS, [], Order.SERVICE_FIRST) == [MAAS]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ModelUnavailable, True),
        (ModelBusy, True),
        (ModelUnknown, True),
        (ReplyCut, True),
        (NotServed, True),
        (AccessRefused, True),
        (KeyRefused, False),
        (NoBalance, False),
        (ModelRefused, False),
        (WindowExceeded, False),
    ],
)
def test_only_what_lies_with_the_endpoint_is_worth_asking_another(
    kind: type[ModelError], expected: bool
) -> None:
    assert another_may_help(kind()) is expected
