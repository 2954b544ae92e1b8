"""What the model of one reply thinks before it speaks: how long that takes, and its last words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

KEPT = 64_000
"""Characters of the thoughts that are kept: the last ones, which lead to the answer. Hardly a model thinks longer."""
WORTH_TELLING_S = 3.0
"""A shorter thought is not spoken of."""
_RENEWED_S = 5.0


@dataclass(slots=True)
class Reasoning:
    """The thoughts of one reply. ``now`` tells the time in seconds."""

    now: Callable[[], float] = monotonic
    size: int = 0
    """Characters of all thoughts."""
    _pieces: list[str] = field(default_factory=list)
    _held: int = 0
    _past_s: float = 0.0
    _since: float | None = None
    _first: float | None = None
    _told_s: float = 0.0

    @property
    def text(self) -> str:
        return "".join(self._pieces)[-KEPT:].strip()

    @property
    def seconds(self) -> float:
        return self._past_s + (0.0 if self._since is None else self.now() - self._since)

    @property
    def worth_telling(self) -> bool:
        return self.size > 0 and self.seconds >= WORTH_TELLING_S

    def add(self, thought: str) -> None:
        self.begin()
        if self._since is None:
            self._since = self.now()
        self.size += len(thought)
        self._held += len(thought)
        self._pieces.append(thought)
        if self._held > 2 * KEPT:
            last = "".join(self._pieces)[-KEPT:]
            self._pieces, self._held = [last], len(last)

    def begin(self) -> None:
        """The model has said something, whatever it was."""
        if self._first is None:
            self._first = self.now()

    def speak(self) -> None:
        """What comes now is text."""
        self.begin()
        if self._since is not None:
            self._past_s, self._since = self.seconds, None

    def start_over(self) -> None:
        """What was said was none of what it seemed: all the time since the first word was thought."""
        self._pieces.clear()
        self.size = self._held = 0
        self._past_s, self._since = 0.0, self._first

    def due(self) -> int | None:
        """The seconds of thought so far, where it is time to tell them: seldom, and ever more so."""
        seconds = self.seconds
        if seconds < max(_RENEWED_S, self._told_s + max(_RENEWED_S, self._told_s / 2)):
            return None
        self._told_s = seconds
        return int(seconds)
