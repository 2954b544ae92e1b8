"""Several models answer the same question: one reply with a section for each of them.

All are read at once. The first section is shown as it is written, and each further one when those before it have ended:
so it is one reply, which whoever takes over writes over as any other.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

import structlog

from core.answering import Answering, Means
from core.attached import Attached
from core.cascade import Chosen, Level
from core.conversation import Turn, Usage
from core.errors import SurfaceGone
from core.hold import Hold
from core.memory.surroundings import Surroundings
from core.showing import Showing
from core.splitting import closed
from core.surface import Platform
from core.texts import Language

_JOINED = " + "
"""Stands between the names of models. Ids hold no space."""

log = structlog.get_logger()


def models_of(turn: Turn) -> tuple[str, ...]:
    """Who gave the answer of ``turn``, where there were several; else nobody."""
    models = tuple(turn.model.split(_JOINED))
    return models if len(models) > 1 else ()


def with_model(chosen: Chosen, model: str) -> Chosen:
    """``chosen``, but for who answers; and thoughts are not shown in full, as a section has no room of its own for them."""
    nearest = {**chosen.layers.get(Level.THREAD, {}), "model": model}
    if chosen["thinking"] == "full":
        nearest["thinking"] = "summary"
    return Chosen({**chosen.layers, Level.THREAD: nearest})


@dataclass(slots=True)
class Comparing:
    """One turn. Each model's share is counted by itself, also in budgets."""

    means: Means
    hold: Hold
    platform: Platform
    chosen: Chosen
    language: Language
    models: Sequence[str]
    known: Surroundings | None = None
    payer: str = ""
    answering: list[Answering] = field(init=False)

    def __post_init__(self) -> None:
        self.answering = [self._answering(number, model) for number, model in enumerate(self.models)]

    def _answering(self, number: int, model: str) -> Answering:
        claim = self.hold.claim
        # A name of its own for what it costs; the first has the turn's.
        id_ = f"{claim.message.message_id}/{number}" if number else claim.message.message_id
        own = replace(claim, messages=(replace(claim.message, message_id=id_),))
        chosen, hold = with_model(self.chosen, model), Hold(own, self.hold.stopping)
        return Answering(
            self.means, hold, self.platform, chosen, self.language, known=self.known, payer=self.payer
        )

    @property
    def model(self) -> str:
        """All of them, those that were asked by their ids."""
        pairs = zip(self.answering, self.models, strict=True)
        return _JOINED.join(each.model or name for each, name in pairs)

    @property
    def said(self) -> bool:
        """Any of them has said something that stands."""
        return any(each.said for each in self.answering)

    @property
    def notices(self) -> Sequence[str]:
        """What was said below the answers, or instead of them; once each."""
        return tuple(dict.fromkeys(each.reply.note for each in self.answering if each.reply.note))

    async def show(self, delivery: Showing) -> Turn | None:
        """As ``Answering.show``. Nothing to remember only where budgets refused all."""
        board = Board(delivery, self.models)
        gone = False
        try:
            async with delivery:
                turns = await _together(
                    [each.show(board.section(n)) for n, each in enumerate(self.answering)]
                )
                await delivery.finish()
        except SurfaceGone as error:
            where = str(self.hold.claim.conversation)
            log.warning("a comparison could not be shown", conversation=where, reason=str(error))
            gone, turns = True, []
        found = [turn for turn in turns if turn is not None]
        if not found and not gone:
            return None
        claim, first = self.hold.claim, self.answering[0]
        replies = [turn.reply if turn else "" for turn in turns]
        turn = Turn(
            claim.message.author,
            first.reply.question.kept(),
            board.shown if gone or not any(replies) else _written(self.models, replies),
            complete=not gone and all(turn is not None and turn.complete for turn in turns),
            id=claim.message.turn_id,
            model=self.model,
            usage=_sum([turn.usage for turn in found if turn.usage]),
            messages=tuple(delivery.messages),
        )
        return first.around.part_of(turn if any(replies) or gone else replace(turn, reply=""))

    async def remember(self, turn: Turn | None) -> None:
        """As ``Answering.remember``, with the thoughts of the last one that had any."""
        first, *others = self.answering
        await first.remember(turn)
        for each in others:
            await each.remember(None)


