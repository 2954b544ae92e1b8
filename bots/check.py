"""Saying what works and what is missing, by trying it."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import typer

from bots.compose import House, house
from bots.configuration import Configuration
from bots.drun_settings import DrunSettings
from bots.logs import redacted
from core.conversation import Message
from core.drun.asking import GONE
from core.drun.calls import ChatRequest, Sampling
from core.drun.client import ModelClient
from core.drun.endpoints import Deployment, Endpoint
from core.drun.model import Model
from core.errors import AccessRefused, KeyRefused, ModelError, NoBalance, NotServed, StoreUnavailable
from core.texts import Language

_PATIENCE_S = 30.0
"""For one word; whoever asks a question waits longer."""
_LANGUAGE: Language = "en"  # of all that an operator reads

_STEPS = {
    Deployment.MAAS: """
How to reach MaaS by Token, in three steps:
1. Key: https://console.d.run, API Key 管理, create one; set DRUN_API_KEY.
2. Endpoint: https://chat.d.run/v1, which needs no setting; a private installation is set with DRUN_BASE_URL.
3. Model: ids look like public/deepseek-v3. `drun-chat models` lists what the key may use; set DRUN_DEFAULT_MODEL.""",
    Deployment.SERVICE: """
How to reach a Model Service, in three steps:
1. Key: the one of MaaS by Token serves it too. If it is another one, set DRUN_SERVICE_API_KEY.
2. Endpoint: the service's page in https://console.d.run shows it, as in https://sh-02.d.run; set DRUN_REGION=sh-02.
3. Model: the id on that page, u-<account>/<the service's name>. Only you know which model it runs, so say it:
   DRUN_SERVICE_MODELS=u-1100a15812cc/qwen2=Qwen2.5-7B-Instruct, by the model's official name.""",
}
_ADVICE: list[tuple[type[ModelError], str]] = [
    (
        KeyRefused,
        "see https://console.d.run, API Key 管理: a deleted key stops working at once; set {variable}",
    ),
    (NoBalance, "top up the wallet at https://console.d.run; a Model Service is paid from it too"),
    # What they say themselves tells the operator where to look.
    (AccessRefused, "{error}"),
    (NotServed, "{error}"),
]


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
    # A list that others have read and keep would tell nothing of this key.
    await built.models.catalog.reread()
    lines = {endpoint: await _listed(built, endpoint) for endpoint in built.models.endpoints}
    blamed = await _default(built, configuration.drun)
    wrong = {endpoint.deployment for endpoint, well in lines.items() if not well or endpoint in blamed}
    for deployment, steps in _STEPS.items():
        if configuration.drun.demo or deployment in wrong:
            typer.echo(steps + "\n")
    return all(lines.values()) and not blamed


async def _listed(built: House, endpoint: Endpoint) -> bool:
    catalog = built.models.catalog
    count = len(await catalog.of(endpoint))
    problem = catalog.problems.get(endpoint)
    text = problem.notice(_LANGUAGE) if problem else f"{count} models"
    well = _line(str(endpoint.deployment), f"{endpoint.host}, {text}", well=problem is None and count > 0)
    _advise(problem, endpoint)
    return well


async def _default(built: House, drun: DrunSettings) -> Sequence[Endpoint]:
    """The model of who has chosen none: that it is the one that was wanted, and that it answers.

    Returns the endpoints that may be at fault; none when all is well.
    """
    model = None
    try:
        chosen = await built.models.catalog.choose("")
        model, gone = chosen.model, ""
        if chosen.gone:
            gone = GONE.say(_LANGUAGE, chosen=chosen.gone, model=model.label)
        async with asyncio.timeout(_PATIENCE_S):
            await _try(built.models.client, model)
    except ModelError as error:
        _line("default model", error.notice(_LANGUAGE), well=False)
        _advise(error, model.endpoint if model else None)
        return [model.endpoint] if model else built.models.endpoints
    except TimeoutError:
        _line("default model", f"no answer within {_PATIENCE_S:.0f} s", well=False)
        return [model.endpoint] if model else built.models.endpoints
    # Who set a model wants that one; without a setting any will do.
    well = not (gone and drun.drun_default_model)
    _line("default model", gone or f"{model.label} answers", well=well)
    return [] if well else built.models.endpoints


def _advise(error: ModelError | None, endpoint: Endpoint | None) -> None:
    """Where the operator has to go."""
    of_service = endpoint is not None and endpoint.deployment is Deployment.SERVICE
    variable = "DRUN_API_KEY or DRUN_SERVICE_API_KEY" if of_service else "DRUN_API_KEY"
    for kind, advice in _ADVICE:
        if isinstance(error, kind):
            typer.echo(redacted(f"      {advice.format(variable=variable, error=error)}"))


async def _try(client: ModelClient, model: Model) -> None:
    """Asks for one word: a list tells neither of an empty account nor of a service that is down."""
    question = ChatRequest(model.id, [Message("user", "Say ok.")], sampling=Sampling(max_tokens=1))
    async with aclosing(client.stream(model.endpoint, question)) as deltas:
        async for _ in deltas:
            pass


async def _store(built: House, configuration: Configuration) -> bool:
    where = "REDIS_URL" if configuration.store.redis_url else f"private, in {configuration.store.data_dir}"
    try:
        await built.ask_store()
    except StoreUnavailable as error:
        return _line("store", f"{where} does not answer ({error})", well=False)
    _line("store", where, well=True)
    seal = configuration.store.seal()
    if seal.keys:
        return _line("encryption", f"what people say is sealed with the key {seal.newest}", well=True)
    typer.echo("off   encryption: ENCRYPTION_KEYS is not set; `drun-chat key` makes a key")
    return True


def _line(what: str, text: str, *, well: bool) -> bool:
    typer.echo(redacted(f"{'ok' if well else 'no':<5} {what}: {text}"))
    return well
