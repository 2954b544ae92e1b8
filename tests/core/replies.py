"""Making replies, and knowing what they have to show in the end."""

import re
from collections.abc import Sequence

from core.delivery import Delivery
from core.drawing import WRITING
from core.splitting import closed, cut
from tests.fakes.surface import FakeSurface

WORD = re.compile(r"w\d+")


async def no_checkpoint(messages: Sequence[str]) -> None:
    pass


def deliver(
    surface: FakeSurface, messages: Sequence[str] = (), placeholder: str = "Thinking…", *, again: bool = False
) -> Delivery:
    return Delivery(
        surface,
        check=lambda: None,
        checkpoint=no_checkpoint,
        messages=messages,
        again=again,
        placeholder=placeholder,
    )


def expected(surface: FakeSurface, text: str, note: str = "") -> list[str]:
    """The messages that show the whole ``text`` and then ``note``."""
    room = surface.limit - surface.size(f"\n{WRITING}")
    sealed = []

    def seal(part: str) -> str:
        while (made := cut(part, room, surface.size)) is not None:
            sealed.append(made.head)
            part = made.opening + part[made.at :]
        return part

    part = seal(text)
    if note:
        part = seal(f"{closed(part.rstrip())}\n\n{note}" if part.strip() else note)
    return [*sealed, closed(part.rstrip())]


def told(surface: FakeSurface) -> list[tuple[float, str]]:
    return [(write.at, write.text) for write in surface.writes]
