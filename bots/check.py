"""Saying what works and what is missing, by trying it."""

import asyncio
from contextlib import aclosing

import typer

from bots.compose import House, house
from bots.configuration import Configuration
from bots.logs import redacted
from bots.settings import DrunSettings
from core.conversation import Message
from core.drun.catalog import Model
from core.drun.client import ChatRequest, ModelClient
from core.drun.endpoints import Endpoint
from core.errors import ModelError, StoreUnavailable
from core.texts import Language

_PATIENCE_S = 30.0
"""For one word; whoever asks a question waits longer."""
_LANGUAGE: Language = "en"  # of all that an operator reads

_THREE_STEPS = """
How to reach d.run, for either deployment:
1. Key: console.d.run, API Key 管理, create one; set DRUN_API_KEY. One key serves both deployments.
2. Endpoint: MaaS by Token needs none (https://chat.d.run/v1). Model Service: the region on the service's page,
   as in https://sh-02.d.run; set DRUN_REGION=sh-02.
3. Model: MaaS by Token has ids like public/deepseek-v3; Model Service has u-<account>/<service name>.
   `drun-chat models` lists what the key may use; set DRUN_DEFAULT_MODEL."""


async def check(configuration: Configuration) -> bool:
    """Prints a line for everything. True: all that is set up works. Raises what ``house`` raises."""
    async with house(configuration) as built:
        works = [await _models(built, configuration), await _store(built, configuration)]
        for name in configuration.shown_on:
            reason = built.refused.get(name)
            works.append(_line(name, reason or "ready", well=reason is None))
        for name, reason in configuration.skipped.items():
            typer.echo(f"off   {name}: {reason}")
        return all(works)


async def _models(built: House, configuration: Configuration) -> bool:
    lines = [await _listed(built, endpoint) for endpoint in built.models.endpoints]
    lines.append(await _default(built, configuration.drun))
    if not all(lines) or configuration.drun.demo:
        typer.echo(_THREE_STEPS + "\n")
    return all(lines)


async def _listed(built: House, endpoint: Endpoint) -> bool:
    catalog = built.models.catalog
    count = sum(1 for model in await catalog.all() if model.endpoint == endpoint)
    problem = catalog.problems.get(endpoint)
    text = problem.notice(_LANGUAGE) if problem else f"{count} models"
    return _line(str(endpoint.deployment), f"{endpoint.host}, {text}", well=problem is None and count > 0)


async def _default(built: House, drun: DrunSettings) -> bool:
    """The model of who has chosen none: that it is the one that was wanted, and that it answers."""
    catalog = built.models.catalog
    try:
        model = await (
            catalog.find(drun.drun_default_model) if drun.drun_default_model else catalog.default()
        )
        async with asyncio.timeout(_PATIENCE_S):
            await _try(built.models.client, model)
    except ModelError as error:
        return _line("default model", error.notice(_LANGUAGE), well=False)
    except TimeoutError:
        return _line("default model", f"no answer within {_PATIENCE_S:.0f} s", well=False)
    return _line("default model", f"{model.label} answers", well=True)


async def _try(client: ModelClient, model: Model) -> None:
    """Asks for one word: a list tells neither of an empty account nor of a service that is down."""
    question = ChatRequest(model.id, [Message("user", "Say ok.")], max_tokens=1)
    async with aclosing(client.stream(model.endpoint, question)) as deltas:
        async for _ in deltas:
            pass


async def _store(built: House, configuration: Configuration) -> bool:
    where = "REDIS_URL" if configuration.store.redis_url else f"private, in {configuration.store.data_dir}"
    try:
        await built.ask_store()
    except StoreUnavailable as error:
        return _line("store", f"{where} does not answer ({error})", well=False)
    return _line("store", where, well=True)


def _line(what: str, text: str, *, well: bool) -> bool:
    typer.echo(redacted(f"{'ok' if well else 'no':<5} {what}: {text}"))
    return well
