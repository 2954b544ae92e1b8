"""Forms that values of settings may have."""

import json
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


def _named(value: object) -> object:
    """The same, or a JSON object ``{"a": "b"}`` or list, as entries ``a=b``. Raises ValueError for other JSON."""
    if not (isinstance(value, str) and value.lstrip().startswith(("{", "["))):
        return _listed(value)
    try:
        found = json.loads(value)
    except ValueError as error:
        raise ValueError(f"is no JSON ({error}); {_NAMED}") from error
    pairs = list(found.items()) if isinstance(found, dict) else [(each, each) for each in found]
    texts = [text for pair in pairs for text in pair]
    # A comma or an equals sign within a name would make two entries of one, or another name.
    if not all(isinstance(text, str) and text.strip() and not set(text) & {",", "="} for text in texts):
        raise ValueError(f"holds something else than names and ids; {_NAMED}")
    return [id_ if name == id_ else f"{name}={id_}" for name, id_ in pairs]


_NAMED = 'it looks like fast=public/deepseek-v3,public/deepseek-r1 or {"fast": "public/deepseek-v3"}'

Named = Annotated[list[str], BeforeValidator(_named)]


def plain(secret: SecretStr | None) -> str:
    """The secret itself; empty for none."""
    return secret.get_secret_value() if secret else ""