class Board:
    """All sections of one reply, in their order."""

    def __init__(self, delivery: Showing, names: Sequence[str]) -> None:
        self.delivery = delivery
        self._sections = [Section(self, name) for name in names]
        self._open = -1
        self._written: list[str] = []
        self._go_on()

    def section(self, number: int) -> "Section":
        return self._sections[number]

    @property
    def shown(self) -> str:
        """What the platform shows of what was written."""
        return "".join(self._written)[: self.delivery.shown]

    def is_open(self, section: "Section") -> bool:
        return self._open < len(self._sections) and section is self._sections[self._open]

    def write(self, text: str) -> None:
        self._written.append(text)
        self.delivery.add(text)

    def ended(self, section: "Section") -> None:
        if self.is_open(section):
            self._go_on()

    def write_anew(self) -> None:
        """What one of them said does not hold."""
        self.delivery.start_over()
        self._written.clear()
        self._open = -1
        self._go_on()

    def _go_on(self) -> None:
        """Opens the next section, and those behind it as long as they are whole."""
        while self._open < len(self._sections):
            self._open += 1
            if self._open == len(self._sections):
                return
            section = self._sections[self._open]
            self.write(section.written(first=self._open == 0))
            if not section.whole:
                return


class Section:
    """One model's part of the reply, written as if it were a reply of its own."""

    def __init__(self, board: Board, name: str) -> None:
        self._board = board
        self._name = name
        self._text: list[str] = []
        self.whole = False

    @property
    def writer(self) -> asyncio.Task[None]:
        return self._board.delivery.writer

    @property
    def messages(self) -> list[str]:
        return []

    @property
    def shown(self) -> int:
        return sum(map(len, self._text))

    def written(self, *, first: bool) -> str:
        """From its heading on, as far as it came."""
        return ("" if first else "\n\n") + _heading(self._name) + "".join(self._text)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The reply goes on."""

    def add(self, text: str) -> None:
        self._text.append(text)
        if self._board.is_open(self):
            self._board.write(text)

    def announce(self, placeholder: str) -> None:
        """That one of several thinks is not shown: the others write."""

    def start_over(self) -> None:
        self._text.clear()
        self._board.write_anew()

    async def finish(self, note: str = "") -> None:
        text = "".join(self._text).rstrip()
        # What follows must not be shown as code.
        rest = closed(text)[len(text) :]
        if note:
            rest += f"\n\n{note}" if text else note
        self.add(rest)
        self.whole = True
        self._board.ended(self)

    async def append(self, attached: Attached | None) -> None:
        """Nothing is shown beside a section."""


async def _together(shows: Sequence[Coroutine[Any, Any, Turn | None]]) -> list[Turn | None]:
    tasks = [asyncio.create_task(each) for each in shows]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _heading(name: str) -> str:
    return f"**{name}**\n\n"


def _written(names: Sequence[str], replies: Sequence[str]) -> str:
    """The answers as the history keeps them: named, and without what was said below them."""
    return "\n\n".join(_heading(name) + reply for name, reply in zip(names, replies, strict=True))


def _sum(usages: Sequence[Usage]) -> Usage | None:
    if not usages:
        return None
    thought = [usage.reasoning_tokens for usage in usages if usage.reasoning_tokens is not None]
    return Usage(
        sum(usage.prompt_tokens for usage in usages),
        sum(usage.completion_tokens for usage in usages),
        sum(thought) if thought else None,
        estimated=any(usage.estimated for usage in usages),
        reasoning_estimated=any(usage.reasoning_estimated for usage in usages),
    )
