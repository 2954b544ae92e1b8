"""The messages that one reply is divided into, as its text grows."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.drawing import WRITING
from core.splitting import closed, cut
from core.surface import Surface


@dataclass(slots=True)
class Part:
    """One message of the reply: what it shall show, and what it shows."""

    text: str = ""
    end: int = 0
    """How many of the added characters come before the end of ``text``."""
    sealed: bool = False
    message: str | None = None
    unsure: bool = False
    """It may have been posted already: by a call without an answer, or by an attempt that died."""
    shown: tuple[str, bool] | None = None
    """Text, and whether it was final."""


class Parts:
    """All messages of one reply. ``messages`` are there already, of an earlier attempt; ``unsure``: perhaps more are."""

    def __init__(self, surface: Surface, messages: Sequence[str], *, unsure: bool) -> None:
        self._surface = surface
        self._unsure = unsure
        self._all = [Part(message=message) for message in messages] or [Part(unsure=unsure)]
        self._open = 0  # index of the part that grows
        self._added: list[str] = []
        self._taken = 0  # characters of what was added
        self._beyond = 0  # characters of the note
        self.times_begun = 0

    @property
    def messages(self) -> list[str]:
        """The platform's ids of all messages that show the reply, first to last."""
        return [part.message for part in self._all if part.message is not None]

    @property
    def filled(self) -> list[Part]:
        """Those that show the reply: full ones, and the one that grows."""
        return self._all[: self._open + 1]

    @property
    def leftovers(self) -> list[Part]:
        """Those behind them, of an earlier attempt or of what was taken back."""
        return self._all[self._open + 1 :]

    def __getitem__(self, index: int) -> Part:
        return self._all[index]

    def add(self, text: str) -> None:
        self._added.append(text)

    def start_over(self) -> None:
        """Forgets all that was added; the messages stay, to be written over."""
        self._added.clear()
        for part in self._all:
            part.text, part.end, part.sealed = "", 0, False
        self._open = self._taken = self._beyond = 0
        self.times_begun += 1

    def say_below(self, note: str) -> None:
        """Adds ``note`` as a paragraph of its own, which is none of the reply's characters."""
        self.take_in()
        text = self._all[self._open].text
        noted = f"{closed(text.rstrip())}\n\n{note}" if text.strip() else note
        self._beyond += len(noted) - len(text)
        self._grow(noted)

    def take_in(self) -> None:
        """Moves what was added into the open part."""
        if self._added:
            added = "".join(self._added)
            self._added.clear()
            self._taken += len(added)
            self._grow(self._all[self._open].text + added)

    def _grow(self, text: str) -> None:
        """Makes ``text`` what the open part holds, and goes on in new parts where that one is full."""
        part = self._all[self._open]
        # A growing part must be showable at every moment, so the mark of core.drawing has its room in all of them.
        room = self._surface.limit - self._surface.size(f"\n{WRITING}")
        while (found := cut(text, room, self._surface.size)) is not None:
            part.text = found.head
            part.end = min(self._taken, self._taken + self._beyond - len(text) + found.at)
            part.sealed = True
            text = found.opening + text[found.at :]
            self._open += 1
            if self._open == len(self._all):
                self._all.append(Part(unsure=self._unsure))
            part = self._all[self._open]
        part.text, part.end = text, self._taken
