"""Forks programs that are imported already: ``python -m tests.chaos.nursery_process``.

A Python that imports both platforms' SDKs takes two seconds of a core; a fork of one that has takes milliseconds. Each
line on standard input orders one ``drun-chat <words>``, or a signal for one; each line on standard output tells of a
birth or of an end. At the end of the input all children are killed.
"""

import asyncio
import gc
import importlib
import os
import select
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

import msgspec

from bots.cli import main as program

_SDKS = ("adapters.discord.app", "adapters.slack.app", "adapters.web.app")
_READ = 65_536


class Birth(msgspec.Struct, tag=True):
    number: int
    words: list[str]
    settings: dict[str, str]
    folder: str


class Blow(msgspec.Struct, tag=True):
    """A signal goes through here: who is not its parent cannot know that a pid is still that child's."""

    number: int
    signal: int


class News(msgspec.Struct):
    number: int
    pid: int
    code: int | None = None
    """As ``asyncio.subprocess`` has it: negative for a signal; None while it lives."""


_order = msgspec.json.Decoder(Birth | Blow)


def serve() -> None:
    for name in _SDKS:
        importlib.import_module(name)
    if threading.active_count() != 1:
        raise RuntimeError("a process with threads must not fork")
    gc.freeze()  # else the first collection in each child would copy all that was imported
    woken, waking = os.pipe()
    for end in (woken, waking):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waking)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    living: dict[int, int] = {}
    _tell(News(0, os.getpid()))
    try:
        _obey(living, woken)
    finally:
        for pid in living:
            os.kill(pid, signal.SIGKILL)


def _obey(living: dict[int, int], woken: int) -> None:
    unread = b""
    while True:
        ready, _, _ = select.select([sys.stdin.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, _READ)
            _bury(living)
        if sys.stdin.fileno() in ready:
            got = os.read(sys.stdin.fileno(), _READ)
            if not got:
                return
            *lines, unread = (unread + got).split(b"\n")
            for line in lines:
                _carry_out(_order.decode(line), living)


def _carry_out(order: Birth | Blow, living: dict[int, int]) -> None:
    if isinstance(order, Birth):
        living[pid := _born(order)] = order.number
        _tell(News(order.number, pid))
        return
    for pid, number in living.items():
        if number == order.number:
            os.kill(pid, order.signal)


def _born(order: Birth) -> int:
    pid = os.fork()
    if pid == 0:
        _live(order)
    return pid


def _live(order: Birth) -> NoReturn:
    """The same as ``python -m bots <words>`` from here on, in a folder and an environment of its own."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(order.folder)
        with (
            Path("out").open("ab", 0) as out,
            Path("err").open("ab", 0) as err,
            Path(os.devnull).open() as nothing,
        ):
            for mine, standard in ((nothing, 0), (out, 1), (err, 2)):
                os.dup2(mine.fileno(), standard)
        signal.signal(signal.SIGUSR1, _tell_tasks)
        os.environ.clear()
        os.environ.update(order.settings)
        sys.argv = ["drun-chat", *order.words]
        program()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: what stands above in this stack is the nursery's.
        os._exit(code)


def _tell_tasks(*_: object) -> None:
    """What a program that hangs is waiting for, on its standard error."""
    for task in asyncio.all_tasks(asyncio.get_running_loop()):
        task.print_stack()


def _bury(living: dict[int, int]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _tell(News(living.pop(pid), pid, os.waitstatus_to_exitcode(status)))


def _tell(news: News) -> None:
    os.write(sys.stdout.fileno(), msgspec.json.encode(news) + b"\n")


if __name__ == "__main__":
    serve()
