"""The private store: real servers, real processes, real kills."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bots.embedded.store import StoreUnavailable, find_server, private_store

# Another bot on the same data directory: says the URL, and leaves when its standard input ends.
BOT = """
import asyncio, sys
from pathlib import Path
from bots.embedded.store import private_store

async def main():
    async with private_store(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@asynccontextmanager
async def another_bot(data_dir: Path) -> AsyncGenerator[tuple[Process, str], None]:
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BOT, str(data_dir)),
        stdin=PIPE,
        stdout=PIPE,
    )
    assert bot.stdin is not None
    assert bot.stdout is not None
    try:
        async with asyncio.timeout(20):
            yield bot, (await bot.stdout.readline()).decode().strip()
    finally:
        bot.stdin.close()
        async with asyncio.timeout(20):
            await bot.wait()


async def ask(url: str, *words: str) -> Any:
    client = Redis.from_url(url, decode_responses=True)
    try:
        return await client.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py left it out
    finally:
        await client.aclose()


async def server_pid(url: str) -> int:
    return int((await ask(url, "INFO", "server"))["process_id"])


def socket_of(url: str) -> Path:
    return Path(unquote(url.removeprefix("unix://")))


async def is_gone(url: str) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket_of(url))
    except (FileNotFoundError, ConnectionRefusedError):
        return True
    writer.close()
    await writer.wait_closed()
    return False


async def test_it_answers_and_is_for_this_user_alone(tmp_path: Path) -> None:
    async with private_store(tmp_path) as url:
        assert await ask(url, "PING")
        socket = socket_of(url)
        assert socket.stat().st_mode & 0o777 == 0o600
        assert socket.parent.stat().st_mode & 0o777 == 0o700
        assert (await ask(url, "CONFIG", "GET", "port")) == {"port": "0"}
        # Ctrl-C reaches a whole process group.
        assert os.getpgid(await server_pid(url)) != os.getpgid(0)
    assert await is_gone(url)


async def test_it_keeps_what_was_written_over_a_restart(tmp_path: Path) -> None:
    async with private_store(tmp_path) as url:
        first = await server_pid(url)
        await ask(url, "SET", "name", "Ada")
    async with private_store(tmp_path) as url:
        assert await server_pid(url) != first
        assert await ask(url, "GET", "name") == "Ada"


async def test_a_fleeting_store_keeps_nothing(tmp_path: Path) -> None:
    async with private_store(tmp_path, durable=False) as url:
        await ask(url, "SET", "name", "Ada")
    async with private_store(tmp_path, durable=False) as url:
        assert await ask(url, "GET", "name") is None


async def test_its_files_can_move_to_a_redis(tmp_path: Path) -> None:
    async with private_store(tmp_path) as url:
        await ask(url, "SET", "name", "Ada")
        await ask(url, "BGREWRITEAOF")
        async with asyncio.timeout(10):
            while not (written := first_bytes(tmp_path / "store" / "appendonlydir")):  # noqa: ASYNC110  # only the server could tell
                await asyncio.sleep(0.01)
    # Commands as text; an RDB of Valkey 9 begins with a word that no Redis knows.
    assert written == b"*"


def first_bytes(folder: Path) -> bytes:
    return b"".join(base.read_bytes()[:1] for base in folder.glob("*.base.*"))


async def test_a_second_process_uses_the_server_of_the_first(tmp_path: Path) -> None:
    async with private_store(tmp_path) as url:
        started = await server_pid(url)
        async with another_bot(tmp_path) as (_, its_url):
            assert its_url == url
            assert await server_pid(its_url) == started
        assert await server_pid(url) == started


async def test_the_starter_may_leave_first_and_the_last_one_stops_the_server(tmp_path: Path) -> None:
    async with another_bot(tmp_path) as (starter, url):
        started = await server_pid(url)
        async with private_store(tmp_path) as same:
            assert starter.stdin is not None
            starter.stdin.close()
            await starter.wait()
            assert await server_pid(same) == started
        assert await is_gone(url)


