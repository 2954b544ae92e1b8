"""The d.run part of `drun-chat check`: the three steps of each deployment, key, endpoint and model."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

import typer

from bots.advice import advice
from bots.check_ids import ids_are_right
from bots.check_lines import line, more, off
from bots.drun_settings import DrunSettings
from bots.models import Models
from core.conversation import Message
from core.drun.asking import GONE
from core.drun.calls import ChatRequest, Sampling
from core.drun.client import ModelClient
from core.drun.endpoints import Deployment, Endpoint
from core.drun.model import Model
from core.errors import ModelError, ModelUnavailable, ReplyCut
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
_NOT_SET = {
    Deployment.MAAS: "DRUN_API_KEY is not set",
    Deployment.SERVICE: "DRUN_REGION is not set; it names where your own services are, as in sh-02",
}


async def check(models: Models, drun: DrunSettings) -> bool:
    """Prints a line for each endpoint, its services, the settings that name models, and the default model."""
    # A list that others have read and keep would tell nothing of this key.
    await models.catalog.reread()
    offered = {endpoint: await models.catalog.of(endpoint) for endpoint in models.endpoints}
    wrong = {endpoint for endpoint in offered if not _listed(models, endpoint, offered[endpoint])}
    ids_right = drun.demo or ids_are_right(drun, await _ids(models), models.endpoints)
    asked, blamed = await _default(models, drun)
    wrong |= {*blamed, *await _services(models, offered, asked)}
    at_fault = {endpoint.deployment for endpoint in wrong}
    for deployment, steps in _STEPS.items():
        if not drun.demo and not any(each.deployment is deployment for each in models.endpoints):
            off(str(deployment), _NOT_SET[deployment])
        if drun.demo or deployment in at_fault:
            typer.echo(steps + "\n")
    return ids_right and not wrong


def _listed(models: Models, endpoint: Endpoint, offered: Sequence[Model]) -> bool:
    """Its list, and of a Model Service what each service runs: nobody else can know."""
    problem = models.catalog.problems.get(endpoint)
    text = problem.notice(_LANGUAGE) if problem else f"{len(offered)} models"
    well = line(
        str(endpoint.deployment), f"{endpoint.host}, {text}", well=problem is None and len(offered) > 0
    )
    if problem is not None:
        more(advice(problem, endpoint, _LANGUAGE))
    elif endpoint.deployment is Deployment.SERVICE:
        for model in offered:
            unsaid = f"which model it runs is not said: DRUN_SERVICE_MODELS={model.id}=<official name>"
            more(f"{model.id}: {model.name or unsaid}")
    return well


async def _ids(models: Models) -> Mapping[Endpoint, Sequence[str]]:
    """All that each endpoint lists, also what may not be chosen here. Not among them: whose list cannot be read."""
    found: dict[Endpoint, Sequence[str]] = {}
    for endpoint in models.endpoints:
        if endpoint not in models.catalog.problems:
            try:
                found[endpoint] = [each.id for each in await models.client.models(endpoint)]
            except ModelError:
                continue  # it went away in between: as good as unread
    return found


async def _default(models: Models, drun: DrunSettings) -> tuple[Model | None, Sequence[Endpoint]]:
    """The model of who has chosen none: that it is the one that was wanted, and that it answers.

    Returns it and the endpoints that may be at fault; none when all is well.
    """
    try:
        chosen = await models.catalog.choose("")
    except ModelError as error:
        line("default model", error.notice(_LANGUAGE), well=False)
        more(advice(error, None, _LANGUAGE))
        return None, models.endpoints
    model = chosen.model
    if problem := await _asked(models.client, model):
        _tell("default model", problem, model.endpoint)
        return model, [model.endpoint]
    gone = GONE.say(_LANGUAGE, chosen=chosen.gone, model=model.label) if chosen.gone else ""
    # Who set a model wants that one; without a setting any will do.
    well = line(
        "default model", gone or f"{model.label} answers", well=not (gone and drun.drun_default_model)
    )
    return model, [] if well else models.endpoints


async def _services(
    models: Models, offered: Mapping[Endpoint, Sequence[Model]], asked: Model | None
) -> Sequence[Endpoint]:
    """One word of one service at each endpoint that was not asked yet; the endpoints that are at fault."""
    tried = [
        # One whose model is known chats; another may be there for something else.
        next((model for model in there if model.name), there[0])
        for endpoint, there in offered.items()
        if endpoint.deployment is Deployment.SERVICE
        and there
        and endpoint not in models.catalog.problems
        and not (asked and asked.endpoint == endpoint)
    ]
    errors = await asyncio.gather(*(_asked(models.client, model) for model in tried))
    for model, error in zip(tried, errors, strict=True):
        what = f"{model.endpoint.deployment} {model.endpoint.host}"
        if error is None:
            line(what, f"{model.label} answers", well=True)
        else:
            _tell(what, error, model.endpoint, f"{model.label}: ")
    return [model.endpoint for model, error in zip(tried, errors, strict=True) if error]


def _tell(what: str, error: ModelError, endpoint: Endpoint, name: str = "") -> None:
    line(what, name + error.notice(_LANGUAGE), well=False)
    more(advice(error, endpoint, _LANGUAGE))


async def _asked(client: ModelClient, model: Model) -> ModelError | None:
    """Asks for one word: a list tells neither of an empty account nor of a service that is down. None: it answers."""
    question = ChatRequest(model.id, [Message("user", "Say ok.")], sampling=Sampling(max_tokens=1))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async with aclosing(client.stream(model.endpoint, question)) as deltas:
                async for _ in deltas:
                    pass
    except TimeoutError:
        return ModelUnavailable(f"no answer within {_PATIENCE_S:.0f} s")
    except ReplyCut as error:
        return ModelUnavailable(str(error))  # nothing of it is shown here that could be incomplete
    except ModelError as error:
        return error
    return None
