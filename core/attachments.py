"""What somebody asked, with the files that came with it: read, and made part of what a model is sent."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog

from core.conversation import Attachment, Delta, Message, Turn, UserMessage
from core.drun.asking import Asked, Asking, Fit
from core.drun.catalog import Catalog
from core.drun.model import Model
from core.errors import (
    CannotSee,
    FileBeyond,
    FileEmpty,
    FileLeftOut,
    FileTooLarge,
    FileUnusable,
    PicturesRefused,
    PictureUnusable,
)
from core.estimate import MESSAGE, PICTURE, REQUEST, Calibration, raw_cost, raw_tokens
from core.pictures import Picture, PictureUnreadable, kind_of, prepared
from core.surface import Platform
from core.textfiles import MOST as MOST_TEXT
from core.textfiles import TextFile, fitting, read_text, shares
from core.texts import Language, Text
from core.window import ALONE, Around, fit

MEGABYTE = 1_000_000
MOST_FILES = 10
"""Discord: a message has 10 files at most; Slack's may have more."""
MOST_PICTURES = 4
KEPT = 16_000
"""Characters of files that the history keeps with a question, all files together."""
_AT_ONCE = 4
"""Files that are read or opened at once in a process. Each takes as much memory as files may have, or a picture's pixels."""
_HEAD = 40
"""Raw tokens for the line above a file, and its fences."""
_NAMED = 10
"""Models that see, of which people are told."""

CUT = Text(
    "Of `{name}` the model was given the first {kept} of {size} characters.",
    "`{name}` 共 {size} 个字符，模型只收到前 {kept} 个。",
)
SEEN_LAST = Text(
    "The model was shown the last {most} of {count} pictures: it takes no more at a time.",
    "共 {count} 张图片，模型只看到最后 {most} 张：它一次最多接受这么多。",
)

log = structlog.get_logger()


class PicturesOff(FileLeftOut):
    """Value: ``names``, as Markdown."""

    text = Text(
        "{names} left out: no pictures are sent to models here. Please say in words what is to be seen, or ask the "
        "operator of this bot to switch pictures on.",
        "未使用 {names}：本机器人不会把图片发给模型。请用文字描述图片内容，或联系本机器人的管理员开启图片功能。",
    )


