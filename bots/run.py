"""Running: listens where it is wanted, answers turns, and ends in order."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
import typer

from bots.compose import House, house
from bots.configuration import Configuration
from core.errors import PlatformRefused

log = structlog.get_logger()


class NothingRuns(Exception):
    """Nothing of what was asked for could be started; ``str(error)`` says why."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What is up: where people are heard, which platforms are off and why, and the worker."""

    heard: Mapping[str, str]
    off: Mapping[str, str]
    working: asyncio.Task[None]


async def run(configuration: Configuration) -> None:
    """Serves until SIGINT or SIGTERM. Raises what ``serving`` raises."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    async with serving(configuration) as up:
        _announce(up, configuration)
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({stop, up.working}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        typer.echo("Stopping; running answers may end first.")


@asynccontextmanager
async def serving(configuration: Configuration) -> AsyncGenerator[Serving, None]:
    """Listens and answers while it is open; at the end running replies have DRAIN_S to end.

    Raises NothingRuns when nobody can be heard, and what ``house`` raises.
    """
    stopping = asyncio.Event()
    async with house(configuration) as built, AsyncExitStack() as listening:
        heard, refused = await _listen(built, configuration, listening)
        if configuration.heard_on and not heard:
            raise NothingRuns("Nothing could be started: " + " ".join(refused.values()))
        working = asyncio.create_task(_work(built, configuration, stopping))
        try:
            yield Serving(heard, {**configuration.skipped, **refused}, working)
        finally:
            # Nobody new is heard while the running replies come to their end.
            await listening.aclose()
            stopping.set()
            await working


async def _listen(
    built: House, configuration: Configuration, listening: AsyncExitStack
) -> tuple[dict[str, str], dict[str, str]]:
    """Where people are heard now, and which platforms refused the bot, why."""
    heard: dict[str, str] = {}
    refused = dict(built.refused)
    for name in configuration.heard_on:
        if name not in built.platforms:
            continue
        try:
            heard[name] = await listening.enter_async_context(built.platforms[name].listening())
        except PlatformRefused as error:
            refused[name] = str(error)
    for name, reason in refused.items():
        log.error("a platform is off", platform=name, reason=reason)
    return heard, refused


async def _work(built: House, configuration: Configuration, stopping: asyncio.Event) -> None:
    if configuration.works:
        await built.worker.run(stopping, drain_s=configuration.work.drain_s)
    else:
        await stopping.wait()


def _announce(up: Serving, configuration: Configuration) -> None:
    """Three lines: what answers, where, and what is off."""
    model = (
        "the demo model on this machine; set DRUN_API_KEY for d.run" if configuration.drun.demo else "d.run"
    )
    typer.echo(f"drun-chat answers with {model}.")
    where = "; ".join(f"{name}: {place}" for name, place in up.heard.items())
    typer.echo(f"Listening on {where}" if where else "Working")
    if up.off:
        typer.echo("Off: " + "; ".join(f"{name} ({reason})" for name, reason in up.off.items()))
