"""What one worker has fetched and all may use: texts that may be lost at any time."""

from core.store.connection import Connections, translating
from core.store.keys import PREFIX


class Shelf:
    """Texts by name, kept for a while. Both methods raise StoreUnavailable when Redis does not answer.

    Each name is a key of its own, and each command names one key: they may lie anywhere on a Cluster.
    """

    def __init__(self, connections: Connections, kind: str) -> None:
        self._routes = connections.routes
        self._kind = kind

    @translating
    async def get(self, name: str) -> tuple[str, float] | None:
        """What lies at ``name``, and for how many seconds it has lain there; None: nothing."""
        key = self._key(name)
        # Its age is read from the server's clock: those of the workers may differ.
        found, left_ms = await self._routes.send(key, ("GET", key), ("PTTL", key), again=True)
        kept_ms, _, content = str(found or "").partition("\n")
        if not kept_ms.isdecimal():
            return None
        return content, max(0.0, (int(kept_ms) - left_ms) / 1000)

    @translating
    async def put(self, name: str, content: str, *, kept_s: float) -> None:
        """Lays ``content`` there for ``kept_s`` seconds."""
        key, kept_ms = self._key(name), int(kept_s * 1000)
        await self._routes.send(key, ("SET", key, f"{kept_ms}\n{content}", "PX", kept_ms), again=True)

    def _key(self, name: str) -> str:
        return f"{PREFIX}:{self._kind}:{name}"
