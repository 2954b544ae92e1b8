"""Sending commands to the server that has their key, also while that is becoming another server."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.commands.cluster import READ_COMMANDS
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.store.masters import Masters, Server

Command = Sequence[str | int | float]

# redis-py counts MASTERDOWN as a CLUSTERDOWN, and MOVED as an ASK.
_ANOTHER_MASTER = (AskError, ClusterDownError, ReadOnlyError, TryAgainError)
# Nobody knows whether the server had carried out what it was sent.
_UNKNOWN = (RedisConnectionError, RedisTimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class _Failure:
    """What another master may not tell. ``undone``: surely nothing was carried out."""

    error: Exception
    undone: bool


class Routes:
    """One way to every server."""

    def __init__(self, masters: Masters) -> None:
        self.masters = masters

    async def send(
        self, key: str, *commands: Command, blocking: bool = False, again: bool = False, **options: Any
    ) -> list[Any]:
        """The replies to ``commands``, sent together on one connection to the server that has ``key``.

        What a server refuses because another one is the master now goes to that one, a bounded number of times.
        ``again`` says that ``commands`` may be carried out twice: only then they are repeated when nobody knows
        whether they were. Raises RedisError or OSError.
        """
        asking: Server | None = None
        for pause in (*self.masters.pauses, None):
            outcome = await self._once(key, commands, options, asking, blocking=blocking)
            if not isinstance(outcome, _Failure):
                return outcome
            if pause is None or not (again or outcome.undone):
                self.masters.doubt()
                raise outcome.error
            asking = await self._redirected(outcome.error, pause)
        raise AssertionError("the last try returns or raises")

    async def _once(
        self,
        key: str,
        commands: Sequence[Command],
        options: dict[str, Any],
        asking: Server | None,
        *,
        blocking: bool,
    ) -> "list[Any] | _Failure":
        """Raises what another try would not change."""
        try:
            to = asking or await self.masters.of(key)
        except (RedisError, OSError) as error:
            return _Failure(error, undone=True)
        try:
            replies = await _exchange(
                to.wait if blocking else to.ask, commands, options, asking=asking is not None
            )
        except _UNKNOWN as error:
            return _Failure(error, undone=False)
        except BaseException:
            # Cancelled: that is how a server that says nothing is noticed, see ``translating``. What blocks is
            # cancelled for other reasons, as when somebody closes a page.
            if not blocking:
                self.masters.doubt()
            raise
        for at, reply in enumerate(replies):
            if isinstance(reply, ResponseError):
                if not _elsewhere(reply):
                    raise reply
                if isinstance(reply, ReadOnlyError):
                    # Behind one address there may be another server by now.
                    await to.ask.connection_pool.disconnect(inuse_connections=False)
                return _Failure(reply, undone=at == 0)
        return replies

    async def _redirected(self, refusal: Exception, pause: float) -> Server | None:
        """The server to ask just this once; None: the one that is found by the key."""
        if isinstance(refusal, MovedError):
            # At once, and only this slot: a server that has not heard of the move yet would tell the old place.
            self.masters.moved(refusal.slot_id, await self.masters.at(refusal.host, refusal.port))
            return None
        if isinstance(refusal, AskError):
            return await self.masters.at(refusal.host, refusal.port)
        self.masters.doubt()
        await asyncio.sleep(pause)
        return None


async def _exchange(
    redis: Any, commands: Sequence[Command], options: dict[str, Any], *, asking: bool
) -> list[Any]:
    """Replies in their order, refusals among them. ``redis`` is a Redis; its methods are not typed."""
    if len(commands) == 1 and not asking:
        try:
            return [await redis.execute_command(*commands[0], **options)]
        except ResponseError as refusal:
            return [refusal]
    async with redis.pipeline(transaction=False) as pipe:
        for command in [*([("ASKING",)] if asking else []), *commands]:
            pipe.execute_command(*command, **(options if command in commands else {}))
        replies: list[Any] = await pipe.execute(raise_on_error=False)
    return replies[int(asking) :]


def _elsewhere(refusal: ResponseError) -> bool:
    # Redis and Valkey: a blocked client of a master that becomes a replica is told UNBLOCKED.
    return isinstance(refusal, _ANOTHER_MASTER) or str(refusal).startswith("UNBLOCKED")


class Routed(Redis):
    """redis-py's commands, each sent to the server that has its key; for several at once there is ``Routes.send``."""

    def __init__(self, routes: Routes, *, blocking: bool) -> None:
        super().__init__(decode_responses=True)
        self._routes = routes
        self._blocking = blocking

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        again = args[0] in READ_COMMANDS
        (reply,) = await self._routes.send(_key(args), args, blocking=self._blocking, again=again, **options)
        return reply

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Any:
        raise NotImplementedError("commands of one pipeline may belong to several servers: Routes.send")

    def pubsub(self, **kwargs: Any) -> Any:
        raise NotImplementedError("a subscription is one server's: Connections.subscribe")


def _key(command: Sequence[Any]) -> str:
    """The first key that ``command`` names; empty when it names none, and any server will do."""
    if command[0] in {"XREAD", "XREADGROUP"}:
        return str(command[list(command).index(b"STREAMS") + 1])
    return str(command[1]) if len(command) > 1 else ""
