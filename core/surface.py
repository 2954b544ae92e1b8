"""What the engine asks of a platform."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.attached import Attached
from core.conversation import Attachment, Channel, Conversation, UserMessage
from core.pacing import Budget
from core.people import Person, Remark

NOTICE, REFUSAL, OUTAGE, FOLDED, ALONE = 900, 901, 902, 903, 904
"""Parts that are none of the reply's: no reply has so many. A notice of the wait becomes the reply's first message, and
what is folded follows the last one; the page shows it with the first. What is for the author alone is shown to nobody
else where the platform can do that; it cannot be found or changed."""


def stands_alone(part: int) -> bool:
    """``part`` continues no other one: it is shown as an answer to the question itself."""
    return part == 0 or part >= NOTICE


class Surface(Protocol):
    """Where one reply is shown.

    A reply is one message, or several where it is longer than ``limit``. All calls raise SurfaceError and nothing
    else. Text is Markdown as the model wrote it, its last code fence perhaps open; the surface makes its mentions
    inert, and shows whether it is ``final`` or more is to come (core.drawing does, where messages are edited).
    """

    @property
    def limit(self) -> int:
        """The most one message holds, in the unit of ``size``."""
        ...

    @property
    def posts(self) -> Budget:
        """What ``post`` draws on."""
        ...

    @property
    def edits(self) -> Budget:
        """What ``edit`` draws on."""
        ...

    @property
    def marks(self) -> Budget:
        """What ``mark`` draws on."""
        ...

    def size(self, text: str) -> int:
        """What ``text`` costs of ``limit`` once it is written in the platform's way."""
        ...

    async def post(self, part: int, text: str, *, final: bool) -> str:
        """Shows the reply's ``part``-th message (from 0), or one of those above, and returns the platform's id of it.

        After a SurfaceFailed it may have been shown all the same; posted again, it shows the newer text, once.
        """
        ...

    async def find(self, part: int) -> str | None:
        """The platform's id of the ``part``-th message if it was posted before; asked when that is not known.

        None where posting again is harmless. SurfaceGone where the bot may not look.
        """
        ...

    async def edit(self, message: str, text: str, *, final: bool) -> None:
        """Replaces what ``message`` shows."""
        ...

    async def withdraw(self, message: str) -> None:
        """Removes ``message``: a part of an earlier attempt that the reply no longer has."""
        ...

    async def fold(self, attached: Attached, *, message: str | None = None) -> str:
        """Shows ``attached`` folded, below the reply that is whole, and returns an id that ``withdraw`` takes.

        ``message`` is what ``find(FOLDED)`` has told: then it is written over. SurfaceGone: that cannot be done here.
        """
        ...

    async def mark(self, *, waiting: bool) -> None:
        """Shows at the question itself, small and quietly, that it waits; or no more.

        Nothing happens where it is so already, or where the question is gone. SurfaceGone: the bot may not do it here.
        """
        ...


class Platform(Protocol):
    """One platform, ready to show replies and able to listen."""

    @property
    def name(self) -> str:
        """The folder's name: the first part of every conversation of this platform."""
        ...

    @property
    def keeps(self) -> bool:
        """What could not be accepted comes again by itself: nobody has to write it twice."""
        ...

    @property
    def whispers(self) -> bool:
        """Its surfaces show ALONE to the author alone, also in a channel with others."""
        ...

    def direct(self, channel: Channel) -> bool:
        """In ``channel`` one person and the bot are among themselves."""
        ...

    def surface(self, message: UserMessage) -> Surface:
        """Where the reply to ``message`` is shown."""
        ...

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        """What is in a file that came with a message, read from the platform's own hosts and from nowhere else.

        Raises FileLeftOut when it cannot be had, or is of more than ``most`` bytes: whatever its size was said to be.
        """
        ...

    async def person(self, author: str, channel: Channel) -> Person:
        """Who ``author`` is where ``channel`` is, as the platform told within the last ten minutes.

        Never raises, asks once at most, and takes five seconds at most: then nothing is known.
        """
        ...

    async def earlier(self, message: UserMessage, *, most: int) -> Sequence[Remark]:
        """What was said in ``message``'s thread before it, oldest first, at most ``most``.

        Empty where there is no thread, and where the platform may not or cannot read now, which is logged. Never raises,
        tries once, and takes five seconds at most. The platform is asked each time: for the first question in a thread.
        """
        ...

    def spelled(self, command: str, conversation: Conversation) -> str:
        """How ``command`` is written in ``conversation``, for help texts."""
        ...

    def listening(self) -> AbstractAsyncContextManager[str]:
        """Hears people while it is open; yields where, in the words of the start-up line.

        Raises PlatformRefused when it cannot begin to.
        """
        ...
