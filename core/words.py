"""The words of an argument, as people type them: in any case, full-width from a Chinese keyboard, or with a full stop behind."""

import unicodedata

from core.texts import Language

_BEHIND = ".,;:!?。，；：！？、…~～"
RESET_WORDS = frozenset({"reset", "重置", "恢复", "清除", "默认"})

RESET = "reset"
"""The word that is offered; its Chinese ones are understood as well."""


def plain(text: str) -> str:
    """``text`` as it is compared: its usual form, in lower case, without the punctuation at its end."""
    return unicodedata.normalize("NFKC", text).strip().lower().rstrip(_BEHIND).rstrip()


def named(text: str) -> str:
    """``text`` as the name of something: in its usual form, without the punctuation at its end."""
    return unicodedata.normalize("NFKC", text).strip().rstrip(_BEHIND).rstrip()


def is_reset(text: str) -> bool:
    return plain(text) in RESET_WORDS


def sentences(language: Language, *each: str) -> str:
    """Those of ``each`` that say something, one behind the other: only in English is there a space between two."""
    return (" " if language == "en" else "").join(sentence for sentence in each if sentence)


def first_of(text: str) -> tuple[str, str]:
    """The first word of ``text``, and what is behind it, with its lines as they were written."""
    word, *rest = text.split(None, 1) or [""]
    return word, rest[0] if rest else ""
