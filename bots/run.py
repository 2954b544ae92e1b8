"""Running: listens where it is wanted, answers turns, and ends in order."""

import asyncio
import signal
from contextlib import AsyncExitStack

import structlog

from bots.compose import House, house
from bots.configuration import Configuration
from core.errors import PlatformRefused

log = structlog.get_logger()


class NothingRuns(Exception):
    """Nothing of what was asked for could be started; ``str(error)`` says why."""


async def run(configuration: Configuration) -> None:
    """Runs until SIGINT or SIGTERM. Raises NothingRuns, and what ``house`` raises."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    async with house(configuration) as running:
        await _serve(running, configuration, stopping)


async def _serve(running: House, configuration: Configuration, stopping: asyncio.Event) -> None:
    refused = dict(running.refused)
    async with AsyncExitStack() as listening:
        heard: dict[str, str] = {}
        for name in configuration.heard_on:
            if name in running.platforms:
                try:
                    heard[name] = await listening.enter_async_context(running.platforms[name].listening())
                except PlatformRefused as error:
                    refused[name] = str(error)
        for name, reason in refused.items():
            log.error(reason, platform=name)
        if configuration.heard_on and not heard:
            raise NothingRuns(" ".join(refused.values()))
        _announce(heard, refused, configuration)
        working = asyncio.create_task(_work(running, configuration, stopping))
        try:
            await stopping.wait()
            _say("Stopping: running answers may end first.")
        finally:
            # Nobody new is heard while the running replies come to their end.
            await listening.aclose()
            await working


async def _work(running: House, configuration: Configuration, stopping: asyncio.Event) -> None:
    if configuration.works:
        await running.worker.run(stopping, drain_s=configuration.work.drain_s)


def _announce(heard: dict[str, str], refused: dict[str, str], configuration: Configuration) -> None:
    """Three lines: what answers, where, and what is off."""
    drun = configuration.drun
    model = "the demo model on this machine (set DRUN_API_KEY for d.run)" if drun.demo else "d.run"
    _say(f"drun-chat answers with {model}.")
    _say(
        "Listening: " + "; ".join(f"{name}: {place}" for name, place in heard.items())
        if heard
        else "Working."
    )
    off = {**configuration.skipped, **refused}
    if off:
        _say("Off: " + "; ".join(f"{name} ({reason})" for name, reason in off.items()))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what the operator reads; logs go to standard error
