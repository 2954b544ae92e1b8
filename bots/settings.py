"""What the operator sets for the program itself; each platform brings ``adapters/<platform>/settings.py``.

Fields are the variables' names in lower case. ``problems`` says what is wrong with values that are right in form.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from bots import service_models
from bots.service_models import read_runs
from core.drun.catalog import LIFETIME_S
from core.drun.endpoints import Deployment, Endpoint, normalised
from core.drun.fallback import Order
from core.store.addresses import Form, read_address
from core.store.claims import Busy
from core.texts import LanguageChoice

INSTRUCTIONS = (
    "You are a helpful colleague in a team chat. Answer in the language of the question, in Markdown, "
    "as briefly as the question allows."
)


USUAL_MODEL = "public/deepseek-v3"
"""In d.run's table, the example of its documentation, and quick to answer."""

_LEAST_WINDOW = 512
_REGION = re.compile(r"[a-z]+-[0-9]+")


def _listed(value: object) -> object:
    """``a, b`` as two values; an empty text as none."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _order(value: object) -> object:
    return value.lower().replace(" ", "") if isinstance(value, str) else value


Several = Annotated[list[str], BeforeValidator(_listed)]


class DrunSettings(BaseModel):
    """Where models come from."""

    drun_api_key: SecretStr | None = None
    drun_base_url: str | None = None
    drun_region: Several = []
    drun_service_base_url: Several = []
    drun_service_api_key: SecretStr | None = None
    drun_service_models: Several = []
    drun_default_model: str = ""
    drun_models: Several = []
    drun_models_ttl_s: float = Field(default=LIFETIME_S, ge=1.0)
    drun_fallback: Annotated[Order, BeforeValidator(_order)] = Order.CHOSEN
    drun_completions: Several = []
    drun_context_tokens: Several = []
    drun_rpm: int = Field(default=0, ge=0)
    drun_max_concurrency: int = Field(default=0, ge=0)
    drun_show_reasoning: Annotated[Literal["off", "summary"], BeforeValidator(_lower)] = "summary"
    drun_demo: bool = False
    local_model_path: Path | None = None
    system_prompt: str = INSTRUCTIONS
    reply_language: LanguageChoice = "auto"

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
        key = _plain(self.drun_api_key)
        found = []
        if self.drun_api_key or self.drun_base_url:
            found.append(
                Endpoint(Deployment.MAAS, normalised(self.drun_base_url or "https://chat.d.run/v1"), key)
            )
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
        return self.drun_service_base_url or [f"https://{region}.d.run/v1" for region in self.drun_region]

    def _service_keys(self) -> list[str]:
        """One service has one key, whatever that is made of."""
        keys = _plain(self.drun_service_api_key)
        if len(self._services()) < 2:  # noqa: PLR2004 - one
            return [keys] if keys else []
        return [part.strip() for part in keys.split(",") if part.strip()]

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
        for region in self.drun_region:
            if not _REGION.fullmatch(region):
                yield f"DRUN_REGION: {region!r} is no region; it looks like sh-02, as in https://sh-02.d.run"
        maas = [self.drun_base_url] if self.drun_base_url else []
        for name, urls in (("DRUN_BASE_URL", maas), ("DRUN_SERVICE_BASE_URL", self.drun_service_base_url)):
            for url in urls:
                try:
                    host = urlsplit(normalised(url)).netloc
                except ValueError as error:
                    yield f"{name}: {error}"
                else:
                    region = host.removesuffix(".d.run")
                    if name != "DRUN_BASE_URL" and region != host and not _REGION.fullmatch(region):
                        yield f"{name}: {url!r} names no region; it looks like https://sh-02.d.run"

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
            single = _plain(key) if name == "DRUN_API_KEY" else "".join(self._service_keys())
            if any(letter.isspace() for letter in single):
                yield f"{name}: holds a space or a line break; paste the key alone"
        if self.drun_region and not (self.drun_service_base_url or any(keys.values())):
            yield "DRUN_API_KEY: is missing; DRUN_REGION names a Model Service, and d.run answers nobody without a key"
        if self.drun_service_api_key and not (self.drun_region or self.drun_service_base_url):
            yield (
                "DRUN_SERVICE_API_KEY: is for a Model Service; name one with DRUN_REGION or DRUN_SERVICE_BASE_URL, "
                "or set DRUN_API_KEY for MaaS by Token"
            )


class StoreSettings(BaseModel):
    """Where turns and histories are kept."""

    redis_url: SecretStr | None = None
    redis_partitions: int | None = Field(default=None, ge=1, le=1024)
    redis_wait_replicas: int | None = Field(default=None, ge=0)
    data_dir: Path = Path(".data")
    history_ttl_days: int = Field(default=30, ge=0)
    encryption_keys: SecretStr | None = None

    @property
    def partitions(self) -> int:
        """On a Cluster enough for all its masters to have a share."""
        return self.redis_partitions or (16 if self._form is Form.CLUSTER else 1)

    @property
    def wait_replicas(self) -> int:
        """Where a replica takes over, it must have what was accepted."""
        if self.redis_wait_replicas is not None:
            return self.redis_wait_replicas
        return 0 if self._form is Form.SINGLE else 1

    @property
    def _form(self) -> Form:
        return read_address(_plain(self.redis_url)).form if self.redis_url else Form.SINGLE

    @property
    def history_ttl_s(self) -> int:
        return self.history_ttl_days * 24 * 3600

    def problems(self) -> list[str]:
        found = []
        if self.redis_url:
            try:
                read_address(_plain(self.redis_url))
            except ValueError as error:
                found.append(f"REDIS_URL: {error}")
        if self.encryption_keys:
            found.append("ENCRYPTION_KEYS: encryption is not there yet; unset it")
        return found


class WorkSettings(BaseModel):
    """How work is done and told about."""

    worker_turns: int = Field(default=100, ge=1)
    busy_mode: Annotated[Busy, BeforeValidator(_lower)] = Busy.QUEUE
    waiting_turns: int = Field(default=100, ge=1)
    admins: Several = []
    attachment_mb: float = Field(default=20.0, gt=0, le=100)
    lease_s: float = Field(default=10.0, ge=1.0)
    drain_s: float = Field(default=30.0, ge=0.0)
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = "INFO"
    log_format: Annotated[Literal["auto", "text", "json"], BeforeValidator(_lower)] = "auto"


def _pairs(entries: list[str]) -> list[tuple[str, str, str]]:
    return [entry.partition("=") for entry in entries]


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
