"""What was learned of how models count tokens, shared by all workers and kept over restarts."""

from collections.abc import Mapping
from typing import Any

from core.estimate import HIGHEST, LOWEST, Calibration
from core.store.connection import Connections, translating
from core.store.keys import PREFIX

_KEY = f"{PREFIX}:calibrations"
_KEPT_S = 90 * 24 * 3600
"""After the last report of any model."""


class Calibrations:
    """One hash, a field for each model's id. Who writes last is right: each has learned from the same model.

    Every method raises StoreUnavailable when Redis does not answer.
    """

    def __init__(self, connections: Connections) -> None:
        self._redis = connections.ask
        self._routes = connections.routes

    @translating
    async def all(self) -> dict[str, Calibration]:
        found: Any = await self._redis.hgetall(_KEY)
        return _read(found)

    @translating
    async def keep(self, model: str, calibration: Calibration) -> None:
        written = f"{calibration.factor:.4f} {calibration.spread:.4f} {calibration.weight:.2f}"
        await self._routes.send(_KEY, ("HSET", _KEY, model, written), ("EXPIRE", _KEY, _KEPT_S), again=True)


def _read(fields: Mapping[str, str]) -> dict[str, Calibration]:
    found = {}
    for model, written in fields.items():
        try:
            factor, spread, weight = map(float, written.split())
        except ValueError:
            continue  # another version's
        if LOWEST <= factor <= HIGHEST and 0 <= spread <= 1 and weight > 0:
            found[model] = Calibration(factor, spread, weight)
    return found
