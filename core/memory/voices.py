"""Who said what, in a prompt."""

import re
from collections.abc import Iterable, Mapping, Sequence

from core.conversation import Turn, Voice
from core.people import Remark, harmless
from core.texts import Text

YOU = "You"
"""The bot itself, in what was said before it was asked."""
ASSISTANT = Text("Assistant", "助手")
"""The bot itself, where a talk is summed up."""
USER = Text("User", "用户")
"""There: the only one who talks with it, of whom no name is known."""
_NOBODY = "Somebody"
_RESERVED = {word.casefold() for word in (YOU, _NOBODY, ASSISTANT.en, ASSISTANT.zh, USER.en, USER.zh)}
_BETWEEN = "\n\n"
_SHORT = 4
"""Characters of an id that tell two people of one name apart, where they do."""
_INDENT = "  "
_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
"""All that may be read as the end of a line."""

Labels = Mapping[str, str]
"""By author."""


def voices_of(turn: Turn) -> Sequence[Voice]:
    """Whoever asked, one or several."""
    return turn.voices or (Voice(turn.author, turn.name),)


def authors_of(turn: Turn) -> set[str]:
    """Everybody whose words a turn has, the bot's aside."""
    return {voice.author for voice in voices_of(turn)} | people_of(turn.before)


def people_of(remarks: Iterable[Remark]) -> set[str]:
    return {remark.author for remark in remarks if not remark.mine}


def labels_of(voices: Iterable[Voice]) -> Labels:
    """A label for each author, no two of them alike; ``voices`` are in order, so that a newer name counts.

    Brackets stand in no name that ``harmless`` has passed, so nobody can take another's label for a name.
    """
    names: dict[str, str] = {}
    for voice in voices:
        names[voice.author] = voice.name or names.get(voice.author, _NOBODY)
    alike: dict[str, list[str]] = {}
    for author, name in names.items():
        alike.setdefault(name.casefold(), []).append(author)
    return {author: _label(author, name, alike[name.casefold()]) for author, name in names.items()}


def _label(author: str, name: str, alike: Sequence[str]) -> str:
    """``alike``: the authors who are called so."""
    # A full stop or a hyphen behind such a word makes no other word of it.
    plain = "".join(filter(str.isalnum, name.casefold()))
    if len(alike) == 1 and plain not in _RESERVED:
        return name
    ends = [other[-_SHORT:] for other in alike]
    id_ = harmless(author if ends.count(author[-_SHORT:]) > 1 else author[-_SHORT:])
    return f"{name} ({id_})" if id_ else name


def voices_in(turns: Iterable[Turn], *more: Voice) -> list[Voice]:
    """Of all that is said in ``turns``, then ``more``."""
    found = [voice for turn in turns for voice in (*remarked(turn.before), *voices_of(turn))]
    return [*found, *more]


def remarked(remarks: Iterable[Remark]) -> list[Voice]:
    """Who speaks in what was said before, the bot aside."""
    return [Voice(remark.author, remark.name) for remark in remarks if not remark.mine]


def said_by(label: str, text: str) -> str:
    """``text`` behind ``label``. Its further lines are indented, or one of them could pass for somebody else's words."""
    return f"{label}: {_indented(text)}"


def indents(text: str) -> str:
    """All that ``spoken`` indents ``text`` with, to be counted."""
    return _INDENT * len(_BREAKS.findall(text))


def _indented(text: str) -> str:
    return _BREAKS.sub(rf"\g<0>{_INDENT}", text)


def spoken(text: str, voices: Sequence[Voice], labels: Labels) -> str:
    """``text`` with the label of who says it, before each part that is somebody's."""
    if len(voices) == 1 or not any(voice.length for voice in voices):
        return said_by(labels[voices[0].author], text)
    parts, at = [], 0
    for voice in voices:
        if voice.length:
            at += len(_BETWEEN) if at else 0
            parts.append(said_by(labels[voice.author], text[at : at + voice.length]))
            at += voice.length
    # Files stand behind all parts, and do not tell whose they are.
    rest = text[at:].removeprefix(_BETWEEN)
    return _BETWEEN.join([*parts, *([_indented(rest)] if rest else [])])