async def test_all_who_start_at_once_get_one_server(tmp_path: Path) -> None:
    everybody = asyncio.Barrier(5)

    async def bot() -> int:
        async with private_store(tmp_path) as url:
            pid = await server_pid(url)
            await everybody.wait()
        return pid

    assert len(set(await asyncio.gather(*(bot() for _ in range(5))))) == 1
    assert await is_gone(f"unix://{tmp_path}/store/store.sock")


async def test_the_server_of_a_killed_bot_is_found_by_the_next_one(tmp_path: Path) -> None:
    async with another_bot(tmp_path) as (bot, url):
        started = await server_pid(url)
        await ask(url, "SET", "name", "Ada")
        bot.kill()
    async with private_store(tmp_path) as same:
        assert await server_pid(same) == started
        assert await ask(same, "GET", "name") == "Ada"
    assert await is_gone(url)


async def test_a_killed_server_is_replaced_with_what_it_knew(tmp_path: Path) -> None:
    async with another_bot(tmp_path) as (bot, url):
        await ask(url, "SET", "name", "Ada")
        os.kill(await server_pid(url), signal.SIGKILL)
        bot.kill()
    assert socket_of(url).exists()
    async with private_store(tmp_path) as url:
        assert await ask(url, "GET", "name") == "Ada"


async def test_a_server_that_does_not_answer_gets_no_rival_on_its_files(tmp_path: Path) -> None:
    async with private_store(tmp_path) as url:
        started = await server_pid(url)
        os.kill(started, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3), private_store(tmp_path):
                    pytest.fail("a stopped server cannot answer")
        finally:
            os.kill(started, signal.SIGCONT)
        assert await server_pid(url) == started


@pytest.mark.parametrize("name", ["d" * 150, "with space, %41, ? and #", "數據"])
async def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    async with private_store(tmp_path / name) as url, private_store(tmp_path / name) as also:
        assert len(os.fsencode(socket_of(url))) < 100
        assert await server_pid(url) == await server_pid(also)
    assert await is_gone(url)


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs a redis-server on PATH")
async def test_a_redis_of_the_system_serves_too(tmp_path: Path) -> None:
    redis = find_server(carrier="no-such-distribution")
    async with private_store(tmp_path, server=redis) as url:
        await ask(url, "SET", "name", "Ada")
    async with private_store(tmp_path, server=redis) as url:
        assert await ask(url, "GET", "name") == "Ada"


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


async def test_the_server_is_handed_no_token_of_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    with pytest.raises(StoreUnavailable) as refusal:
        async with private_store(tmp_path, server=program(tmp_path / "server", "env; exit 1")):
            pytest.fail("it never answered")
    assert "PATH=" in str(refusal.value)
    assert "xoxb-secret" not in str(refusal.value)


def test_valkey_on_the_path_is_preferred_to_redis(tmp_path: Path) -> None:
    redis = program(tmp_path / "redis-server", "exit 1")
    assert find_server(carrier="no-such-distribution", search_path=str(tmp_path)) == redis
    valkey = program(tmp_path / "valkey-server", "exit 1")
    assert find_server(carrier="no-such-distribution", search_path=str(tmp_path)) == valkey


def test_without_any_server_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"set REDIS_URL .* or install one"):
        find_server(carrier="no-such-distribution", search_path=str(tmp_path))


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo Bad directive; exit 1", "refused to start: Bad directive"),
        ("echo out of luck >store.log", "ended at once. Its log ends: out of luck"),
    ],
)
async def test_a_server_that_dies_is_reported_with_its_own_words(
    tmp_path: Path, script: str, sentence: str
) -> None:
    with pytest.raises(StoreUnavailable, match=sentence):
        async with private_store(tmp_path, server=program(tmp_path / "server", script)):
            pytest.fail("it never answered")


async def test_a_program_that_cannot_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be run"):
        async with private_store(tmp_path, server=tmp_path / "absent"):
            pytest.fail("there is no such program")


async def test_a_data_directory_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="set DATA_DIR to a folder of yours"):
        async with private_store(tmp_path / "file"):
            pytest.fail("a file holds no store")


async def test_the_error_inside_the_context_comes_out_and_the_server_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(RedisError):
        async with private_store(tmp_path) as url:
            await ask(url, "NO-SUCH-COMMAND")
    assert await is_gone(url)
