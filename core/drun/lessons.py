"""What servers have said of their models when they refused a request, shared by all workers."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

import msgspec

from core.drun.chunks import UNREADABLE
from core.drun.endpoints import Endpoint
from core.drun.lists import SHELF_S, Shelf, shelf_name
from core.errors import StoreUnavailable

KEPT_S = 6 * 3600.0
"""How long a lesson lies on the shelf: a service may be made anew under its old id, with a larger window."""
_REFRESH_S = 60.0


class Lesson(msgspec.Struct, frozen=True):
    """What is known of one model at one endpoint from experience."""

    window: int | None = None
    """The smallest window that a refusal has named, in tokens."""
    completes: bool = False
    """It has refused to chat: it only continues texts."""

    def and_(self, other: "Lesson") -> "Lesson":
        windows = [each for each in (self.window, other.window) if each]
        return Lesson(min(windows, default=None), self.completes or other.completes)


_NOTHING = Lesson()
_kept = msgspec.json.Decoder(dict[str, Lesson])


class Lessons:
    """One text on the ``shelf`` for each endpoint, read now and then and written when something was learned.

    All of that is beside the questions. A lesson that is lost, or comes late, costs one more refused request, which
    teaches it again; without a shelf each process learns for itself.
    """

    def __init__(
        self, endpoints: Sequence[Endpoint], shelf: Shelf | None, *, now: Callable[[], float] = monotonic
    ) -> None:
        self._shelf = shelf
        self._now = now
        self._known: dict[Endpoint, dict[str, Lesson]] = {endpoint: {} for endpoint in endpoints}
        self._unshared: set[Endpoint] = set()
        self._due = float("-inf")
        self._work: asyncio.Task[None] | None = None

    def of(self, endpoint: Endpoint, model: str) -> Lesson:
        return self._known.get(endpoint, {}).get(model, _NOTHING)

    def learn(self, endpoint: Endpoint, model: str, lesson: Lesson) -> None:
        """Keeps it for this process at once, and for the others soon."""
        known, learned = self.of(endpoint, model), self.of(endpoint, model).and_(lesson)
        if learned == known:
            return
        self._known.setdefault(endpoint, {})[model] = learned
        self._unshared.add(endpoint)
        self._due = self._now()
        self.refresh()

    def refresh(self) -> None:
        """Begins to read what others have learned, if that is due. Nobody waits for it."""
        if self._shelf is None or self._now() < self._due or (self._work and not self._work.done()):
            return
        self._due = self._now() + _REFRESH_S
        self._work = asyncio.create_task(self._share(self._shelf), name="lessons of models")

    async def aclose(self) -> None:
        """Ends what is under way."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _share(self, shelf: Shelf) -> None:
        for endpoint in list(self._known):
            name = f"{shelf_name(endpoint)}:learned"
            try:
                async with asyncio.timeout(SHELF_S):
                    found = await shelf.get(name)
                    self._take(endpoint, found[0] if found else "")
                    while endpoint in self._unshared:
                        written = self._written(endpoint)
                        await shelf.put(name, written, kept_s=KEPT_S)
                        if written == self._written(endpoint):  # nothing was learned meanwhile
                            self._unshared.discard(endpoint)
            except (StoreUnavailable, TimeoutError):
                return  # the store says elsewhere that it is away; what is unshared is written next time

    def _take(self, endpoint: Endpoint, content: str) -> None:
        try:
            theirs = _kept.decode(content) if content else {}
        except UNREADABLE:
            return  # another version's
        ours = self._known[endpoint]
        for model, lesson in theirs.items():
            ours[model] = ours.get(model, _NOTHING).and_(lesson)

    def _written(self, endpoint: Endpoint) -> str:
        return msgspec.json.encode(self._known[endpoint]).decode()
