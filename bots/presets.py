"""The operator's own presets: ``PRESETS_FILE``."""

from pathlib import Path

from bots.reading import why
from core.commands.places import WORDS
from core.presets import Presets, read_presets


def read_file(path: Path) -> tuple[Presets, list[str]]:
    """What it defines, and what is wrong with it: a sentence each."""
    try:
        # utf-8-sig: Windows editors begin a file with a byte order mark, which is no TOML.
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{path} cannot be read ({why(error)})"]
    return read_presets(text, taken=WORDS)
