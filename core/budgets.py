"""The budgets of a platform's many buckets, one each, made when first asked for."""

from collections.abc import Callable
from typing import Generic, TypeVar

from core.pacing import Budget

K = TypeVar("K")

_MANY = 1000


class Budgets(Generic[K]):
    """A budget for each key. Those that are as good as new are dropped once there are many."""

    def __init__(self, make: Callable[[], Budget]) -> None:
        self._make = make
        self._budgets: dict[K, Budget] = {}

    def of(self, key: K) -> Budget:
        if key not in self._budgets:
            if len(self._budgets) >= _MANY:
                self._budgets = {known: budget for known, budget in self._budgets.items() if not budget.idle}
            self._budgets[key] = self._make()
        return self._budgets[key]
