"""DRUN_SERVICE_MODELS: which documented model a service runs, and which public id is the same one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.drun.documented import documented, documented_names

# Every other id is taken for one of MaaS by Token, which could not be what the service is.
_SERVICE = re.compile(r"u-[^/\s]+/\S+")


@dataclass(frozen=True, slots=True)
class Run:
    """One entry: ``<service id>=<documented model>``, or with ``=<public id>`` behind."""

    service: str
    name: str = ""
    public: str = ""
    more: str = ""

    @property
    def wrong(self) -> str:
        """What is wrong with it; empty: nothing."""
        known = documented(self.public) if self.public else None
        not_public = "/" not in self.public or self.public.startswith("u-")
        faults = (
            (not self.service, "it names no service"),
            (
                not _SERVICE.fullmatch(self.service),
                f"{self.service} is no service's id such as u-1100a15812cc/qwen2",
            ),
            (self.more, "it has too many ="),
            (
                self.name not in documented_names(),
                f"the documented models are {', '.join(documented_names())}",
            ),
            (self.public and not_public, f"{self.public} is no public id such as public/deepseek-v3"),
            (
                known is not None and known.name != self.name,
                f"{self.public} is documented as {(known and known.name) or 'another model'}",
            ),
        )
        return next((fault for there, fault in faults if there), "")


def read_runs(entries: Sequence[str]) -> list[Run]:
    return [Run(*(part.strip() for part in entry.split("=", 3))) for entry in entries]


def problems(entries: Sequence[str]) -> Iterator[str]:
    """A sentence for everything that is wrong."""
    runs = read_runs(entries)
    for entry, run in zip(entries, runs, strict=True):
        if run.wrong:
            yield f"{entry} must be <service id>=<documented model>, or with =<public id> behind: {run.wrong}"
    names: dict[str, set[str]] = {}
    for run in runs:
        if run.public:
            names.setdefault(run.public, set()).add(run.name)
    for public, several in names.items():
        if len(several) > 1:
            yield f"{public} cannot be {' and '.join(sorted(several))} at once"
