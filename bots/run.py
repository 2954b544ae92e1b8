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
from core.errors import PlatformRefused, StoreUnavailable

log = structlog.get_logger()

_STORE_PATIENCE_S = 3.0
_STORE_RETRY_S = 0.5


class NothingRuns(Exception):
    """Nothing of what was asked for could be started; ``str(error)`` says why."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What is up: where people are heard, which platforms are off and why, and the worker."""

    heard: Mapping[str, str]
    off: Mapping[str, str]
    working: asyncio.Task[None]


async def run(configuration: Configuration) -> None:
    """Serves until SIGINT or SIGTERM; the second of them ends it at once. Raises what ``serving`` raises."""
    stopping, hurrying = asyncio.Event(), asyncio.Event()
    begun = False
    this = asyncio.current_task()
    assert this is not None  # noqa: S101 - a coroutine runs in a task

    def stop() -> None:
        # While it starts nothing is being answered yet, and a platform may let it wait for long.
        if not begun and not stopping.is_set():
            this.cancel()
        if stopping.is_set():
            hurrying.set()
        stopping.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop)
    try:
        async with serving(configuration, hurrying) as up:
            begun = True
            _announce(up, configuration)
            told = asyncio.create_task(stopping.wait())
            await asyncio.wait({told, up.working}, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if stopping.is_set():
                typer.echo(
                    "Stopping; running answers may end first. Press Ctrl-C again to hand them over now."
                )
    except asyncio.CancelledError:
        if begun:
            raise


@asynccontextmanager
async def serving(
    configuration: Configuration, hurrying: asyncio.Event | None = None
) -> AsyncGenerator[Serving, None]:
    """Listens and answers while it is open; at the end running replies have DRAIN_S to end, and no more if ``hurrying``.

    Raises NothingRuns when nobody can be heard or the store does not answer, and what ``house`` raises.
    """
    stopping = asyncio.Event()
    async with house(configuration) as built, AsyncExitStack() as listening:
        await _await_store(built)
        heard, refused = await _listen(built, configuration, listening)
        may_come = set(built.later.expected) & set(configuration.heard_on)
        if configuration.heard_on and not heard and not may_come:
            raise NothingRuns("Nothing could be started: " + " ".join(refused.values()))
        working = asyncio.create_task(_work(built, configuration, stopping, hurrying))
        built.later.begin(configuration.heard_on)
        try:
            yield Serving(heard, {**configuration.skipped, **refused}, working)
        finally:
            try:
                # Nobody new is heard while the running replies come to their end.
                await listening.aclose()
                await built.later.hush()
            finally:
                stopping.set()
                await working


async def _await_store(built: House) -> None:
    """A Redis that starts together with the bot gets some seconds. Raises NothingRuns."""
    patience = asyncio.get_running_loop().time() + _STORE_PATIENCE_S
    while True:
        try:
            await built.ask_store()
            await built.begin_sealing()
        except StoreUnavailable as error:
            if asyncio.get_running_loop().time() > patience:
                raise NothingRuns(f"The store does not answer, see REDIS_URL: {error}") from error
            log.warning("waiting for the store", reason=str(error))
            await asyncio.sleep(_STORE_RETRY_S)
        else:
            return


async def _listen(
    built: House, configuration: Configuration, listening: AsyncExitStack
) -> tuple[dict[str, str], dict[str, str]]:
    """Where people are heard now, and which platforms are off, why."""
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


async def _work(
    built: House, configuration: Configuration, stopping: asyncio.Event, hurrying: asyncio.Event | None
) -> None:
    if configuration.works:
        await built.worker.run(stopping, drain_s=configuration.work.drain_s, hurrying=hurrying)
    else:
        await stopping.wait()


def _announce(up: Serving, configuration: Configuration) -> None:
    """Three lines: what answers, where, and what is off."""
    model = (
        "the demo model on this machine; set DRUN_API_KEY for d.run" if configuration.drun.demo else "d.run"
    )
    typer.echo(f"drun-chat answers with {model}.")
    where = "; ".join(f"{name}: {place}" for name, place in up.heard.items())
    quiet = "Listening on nothing yet" if configuration.heard_on else "Working"
    typer.echo(f"Listening on {where}" if where else quiet)
    if up.off:
        typer.echo("Off: " + "; ".join(f"{name} ({reason})" for name, reason in up.off.items()))
