"""What makes the bot start with nothing set up: a private store and a demo model.

Both are programs of their own beside the bot. They arrive inside wheels and are found without importing them.
"""

import os
from importlib import metadata
from pathlib import Path

# What a program needs to start. Nothing else is handed on: a store that outlives the bot must not carry its tokens.
_HANDED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def child_environment() -> dict[str, str]:
    """The environment of a child: what it needs to start, and none of the bot's secrets."""
    return {name: os.environ[name] for name in _HANDED_ON if name in os.environ}


def carried_file(distribution: str, pattern: str) -> Path | None:
    """The file that an installed distribution carries, or None where either is missing.

    `pattern` is matched from the right, as in `PurePath.match`. The package itself is not imported.
    """
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if file.match(pattern) and path.is_file():
            return path
    return None
