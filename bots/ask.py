"""Asking in the terminal, without a platform and without a store."""

import sys
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

import typer

from bots.advice import advice
from bots.drun_settings import DrunSettings
from bots.models import models
from core import texts
from core.conversation import Message
from core.drun.asking import GONE, Asking
from core.drun.model import Model
from core.errors import ModelUnknown
from core.window import fit

_NEAR = 5


class _Mistyped(ModelUnknown):
    """Values: ``model``, and ``near``: the names of models that it looks like."""

    text = texts.Text(
        "The model `{model}` does not exist here, or the key may not use it. Did you mean {near}?",
        "模型 `{model}` 不存在，或当前密钥无权使用。您是不是想找：{near}？",
    )


async def ask(drun: DrunSettings, question: str, name: str) -> None:
    """Writes the answer to standard output as it comes. Raises ChatError with what went wrong."""
    language = texts.language_of(question, drun.reply_language)
    async with models(drun) as found:
        if name:
            try:
                name = (await found.catalog.find(name)).id
            except ModelUnknown as error:
                near = await found.catalog.like(name, most=_NEAR)
                if not near:
                    raise
                names = ", ".join(f"`{model.called}`" for model in near)
                raise _Mistyped(str(error), model=name, near=names) from error
        said, last = False, ""
        asking = Asking(found.client, found.catalog)
        fitted = partial(_fit, drun.system_prompt, question)
        try:
            async with aclosing(asking.stream(name, fitted)) as answers:
                async for asked, delta in answers:
                    if last != asked.model.id:
                        last = asked.model.id
                        typer.echo(f"[{asked.model.label}]", err=True)
                        _tell(asked.gone(language), asked.instead(language))
                    if delta.retracted and said:
                        # What a terminal shows stays.
                        typer.echo()
                        _tell(texts.WAS_THOUGHT.say(language))
                        said = False
                    sys.stdout.write(delta.text)
                    sys.stdout.flush()
                    said = said or bool(delta.text)
        finally:
            if said:
                typer.echo()  # what went wrong is told on a line of its own
        if not said:
            typer.echo(texts.NO_TEXT.say(language))


def _fit(instructions: str, question: str, limit: int) -> Sequence[Message]:
    return fit(instructions, (), question, limit=limit)


def _tell(*sentences: str) -> None:
    for sentence in filter(None, sentences):
        typer.echo(sentence, err=True)


async def list_models(drun: DrunSettings) -> None:
    """One line for each model, and why an endpoint's could not be listed. Ends with 1 where nothing is listed."""
    language = texts.language_of("", drun.reply_language)
    async with models(drun) as found:
        offered = await found.catalog.all()
        gone = ""
        if offered:
            chosen = await found.catalog.choose("")
            gone = GONE.say(language, chosen=chosen.gone, model=chosen.model.id) if chosen.gone else ""
            _list(offered, chosen.model, language)
        _tell(gone)
        problems = found.catalog.problems
        for endpoint, problem in problems.items():
            _tell(f"{endpoint.deployment} ({endpoint.host}): {problem.notice(language)}")
            _tell(advice(problem, endpoint, language))
        if not offered:
            # A default that no list has is believed where no list can be read: it can be asked, not listed.
            _tell("" if problems else _NOTHING.say(language))
            raise typer.Exit(1)


def _list(offered: Sequence[Model], chosen: Model, language: texts.Language) -> None:
    names = [" = ".join(filter(None, (model.alias, model.id))) for model in offered]
    width = max(map(len, names))
    for name, model in zip(names, offered, strict=True):
        mark = "*" if model.id == chosen.id else " "
        typer.echo(f"{mark} {name:<{width}}  {model.described(language)} · {model.endpoint.host}")


_NOTHING = texts.Text("No list has a model that may be chosen.", "列表中没有可以选择的模型。")
