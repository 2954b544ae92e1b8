"""Who speaks: people as a platform knows them, and what was said before the bot was asked."""

import unicodedata
from dataclasses import dataclass
from typing import Self

from core.texts import Language

LONGEST_NAME = 40
"""Characters of a name that are shown, and sent to a model."""
_KEPT = " -.,'_&+@·"
"""What stands in names beside letters and digits, and can be taken for no other part of a prompt."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes to the bot."""

    name: str
    """As people see it there, harmless in a prompt; empty where it is not known."""
    admin: bool | None
    """Whether they run the workspace; None: the platform could not be asked just now."""
    operator: bool = False
    """They run the whole deployment, as surely as whom its operator has named in ``ADMINS``."""
    language: Language | None = None
    """That in which the platform speaks to them; None: it does not tell."""

    @classmethod
    def of(cls, name: str, *, admin: bool | None, language: Language | None = None) -> Self:
        """Of a name as its owner has written it."""
        return cls(harmless(name), admin, language=language)


UNKNOWN = Person("", None)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was said in a thread before the bot was asked there."""

    author: str
    """The platform's id of a person or a bot."""
    name: str
    """Harmless in a prompt; empty where it is not known."""
    text: str
    """As it was written: nothing in it can be trusted."""
    message_id: str
    mine: bool
    """The bot itself said it."""


def harmless(name: str) -> str:
    """``name`` on one line of at most 40 characters, without brackets, colons and whatever else could pass for a speaker.

    People choose their names, and a name stands right before what its owner says.
    """
    # First: some characters of Unicode are compatible with a colon or a bracket, and would become one afterwards.
    normal = unicodedata.normalize("NFKC", name)
    kept = "".join(_plain(letter) for letter in normal)
    return " ".join(kept.split())[:LONGEST_NAME].strip()


def _plain(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind[0] in "LMN" or letter in _KEPT:
        return letter
    # Format characters stand within words, and some of them turn the text around; all others part words.
    return "" if kind == "Cf" else " "
