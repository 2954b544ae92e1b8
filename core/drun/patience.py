"""How long a model is waited for, and how it is asked again."""

import random
from dataclasses import dataclass

from core.errors import ModelBusy, ModelError


def chance() -> float:
    """From 0.5 to 1.5: keeps those apart that failed together."""
    return random.uniform(0.5, 1.5)  # noqa: S311 - spreads, and hides nothing


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a model, in seconds. The gateway has no time-outs of its own: silence is all one sees."""

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    """A reasoning model may take this long before its first frame."""
    idle_s: float = 90.0
    total_s: float = 600.0
    """For all attempts together."""
    retries: int = 2
    """Further attempts, and only before the first word: later a retry would say everything twice."""
    retry_wait_s: float = 1.0
    """Doubled each time, with jitter, and once more for a busy model: d.run's buckets refill all the time, and it names no Retry-After."""
    quick_s: float = 5.0
    """Where somebody else can answer: its turn, or a second attempt, has to come within so long."""
    list_s: float = 10.0
    """For a list of models, connection and answer together."""

    def pause(self, error: ModelError, attempt: int, jitter: float) -> float:
        """Seconds from ``error``, which ended an attempt (the first is 0), to the next one.

        ``jitter`` is a ``chance``. A time that the server names is kept as it is, however long: whoever cannot wait so
        long is told, and nobody asks early.
        """
        if isinstance(error, ModelBusy) and error.retry_after is not None:
            return error.retry_after
        doublings = attempt + isinstance(error, ModelBusy)
        return float(self.retry_wait_s * 2**doublings * jitter)
