"""A master and its replica, watched by three sentinels."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bots.embedded.store import find_server
from tests.core.store.servers import Server, command, free_ports, started
from tests.core.store.talk import eventually

DOWN_AFTER_MS = 600
SENTINEL_PASSWORD = "sentinels' own /@:"
DATA_PASSWORD = "the data's own /@:#?"
SERVICE = "drun"

# Sentinels talk every two seconds, and ask every ten. Not faster than this: one that hears nothing new in four of its
# periods turns a promoted replica back, and the one that promotes looks only once a second.
_SOON = ("PUBLISH-PERIOD", 400, "PING-PERIOD", 100, "INFO-PERIOD", 200, "ASK-PERIOD", 100)


@dataclass(frozen=True, slots=True)
class Watched:
    """A master and its replica, which three sentinels watch. Sentinels and servers have a password each."""

    servers: Sequence[Server]
    sentinels: Sequence[Server]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels)
        own = quote(SENTINEL_PASSWORD, safe="")
        data = quote(DATA_PASSWORD, safe="")
        return f"redis+sentinel://:{data}@{hosts}/{SERVICE}/0?sentinel_password={own}"

    async def master(self) -> Server:
        """The one that all sentinels name."""

        found = await eventually(self._agreed)
        assert found
        return found

    async def master_but(self, lost: Server) -> Server:
        """The one that all sentinels name, once it is not ``lost``."""

        async def another() -> Server | None:
            found = await self._agreed()
            return None if found is lost else found

        found = await eventually(another)
        assert found
        return found

    async def _agreed(self) -> Server | None:
        found: Any = await asyncio.gather(
            *(each.redis.sentinel_get_master_addr_by_name(SERVICE) for each in self.sentinels)
        )
        named = {int(port) for _, port in found}
        return next((each for each in self.servers if named == {each.port}), None)

    async def flush(self) -> None:
        await asyncio.gather(*(each.flush() for each in self.servers))


@asynccontextmanager
async def watched(folder: Path) -> AsyncGenerator[Watched, None]:
    ports = free_ports(5)
    secret = ("--requirepass", DATA_PASSWORD, "--masterauth", DATA_PASSWORD)
    folders = [folder / str(port) for port in ports]
    data = [
        Server(folders[0], ports[0], command(*secret, port=ports[0]), DATA_PASSWORD),
        Server(
            folders[1],
            ports[1],
            command(*secret, "--replicaof", f"127.0.0.1 {ports[0]}", port=ports[1]),
            DATA_PASSWORD,
        ),
    ]
    sentinels = [
        Server(
            where,
            port,
            (str(find_server()), str(_sentinel_file(where, port, ports[0])), "--sentinel"),
            SENTINEL_PASSWORD,
        )
        for where, port in zip(folders[2:], ports[2:], strict=True)
    ]
    async with AsyncExitStack() as stack:
        await started(stack, data)
        await eventually(data[1].is_synced)
        await started(stack, sentinels)
        for sentinel in sentinels:
            await sentinel.run("SENTINEL", "DEBUG", *_SOON)
        for sentinel in sentinels:
            await eventually(_knows_all(sentinel))
        yield Watched(data, sentinels)


def _sentinel_file(folder: Path, port: int, master: int) -> Path:
    folder.mkdir()
    file = folder / "sentinel.conf"
    file.write_text(
        f'port {port}\nbind 127.0.0.1\nrequirepass "{SENTINEL_PASSWORD}"\n'
        f'sentinel sentinel-pass "{SENTINEL_PASSWORD}"\n'
        f"sentinel monitor {SERVICE} 127.0.0.1 {master} 2\n"
        f'sentinel auth-pass {SERVICE} "{DATA_PASSWORD}"\n'
        f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
        f"sentinel failover-timeout {SERVICE} 2000\n"
    )
    return file


def _knows_all(sentinel: Server) -> Callable[[], Awaitable[bool]]:
    async def knows() -> bool:
        state: Any = await sentinel.redis.sentinel_master(SERVICE)
        return (int(state["num-other-sentinels"]), int(state["num-slaves"])) == (2, 1)

    return knows
