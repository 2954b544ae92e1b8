"""How a message looks that is shown by posting and editing: whole Markdown, and a mark while more is to come."""

from core.splitting import closed

WRITING = " ▍"
"""Ends a message that is still being written, and only such a one."""


def drawn(text: str, *, final: bool) -> str:
    """``text`` with its code fence closed; with the mark when it is not ``final``."""
    whole = closed(text)
    if final:
        return whole
    # On its own line behind code: a closing fence with anything after it closes nothing.
    return f"{whole}\n{WRITING}" if whole.endswith(("```", "~~~")) else whole + WRITING
