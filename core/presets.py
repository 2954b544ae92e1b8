"""Instructions that have a name. Ours are in ``presets.toml``; the operator's have the same form and go before them."""

import difflib
import re
import tomllib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from core.preferences import LONGEST_INSTRUCTIONS
from core.texts import Language
from core.words import plain

LONGEST_SUMMARY = 100
"""Characters: it stands on one line of a list."""
MOST = 50
"""Presets of one file: people are told all of them at once."""

_NAME = re.compile(r"[^\W_][\w-]{0,39}")
_LANGUAGES: tuple[Language, ...] = ("en", "zh")
_LONGEST = {"summary": LONGEST_SUMMARY, "text": LONGEST_INSTRUCTIONS}
_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Preset:
    """One of them. Its texts are its writer's own: braces in them stand for nothing, unlike those of ``Text``."""

    name: str
    """One word, as ``plain`` leaves it."""
    summary: Mapping[Language, str]
    text: Mapping[Language, str]
    """The instructions."""


Presets = Mapping[str, Preset]
"""By name, in the order in which people are told of them."""


@cache
def ours() -> Presets:
    """Those that come with the program, read once."""
    found, _ = read_presets((resources.files("core") / "presets.toml").read_text(encoding="utf-8"))
    return found


def read_presets(text: str, *, taken: Container[str] = ()) -> tuple[Presets, list[str]]:
    """What ``text`` (TOML) defines, and what is wrong with it: a sentence each, with what would be right.

    ``taken`` are words that mean something else where a preset's name is written.
    """
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return {}, [f"it is no TOML ({error}); a preset is {_FORM}"]
    problems = []
    if not entries:
        problems.append(f"it has no presets; one is {_FORM}")
    if len(entries) > MOST:
        problems.append(f"it has {len(entries)} presets; {MOST} is the most")
    for name, entry in entries.items():
        problems += _wrong_entry(name, entry, taken)
    if problems:
        return {}, problems
    return {
        name: Preset(name, *(_both(entry[key]) for key in _LONGEST)) for name, entry in entries.items()
    }, []


def preset_of(presets: Presets, instructions: str) -> Preset | None:
    """The one that says exactly this, in either language."""
    return next((each for each in presets.values() if instructions in each.text.values()), None)


def like(presets: Presets, written: str) -> list[str]:
    """The names that ``written`` may mean, best first: for completion and for "did you mean"; all for nothing."""
    wanted = plain(written)
    first = [name for name in presets if name.startswith(wanted)]
    holding = [name for name in presets if wanted in name]
    close = difflib.get_close_matches(wanted, presets, n=len(presets) or 1, cutoff=0.5)
    return list(dict.fromkeys([*first, *holding, *close]))


def _wrong_entry(name: str, entry: Any, taken: Container[str]) -> list[str]:
    if not isinstance(entry, dict):
        return [f"`{_short(name)}` stands outside of a preset; a preset is {_FORM}"]
    wrong = []
    if not _NAME.fullmatch(name) or plain(name) != name or name in taken:
        wrong.append(
            f"[{_short(name)}] is no name of a preset; one is a word of small letters, digits, - and _ with at most 40 "
            "characters, and none that names a place, such as me or channel"
        )
    wrong += [
        f"[{_short(name)}] has `{_short(key)}`; a preset has only summary and text"
        for key in entry
        if key not in _LONGEST
    ]
    for key, most in _LONGEST.items():
        wrong += _wrong_text(f"[{_short(name)}]", key, entry.get(key), most)
    return wrong


def _wrong_text(name: str, key: str, given: Any, most: int) -> list[str]:
    how = f'write {key} = "...", or {key}.en and {key}.zh'
    written = (
        {f"{key}.{part}": value for part, value in given.items()} if isinstance(given, dict) else {key: given}
    )
    asked = [f"{key}.{language}" for language in _LANGUAGES] if isinstance(given, dict) else [key]
    wrong = [f"{name} has `{_short(each)}`; {how}" for each in written if each not in asked]
    for each in asked:
        value = written.get(each)
        if not isinstance(value, str) or not value.strip():
            wrong.append(f"{name} has no {each}; {how}")
        elif len(value.strip()) > most:
            wrong.append(f"{name} has a {each} of {len(value.strip()):,} characters; {most:,} is the most")
        elif key == "summary" and "\n" in value.strip():
            wrong.append(f"{name} has a {each} of several lines; it is one line")
    return wrong


def _both(given: str | dict[Language, str]) -> dict[Language, str]:
    """One text is for both languages."""
    return {each: (given if isinstance(given, str) else given[each]).strip() for each in _LANGUAGES}


def _short(name: str) -> str:
    return name if len(name) <= _QUOTED else f"{name[:_QUOTED]}…"


_FORM = '[name], and below it summary = "..." and text = "..."'
