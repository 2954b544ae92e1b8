"""The page's own channels: a list in a journal, so that every process and every page has the same."""

import secrets
from time import time

import msgspec

from adapters.web.refusals import NO_CHANNEL, Refusal
from adapters.web.transcript import Place
from core.store.journal import Journals

INDEX = "web:index"
_FRESH_S = 24 * 3600


class PageChannel(msgspec.Struct, frozen=True):
    id: str
    title: str


GENERAL = PageChannel("general", "general")
"""Always there."""

_channel = msgspec.json.Decoder(PageChannel)


class Channels:
    """Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, journals: Journals) -> None:
        self._journals = journals

    async def all(self) -> list[PageChannel]:
        """Oldest first."""
        found = {GENERAL.id: GENERAL}
        for entry in await self._journals.read(INDEX):
            channel = _channel.decode(entry.text)
            found.setdefault(channel.id, channel)
        return list(found.values())

    async def find(self, name: str) -> PageChannel:
        """The channel with the id ``name``. Raises Refusal."""
        for channel in await self.all():
            if channel.id == name:
                return channel
        raise Refusal(404, NO_CHANNEL)

    async def create(self, title: str) -> PageChannel:
        channel = PageChannel(secrets.token_hex(8), title)
        await self._journals.append(INDEX, msgspec.json.encode(channel).decode())
        return channel

    async def keep(self) -> None:
        """Somebody talks here: the list may not be forgotten before what is said.

        Journals are kept from their last entry on, and this one has none for as long as nobody makes a channel.
        """
        entries = await self._journals.read(INDEX)
        if entries and time() - Place.parse(entries[-1].id).ms / 1000 > _FRESH_S:
            await self._journals.append(INDEX, entries[-1].text)
            await self._journals.remove(INDEX, [entries[-1].id])
