"""Asking in the terminal, without a platform and without a store."""

import sys
from contextlib import aclosing

import typer

from bots.compose import models
from bots.settings import DrunSettings
from core import texts
from core.drun.client import ChatRequest
from core.window import fit


async def ask(drun: DrunSettings, question: str, name: str) -> None:
    """Writes the answer to standard output as it comes. Raises ChatError with what went wrong."""
    async with models(drun) as found:
        model = await (found.catalog.find(name) if name else found.catalog.default())
        typer.echo(f"[{model.label}]", err=True)
        messages = fit(drun.system_prompt, (), question, limit=model.window)
        said = False
        try:
            async with aclosing(
                found.client.stream(model.endpoint, ChatRequest(model.id, messages))
            ) as deltas:
                async for delta in deltas:
                    sys.stdout.write(delta.text)
                    sys.stdout.flush()
                    said = said or bool(delta.text)
        finally:
            if said:
                typer.echo()  # what went wrong is told on a line of its own
        if not said:
            typer.echo(texts.NO_TEXT.say(texts.language_of(question, drun.reply_language)))


async def list_models(drun: DrunSettings) -> None:
    """One line for each model. Raises ModelError when no endpoint could be read."""
    async with models(drun) as found:
        default = await found.catalog.default()
        for model in await found.catalog.all():
            mark = "*" if model.id == default.id else " "
            typer.echo(
                f"{mark} {model.id}  {model.endpoint.deployment} ({model.endpoint.host}), {model.window} tokens"
            )
