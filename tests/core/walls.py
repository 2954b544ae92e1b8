"""A platform in memory on which every message has an id of its own: whoever knows it may write over it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from core.attached import Attached
from core.conversation import Attachment, Channel, Conversation, UserMessage
from core.drawing import drawn
from core.errors import FileLeftOut, SurfaceGone
from core.pacing import Budget
from core.people import UNKNOWN, Person, Remark
from core.surface import Surface


@dataclass(slots=True)
class Wall:
    """All messages of the bot, in the order in which they were posted."""

    name: str = "slack"
    keeps: bool = True
    whispers: bool = False
    limit: int = 2000
    shown: dict[str, str] = field(default_factory=dict)
    folded: list[str] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def texts(self) -> list[str]:
        return list(self.shown.values())

    def surface(self, message: UserMessage) -> Surface:
        return WallSurface(self)

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        raise FileLeftOut("there are none", name=attachment.name)

    def direct(self, channel: Channel) -> bool:
        return False

    async def person(self, author: str, channel: Channel) -> Person:
        return UNKNOWN

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        return ()

    def spelled(self, command: str, conversation: Conversation) -> str:
        return f"/{command}"

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str, None]:
        yield "a wall"


@dataclass(slots=True)
class WallSurface:
    wall: Wall
    posts: Budget = field(default_factory=lambda: Budget(1000, 1.0))
    edits: Budget = field(default_factory=lambda: Budget(1000, 1.0))
    marks: Budget = field(default_factory=lambda: Budget(1000, 1.0))

    @property
    def limit(self) -> int:
        return self.wall.limit

    def size(self, text: str) -> int:
        return len(text)

    async def post(self, part: int, text: str, *, final: bool) -> str:
        message = f"p{next(self.wall.numbers)}"
        self.wall.shown[message] = drawn(text, final=final)
        return message

    async def find(self, part: int) -> str | None:
        return None

    async def edit(self, message: str, text: str, *, final: bool) -> None:
        if message not in self.wall.shown:
            raise SurfaceGone("message_not_found")
        self.wall.shown[message] = drawn(text, final=final)

    async def withdraw(self, message: str) -> None:
        if self.wall.shown.pop(message, None) is None:
            raise SurfaceGone("message_not_found")

    async def fold(self, attached: Attached, *, message: str | None = None) -> str:
        self.wall.folded.append(attached.whole)
        return "folded"

    async def mark(self, *, waiting: bool) -> None:
        pass
