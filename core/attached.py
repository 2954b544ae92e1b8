"""A long text beside a short one: shown folded or as a file, as each platform can."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from core.texts import Language, Text


@dataclass(frozen=True, slots=True)
class Attached:
    """Words of somebody else, a model's: whoever shows them makes their mentions inert."""

    name: str
    """As a file it is called so."""
    text: str
    """Markdown."""
    summary: str
    """One short line without markup, shown while it is folded."""
    language: Language = "en"
    """Of what is said about it."""
    left_out: int = 0
    """Characters before ``text`` that were not kept."""
    instead: str = ""
    """What is shown where there is no room for all of it; empty: its end."""

    @property
    def whole(self) -> str:
        return self._since(0, str)

    def fits(self, most: int, dressed: Callable[[str], str] = str) -> bool:
        """``fitted`` would leave nothing out."""
        return len(self._since(0, dressed)) <= most

    def fitted(self, most: int, dressed: Callable[[str], str] = str) -> str:
        """As much of the end as fits, as ``dressed`` writes it, below a line that says how much is left out.

        It has at most ``most`` characters. ``dressed`` never shortens a text. A part of what has an ``instead`` is nothing.
        """
        if self.instead and not self.fits(most, dressed):
            return self.instead[:most]
        first = max(0, len(self.text) - most)
        at = bisect_left(
            range(first, len(self.text)), x=True, key=lambda at: len(self._since(at, dressed)) <= most
        )
        return self._since(first + at, dressed)

    def _since(self, at: int, dressed: Callable[[str], str]) -> str:
        said = dressed(self.text[at:].strip())
        count = self.left_out + at
        return f"{_LEFT_OUT.say(self.language, count=count)}\n\n{said}" if count else said


def quoted(text: str) -> str:
    """``text`` as a quotation in Markdown."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


_LEFT_OUT = Text("_The first {count} characters are left out._", "_省略了开头的 {count} 个字符。_")
