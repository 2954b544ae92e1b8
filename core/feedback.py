"""What people think of an answer, and the earlier versions of one: both are kept with its turn, and go with it."""

from dataclasses import dataclass
from typing import Literal

from core.conversation import Usage

Verdict = Literal["good", "bad"]

LONGEST_REASON = 1000
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Version:
    """An answer that was made anew since."""

    id: str
    """The ``turn_id`` of the message that made it: the question's, or that of a /regenerate."""
    reply: str
    model: str = ""
    at: int = 0
    """When it was remembered, in seconds since 1970; 0 where it is not known."""
    usage: Usage | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's opinion of one turn; a later one takes its place."""

    author: str
    verdict: Verdict
    answer: str
    """The ``id`` of the version that it is about."""
    reason: str = ""
    model: str = ""
    at: int = 0
    """In seconds since 1970."""
    system: str = ""
    """The instructions that held for whoever gave it, in that moment."""
