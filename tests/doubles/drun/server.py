from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.doubles.drun.exchange import Answer
from tests.doubles.drun.gateway import Gateway
from tests.doubles.drun.hosts import Host, maas_host, service_host
from tests.doubles.drun.records import ChatCall, HostName
from tests.doubles.drun.script import PATIENCE_S, Script

MAAS_MODELS = ("public/deepseek-r1", "public/deepseek-v3")
SERVICE_MODELS = ("u-1100a15812cc/qwen2",)


class DrunDouble:
    """d.run on 127.0.0.1: the host of MaaS by Token and one region's host of Model Services.

    `seed` decides where the bytes of streams are cut.
    """

    def __init__(
        self,
        *,
        key: str = "sk-drun-double",
        maas_models: Sequence[str] = MAAS_MODELS,
        service_models: Sequence[str] = SERVICE_MODELS,
        seed: int = 0,
    ) -> None:
        self.key = key
        self.maas = maas_host(maas_models)
        self.service = service_host(service_models)
        self._gateway = Gateway({key}, seed)
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for host in (self.maas, self.service):
            await self._open(host)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gateway.leaving = True
        await self._running.aclose()

    async def region(self, name: str, models: Sequence[str]) -> Host:
        """One more region with Model Services of its own, as long as the double runs."""
        host = service_host(models, name)
        await self._open(host)
        return host

    @property
    def maas_url(self) -> str:
        return self.maas.url

    @property
    def service_url(self) -> str:
        return self.service.url

    @property
    def keys(self) -> set[str]:
        """The keys that are taken, by both hosts; the empty one is none. Taking one out works at once, as at d.run."""
        return self._gateway.keys

    @property
    def requests(self) -> list[ChatCall]:
        """Every call of a model, also those that were refused."""
        return self._gateway.log.requests

    @property
    def listings(self) -> list[HostName]:
        """The hosts that were asked for their models, in order."""
        return self._gateway.log.listings

    @property
    def in_flight(self) -> int:
        return self._gateway.log.in_flight

    @property
    def max_in_flight(self) -> int:
        """The most calls of models that ran at the same time."""
        return self._gateway.log.max_in_flight

    @property
    def reply(self) -> Answer | None:
        """What calls are answered with when nothing else is meant for them; None says the question back."""
        return self._gateway.rules.reply

    @reply.setter
    def reply(self, answer: Answer | None) -> None:
        self._gateway.rules.reply = answer

    def reply_with(self, text: str) -> Script:
        """Answers every call with `text`, word by word."""
        script = Script(text)
        self.reply = script
        return script

    def script(self, *answers: Answer, times: int = 1) -> None:
        """The next calls are answered with these, in turn, and the whole row `times` times."""
        self._gateway.rules.queue.extend(answers * times)

    def answer_to(self, text: str, answer: Answer) -> None:
        """Every call whose last message holds `text` is answered with this, before anything else."""
        self._gateway.rules.by_prompt[text] = answer

    def answer_as(self, model: str, answer: Answer) -> None:
        """Every call of `model` is answered with this."""
        self._gateway.rules.by_model[model] = answer

    def limit(self, model: str, requests: int, *, seconds: float) -> None:
        """From now on `model` takes so many calls of each key, refilled over `seconds`."""
        self._gateway.rates[model] = (requests, seconds)
        for owner in [owner for owner in self._gateway.buckets if owner[1] == model]:
            del self._gateway.buckets[owner]

    def without_chat(self, *models: str) -> None:
        """From now on `models` only continue texts: they have no chat template."""
        self._gateway.chatless.update(models)

    def sees(self, model: str, *, most: int = 10) -> None:
        """From now on `model` takes so many pictures in one request. vLLM: one, unless it is set up for more."""
        self._gateway.sight[model] = most

    async def until(
        self,
        predicate: Callable[[], object],
        timeout: float = PATIENCE_S,  # noqa: ASYNC109 - the test says how long, and gets a report instead of a bare error
    ) -> None:
        """Waits for a condition, looked at again when a call begins or ends. Raises TimeoutError with a report."""
        if await self._gateway.log.watch.until(predicate, timeout):
            return
        calls = [
            f"{call.model} {call.status} served={call.served} closed_early={call.closed_early}"
            for call in self.requests[-8:]
        ]
        raise TimeoutError(f"not within {timeout:g} s; in flight: {self.in_flight}; last calls: {calls}")

    async def _open(self, host: Host) -> None:
        # Cancelled handlers are how a client's leaving is noticed at once, also while nothing is being written.
        runner = web.AppRunner(
            self._gateway.application(host), handler_cancellation=True, shutdown_timeout=0.01, access_log=None
        )
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address, port = runner.addresses[0][:2]
        host.url = f"http://{address}:{port}/v1"
