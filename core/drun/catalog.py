"""The models that can be asked: what every endpoint lists, with what is known of each."""

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import structlog

from core.drun.client import ModelClient
from core.drun.documented import WINDOW_OF_UNKNOWN, documented_window
from core.drun.endpoints import Deployment, Endpoint, route
from core.errors import ModelError, ModelUnavailable, ModelUnknown

LIFETIME_S = 300.0
"""How long a list is believed; models come and go on d.run within days, not minutes."""
_RETRY_S = 15.0
"""How long a list that could not be read is not asked for again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Model:
    """One model that can be chosen."""

    id: str
    endpoint: Endpoint
    window: int
    """Tokens that question, history and reply share."""

    @property
    def label(self) -> str:
        """What people are shown."""
        if self.endpoint.deployment is Deployment.DEMO:
            return f"{self.id} (demo model)"
        return self.id


class Catalog:
    """All models of a deployment.

    ``aliases`` name ids in the operator's words and, when there are any, are all that may be chosen; an id that
    names itself is a plain allow-list entry. ``runs`` tells which documented model a service runs.
    """

    def __init__(
        self,
        client: ModelClient,
        endpoints: Sequence[Endpoint],
        *,
        default: str = "",
        aliases: Mapping[str, str],
        runs: Mapping[str, str],
    ) -> None:
        self._client = client
        self._endpoints = endpoints
        self._default = default
        self._aliases = aliases
        self._runs = runs
        self._listed: dict[Endpoint, list[str]] = {}
        self._until = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._missed = ""
        self.problems: dict[Endpoint, ModelError] = {}
        """Why an endpoint's list could not be read last time."""

    async def all(self) -> list[Model]:
        """Everything that can be chosen, in the endpoints' own order. An endpoint out of reach keeps its old list.

        Waits only for an endpoint that was never asked; later lists are read beside whatever goes on, so that one
        that hangs keeps nobody waiting.
        """
        reading = self._read_if_due()
        if reading is not None and any(
            each not in self._listed and each not in self.problems for each in self._endpoints
        ):
            await asyncio.shield(reading)
        allowed = set(self._aliases.values())
        return [
            self._model(name, endpoint)
            for endpoint in self._endpoints
            for name in self._listed.get(endpoint, ())
            if not allowed or name in allowed
        ]

    async def find(self, name: str) -> Model:
        """The model called ``name``: an alias, an id, or the part of an id after its slash where only one has it.

        An id that is routed by its form is believed when the endpoint's list cannot be read: the endpoint decides.
        Raises ModelUnknown.
        """
        wanted = self._aliases.get(name, name)
        models = await self.all()
        for model in models:
            if model.id == wanted:
                return model
        short = [model for model in models if model.id.rpartition("/")[2].lower() == wanted.lower()]
        if len(short) == 1:
            return short[0]
        endpoint = route(wanted, self._endpoints)
        allowed = not self._aliases or wanted in self._aliases.values()
        if endpoint is not None and "/" in wanted and endpoint not in self._listed and allowed:
            return self._model(wanted, endpoint)
        raise ModelUnknown(f"no model {wanted}", model=name)

    async def default(self) -> Model:
        """The model of who has chosen none: the setting's, or the first listed when that one is gone."""
        if self._default:
            try:
                return await self.find(self._default)
            except ModelUnknown:
                self._tell_once()
        models = await self.all()
        if not models:
            problem = next(iter(self.problems.values()), None) or ModelUnavailable(
                "no endpoint lists a model"
            )
            raise problem.with_traceback(None)  # it is kept, and would grow with everybody it is raised for
        return models[0]

    async def like(self, text: str, *, most: int = 25) -> list[Model]:
        """The models that ``text`` may mean, best first: for completion and for "did you mean"."""
        models = await self.all()
        wanted = text.strip().lower()
        holding = [model for model in models if wanted in model.id.lower()]
        close = difflib.get_close_matches(wanted, [model.id for model in models], n=most, cutoff=0.5)
        near = [model for name in close for model in models if model.id == name and model not in holding]
        return [*holding, *near][:most]

    async def aclose(self) -> None:
        """Ends the reading that may be under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _read_if_due(self) -> asyncio.Task[None] | None:
        """The reading that is under way, if any; begins one when the lists are old."""
        if self._reading is not None and not self._reading.done():
            return self._reading
        if monotonic() < self._until:
            return None
        self._reading = asyncio.create_task(self._read_all(), name="model lists")
        return self._reading

    async def _read_all(self) -> None:
        await asyncio.gather(*map(self._read, self._endpoints))
        self._until = monotonic() + (_RETRY_S if self.problems else LIFETIME_S)

    def _tell_once(self) -> None:
        if self._missed != self._default:
            self._missed = self._default
            log.warning("the default model is not offered; the first listed answers", model=self._default)

    async def _read(self, endpoint: Endpoint) -> None:
        try:
            self._listed[endpoint] = await self._client.models(endpoint)
        except ModelError as error:
            self.problems[endpoint] = error
            log.warning("a model list could not be read", endpoint=endpoint.host, reason=str(error))
        else:
            self.problems.pop(endpoint, None)

    def _model(self, name: str, endpoint: Endpoint) -> Model:
        window = endpoint.window or documented_window(self._runs.get(name, name)) or WINDOW_OF_UNKNOWN
        return Model(name, endpoint, window)
