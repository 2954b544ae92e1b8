"""``GET /v1/models`` as the gateway, vLLM and SGLang write it.

The gateway's has no ``object`` and tells ids alone; vLLM tells its window too. Any other key may appear. Go writes an
empty list as ``null``.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from core.drun.chunks import UNREADABLE, whole_number
from core.errors import ModelUnavailable


class Listed(msgspec.Struct, frozen=True):
    """One model of a list."""

    id: str
    max_model_len: int | None = None
    """Its window in tokens, as the engine was started."""


class _Listing(msgspec.Struct):
    # Any: one row that is none must not cost all others.
    data: list[Any] | None


_listing = msgspec.json.Decoder(_Listing)
_kept = msgspec.json.Decoder(list[Listed])


def read_listing(body: bytes) -> list[Listed]:
    """Raises ModelUnavailable for what is no list."""
    try:
        rows = _listing.decode(body).data or ()
    except UNREADABLE as error:
        raise ModelUnavailable(f"a model list that is none: {error}") from error
    return [
        Listed(row["id"], whole_number(row.get("max_model_len")) or None)
        for row in rows
        if isinstance(row, dict) and row.get("id") and isinstance(row["id"], str)
    ]


def pack(models: Sequence[Listed]) -> str:
    return msgspec.json.encode(models).decode()


def unpack(content: str) -> list[Listed] | None:
    """The inverse of ``pack``; None for what another version wrote."""
    try:
        return _kept.decode(content)
    except UNREADABLE:
        return None
