"""The sentences that people read where d.run is the reason, by the names that docs/drun-wire.md gives them."""

from collections.abc import Mapping

from core import texts
from core.drun.asking import GONE
from core.errors import (
    AccessRefused,
    CannotSee,
    KeyRefused,
    ModelBusy,
    ModelRefused,
    ModelUnavailable,
    ModelUnknown,
    NoBalance,
    ReplyCut,
    WindowExceeded,
)
from core.texts import Text

SENTENCES: Mapping[str, Text] = {
    "out of reach": ModelUnavailable.text,
    "busy": ModelBusy.text,
    "busy for long": ModelBusy.later,
    "unknown": ModelUnknown.text,
    "gone": GONE,
    "key": KeyRefused.text,
    "balance": NoBalance.text,
    "access": AccessRefused.text,
    "refused": ModelRefused.text,
    "too long": WindowExceeded.text,
    "cannot see": CannotSee.text,
    "cut": ReplyCut.text,
    "limit": texts.CUT_BY_LENGTH,
    "only thoughts": texts.ONLY_REASONING,
    "filtered": texts.FILTERED,
    "ended early": texts.ENDED_EARLY,
    "nothing": texts.NO_TEXT,
    "stopped": texts.STOPPED,
    "thinking": texts.THINKING_FOR,
    "thought": texts.THOUGHT_FOR,
}

WARNINGS = frozenset(
    {
        "out of reach",
        "busy",
        "busy for long",
        "unknown",
        "key",
        "balance",
        "access",
        "refused",
        "too long",
        "cannot see",
        "cut",
    }
)
"""Those that begin with a sign. The others are quiet, or stand alone where there is no answer."""
