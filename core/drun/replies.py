"""What is made of one attempt's raw deltas: thoughts told from the answer, and nothing that the server leaked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.conversation import Delta
from core.drun.prompts import Continuation
from core.drun.thinking import Kind, Piece, Thinking


@dataclass(slots=True)
class Heard:
    """What whoever asked was given of a reply so far."""

    word: bool = False
    """A word of the answer: what fails now is not asked again, as that would say everything twice."""
    anything: bool = False
    """A thought counts too."""

    def take(self, delta: Delta) -> None:
        self.word = self.word or bool(delta.text.strip())
        self.anything = self.anything or bool(delta.reasoning or delta.text)


class ReplyReader:
    """Reads one stream. ``inside``: the content is taken to begin within a thought.

    ``continuation``: the reply continues a transcript, and ends where the model speaks for somebody else.
    """

    def __init__(self, *, inside: bool, continuation: bool) -> None:
        self._thinking = Thinking(inside=inside)
        self._continuation = Continuation() if continuation else None
        self.finished = False
        """A finish reason was seen: all was said."""

    @property
    def begins_inside(self) -> bool | None:
        """Whether this model's content begins within a thought, where this reply told."""
        return self._thinking.begins_inside

    @property
    def over(self) -> bool:
        """Nothing more of this reply is worth waiting for: the model speaks for somebody else."""
        return self._continuation is not None and self._continuation.over

    def read(self, delta: Delta) -> Iterable[Delta]:
        if self._continuation is None and self._thinking.settled and delta.finish is None:
            return (delta,)
        out: list[Delta] = []
        if delta.reasoning:
            out += _deltas(self._thinking.separate())
            out.append(Delta(reasoning=delta.reasoning))
        text = self._continuation.feed(delta.text) if self._continuation else delta.text
        if text:
            out += _deltas(self._thinking.feed(text))
        finish = "stop" if self.over and not self.finished else delta.finish
        if finish is not None and not self.finished:
            out += self.end(finish)
            self.finished = True
            out.append(Delta(finish=finish))
        if delta.usage is not None:
            out.append(Delta(usage=delta.usage))
        return out

    def end(self, finish: str | None = None) -> Sequence[Delta]:
        """What was held back. ``finish`` is None when the stream was cut."""
        if self.finished:
            return ()
        rest = self._continuation.end() if self._continuation else ""
        fed = self._thinking.feed(rest) if rest else []
        return _deltas([*fed, *self._thinking.end(finish)])


def _deltas(pieces: Iterable[Piece]) -> list[Delta]:
    out = []
    for piece in pieces:
        match piece.kind:
            case Kind.TEXT:
                out.append(Delta(piece.text))
            case Kind.THOUGHT:
                out.append(Delta(reasoning=piece.text))
            case Kind.RETRACTED:
                out.append(Delta(retracted=True))
    return out
