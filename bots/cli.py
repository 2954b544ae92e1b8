"""The words one types: run, check, ask, models, turns, usage, export, forget, feedback, key, reseal, manifest, invite."""

import asyncio
import json
import sys
import traceback
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel

from adapters.discord.invitation import invitation
from adapters.discord.settings import Settings as DiscordSettings
from adapters.slack.manifest import manifest
from adapters.slack.settings import Settings as SlackSettings
from bots import feedback, kept, logs, sealing, turns, usage
from bots.ask import ask as ask_model
from bots.ask import list_models
from bots.check import check as check_all
from bots.configuration import configure
from bots.drun_settings import DrunSettings
from bots.embedded.demo_model import DemoModelUnavailable
from bots.embedded.store import StoreUnavailable as NoPrivateStore
from bots.reading import SettingsWrong, given, read, wrong
from bots.run import NothingRuns
from bots.run import run as run_all
from bots.settings import StoreSettings
from core.errors import ChatError, PlatformRefused
from core.texts import language_of

_EXPECTED = (SettingsWrong, NothingRuns, PlatformRefused, DemoModelUnavailable, NoPrivateStore, turns.NotDone)

app = typer.Typer(
    help="d.run language models as a colleague in Slack and Discord.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
manifest_app = typer.Typer(help="What a platform wants pasted.", no_args_is_help=True)
app.add_typer(manifest_app, name="manifest")
invite_app = typer.Typer(help="How to let the bot in.", no_args_is_help=True)
app.add_typer(invite_app, name="invite")
turns_app = typer.Typer()
app.add_typer(turns_app, name="turns")
feedback_app = typer.Typer(help="What people think of answers.", no_args_is_help=True)
app.add_typer(feedback_app, name="feedback")


@app.command()
def run(
    names: Annotated[
        list[str] | None, typer.Argument(help="slack, discord, web, worker; none: all that are set up")
    ] = None,
) -> None:
    """Listen and answer, until Ctrl-C."""
    configuration = configure(names or [])
    logs.set_up(configuration.work.log_level, configuration.work.log_format)
    asyncio.run(run_all(configuration))


@app.command()
def check() -> None:
    """Say what works and what is missing."""
    configuration = configure()
    logs.set_up("ERROR", configuration.work.log_format)
    if not asyncio.run(check_all(configuration)):
        raise typer.Exit(1)


@app.command()
def ask(
    question: str, model: Annotated[str, typer.Option(help="another model than the default one")] = ""
) -> None:
    """Ask one question; the answer is written here as it comes."""
    logs.set_up("ERROR", "auto")
    asyncio.run(ask_model(_section(DrunSettings), question, model))


@app.command()
def models() -> None:
    """List the models that can be chosen."""
    logs.set_up("ERROR", "auto")
    asyncio.run(list_models(_section(DrunSettings)))


@manifest_app.command("slack")
def manifest_slack() -> None:
    """Print the app manifest for https://api.slack.com/apps."""
    typer.echo(json.dumps(manifest(_section(SlackSettings).names()), indent=2, ensure_ascii=False))


@invite_app.command("discord")
def invite_discord() -> None:
    """Print the link that adds the bot to a Discord server."""
    settings = _section(DiscordSettings)
    if settings.off:
        raise wrong(["DISCORD_TOKEN: is not set; it is on the Bot page of the developer portal"])
    typer.echo(asyncio.run(invitation(settings)))


@turns_app.callback(invoke_without_command=True)
def show_turns(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """What waits, what is being answered, and what was given up."""
    logs.set_up("ERROR", "auto")
    if context.invoked_subcommand is None:
        asyncio.run(turns.show(_section(StoreSettings), as_json=as_json))


_Which = Annotated[str, typer.Argument(metavar="ID|all", help="as `drun-chat turns` shows it")]


@turns_app.command()
def requeue(which: _Which) -> None:
    """Try again what was given up."""
    asyncio.run(turns.requeue(_section(StoreSettings), which))


@turns_app.command()
def drop(which: _Which) -> None:
    """Remove for good what was given up."""
    asyncio.run(turns.drop(_section(StoreSettings), which))


@app.command("usage")
def show_usage(
    days: Annotated[int, typer.Option(min=1, max=usage.MOST_DAYS, help="today included, in UTC")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """What every workspace has used."""
    logs.set_up("ERROR", "auto")
    asyncio.run(usage.show(_section(StoreSettings), days=days, as_json=as_json))


@app.command()
def export(
    conversation: Annotated[str, typer.Argument(help="slack:T0123:C0456, or one of its threads")],
    form: Annotated[kept.Form, typer.Option(help="json has all of it")] = kept.Form.MARKDOWN,
) -> None:
    """Print all that is kept of a conversation."""
    logs.set_up("ERROR", "auto")
    asyncio.run(kept.export(_section(StoreSettings), conversation, form))


@app.command()
def forget(
    where: Annotated[str, typer.Argument(help="a workspace, slack:T0123, or a channel, slack:T0123:C0456")],
) -> None:
    """Delete for good what is kept of a workspace, or was said in a channel."""
    logs.set_up("ERROR", "auto")
    asyncio.run(kept.forget(_section(StoreSettings), where))


@feedback_app.command("export")
def export_feedback(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="only what was said since then, in UTC"),
    ] = None,
) -> None:
    """Print the answers that people have called good or bad, as chat JSONL."""
    logs.set_up("ERROR", "auto")
    asyncio.run(feedback.export(_section(StoreSettings), since))


@app.command()
def key() -> None:
    """Print a new key for ENCRYPTION_KEYS."""
    sealing.key()


@app.command()
def reseal() -> None:
    """Seal all that is kept with the first of ENCRYPTION_KEYS; afterwards the others may go."""
    logs.set_up("ERROR", "auto")
    asyncio.run(sealing.reseal(_section(StoreSettings)))


S = TypeVar("S", bound=BaseModel)


def _section(section: type[S]) -> S:
    """One section alone: whoever asks a model need not have set up a platform."""
    found = given()
    settings, problems = read(section, found)
    if settings is None or found.problems:
        raise wrong([*found.problems, *problems])
    return settings


def main() -> None:
    """Run the command line. What goes wrong in a foreseen way is one plain text, never a traceback."""
    try:
        app()
    except _EXPECTED as error:
        _fail(str(error))
    except ChatError as error:
        _fail(error.notice(language_of("".join(sys.argv[2:]))))
    except Exception:  # noqa: BLE001 - Python's own report would show a secret that strayed into an error's text
        _fail(f"Something happened that nobody foresaw:\n{traceback.format_exc()}")
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(text: str) -> None:
    typer.echo(logs.redacted(text), err=True)
    sys.exit(1)
