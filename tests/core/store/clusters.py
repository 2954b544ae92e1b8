"""Three masters with a replica each."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from tests.core.store.servers import Server, command, free_ports, started
from tests.core.store.talk import eventually


@dataclass(frozen=True, slots=True)
class Clustered:
    """Three masters, and a replica for each."""

    servers: Sequence[Server]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{each.port}" for each in self.servers[:3])

    def at(self, port: int) -> Server:
        return next(each for each in self.servers if each.port == port)

    async def master_of(self, key: str) -> Server:
        """The master that has ``key``, by whoever answers; it may be dead."""
        for each in self.servers:
            try:
                slot = await each.run("CLUSTER KEYSLOT", key)
                for first, last, master, *_ in await each.run("CLUSTER SLOTS"):
                    if first <= slot <= last:
                        return self.at(master[1])
            except RedisError:
                continue
        raise AssertionError("no server of the Cluster answers")

    async def replica_of(self, master: Server) -> Server:
        (found,) = [
            each
            for each in self.servers
            if each is not master and (await each.info()).get("master_port") == master.port
        ]
        return found

    async def flush(self, *, scripts: bool = False) -> None:
        await asyncio.gather(*(each.flush(scripts=scripts) for each in self.servers))

    @asynccontextmanager
    async def newly(self) -> AsyncGenerator["Clustered", None]:
        """With clients of this event loop: one that lasts longer than a test was made in another."""
        servers = [Server(each.folder, each.port, each.command) for each in self.servers]
        try:
            yield Clustered(servers)
        finally:
            for each in servers:
                await each.redis.aclose()

    async def is_well(self) -> bool:
        """All servers agree that every slot has a master that all replicas follow."""
        for each in self.servers:
            try:
                state = await each.run("CLUSTER INFO")
                nodes = await each.run("CLUSTER NODES")
                synced = (await each.info())["role"] == "master" or await each.is_synced()
            except RedisError:
                return False
            if state["cluster_state"] != "ok" or len(nodes) != len(self.servers) or not synced:
                return False
        return True


@asynccontextmanager
async def clustered(folder: Path, *more: str) -> AsyncGenerator[Clustered, None]:
    ports = free_ports(12)
    servers = [
        Server(
            folder / str(port),
            port,
            command(
                *("--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "1000"),
                *("--cluster-replica-validity-factor", "0", *more),
                port=port,
            ),
        )
        for port, bus in zip(ports[:6], ports[6:], strict=True)
    ]
    async with AsyncExitStack() as stack:
        await started(stack, servers)
        cluster = Clustered(servers)
        await _form(cluster, ports)
        await eventually(cluster.is_well, 30)
        yield cluster


async def _form(cluster: Clustered, ports: Sequence[int]) -> None:
    first, *others = cluster.servers
    masters = cluster.servers[:3]
    for number, master in enumerate(masters):
        await master.run("CLUSTER SET-CONFIG-EPOCH", number + 1)
        await master.run("CLUSTER ADDSLOTSRANGE", 16384 * number // 3, 16384 * (number + 1) // 3 - 1)
    for other, bus in zip(others, ports[7:12], strict=True):
        await first.run("CLUSTER MEET", "127.0.0.1", other.port, bus)
    for replica, master in zip(cluster.servers[3:], masters, strict=True):
        name = await master.run("CLUSTER MYID")
        await eventually(_replicates(replica, name))


def _replicates(replica: Server, master: str) -> Callable[[], Awaitable[bool]]:
    async def replicates() -> bool:
        try:
            await replica.run("CLUSTER REPLICATE", master)
        except RedisError:
            return False  # it has not heard of its master yet
        return True

    return replicates
