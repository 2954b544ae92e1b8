"""All settings of one start, read together so that everything wrong with them is told at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from bots import platforms
from bots.drun_settings import DrunSettings
from bots.limits import LimitSettings
from bots.platforms import Section
from bots.reading import given, read, wrong
from bots.settings import StoreSettings, WorkSettings

WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What runs, and with which settings."""

    drun: DrunSettings
    store: StoreSettings
    work: WorkSettings
    limits: LimitSettings
    shown_on: Mapping[str, Section]
    """Every platform that is set up: replies can be shown there."""
    heard_on: Sequence[str]
    """Those of them that this process listens to."""
    skipped: Mapping[str, str]
    """Platforms that are not set up, and why."""
    works: bool
    """This process answers turns."""


def configure(wanted: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Configuration:
    """Reads everything; ``wanted`` names platforms and ``worker``, nothing means all that are set up.

    Raises SettingsWrong with every problem.
    """
    found = given(environment)
    drun, drun_problems = read(DrunSettings, found)
    store, store_problems = read(StoreSettings, found)
    work, work_problems = read(WorkSettings, found)
    limits, limit_problems = read(LimitSettings, found)
    problems = [*found.problems, *drun_problems, *store_problems, *work_problems, *limit_problems]
    known: dict[str, Section] = {}
    skipped: dict[str, str] = {}
    for name in platforms.names():
        settings, more = read(platforms.section(name), found)
        problems += more
        section = cast("Section | None", settings)
        if section is not None and section.off:
            skipped[name] = section.off
        elif section is not None:
            known[name] = section
    problems += _wrong_names(wanted, skipped)
    if drun is not None:
        # A platform with a wrong setting is one that somebody means to run.
        meant = [name for name in platforms.names() if name != "web" and name not in skipped]
        problems += _demo_problems(drun, meant)
    if problems or not (drun and store and work and limits):
        raise wrong(problems)
    heard = [name for name in known if not wanted or name in wanted]
    return Configuration(
        drun, store, work, limits, known, heard, skipped, works=not wanted or WORKER in wanted
    )


def _wrong_names(wanted: Sequence[str], skipped: Mapping[str, str]) -> list[str]:
    there = [*platforms.names(), WORKER]
    unknown = [
        f"{name!r} cannot be run; there are {', '.join(there)}" for name in wanted if name not in there
    ]
    return [*unknown, *(f"{name} cannot be run: {skipped[name]}" for name in wanted if name in skipped)]


def _demo_problems(drun: DrunSettings, others: Sequence[str]) -> list[str]:
    if not (drun.demo and others) or drun.drun_demo:
        return []
    teams = " and ".join(name.capitalize() for name in others)
    sentence = (
        f"DRUN_API_KEY: is missing, and the small demo model must not answer people on {teams} by mistake; "
        "set the key, or DRUN_DEMO=1 if that is what you want"
    )
    return [sentence]
