"""What a model has said so far, and what is to be said of it in the end."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

from core import texts
from core.attachments import Question
from core.books import Said
from core.conversation import Delta, Message, Usage
from core.drun.asking import Asked
from core.reasoning import Reasoning


@dataclass(slots=True)
class Reply:
    """What the model has said so far, to ``question``."""

    question: Question
    text: list[str] = field(default_factory=list)
    thoughts: Reasoning = field(default_factory=Reasoning)
    finish: str | None = None
    usage: Usage | None = None
    asked: Asked | None = None
    sent: Sequence[Message] = ()
    note: str = ""
    since: float = field(default_factory=monotonic)
    first: float | None = None
    """When its first sign came."""
    now: Callable[[], float] = monotonic

    @property
    def model(self) -> str:
        return self.asked.model.id if self.asked else ""

    def take(self, asked: Asked, delta: Delta) -> None:
        if asked is not self.asked:
            # Somebody stands in for who may have thought, but has said nothing.
            self.asked, self.thoughts, self.finish, self.usage = asked, Reasoning(self.now), None, None
        if self.first is None and (delta.text or delta.reasoning):
            self.first = monotonic()
        if delta.retracted:
            self.text.clear()
            self.thoughts.start_over()
        if delta.reasoning:
            self.thoughts.add(delta.reasoning)
        if delta.text:
            self.thoughts.speak()
            self.text.append(delta.text)
        self.finish = delta.finish or self.finish
        self.usage = delta.usage or self.usage

    def said(self) -> Said | None:
        """What the books need to know of it; None when nobody was asked."""
        if self.asked is None:
            return None
        return Said(
            self.asked.model,
            self.sent,
            "".join(self.text),
            self.thoughts.text,
            self.thoughts.size,
            self.usage,
            None if self.first is None else self.first - self.since,
            monotonic() - self.since,
        )


def notes(reply: Reply, language: texts.Language) -> Iterator[str]:
    """What is to be said under a reply that ended by itself."""
    if not "".join(reply.text).strip():
        yield _why_empty(reply).say(language)
    elif reply.finish == "length":
        yield quiet(texts.CUT_BY_LENGTH.say(language))
    elif reply.finish == "content_filter":
        yield quiet(texts.FILTERED.say(language))
    elif reply.finish != "stop":
        # ``abort``, ``repetition``, ``insufficient_system_resource``, or what an engine will call it: an end all the same.
        yield quiet(texts.ENDED_EARLY.say(language))


def _why_empty(reply: Reply) -> texts.Text:
    if reply.finish == "length" and reply.thoughts.size:
        return texts.ONLY_REASONING
    if reply.finish == "content_filter":
        return texts.FILTERED
    return texts.NO_TEXT if reply.finish in {"stop", "length"} else texts.ENDED_EARLY


def quiet(text: str) -> str:
    return f"_{text}_"
