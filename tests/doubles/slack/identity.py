import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the app is in the workspace."""

    team_id: str
    app_id: str
    bot_user_id: str
    bot_id: str
    bot_name: str


@dataclass(slots=True)
class Stamps:
    """Numbers the workspace gives out: message timestamps (unique, ever rising) and ids."""

    _microseconds: int = 0
    _counts: dict[str, int] = field(default_factory=dict)

    def ts(self) -> str:
        """Slack: a message is named by its time in seconds with six decimals, unique in its channel."""
        self._microseconds = max(self._microseconds + 1, time.time_ns() // 1000)
        seconds, rest = divmod(self._microseconds, 1_000_000)
        return f"{seconds}.{rest:06d}"

    def number(self, name: str) -> int:
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]

    def id(self, prefix: str) -> str:
        """Slack: ids are a letter for the kind and upper-case letters and digits."""
        return f"{prefix}0D{self.number(prefix):07d}"