@dataclass(slots=True)
class Question:
    """One question while it is answered. Its pictures are kept here, for every time it is sent, and nowhere else."""

    message: UserMessage
    pictures: Sequence[Picture] = ()
    texts: Sequence[TextFile] = ()
    left_out: list[FileLeftOut] = field(default_factory=list)
    able: str = ""
    """The models that see, as Markdown; known when there are pictures."""
    most: int = MOST_PICTURES
    """How many pictures the model takes."""
    sent: Sequence[int] = ()
    """The characters of each text that the model was given."""
    _costs: Sequence[int] = ()

    @property
    def shown(self) -> Sequence[Picture]:
        """The pictures that the model is sent."""
        return self.pictures[max(0, len(self.pictures) - self.most) :]

    def kept(self) -> str:
        """What was asked, as the history keeps it."""
        # Small files whole: of what the model was given, no more than their share.
        given = self.sent or [len(file.text) for file in self.texts]
        return self._written([min(pair) for pair in zip(given, shares(given, KEPT), strict=True)])

    def fit(
        self,
        system: str,
        turns: Sequence[Turn],
        *,
        limit: int,
        calibration: Calibration,
        model: Model,
        around: Around = ALONE,
    ) -> Sequence[Message]:
        """As core.window.fit, with the files cut to what fits. Raises CannotSee and QuestionTooLong."""
        if self.pictures and model.vision is False:
            raise CannotSee(model=model.id, able=self.able)
        # Half of the window is left for words, also where it is small: our guess of what pictures cost is rough.
        limit -= min(PICTURE * len(self.shown), limit // 2)
        self.sent = self._lengths(system, limit, calibration, alone=not (turns or around.before))
        messages = fit(
            system, turns, self._written(self.sent), limit=limit, calibration=calibration, around=around
        )
        uris = tuple(picture.uri for picture in self.shown)
        return [*messages[:-1], replace(messages[-1], pictures=uris)] if uris else messages

    async def asked(
        self, asking: Asking, chosen: str, fitted: Fit
    ) -> AsyncGenerator[tuple[Asked, Delta], None]:
        """As ``asking.stream``; once more with fewer pictures when the model says how many it takes. Raises CannotSee.

        Whether a model sees is often not known before it is asked.
        """
        model = ""
        for again in (True, False):
            try:
                async with aclosing(asking.stream(chosen, fitted)) as said:
                    async for asked, delta in said:
                        model = asked.model.id
                        yield asked, delta
            except PicturesRefused as error:
                if error.most < 1:
                    raise CannotSee(model=model, able=self.able) from error
                if not again or error.most >= len(self.shown):
                    raise
                self.most = error.most
            else:
                return

    def notes(self, language: Language) -> Iterator[str]:
        """What people should know of their files."""
        for error in self.left_out:
            yield error.notice(language)
        for file, kept in zip(self.texts, self.sent, strict=False):
            if kept < file.size:
                yield CUT.say(language, name=file.name, kept=f"{kept:,}", size=f"{file.size:,}")
        if len(self.shown) < len(self.pictures):
            yield SEEN_LAST.say(language, most=self.most, count=len(self.pictures))

    def _written(self, lengths: Sequence[int]) -> str:
        """The text, then the files, then the names of the rest. Never empty: engines refuse that."""
        used = {picture.name for picture in self.pictures} | {file.name for file in self.texts}
        parts = [
            self.message.text.strip() if self.message.attachments else self.message.text,
            *(file.block(length) for file, length in zip(self.texts, lengths, strict=True)),
            *(f"[picture: {picture.name}]" for picture in self.pictures),
            *(f"[file, not read: {each.name}]" for each in self.message.attachments if each.name not in used),
        ]
        return "\n\n".join(part for part in parts if part)

    def _lengths(self, system: str, limit: int, calibration: Calibration, *, alone: bool) -> list[int]:
        """How many characters of each text the window allows."""
        if not self.texts:
            return []
        self._costs = self._costs or [raw_tokens(file.text) for file in self.texts]
        room = calibration.room(limit - limit // 4) - REQUEST - raw_cost(system) - MESSAGE
        room -= raw_tokens(self._written([0] * len(self.texts))) + _HEAD * len(self.texts)
        # A file may take most of the window, but the talk that it is part of is not forgotten for it.
        room = room * 97 // 100 if alone else room * 3 // 4
        return [
            len(file.text) if share >= cost else fitting(file.text, share)
            for file, cost, share in zip(self.texts, self._costs, shares(self._costs, room), strict=True)
        ]


@dataclass(slots=True)
class Files:
    """Reads the files of questions: one for all turns of a process."""

    most: int = 20 * MEGABYTE
    """Bytes of one file."""
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    pictures: bool = True
    """Models are shown pictures. Else they are left out, and whoever sent one is told."""

    async def read(self, question: Question, platform: Platform, catalog: Catalog) -> None:
        """Reads what came with ``question``. Raises FileLeftOut when nothing is left that could be answered."""
        attachments = question.message.attachments
        if not attachments:
            return
        read = await asyncio.gather(*(self._one(each, platform) for each in attachments[:MOST_FILES]))
        pictures = [found for found in read if isinstance(found, Picture)]
        if pictures and not self.pictures:
            names = ", ".join(f"`{picture.name}`" for picture in pictures)
            question.left_out.append(PicturesOff("pictures are switched off", names=names))
            pictures = []
        question.pictures = pictures[:MOST_PICTURES]
        question.texts = _bounded([found for found in read if isinstance(found, TextFile)])
        question.left_out += [found for found in read if isinstance(found, FileLeftOut)]
        beyond = [picture.name for picture in pictures[MOST_PICTURES:]]
        beyond += [attachment.name for attachment in attachments[MOST_FILES:]]
        question.left_out += [
            FileBeyond("", name=name, most=MOST_FILES, pictures=MOST_PICTURES) for name in beyond
        ]
        if question.pictures:
            seeing = [f"`{model.called}`" for model in await catalog.all() if model.vision]
            question.able = ", ".join(seeing[:_NAMED])
        if not (question.message.text.strip() or question.pictures or question.texts):
            raise question.left_out.pop(0)

    async def _one(self, attachment: Attachment, platform: Platform) -> Picture | TextFile | FileLeftOut:
        try:
            if attachment.size > self.most:
                raise FileTooLarge("it says so", name=attachment.name, limit=_megabytes(self.most))
            async with self.slots:
                data = await platform.read(attachment, most=self.most)
                # A second of work for a large picture: beside the loop.
                return await asyncio.to_thread(_usable, attachment.name, data, shown=self.pictures)
        except FileLeftOut as error:
            log.info("a file was left out", reason=f"{type(error).__name__} {error}", size=attachment.size)
            return error


def too_large(attachment: Attachment, most: int) -> FileTooLarge:
    """The error for a file of which more than ``most`` bytes came."""
    return FileTooLarge("more came", name=attachment.name, limit=_megabytes(most))


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:g}"


def _usable(name: str, data: bytes, *, shown: bool) -> Picture | TextFile:
    """By its content, whatever its name says. A picture that is not ``shown`` is not opened. Raises FileLeftOut."""
    if not data:
        raise FileEmpty(name=name)
    if kind_of(data) is not None:
        try:
            return prepared(name, data) if shown else Picture(name, "")
        except PictureUnreadable as error:
            raise PictureUnusable(str(error), name=name) from error
    text = read_text(name, data)
    if text is None:
        raise FileUnusable(name=name)
    return text


def _bounded(texts: Sequence[TextFile]) -> list[TextFile]:
    """No more than ``textfiles.MOST`` characters of all together: counting them keeps the loop."""
    sizes = [len(file.text) for file in texts]
    return [
        replace(file, text=file.text[:kept])
        for file, kept in zip(texts, shares(sizes, MOST_TEXT), strict=True)
    ]
