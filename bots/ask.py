"""Asking in the terminal, without a platform and without a store."""

import sys
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

import typer

from bots.drun_settings import DrunSettings
from bots.models import models
from core import texts
from core.conversation import Message
from core.drun.asking import GONE, Asking
from core.window import fit


async def ask(drun: DrunSettings, question: str, name: str) -> None:
    """Writes the answer to standard output as it comes. Raises ChatError with what went wrong."""
    language = texts.language_of(question, drun.reply_language)
    async with models(drun) as found:
        if name:
            name = (await found.catalog.find(name)).id
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
    """One line for each model. Raises ModelError when no endpoint could be read."""
    language = texts.language_of("", drun.reply_language)
    async with models(drun) as found:
        chosen = await found.catalog.choose("")
        offered = await found.catalog.all()
        names = [" = ".join(filter(None, (model.alias, model.id))) for model in offered]
        width = max(map(len, names), default=0)
        for name, model in zip(names, offered, strict=True):
            mark = "*" if model.id == chosen.model.id else " "
            where = model.described(language)
            typer.echo(f"{mark} {name:<{width}}  {where} · {model.endpoint.host}")
        _tell(GONE.say(language, chosen=chosen.gone, model=chosen.model.id) if chosen.gone else "")
        for endpoint, problem in found.catalog.problems.items():
            _tell(f"{endpoint.deployment} ({endpoint.host}): {problem.notice(language)}")
