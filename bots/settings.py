"""What the operator sets, read once: from the environment, from ``.env`` beside the program, or from files.

Each platform brings a section of its own (``adapters/<platform>/settings.py``); a section is a plain model whose
fields are the variables' names in lower case. All that is wrong is told at once, and no secret is ever shown.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from dotenv import dotenv_values
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.drun.documented import documented_names, is_documented
from core.drun.endpoints import Deployment, Endpoint, normalised
from core.texts import LanguageChoice

INSTRUCTIONS = (
    "You are a helpful colleague in a team chat. Answer in the language of the question, in Markdown, "
    "as briefly as the question allows."
)


class SettingsWrong(Exception):
    """``str(error)`` lists every problem, a line each, and is meant for the operator's eyes."""


def wrong(problems: Sequence[str]) -> SettingsWrong:
    """All ``problems`` as one text."""
    count = "One setting is" if len(problems) == 1 else f"{len(problems)} settings are"
    return SettingsWrong("\n".join([f"{count} wrong:", *(f"- {problem}" for problem in problems)]))


def _listed(value: object) -> object:
    """``a, b`` as two values; an empty text as none."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


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
    drun_demo: bool = False
    local_model_path: Path | None = None
    system_prompt: str = INSTRUCTIONS
    reply_language: LanguageChoice = "auto"

    @property
    def demo(self) -> bool:
        """Nothing of d.run is set: the small local model answers."""
        return not (self.drun_api_key or self.drun_base_url or self.drun_service_base_url)

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of d.run, MaaS by Token first. Raises ValueError with a sentence for an address."""
        key = _plain(self.drun_api_key)
        found = []
        if self.drun_api_key or self.drun_base_url:
            found.append(
                Endpoint(Deployment.MAAS, normalised(self.drun_base_url or "https://chat.d.run/v1"), key)
            )
        services = self.drun_service_base_url or [f"https://{region}.d.run/v1" for region in self.drun_region]
        service_key = _plain(self.drun_service_api_key) or key
        return [*found, *(Endpoint(Deployment.SERVICE, normalised(url), service_key) for url in services)]

    def aliases(self) -> dict[str, str]:
        """The operator's names for models; empty: everything listed may be chosen."""
        pairs = [entry.partition("=") for entry in self.drun_models]
        return {name.strip(): (model or name).strip() for name, _, model in pairs}

    def services_run(self) -> dict[str, str]:
        """Which documented model each service runs."""
        return {service.strip(): name.strip() for service, _, name in _pairs(self.drun_service_models)}

    def problems(self) -> list[str]:
        found = [
            f"DRUN_REGION: {region!r} is no region; it looks like sh-02, as in https://sh-02.d.run"
            for region in self.drun_region
            if not _is_region(region)
        ]
        try:
            self.endpoints()
        except ValueError as error:
            found.append(f"DRUN_BASE_URL or DRUN_SERVICE_BASE_URL: {error}")
        for service, equals, name in _pairs(self.drun_service_models):
            if not equals or not is_documented(name.strip()):
                known = ", ".join(documented_names()[:12])
                found.append(
                    f"DRUN_SERVICE_MODELS: {service}{equals}{name} must be <service id>=<one of {known}>"
                )
        if self.drun_api_key and any(letter.isspace() for letter in self.drun_api_key.get_secret_value()):
            found.append("DRUN_API_KEY: holds a space or a line break; paste the key alone")
        if self.local_model_path and not self.local_model_path.is_file():
            found.append(f"LOCAL_MODEL_PATH: there is no file {self.local_model_path}")
        return found


class StoreSettings(BaseModel):
    """Where turns and histories are kept."""

    redis_url: SecretStr | None = None
    redis_partitions: int = Field(default=1, ge=1, le=1024)
    redis_wait_replicas: int = Field(default=0, ge=0, le=0)
    data_dir: Path = Path(".data")
    history_ttl_days: int = Field(default=30, ge=0)
    encryption_keys: SecretStr | None = None

    @property
    def history_ttl_s(self) -> int:
        return self.history_ttl_days * 24 * 3600

    def problems(self) -> list[str]:
        url = _plain(self.redis_url)
        if not url or url.startswith(("redis://", "rediss://", "unix://")):
            return []
        return [
            "REDIS_URL: must begin with redis://, rediss:// or unix:// (Sentinel and Cluster are not there yet)"
        ]


class WorkSettings(BaseModel):
    """How work is done and told about."""

    worker_turns: int = Field(default=100, ge=1)
    admins: Several = []
    lease_s: float = Field(default=10.0, ge=1.0)
    drain_s: float = Field(default=30.0, ge=0.0)
    log_level: Annotated[str, BeforeValidator(lambda value: str(value).upper())] = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$"
    )
    log_format: str = Field(default="auto", pattern="^(auto|text|json)$")

    def problems(self) -> list[str]:
        return []


S = TypeVar("S", bound=BaseModel)


def read(section: type[S], environment: Mapping[str, str] | None = None) -> tuple[S | None, list[str]]:
    """One section's values, and what is wrong with them as sentences; no values when something is."""
    values = _everything(environment)

    class Source(PydanticBaseSettingsSource):
        """The values that belong to this section. An empty value is one that is not set."""

        def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
            return values.get(field_name.upper()) or None, field_name, False

        def __call__(self) -> dict[str, Any]:
            found = {name: self.get_field_value(None, name)[0] for name in section.model_fields}
            return {name: value for name, value in found.items() if value is not None}

    class FromEnvironment(BaseSettings):
        model_config = SettingsConfigDict(extra="ignore")

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (Source(settings_cls),)

    try:
        found = cast("S", create_model(section.__name__, __base__=(FromEnvironment, section))())
    except ValidationError as wrong:
        return None, [_sentence(error, section) for error in wrong.errors()]
    problems: list[str] = found.problems() if hasattr(found, "problems") else []
    if problems:
        return None, problems
    return found, []


def _everything(environment: Mapping[str, str] | None) -> dict[str, str]:
    """All variables by name; the environment wins over .env, a NAME over its NAME_FILE."""
    if environment is None:
        dotenv = {name: value for name, value in dotenv_values(".env").items() if value is not None}
        environment = {**dotenv, **os.environ}
    merged = dict(environment)
    for name, path in list(merged.items()):
        if name.endswith("_FILE") and path and not merged.get(name.removesuffix("_FILE")):
            try:
                merged[name.removesuffix("_FILE")] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                continue  # many programs use such names; one of ours that is missing is told of as not set
    return merged


def _sentence(error: Any, section: type[BaseModel]) -> str:
    name = str(error["loc"][0])
    field = section.model_fields.get(name)
    secret = field is not None and "SecretStr" in str(field.annotation)
    given = "" if secret else f" (it is {error['input']!r})"
    return f"{name.upper()}: {error['msg'].removeprefix('Value error, ').lower()}{given}"


def _pairs(entries: list[str]) -> list[tuple[str, str, str]]:
    return [entry.partition("=") for entry in entries]


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _is_region(text: str) -> bool:
    place, _, number = text.partition("-")
    return place.isalpha() and place.islower() and number.isdigit()
