"""A turn as history keeps it: with what is needed to change it when the platform's messages are changed.

Whoever reads it as a plain Turn does not see the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import msgspec

from core.conversation import Turn, UserMessage, Voice
from core.feedback import Feedback, Version

MOST_VERSIONS = 5
"""Earlier versions of an answer that are kept, the newest."""
_BETWEEN = "\n\n"
"""Stands between the messages that are answered together, and before their files: as Claim.message and Question write it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the messages that the question was made of."""

    id: str
    length: int
    """Characters of the turn's text that are its own. Parts stand one after the other; blank ones have none."""
    files: bool = False
    """It came with files. What is quoted of them stands after the last part."""


@dataclass(frozen=True, slots=True)
class Kept(Turn):
    thread: str | None = None
    """Where its conversation goes on."""
    parts: tuple[Part, ...] = ()
    pins: tuple[str, ...] = ()
    """Those of its messages that are pinned."""
    at: int = 0
    """When the reply was remembered, in seconds since 1970."""
    version: int = 1
    """The number of the reply among its versions."""
    answer: str = ""
    """The ``turn_id`` of the message that made the reply anew; empty: nobody did."""
    versions: tuple[Version, ...] = ()
    """The earlier ones, oldest first."""
    feedback: tuple[Feedback, ...] = ()

    @property
    def answer_id(self) -> str:
        """Names the reply among all versions."""
        return self.answer or self.id

    def anew(self, turn: Turn, *, by: str, at: int) -> "Kept":
        """With the reply of ``turn``, which the message ``by`` asked for, in place of the one that was there.

        Made twice by the same message it is one version.
        """
        known = self.answer == by
        earlier = self.versions
        if not known and self.reply:
            was = Version(self.answer_id, self.reply, self.model, self.at, self.usage, self.complete)
            earlier = (*earlier, was)[-MOST_VERSIONS:]
        return replace(
            self,
            reply=turn.reply,
            complete=turn.complete,
            model=turn.model,
            usage=turn.usage,
            messages=turn.messages,
            at=at,
            version=self.version if known else self.next_version,
            answer=by,
            versions=earlier,
        )

    @property
    def next_version(self) -> int:
        """The number of the next reply. One that is not there, because it failed or was deleted, has none."""
        return self.version + 1 if self.reply else self.version

    def rated(self, feedback: Feedback) -> "Kept":
        """With ``feedback`` in place of what the same person said before."""
        others = (each for each in self.feedback if each.author != feedback.author)
        return replace(self, feedback=(*others, feedback))

    def edited(self, message: str, text: str) -> "Kept | None":
        """With ``text`` for what ``message`` said before; None when nothing is asked any more.

        Unchanged when ``message`` is none of the parts, and was not said before it either.
        """
        if all(part.id != message for part in self.parts):
            return self._before(message, text)
        texts, rest = self._texts()
        said = [text if part.id == message else texts[at] for at, part in enumerate(self.parts)]
        return self._of(self.parts, said, rest) if rest or any(each.strip() for each in said) else None

    def without(self, message: str) -> "Kept | None":
        """Without what ``message`` said; None when nothing else was asked.

        What is quoted of files does not tell whose they are: with one message that had some, those of all go.
        """
        texts, rest = self._texts()
        left = [(part, text) for part, text in zip(self.parts, texts, strict=True) if part.id != message]
        if len(left) == len(self.parts):
            return self._before(message, "")
        if any(part.files for part in self.parts if part.id == message):
            rest = ""
        if not (rest or any(text.strip() for _, text in left)):
            return None
        return self._of([part for part, _ in left], [text for _, text in left], rest)

    def pinned_at(self, message: str, *, pinned: bool) -> "Kept":
        """With the pin of ``message``, or without. What was deleted from it cannot be pinned any more."""
        said = (*(part.id for part in self.parts), *(remark.message_id for remark in self.before))
        if pinned and message not in (*said, *self.messages):
            return self
        others = tuple(each for each in self.pins if each != message)
        pins = (*others, message) if pinned else others
        return self if (message in self.pins) == pinned else replace(self, pins=pins, pinned=bool(pins))

    def says_as(self, other: "Kept") -> bool:
        """Whether both say the same; one of them may be pinned."""
        return replace(self, pins=other.pins, pinned=other.pinned) == other

    def _before(self, message: str, text: str) -> "Kept":
        """With ``text`` for what was said before it; a remark without any is gone."""
        if all(remark.message_id != message for remark in self.before):
            return self
        said = (replace(each, text=text) if each.message_id == message else each for each in self.before)
        return replace(self, before=tuple(each for each in said if each.text.strip()))

    def unanswered(self) -> "Kept":
        """Without the reply, its versions and what was said of them: the question stays."""
        return replace(self, reply="", versions=(), feedback=())

    def written(self) -> str:
        return msgspec.json.encode(self).decode()

    def _texts(self) -> tuple[list[str], str]:
        """What each part says, and what comes after the parts."""
        texts, at = [], 0
        for part in self.parts:
            at += len(_BETWEEN) if part.length and at else 0
            texts.append(self.text[at : at + part.length])
            at += part.length
        rest = self.text[at:].removeprefix(_BETWEEN)
        return texts, rest if rest.strip() else ""

    def _of(self, parts: Sequence[Part], texts: Sequence[str], rest: str) -> "Kept":
        sound = [text if text.strip() else "" for text in texts]
        said = tuple(replace(part, length=len(text)) for part, text in zip(parts, sound, strict=True))
        return replace(
            self,
            text=_BETWEEN.join(text for text in (*sound, rest) if text),
            parts=said,
            voices=_heard(self.voices, said),
        )


def kept(turn: Turn, messages: Sequence[UserMessage]) -> Kept:
    """``turn``, which answers ``messages``."""
    texts = texts_of(messages)
    if not turn.text.startswith(_BETWEEN.join(text for text in texts if text)):
        # Whoever wrote it had other words for it: all of it is the first message's.
        texts = [turn.text, *[""] * (len(messages) - 1)]
    parts = [
        Part(message.message_id, len(text), bool(message.attachments))
        for message, text in zip(messages, texts, strict=True)
    ]
    values = {field.name: getattr(turn, field.name) for field in fields(turn)}
    values["voices"] = _heard(turn.voices, parts)
    return Kept(**values, thread=messages[0].conversation.thread, parts=tuple(parts))


def texts_of(messages: Sequence[UserMessage]) -> list[str]:
    """What each of ``messages`` adds to the question that is made of all."""
    texts = [message.text if message.text.strip() else "" for message in messages]
    return _stripped(texts) if any(message.attachments for message in messages) else texts


def _heard(voices: Sequence[Voice], parts: Sequence[Part]) -> tuple[Voice, ...]:
    """``voices``, each as long as its part now; without those whose parts are gone."""
    lengths = {part.id: part.length for part in parts}
    return tuple(replace(voice, length=lengths[voice.id]) for voice in voices if voice.id in lengths)


def read_kept(text: str) -> Kept:
    """The inverse of ``Kept.written``. Raises ValueError for what another version wrote."""
    return _kept.decode(text)


def _stripped(texts: Sequence[str]) -> list[str]:
    """As Question.kept strips what stands before files: at both ends of all of it."""
    said = [at for at, text in enumerate(texts) if text]
    found = list(texts)
    if said:
        found[said[0]] = found[said[0]].lstrip()
        found[said[-1]] = found[said[-1]].rstrip()
    return found


_kept = msgspec.json.Decoder(Kept)
