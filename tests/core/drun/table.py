"""Both deployments asked as one process does, with a clock of the test's own for its breakers."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from core.conversation import Delta, Message
from core.drun.asking import Asked, Asking, Fit
from core.drun.breaker import Breakers
from core.drun.calls import Sampling
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Endpoint
from core.drun.fallback import Order
from core.drun.limiter import Limiter
from core.drun.patience import Patience, chance
from tests.core.drun.talk import HELLO, QUICK, maas, service
from tests.doubles.drun.server import DrunDouble

QWEN, TWIN, OTHER = "u-1100a15812cc/qwen2", "public/qwen2.5-7b", "public/deepseek-v3"
NAME = "Qwen2.5-7B-Instruct"


@dataclass(slots=True)
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def hello(limit: int) -> Sequence[Message]:
    return HELLO


@dataclass(slots=True)
class Table:
    """What one process asks with."""

    asking: Asking
    clock: Clock
    fit: Fit = hello
    last: list[tuple[Asked, Delta]] = field(default_factory=list)

    async def ask(self, chosen: str = QWEN) -> str:
        """What is said in the end. Raises ModelError."""
        self.last = []
        async with aclosing(self.asking.stream(chosen, self.fit)) as said:
            async for pair in said:
                self.last.append(pair)
        return "".join(delta.text for _, delta in self.last)

    @property
    def asked(self) -> Asked:
        return self.last[-1][0]


@asynccontextmanager
async def table(
    drun: DrunDouble,
    *,
    order: Order = Order.CHOSEN,
    service_at: Endpoint | None = None,
    patience: Patience = QUICK,
    first_sign_s: float | None = 5.0,
    limiter: Limiter | None = None,
    jitter: Callable[[], float] = chance,
    sampling: Sampling | None = None,
    runs: Mapping[str, str] | None = None,
    twins: Mapping[str, str] | None = None,
) -> AsyncGenerator[Table, None]:
    """``runs`` and ``twins`` as in Catalog; a service of Qwen2.5 and its twin otherwise."""
    clock = Clock()
    async with http_client(patience) as http:
        client = ModelClient(http, patience, limiter=limiter, sampling=sampling, jitter=jitter)
        catalog = Catalog(
            client,
            [maas(drun), service_at or service(drun)],
            default=OTHER,
            aliases={},
            runs={QWEN: NAME} if runs is None else runs,
            twins={TWIN: NAME} if twins is None else twins,
            order=order,
        )
        yield Table(Asking(client, catalog, Breakers(clock), first_sign_s), clock)
        await catalog.aclose()


def models_of(drun: DrunDouble) -> list[str]:
    return [call.model for call in drun.requests]
