"""``drun-chat turns``: what waits, what is being answered, and what was given up."""

import json
import unicodedata
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import typer

from bots.compose import store_url
from bots.logs import redacted
from bots.settings import StoreSettings
from core.conversation import UserMessage
from core.errors import StoreUnavailable
from core.store.claims import Parked
from core.store.connection import connect
from core.store.parked import GivenUp, ParkedTurns
from core.store.standing import Standing, settled_partitions, standing

_WORDS = 40
"""Of a question, in columns of a terminal."""
_UNREADABLE = "(this version cannot read it)"
_HEADS = ("ID", "WHEN", "WHERE", "WHO", "QUESTION", "WHY")


class NotDone(Exception):
    """What was asked for could not be done; ``str(error)`` says why."""


@dataclass(frozen=True, slots=True)
class _Store:
    parked: ParkedTurns
    standing: Callable[[], Awaitable[Standing]]


async def show(settings: StoreSettings, *, as_json: bool) -> None:
    """Prints what there is. Raises NotDone when the store does not answer, and what ``store_url`` raises."""
    async with _opened(settings) as store:
        given_up, now = await store.parked.all(), await store.standing()
    typer.echo(_json(given_up, now) if as_json else _text(given_up, now))


async def requeue(settings: StoreSettings, which: str) -> None:
    """Lets turns be tried again. Raises as ``show`` does, and NotDone for an id that is not among them."""
    async with _opened(settings) as store:
        count = await _each(store, which, store.parked.requeue)
    typer.echo(f"{_counted(count)} tried again.")


async def drop(settings: StoreSettings, which: str) -> None:
    """Removes turns for good. Raises as ``requeue`` does."""
    async with _opened(settings) as store:
        count = await _each(store, which, store.parked.drop)
    typer.echo(f"{_counted(count)} removed.")


@asynccontextmanager
async def _opened(settings: StoreSettings) -> AsyncGenerator[_Store, None]:
    async with (
        store_url(settings) as url,
        connect(url, wait_replicas=settings.wait_replicas, seal=settings.seal()) as connections,
    ):
        try:
            # What Redis itself knows; nothing has to be set here but where it is.
            partitions = await settled_partitions(connections) or settings.partitions
            parked = ParkedTurns(connections, partitions=partitions)
            yield _Store(parked, lambda: standing(connections, partitions))
        except StoreUnavailable as error:
            raise NotDone(f"The store does not answer, see REDIS_URL: {error}") from error


async def _each(store: _Store, which: str, act: Callable[[Parked], Awaitable[bool]]) -> int:
    """To how many of the turns that ``which`` names it was done: all, or the one with that id."""
    turns = [each.turn for each in await store.parked.all() if which in {"all", each.turn.id}]
    if which != "all" and not turns:
        raise NotDone(f"No turn that was given up has the id {which!r}; `drun-chat turns` lists them.")
    # In the order in which they were given up, so that those of one conversation keep theirs.
    return sum([await act(turn) for turn in turns])


def _counted(count: int) -> str:
    return "1 turn is" if count == 1 else f"{count} turns are"


def _json(given_up: Sequence[GivenUp], now: Standing) -> str:
    turns = [{name: _clean(value) for name, value in _told(each).items()} for each in given_up]
    numbers = {
        "conversations_waiting": now.waiting,
        "conversations_answered": now.answered,
        "turns_waiting": now.turns,
        "turns_waiting_is_less_than_all": now.more_turns,
    }
    return json.dumps({"given_up": turns, **numbers}, indent=2, ensure_ascii=False)


def _told(each: GivenUp) -> dict[str, Any]:
    messages = _read(each.turn)
    return {
        "id": each.turn.id,
        "at": each.at.isoformat(),
        "conversation": each.turn.conversation,
        "authors": [message.author for message in messages],
        "questions": [message.text for message in messages],
        "readable": bool(messages),
        "reason": each.turn.reason,
    }


def _clean(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return redacted(value) if isinstance(value, str) else value


def _read(turn: Parked) -> Sequence[UserMessage]:
    """Its messages; none when this version cannot read them."""
    try:
        return turn.read()
    except ValueError:
        return []


def _text(given_up: Sequence[GivenUp], now: Standing) -> str:
    rows = [_HEADS, *map(_row, given_up)] if given_up else []
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_padded, row, widths)).rstrip() for row in rows]
    most = "more than " if now.more_turns else ""
    return "\n".join(
        [
            *(lines or ["Nothing was given up."]),
            f"Conversations waiting: {now.waiting}, being answered: {now.answered}; turns waiting: {most}{now.turns}.",
        ]
    )


def _row(each: GivenUp) -> tuple[str, ...]:
    messages = _read(each.turn)
    authors = ", ".join(dict.fromkeys(message.author for message in messages))
    cells = (
        each.turn.id,
        each.at.astimezone().strftime("%Y-%m-%d %H:%M"),
        each.turn.conversation,
        authors or "?",
        _cut(_line(" / ".join(message.text for message in messages)), _WORDS) if messages else _UNREADABLE,
        each.turn.reason,
    )
    return tuple(_line(cell) for cell in cells)


def _line(text: str) -> str:
    """``text`` as one line, without secrets, and without what would move a terminal's cursor."""
    line = " ".join(redacted(text).split())
    return "".join(letter if letter.isprintable() else "�" for letter in line)


def _cut(text: str, columns: int) -> str:
    if _width(text) <= columns:
        return text
    kept = text
    while _width(kept) > columns - 1:
        kept = kept[: columns if len(kept) > columns else -1]
    return kept.rstrip() + "…"


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - _width(text))


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two, an accent that stands on a letter none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
