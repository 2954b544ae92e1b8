"""A question without its words, and a turn without what one person has said in it."""

from dataclasses import replace

from core.store.ending import read_entry, rewritten
from core.store.kept import Kept
from core.store.sealing import Seal

_NO_WORDS = "…"


def wordless(entry: str, seal: Seal) -> str:
    """A queue's entry that was deleted, and says nothing."""
    try:
        message = read_entry(entry, seal)
    except ValueError:
        # Another version's: this one parks it as it parks all that it cannot read.
        return " ".join([*entry.split(" ", 3)[:3], "{}"])
    return rewritten(entry, replace(message, text=_NO_WORDS, attachments=(), deleted=True), seal)


def unsaid(turn: Kept, author: str) -> Kept | None:
    """``turn`` as if ``author`` had never spoken; None: nothing is left of it. Unchanged when it has nothing of theirs.

    Where several were answered together, the reply answers them all, and goes too.
    """
    left = _without_remarks(turn, author)
    if not turn.voices:
        return None if turn.author == author else left
    theirs = {voice.id for voice in turn.voices if voice.author == author}
    others = [voice for voice in turn.voices if voice.author != author]
    if not others:
        return None
    if not theirs and turn.author != author:
        return left
    now: Kept | None = left.unanswered()
    for message in theirs:
        bare = now and now.pinned_at(message, pinned=False)
        now = bare and bare.without(message)
    return now and replace(now, author=others[0].author, name=others[0].name)


def _without_remarks(turn: Kept, author: str) -> Kept:
    """Without what they said before the bot was asked, and what they thought of the reply."""
    before = tuple(remark for remark in turn.before if remark.author != author)
    feedback = tuple(each for each in turn.feedback if each.author != author)
    return replace(turn, before=before, feedback=feedback)
