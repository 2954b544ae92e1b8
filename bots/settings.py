"""What the operator sets for the program itself: ``bots/drun_settings.py`` for d.run, and each platform's own file.

Fields are the variables' names in lower case. ``problems`` says what is wrong with values that are right in form.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from bots.presets import read_file
from bots.values import Several, lower, plain, upper
from core.presets import Presets, ours
from core.store.addresses import Form, read_address
from core.store.claims import Busy
from core.store.sealing import Seal


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
        return read_address(plain(self.redis_url)).form if self.redis_url else Form.SINGLE

    @property
    def history_ttl_s(self) -> int:
        return self.history_ttl_days * 24 * 3600

    def problems(self) -> list[str]:
        found = []
        if self.redis_url:
            try:
                read_address(plain(self.redis_url))
            except ValueError as error:
                found.append(f"REDIS_URL: {error}")
        try:
            self.seal()
        except ValueError:
            found.append(
                "ENCRYPTION_KEYS: one of them is no key; `drun-chat key` makes one, and several stand with commas between"
            )
        return found

    def seal(self) -> Seal:
        """Closes what people say with the first key, and opens it with any. Raises ValueError."""
        written = plain(self.encryption_keys) if self.encryption_keys else ""
        return Seal.of([key.strip() for key in written.split(",") if key.strip()])


def key_missing(names: Sequence[str]) -> str:
    """What to tell the operator whose ENCRYPTION_KEYS do not open what is kept."""
    return (
        f"ENCRYPTION_KEYS: what this Redis keeps is sealed with a key that is not set ({', '.join(names)}); "
        "add it behind the others, and run `drun-chat reseal` before it goes"
    )


class WorkSettings(BaseModel):
    """How work is done and told about."""

    worker_turns: int = Field(default=100, ge=1)
    busy_mode: Annotated[Busy, BeforeValidator(lower)] = Busy.QUEUE
    reply_mode: Annotated[Literal["mention", "threads", "all"], BeforeValidator(lower)] = "mention"
    waiting_turns: int = Field(default=100, ge=1)
    presets_file: Path | None = None
    admins: Several = []
    attachment_mb: float = Field(default=20.0, gt=0, le=100)
    lease_s: float = Field(default=10.0, ge=1.0)
    drain_s: float = Field(default=30.0, ge=0.0)
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(upper)] = "INFO"
    log_format: Annotated[Literal["auto", "text", "json"], BeforeValidator(lower)] = "auto"

    @property
    def presets(self) -> Presets:
        """Ours and the operator's, who may give one of ours another meaning."""
        return {**ours(), **(read_file(self.presets_file)[0] if self.presets_file else {})}

    def problems(self) -> list[str]:
        wrong = read_file(self.presets_file)[1] if self.presets_file else []
        return [f"PRESETS_FILE: {sentence}" for sentence in wrong]
