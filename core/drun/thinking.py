"""Telling a model's thoughts from its answer where both come as one text.

An engine without a reasoning parser passes ``<think>...</think>`` on as it was written, and R1's chat template of
2025-02 puts the opening tag into the prompt, so that only ``</think>`` is seen (vllm issue 12999). An answer may speak
of these tags too: a thought is opened by a tag at the very beginning and nowhere else, and a closing tag that nothing
opened counts only where it stands like a border, outside of code.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from core.splitting import open_fence

_OPENING = re.compile(r"<[ \t]?think(?:ing)?[ \t]?>", re.IGNORECASE)
_CLOSING = re.compile(r"<[ \t]?/[ \t]?think(?:ing)?[ \t]?>", re.IGNORECASE)
_TAG = re.compile(r"<[ \t]?/?[ \t]?think(?:ing)?[ \t]?>", re.IGNORECASE)
LONGEST_TAG = len("< / thinking >")
_MOST_BLANKS = 16
"""Behind a closing tag that nothing opened: so many are held until it is known what follows."""


class Kind(Enum):
    TEXT = auto()
    """A part of the answer."""
    THOUGHT = auto()
    RETRACTED = auto()
    """Nothing of what was handed out before holds; what follows says it anew. Its own text is empty."""


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    text: str = ""


class _State(Enum):
    BEGINNING = auto()
    """Only blanks so far: a tag may open a thought."""
    THOUGHT = auto()
    BORDER = auto()
    """A closing tag that nothing opened: what follows tells whether it was one."""
    ANSWER = auto()
    """Text, in which a closing tag may still turn up."""
    SETTLED = auto()
    """Text, whatever comes."""


class Thinking:
    """Feed it the content as it comes, cut anywhere; it hands out what is answer and what is thought.

    ``inside``: the content is taken to begin within a thought. Tags are handed out to nobody; blanks around a thought
    go with the thought. Once the beginning is decided no more is held back than a tag, or a border with its blanks.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._assumed = inside
        self._state = _State.THOUGHT if inside else _State.BEGINNING
        self._held = ""
        self._given: list[Piece] = []
        self._owed = 0  # closing tags that are still to come for tags within the thought
        self._closed = False
        self.begins_inside: bool | None = None
        """What was learned: True when a thought was closed that nothing had opened, False when none was."""

    @property
    def settled(self) -> bool:
        """Nothing is looked for any more: all that comes is text."""
        return self._state is _State.SETTLED

    def feed(self, text: str) -> list[Piece]:
        if not text:
            return []
        if self._state is _State.SETTLED:
            return [Piece(Kind.TEXT, text)]
        # Not "in {...}": an Enum's hash is a call of Python's own, for each token.
        deciding = self._state is not _State.ANSWER and self._state is not _State.THOUGHT
        if not (deciding or self._held or "<" in text):
            return [self._give(self._kind, text)]  # nearly every token
        out: list[Piece] = []
        self._held += text
        while self._held and self._step(out):
            pass
        return out

    def separate(self) -> list[Piece]:
        """The thoughts come by themselves: all content is answer."""
        if self._state is _State.SETTLED or self._given:
            return []
        self.begins_inside = False
        held, self._held, self._state = self._held, "", _State.SETTLED
        return [Piece(Kind.TEXT, held)] if held else []

    def end(self, finish: str | None) -> list[Piece]:
        """What is left. ``finish`` is the engine's finish reason; None when the stream was cut."""
        held, self._held, state = self._held, "", self._state
        self._state = _State.SETTLED
        if state is _State.THOUGHT and self._assumed and finish == "stop":
            # It ended by itself without closing anything: this was the answer after all.
            self.begins_inside = False
            said = "".join(piece.text for piece in self._given) + held
            return [Piece(Kind.RETRACTED), Piece(Kind.TEXT, said)] if said else []
        if not held:
            return []
        return [Piece(Kind.THOUGHT if state is _State.THOUGHT else Kind.TEXT, held)]

    @property
    def _kind(self) -> Kind:
        return Kind.THOUGHT if self._state is _State.THOUGHT else Kind.TEXT

    def _give(self, kind: Kind, text: str) -> Piece:
        piece = Piece(kind, text)
        if self._state is not _State.SETTLED:
            self._given.append(piece)
        return piece

    def _step(self, out: list[Piece]) -> bool:
        """Hands out what is decided of what is held. False: more has to come."""
        match self._state:
            case _State.BEGINNING:
                return self._begin(out)
            case _State.THOUGHT:
                return self._think(out)
            case _State.ANSWER:
                return self._answer(out)
            case _State.BORDER:
                return self._border(out)
            case _State.SETTLED:
                self._pass(out, len(self._held))
                return False

    def _pass(self, out: list[Piece], length: int, *, kind: Kind | None = None) -> None:
        """Hands out the first ``length`` characters of what is held."""
        if length:
            out.append(self._give(kind or self._kind, self._held[:length]))
            self._held = self._held[length:]

    def _begin(self, out: list[Piece]) -> bool:
        text = self._held.lstrip()
        blanks = len(self._held) - len(text)
        if self._closed and blanks:
            self._pass(out, blanks, kind=Kind.THOUGHT)
            return bool(text)
        opening = _OPENING.match(text)
        if opening is not None:
            self._pass(out, blanks, kind=Kind.THOUGHT)
            self._held = text[opening.end() :]
            self._state, self._assumed, self._owed = _State.THOUGHT, False, 0
            return True
        if not text or _may_become_tag(text):
            return False
        # After a thought only what is owed to it is looked for: the answer may speak of tags.
        self._state = _State.SETTLED if self._closed and not self._owed else _State.ANSWER
        return True

    def _think(self, out: list[Piece]) -> bool:
        found = _TAG.search(self._held)
        if found is None:
            at = _tail(self._held)
            self._pass(out, at)
            return False
        first = self._assumed and not self._held[: found.start()].strip() and not self._thought()
        self._pass(out, found.start())
        tag, self._held = found[0], self._held[found.end() - found.start() :]
        if _CLOSING.fullmatch(tag):
            if self._assumed:
                self.begins_inside = True
            self._state, self._closed, self._assumed = _State.BEGINNING, True, False
        elif first:
            self._assumed = False  # it opens its thought by itself
        else:
            self._owed += 1
            out.append(self._give(Kind.THOUGHT, tag))
        return True

    def _thought(self) -> bool:
        return any(piece.text.strip() for piece in self._given)

    def _answer(self, out: list[Piece]) -> bool:
        found = _TAG.search(self._held)
        if found is None:
            self._pass(out, _tail(self._held))
            return False
        self._pass(out, found.start())
        said = "".join(piece.text for piece in self._given if piece.kind is Kind.TEXT)
        if _OPENING.fullmatch(found[0]) or _is_code(said):
            self._state = _State.SETTLED  # it speaks of tags
        else:
            self._state = _State.BORDER
        return True

    def _border(self, out: list[Piece]) -> bool:
        tag = _CLOSING.match(self._held)
        assert tag is not None  # noqa: S101 - it is what led here
        rest = self._held[tag.end() :]
        near = rest[:_MOST_BLANKS]
        if not near.strip() and len(near) < _MOST_BLANKS:
            return False
        blanks = near[: len(near) - len(near.lstrip())]
        said = "".join(piece.text for piece in self._given if piece.kind is Kind.TEXT)
        alone = not said.rpartition("\n")[2].strip()
        if not ("\n" in blanks or (not blanks and (alone or self._owed))):
            self._state = _State.SETTLED
            return True
        if not self._closed:
            self.begins_inside = True
        self._retract(out)
        self._held = rest
        self._owed = max(0, self._owed - 1)
        self._state, self._closed = _State.BEGINNING, True
        return True

    def _retract(self, out: list[Piece]) -> None:
        """Everything that was handed out becomes a thought."""
        thought = "".join(piece.text for piece in self._given)
        self._given.clear()
        if thought:
            out += [Piece(Kind.RETRACTED), self._give(Kind.THOUGHT, thought)]


def _may_become_tag(text: str) -> bool:
    """``text`` begins with "<" and may grow into a tag."""
    if not text.startswith("<") or len(text) >= LONGEST_TAG or ">" in text:
        return False
    letters = re.sub(r"[ \t/]", "", text[1:]).lower()
    return "thinking".startswith(letters)


def _tail(text: str) -> int:
    """Where a beginning of a tag stands at the end of ``text``; its length when there is none."""
    at = text.rfind("<")
    return at if at >= 0 and _may_become_tag(text[at:]) else len(text)


def _is_code(text: str) -> bool:
    """The end of ``text`` is within code: a fence, or a line with an open backtick."""
    return open_fence(text) is not None or text.rpartition("\n")[2].count("`") % 2 == 1
