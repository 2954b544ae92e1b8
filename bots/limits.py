"""What people may use, and who is answered: ``BUDGETS``, ``ALLOWED`` and ``BLOCKED``."""

from collections.abc import Iterator

from pydantic import BaseModel

from bots import platforms
from core.admission import Admission, Entry, Kind, parse_entry
from core.allowance_rules import parse_rules
from core.allowances import Rule
from core.wrong import BudgetsWrong, ValueWrong


class LimitSettings(BaseModel):
    """Texts as they were written; ``problems`` tells what cannot be read, and the rest then cannot fail."""

    budgets: str = ""
    allowed: str = ""
    blocked: str = ""

    @property
    def rules(self) -> tuple[Rule, ...]:
        return parse_rules(self.budgets)

    @property
    def admission(self) -> Admission:
        return Admission(_entries(self.allowed), _entries(self.blocked))

    def problems(self) -> list[str]:
        return [
            *(f"BUDGETS: {sentence}" for sentence in self._wrong_rules()),
            *(f"ALLOWED: {sentence}" for sentence in _wrong_entries(self.allowed)),
            *(f"BLOCKED: {sentence}" for sentence in _wrong_entries(self.blocked)),
        ]

    def _wrong_rules(self) -> list[str]:
        try:
            parse_rules(self.budgets)
        except BudgetsWrong as error:
            return [each.notice("en").rstrip(".") for each in error.wrong]
        return []


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


def _entries(text: str) -> tuple[Entry, ...]:
    return tuple(map(parse_entry, _listed(text)))


def _wrong_entries(text: str) -> Iterator[str]:
    for written in _listed(text):
        try:
            entry = parse_entry(written)
        except ValueWrong as error:
            yield error.notice("en")
        else:
            # A misspelt platform would let in, or keep out, nobody at all.
            if entry.kind is not Kind.MODEL and entry.platform not in platforms.names():
                yield f"`{written}` names no platform; there are {', '.join(platforms.names())}"
