"""What each endpoint lists: read in the background, shared by all workers, and kept when the endpoint is away."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic
from typing import Protocol

import structlog

from core.drun.client import ModelClient
from core.drun.endpoints import Endpoint
from core.drun.listing import Listed, pack, unpack
from core.errors import ModelError, StoreUnavailable

KEPT_S = 7 * 24 * 3600.0
"""How long a list is kept for those who start while its endpoint is away."""
_RETRY_S = 15.0
"""How long a list that could not be read is not asked for again, nor one that was just read on demand."""
SHELF_S = 1.0
"""How long the shelf may take: a list is worth less than the store's own patience."""

log = structlog.get_logger()


class Shelf(Protocol):
    """Where lists are shared. Both raise StoreUnavailable."""

    async def get(self, name: str) -> tuple[str, float] | None:
        """What lies there, and for how many seconds; None: nothing."""
        ...

    async def put(self, name: str, content: str, *, kept_s: float) -> None: ...


@dataclass(slots=True, eq=False)
class _Place:
    """One endpoint's list."""

    listed: Sequence[Listed] | None = None
    due: float = float("-inf")
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """There is a list, or it was tried to have one."""
    reading: asyncio.Task[None] | None = None
    wanted_at: float = float("-inf")
    """When somebody last wanted it read at once."""

    @property
    def busy(self) -> bool:
        return self.reading is not None and not self.reading.done()


class Lists:
    """The lists of all ``endpoints``; each is believed for ``ttl_s`` seconds."""

    def __init__(
        self, client: ModelClient, endpoints: Sequence[Endpoint], *, ttl_s: float, shelf: Shelf | None
    ) -> None:
        self._client = client
        self._ttl_s = ttl_s
        self._shelf = shelf
        self._places = {endpoint: _Place() for endpoint in endpoints}
        self.problems: dict[Endpoint, ModelError] = {}
        """Why an endpoint's list could not be read last time."""

    def of(self, endpoint: Endpoint) -> Sequence[Listed] | None:
        """What ``endpoint`` listed last; None: nobody knows."""
        return self._places[endpoint].listed

    async def settle(self) -> None:
        """Begins to read what is old, and waits only for an endpoint of which nothing was ever known."""
        for endpoint, place in self._places.items():
            if not place.busy and monotonic() >= place.due:
                self._begin(endpoint, place, live=False)
        for place in self._places.values():
            await place.asked.wait()

    async def reread(self) -> None:
        """Reads all lists from their endpoints now."""
        for endpoint, place in self._places.items():
            await self._live(endpoint, place)
        await self._done(*self._places.values())

    async def doubt(self, endpoint: Endpoint) -> None:
        """What ``endpoint`` lists is wrong: it is read again at once, but not once for each who says so."""
        place = self._places[endpoint]
        if monotonic() - place.wanted_at >= _RETRY_S:
            place.wanted_at = monotonic()
            await self._live(endpoint, place)
        await self._done(place)

    async def aclose(self) -> None:
        """Ends the readings that may be under way."""
        readings = [place.reading for place in self._places.values() if place.reading is not None]
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)

    async def _live(self, endpoint: Endpoint, place: _Place) -> None:
        await self._done(place)  # what is under way may have begun too early, or read the shelf
        if not place.busy:
            self._begin(endpoint, place, live=True)

    async def _done(self, *places: _Place) -> None:
        # Waiting for a task does not cancel it with who waits: others may wait as well.
        if readings := [place.reading for place in places if place.reading is not None]:
            await asyncio.wait(readings)

    def _begin(self, endpoint: Endpoint, place: _Place, *, live: bool) -> None:
        place.reading = asyncio.create_task(self._read(endpoint, place, live=live), name="model list")

    async def _read(self, endpoint: Endpoint, place: _Place, *, live: bool) -> None:
        try:
            if live or not await self._found_on_shelf(endpoint, place):
                await self._ask(endpoint, place)
        finally:
            place.asked.set()

    async def _found_on_shelf(self, endpoint: Endpoint, place: _Place) -> bool:
        """Whether another worker has read the list of late. An older one serves whoever knows none."""
        found = await self._shelved(endpoint)
        listed = unpack(found[0]) if found else None
        if found is None or listed is None:
            return False
        fresh_s = self._ttl_s - found[1]
        if place.listed is None or fresh_s > 0:
            place.listed = listed
            place.asked.set()
        if fresh_s > 0:
            place.due = monotonic() + fresh_s
            self.problems.pop(endpoint, None)
        return fresh_s > 0

    async def _ask(self, endpoint: Endpoint, place: _Place) -> None:
        try:
            place.listed = await self._client.models(endpoint)
        except ModelError as error:
            place.due = monotonic() + _RETRY_S
            if endpoint not in self.problems:
                log.warning("a model list could not be read", endpoint=endpoint.host, reason=str(error))
            self.problems[endpoint] = error
            return
        place.due = monotonic() + self._ttl_s
        place.asked.set()
        self.problems.pop(endpoint, None)
        await self._share(endpoint, place.listed)

    async def _shelved(self, endpoint: Endpoint) -> tuple[str, float] | None:
        if self._shelf is None:
            return None
        try:
            async with asyncio.timeout(SHELF_S):
                return await self._shelf.get(shelf_name(endpoint))
        except (StoreUnavailable, TimeoutError):
            return None  # the lists work without it, and the store says elsewhere that it is away

    async def _share(self, endpoint: Endpoint, listed: Sequence[Listed]) -> None:
        if self._shelf is None:
            return
        try:
            async with asyncio.timeout(SHELF_S):
                await self._shelf.put(shelf_name(endpoint), pack(listed), kept_s=KEPT_S)
        except (StoreUnavailable, TimeoutError):
            pass  # the same


def shelf_name(endpoint: Endpoint) -> str:
    """Another key may be shown other models (d.run filters by it); neither it nor the address can be read from this."""
    return sha256(f"{endpoint.base_url}\n{endpoint.key}".encode()).hexdigest()[:32]
