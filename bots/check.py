"""Saying what works and what is missing, by trying it."""

import typer

from bots.compose import House, house
from bots.configuration import Configuration
from core.conversation import Channel
from core.errors import ModelError, StoreUnavailable
from core.texts import Language

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
    catalog = built.inbox.desk.catalog
    well = True
    listed = await catalog.all()
    for endpoint in built.endpoints:
        problem = catalog.problems.get(endpoint)
        count = sum(1 for model in listed if model.endpoint == endpoint)
        text = f"{endpoint.host}, {problem.notice(_LANGUAGE) if problem else f'{count} models'}"
        well = _line(str(endpoint.deployment), text, well=problem is None and count > 0) and well
    try:
        default = await catalog.default()
    except ModelError as error:
        well = _line("default model", error.notice(_LANGUAGE), well=False)
    else:
        wanted = configuration.drun.drun_default_model
        text = (
            default.label
            if not wanted or default.id in {wanted, configuration.drun.aliases().get(wanted)}
            else (f"{wanted} is not offered; {default.label} answers")
        )
        well = _line("default model", text, well=True) and well
    if not well or configuration.drun.demo:
        typer.echo(_THREE_STEPS + "\n")
    return well


async def _store(built: House, configuration: Configuration) -> bool:
    where = "REDIS_URL" if configuration.store.redis_url else f"private, in {configuration.store.data_dir}"
    try:
        await built.inbox.desk.turns.model_of(Channel("check", "check", "check"))
    except StoreUnavailable as error:
        return _line("store", f"{where}: {error.notice(_LANGUAGE)}", well=False)
    return _line("store", where, well=True)


def _line(what: str, text: str, *, well: bool) -> bool:
    typer.echo(f"{'ok' if well else 'no':<5} {what}: {text}")
    return well
