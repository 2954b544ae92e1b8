"""The lines of `drun-chat check`: a word for how it is, what it is about, and no secret."""

import typer

from bots.logs import redacted


def line(what: str, text: str, *, well: bool) -> bool:
    """Whether it is well, said and returned."""
    _say("ok" if well else "no", what, text)
    return well


def warn(what: str, text: str) -> None:
    """What may be wrong, and cannot be found out now."""
    _say("warn", what, text)


def off(what: str, text: str) -> None:
    """What is not set up."""
    _say("off", what, text)


def more(text: str) -> None:
    """Something that belongs to the line before."""
    if text:
        typer.echo(redacted(f"      {text}"))


def _say(word: str, what: str, text: str) -> None:
    typer.echo(redacted(f"{word:<5} {what}: {text}"))
