import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.doubles.drun.records import HostName
from tests.doubles.drun.refusals import Refusal
from tests.doubles.drun.wire import go_json


class Shape(Enum):
    """Who writes the list of models: d.run's gateway, or an engine that is called without it."""

    GATEWAY = "gateway"
    VLLM = "vllm"
    SGLANG = "sglang"


@dataclass(slots=True, eq=False)
class Host:
    """One of d.run's two kinds of address. It serves the ids of its own form, as long as it lists them."""

    name: HostName
    form: re.Pattern[str]
    models: list[str]
    url: str = ""
    """The base URL, which ends in /v1, once the double runs."""
    listing_fault: Refusal | None = None
    """What `/v1/models` answers instead of a list."""
    shape: Shape = Shape.GATEWAY
    windows: dict[str, int] = field(default_factory=dict)
    """What vLLM tells of its models."""

    def knows(self, model: str) -> bool:
        return model in self.models and self.form.match(model) is not None

    def listing(self) -> bytes:
        """The gateway's list has no top-level `object`, and is in the order of the ids."""
        rows = [self._row(model) for model in sorted(self.models)]
        return go_json({"data": rows} if self.shape is Shape.GATEWAY else {"data": rows, "object": "list"})

    def _row(self, model: str) -> dict[str, Any]:
        row: dict[str, Any] = {"created": 1733724462, "id": model, "object": "model"}
        if self.shape is Shape.GATEWAY:
            return {**row, "owned_by": "VLLM", "permission": None, "root": "", "parent": ""}
        # The path of the weights says nothing that may be relied on.
        row |= {"owned_by": self.shape.value, "root": "/models/weights"}
        if self.shape is Shape.VLLM:
            row |= {
                "parent": None,
                "max_model_len": self.windows.get(model),
                "permission": [{"id": "modelperm-1"}],
            }
        return row


def maas_host(models: Sequence[str]) -> Host:
    return Host("maas", re.compile(r"public/[A-Za-z0-9][A-Za-z0-9._-]*\Z"), list(models))


def service_host(models: Sequence[str], name: str = "service") -> Host:
    return Host(name, re.compile(r"u-[0-9a-z]+/[A-Za-z0-9][A-Za-z0-9._-]*\Z"), list(models))


@dataclass(slots=True)
class Bucket:
    """d.run: `requests` in `seconds` for one key and model, refilled all the time."""

    requests: int
    seconds: float
    _left: float = field(default=0.0, init=False)
    _at: float = field(default_factory=time.monotonic, init=False)

    def __post_init__(self) -> None:
        self._left = float(self.requests)

    def take(self) -> bool:
        now = time.monotonic()
        refilled = self._left + (now - self._at) * self.requests / self.seconds
        self._left, self._at = min(float(self.requests), refilled), now
        if self._left < 1:
            return False
        self._left -= 1
        return True
