"""What the operator sets for d.run: where its models are, which of them answer, and how they are asked.

Fields are the variables' names in lower case. ``problems`` says what is wrong with values that are right in form.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from bots import service_models
from bots.addresses import MAAS_URL, service_url, wrong_maas, wrong_regions, wrong_service
from bots.service_models import read_runs
from bots.values import Named, Several, lower, plain
from core.drun.calls import HOTTEST, Sampling
from core.drun.catalog import LIFETIME_S
from core.drun.endpoints import Deployment, Endpoint, normalised
from core.drun.fallback import Order
from core.drun.patience import Patience
from core.texts import LanguageChoice

INSTRUCTIONS = (
    "You are a helpful colleague in a team chat. Answer in the language of the question, in Markdown, "
    "as briefly as the question allows."
)

USUAL_MODEL = "public/deepseek-v3"
"""In d.run's table, the example of its documentation, and quick to answer."""

_LEAST_WINDOW = 512
_USUAL = Patience()


def _order(value: object) -> object:
    return value.lower().replace(" ", "") if isinstance(value, str) else value


class DrunSettings(BaseModel):
    """Where models come from, and how they are asked."""

    drun_api_key: SecretStr | None = None
    drun_base_url: str | None = None
    drun_region: Several = []
    drun_service_base_url: Several = []
    drun_service_api_key: SecretStr | None = None
    drun_service_models: Several = []
    drun_default_model: str = ""
    drun_models: Named = []
    drun_models_ttl_s: float = Field(default=LIFETIME_S, ge=1.0)
    drun_fallback: Annotated[Order, BeforeValidator(_order)] = Order.CHOSEN
    drun_completions: Several = []
    drun_context_tokens: Several = []
    drun_rpm: int = Field(default=0, ge=0)
    # Off, and not a number such as 8: d.run counts requests in a minute, not those under way, so that such a limit prevents no
    # 429. It would only make people wait: with answers of 30 seconds a whole deployment could give 16 a minute. What a
    # 429 teaches is kept to without it, and WORKER_TURNS bounds what one process does.
    drun_max_concurrency: int = Field(default=0, ge=0)
    drun_connect_timeout_s: float = Field(default=_USUAL.connect_s, ge=0.1, le=120)
    drun_first_byte_timeout_s: float = Field(default=_USUAL.first_byte_s, ge=0.1, le=3600)
    drun_idle_timeout_s: float = Field(default=_USUAL.idle_s, ge=0.1, le=3600)
    drun_total_timeout_s: float = Field(default=_USUAL.total_s, ge=0.1, le=24 * 3600)
    drun_max_retries: int = Field(default=_USUAL.retries, ge=0, le=10)
    drun_temperature: float | None = Field(default=None, ge=0, le=HOTTEST)
    drun_top_p: float | None = Field(default=None, gt=0, le=1)
    drun_max_tokens: int | None = Field(default=None, ge=1)
    drun_send_images: bool = True
    drun_show_reasoning: Annotated[Literal["off", "summary", "full"], BeforeValidator(lower)] = "summary"
    drun_demo: bool = False
    local_model_path: Path | None = None
    system_prompt: str = INSTRUCTIONS
    reply_language: LanguageChoice = "auto"
    summary_model: str = ""

    @property
    def demo(self) -> bool:
        """Nothing of d.run is set: the small local model answers."""
        return not (
            self.drun_api_key
            or self.drun_base_url
            or self.drun_region
            or self.drun_service_base_url
            or self.drun_service_api_key
        )

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of d.run, MaaS by Token first. Raises ValueError with a sentence for an address."""
        key = plain(self.drun_api_key)
        found = []
        if self.drun_api_key or self.drun_base_url:
            found.append(Endpoint(Deployment.MAAS, normalised(self.drun_base_url or MAAS_URL), key))
        services, keys = self._services(), self._service_keys()
        # As many keys as services, or one for all.
        keys = keys * len(services) if len(keys) == 1 else keys
        found += [
            Endpoint(Deployment.SERVICE, normalised(url), service_key)
            for url, service_key in zip(services, keys or [key] * len(services), strict=True)
        ]
        # A private installation may have both at one address, but nobody has the same one twice.
        once: dict[tuple[Deployment, str], Endpoint] = {}
        for each in found:
            once.setdefault((each.deployment, each.base_url), each)
        return list(once.values())

    def _services(self) -> list[str]:
        return self.drun_service_base_url or list(map(service_url, self.drun_region))

    def _service_keys(self) -> list[str]:
        """One service has one key, whatever that is made of."""
        keys = plain(self.drun_service_api_key)
        if len(self._services()) < 2:  # noqa: PLR2004 - one
            return [keys] if keys else []
        return [part.strip() for part in keys.split(",") if part.strip()]

    def patience(self) -> Patience:
        return Patience(
            connect_s=self.drun_connect_timeout_s,
            first_byte_s=self.drun_first_byte_timeout_s,
            idle_s=self.drun_idle_timeout_s,
            total_s=self.drun_total_timeout_s,
            retries=self.drun_max_retries,
        )

    def sampling(self) -> Sampling:
        """What every question is sent with unless it says otherwise."""
        return Sampling(self.drun_temperature, self.drun_top_p, self.drun_max_tokens)

    @property
    def default_model(self) -> str:
        """The model of who has chosen none; empty: the first listed."""
        allowed = self.aliases().values()
        usual = self.drun_api_key or self.drun_base_url
        if self.drun_default_model or not usual or (allowed and USUAL_MODEL not in allowed):
            return self.drun_default_model
        return USUAL_MODEL

    def aliases(self) -> dict[str, str]:
        """The operator's names for models; empty: everything listed may be chosen."""
        pairs = [entry.partition("=") for entry in self.drun_models]
        return {name.strip(): (model or name).strip() for name, _, model in pairs}

    def services_run(self) -> dict[str, str]:
        """Which documented model each service runs."""
        return {run.service: run.name for run in read_runs(self.drun_service_models)}

    def twins(self) -> dict[str, str]:
        """Which documented model a public id stands for, where the operator says so."""
        return {run.public: run.name for run in read_runs(self.drun_service_models) if run.public}

    def windows(self) -> dict[str, int]:
        """The operator's own windows by id; under the empty one for all of whose window nothing is known."""
        pairs = [entry.rpartition("=") for entry in self.drun_context_tokens]
        return {model.strip(): int(tokens) for model, _, tokens in pairs}

    def problems(self) -> list[str]:
        return [*self._wrong_addresses(), *self._wrong_models(), *self._wrong_keys()]

    def _wrong_addresses(self) -> Iterator[str]:
        yield from (f"DRUN_REGION: {problem}" for problem in wrong_regions(self.drun_region))
        if self.drun_base_url and (problem := wrong_maas(self.drun_base_url)):
            yield f"DRUN_BASE_URL: {problem}"
        for url in self.drun_service_base_url:
            if problem := wrong_service(url):
                yield f"DRUN_SERVICE_BASE_URL: {problem}"

    def _wrong_models(self) -> Iterator[str]:
        for problem in service_models.problems(self.drun_service_models):
            yield f"DRUN_SERVICE_MODELS: {problem}"
        for alias, equals, model in _pairs(self.drun_models):
            if not alias.strip() or (equals and not model.strip()):
                yield f"DRUN_MODELS: {alias}{equals}{model} must be <model id> or <name>=<model id>"
        for model, _, tokens in (entry.rpartition("=") for entry in self.drun_context_tokens):
            if not tokens.strip().isdecimal() or int(tokens) < _LEAST_WINDOW:
                yield f"DRUN_CONTEXT_TOKENS: {model}={tokens} must be <tokens> or <model id>=<tokens>, {_LEAST_WINDOW} at least"
        if self.local_model_path and not self.local_model_path.is_file():
            yield f"LOCAL_MODEL_PATH: there is no file {self.local_model_path}"

    def _wrong_keys(self) -> Iterator[str]:
        if (found := len(self._service_keys())) > 1 and found != (wanted := len(self._services())):
            yield f"DRUN_SERVICE_API_KEY: has {found} keys for {wanted} Model Services; give one for all, or one for each"
        keys = {"DRUN_API_KEY": self.drun_api_key, "DRUN_SERVICE_API_KEY": self.drun_service_api_key}
        for name, key in keys.items():
            single = plain(key) if name == "DRUN_API_KEY" else "".join(self._service_keys())
            if any(letter.isspace() for letter in single):
                yield f"{name}: holds a space or a line break; paste the key alone"
        if self.drun_region and not (self.drun_service_base_url or any(keys.values())):
            yield "DRUN_API_KEY: is missing; DRUN_REGION names a Model Service, and d.run answers nobody without a key"
        if self.drun_service_api_key and not (self.drun_region or self.drun_service_base_url):
            yield (
                "DRUN_SERVICE_API_KEY: is for a Model Service; name one with DRUN_REGION or DRUN_SERVICE_BASE_URL, "
                "or set DRUN_API_KEY for MaaS by Token"
            )


def _pairs(entries: list[str]) -> list[tuple[str, str, str]]:
    return [entry.partition("=") for entry in entries]
