"""The lines of a channel's journal, and the messages a reader makes of them.

A question is one line, and two more when it had to wait. A reply begins, grows and ends, and may get something folded to it; whoever takes a reply over begins its text anew. A reader
that starts anywhere reads the journal from its beginning, so that every edit may hold only what is new.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from core.store.journal import Entry

State = Literal["waiting", "writing", "done", "withdrawn"]


class Asked(msgspec.Struct, frozen=True, tag_field="kind", tag="asked"):
    """Somebody wrote ``text``. Repeated when the browser tries again; the first one counts."""

    id: str
    turn: str
    author: str
    text: str


class Began(msgspec.Struct, frozen=True, tag_field="kind", tag="began"):
    id: str
    by: str
    """The surface that writes. A worker that lost its lease may still write a last line: it must change nothing."""
    text: str


class Grew(msgspec.Struct, frozen=True, tag_field="kind", tag="grew"):
    """From character ``at`` on the reply now reads ``text``. ``at`` 0 makes ``by`` its writer."""

    id: str
    by: str
    at: int
    text: str


class Ended(msgspec.Struct, frozen=True, tag_field="kind", tag="ended"):
    """The whole reply: its ``Grew`` lines may go."""

    id: str
    text: str


class Withdrawn(msgspec.Struct, frozen=True, tag_field="kind", tag="withdrawn"):
    id: str


class Waits(msgspec.Struct, frozen=True, tag_field="kind", tag="waits"):
    """The question waits behind others, or no more."""

    id: str
    waiting: bool


class Folded(msgspec.Struct, frozen=True, tag_field="kind", tag="folded"):
    """``text`` stands folded above the reply, behind ``summary``. Empty: there is none any more."""

    id: str
    summary: str = ""
    text: str = ""


Line = Asked | Began | Grew | Ended | Withdrawn | Waits | Folded

_lines: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def journal_of(channel: str) -> str:
    """The name of a channel's journal."""
    return f"web:{channel}"


def written(line: Line) -> str:
    """``line`` as a journal holds it."""
    return msgspec.json.encode(line).decode()


def line_of(entry: Entry) -> Line | None:
    """The inverse of ``written``; None for a line of a newer version, which this one cannot show."""
    try:
        return _lines.decode(entry.text)
    except msgspec.DecodeError:
        return None


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A point in a journal, as its entries' ids name it: ``<milliseconds>-<number>``."""

    ms: int = 0
    number: int = 0

    def __str__(self) -> str:
        return f"{self.ms}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """The place called ``text``; the very beginning for what is no place."""
        ms, _, number = text.partition("-")
        # More digits than the store's 64 bits would be an error there.
        well_formed = all(part.isascii() and part.isdigit() and len(part) < 19 for part in (ms, number))  # noqa: PLR2004 - said above
        return cls(int(ms), int(number)) if well_formed else cls()


@dataclass(slots=True)
class Shown:
    """One message as the page shows it now."""

    id: str
    turn: str
    role: Literal["user", "bot"]
    text: str
    state: State
    since: Place
    """Where it first appeared: messages stand in this order."""
    changed: Place
    by: str = ""
    folded: Folded | None = None


class Transcript:
    """All messages of a channel, kept up to date line by line."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._messages: dict[str, Shown] = {}
        for entry in entries:
            self.take(entry)

    def changed_after(self, place: Place) -> list[Shown]:
        """What a reader that knows everything up to ``place`` has to be told, in the order of the changes."""
        news = (shown for shown in self._messages.values() if shown.changed > place)
        return sorted(news, key=lambda shown: shown.changed)

    def take(self, entry: Entry) -> Shown | None:
        """Applies ``entry``; returns the message it changed, or None when it changed nothing."""
        line, place = line_of(entry), Place.parse(entry.id)
        if line is None:
            return None
        shown = self._messages.get(line.id)
        if shown is None and isinstance(line, Waits | Folded):
            return None
        if shown is None:
            shown = _new(line, place)
            self._messages[line.id] = shown
        elif not _apply(line, shown):
            return None
        shown.changed = place
        return shown


def _new(line: Line, place: Place) -> Shown:
    if isinstance(line, Asked):
        return Shown(line.id, line.turn, "user", line.text, "done", place, place)
    # A line of a reply whose beginning is gone: all that is known of it is still shown.
    shown = Shown(line.id, line.id.rpartition("-")[0], "bot", "", "writing", place, place)
    _apply(line, shown)
    return shown


def _apply(line: Line, shown: Shown) -> bool:
    """Changes ``shown`` by ``line``. False: the line says nothing new, or may not be believed."""
    match line:
        case Asked():
            return False
        case Began(text=text, by=by):
            shown.text, shown.state, shown.by = text, "writing", by
        case Grew(at=at, text=text, by=by):
            if at and (by != shown.by or at > len(shown.text)):
                return False
            shown.text, shown.state, shown.by = shown.text[:at] + text, "writing", by
        case Ended(text=text):
            shown.text, shown.state, shown.by = text, "done", ""
        case Withdrawn():
            shown.text, shown.state, shown.by = "", "withdrawn", ""
        case Folded():
            shown.folded = line if line.text else None
        case Waits(waiting=waiting):
            shown.state = "waiting" if waiting else "done"
    return True
