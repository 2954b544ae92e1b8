"""Whole texts in messages."""

from collections.abc import Callable

from core.splitting import Cut, cut, split

Size = Callable[[str], int]


def doubled_mentions(text: str) -> int:
    """A platform that writes two characters for each @."""
    return len(text) + text.count("@")


def heads(text: str, limit: int, size: Size = len) -> list[str]:
    """The whole text in messages."""
    found = []
    while True:
        head, rest = split(text, limit, size)
        found.append(head)
        if not rest:
            return found
        assert len(rest) < len(text), "no progress"
        text = rest


def cuts(text: str, limit: int, size: Size = len) -> list[tuple[str, Cut]]:
    """Each cut, with the text that it divided."""
    found = []
    while (made := cut(text, limit, size)) is not None:
        found.append((text, made))
        text = made.opening + text[made.at :]
    return found
