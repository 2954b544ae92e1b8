"""Whether the ids in the settings are those of models that there are: a typing mistake in one is silent otherwise."""

import difflib
from collections.abc import Iterator, Mapping, Sequence

from bots.check_lines import line, warn
from bots.drun_settings import DrunSettings
from bots.service_models import read_runs
from core.drun.endpoints import Deployment, Endpoint, of_form


def ids_are_right(
    drun: DrunSettings, listed: Mapping[Endpoint, Sequence[str]], endpoints: Sequence[Endpoint]
) -> bool:
    """Prints a line for each id that no list has. True: each is in one, or may be.

    ``listed`` are the ids of each of ``endpoints`` whose list could be read. Of one that may be at another only a
    warning is printed.
    """
    known = {id_ for ids in listed.values() for id_ in ids}
    well = True
    for variable, id_ in dict.fromkeys(_named(drun)):
        if id_ in known:
            continue
        places = of_form(id_, endpoints)
        if any(endpoint not in listed for endpoint in places):
            warn(variable, f"whether there is {id_} cannot be found out: a list could not be read")
        else:
            well = line(variable, f"no list has {id_}{_help(id_, places, known)}", well=False)
    return well


def _named(drun: DrunSettings) -> Iterator[tuple[str, str]]:
    """Every id in a setting, with the variable that names it."""
    for run in read_runs(drun.drun_service_models):
        yield "DRUN_SERVICE_MODELS", run.service
        if run.public:
            yield "DRUN_SERVICE_MODELS", run.public
    for id_ in drun.aliases().values():
        yield "DRUN_MODELS", id_
    for id_ in drun.drun_completions:
        yield "DRUN_COMPLETIONS", id_
    for id_ in filter(None, drun.windows()):
        yield "DRUN_CONTEXT_TOKENS", id_


def _help(id_: str, places: Sequence[Endpoint], known: set[str]) -> str:
    """What may have been meant, or is missing."""
    shorts = {each.rpartition("/")[2]: each for each in sorted(known)}
    if close := difflib.get_close_matches(id_, sorted(known), n=1) or difflib.get_close_matches(
        id_, shorts, n=1
    ):
        return f"; did you mean {shorts.get(close[0], close[0])}?"
    if not places:
        service = id_.startswith("u-")
        deployment = Deployment.SERVICE if service else Deployment.MAAS
        return f"; {deployment} is not set up: {'DRUN_REGION' if service else 'DRUN_API_KEY'}"
    return ""
