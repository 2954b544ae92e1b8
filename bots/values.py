"""Forms that values of settings may have."""

from typing import Annotated

from pydantic import BeforeValidator, SecretStr


def lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _listed(value: object) -> object:
    """``a, b`` as two values; an empty text as none."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Several = Annotated[list[str], BeforeValidator(_listed)]


def plain(secret: SecretStr | None) -> str:
    """The secret itself; empty for none."""
    return secret.get_secret_value() if secret else ""
