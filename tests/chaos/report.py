"""The figures of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.blows import Fists, Orphan
from tests.chaos.check import notice_of
from tests.chaos.evidence import Violation
from tests.chaos.people import Spoken
from tests.chaos.plan import Plan

if TYPE_CHECKING:
    from tests.chaos.run import World


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds."""

    count: int
    p50: float
    p95: float
    longest: float


@dataclass(frozen=True, slots=True)
class Figures:
    seed: int
    lease_s: float
    seconds: float
    conversations: int
    questions: int
    messages: int
    """Of the bot, at the end."""
    model_calls: int
    struck: dict[str, int]
    notices: int
    """Answers that end in a notice."""
    marks: int
    """Questions on which the mark of a wait was left: its process was killed between putting it on and the answer."""
    again: int
    """Questions for which the model was asked more than once."""
    taken_over: Spread
    """From a kill to the next call of the model for a question that the killed process was answering."""
    disturbed: int
    """Kills that hit an answer while Redis was away, or shortly before: left out of both spreads."""
    written_again: Spread
    """From a kill to the next change of that answer by another process, as readers see it."""
    answered: Spread
    """From a question to the last change of its answer: with the wait for the answers before it, and the outages."""
    leases_lost: int
    """By processes that lived."""
    violations: dict[str, int]


def figures(made: "World", fists: Fists, plan: Plan, found: Sequence[Violation], seconds: float) -> Figures:
    spoken = made.people.spoken
    calls = made.parrot.calls
    by_marker = {one.question.marker: one for one in spoken}
    taken = [(orphan, at) for orphan in fists.orphans if (at := _taken_over(made, orphan)) is not None]
    # Nothing can be taken over while Redis is away; those waits are Redis's and not the program's.
    undisturbed = [(orphan, at) for orphan, at in taken if not _store_was_away(made, orphan.at - 1, at)]
    return Figures(
        seed=plan.seed,
        lease_s=plan.lease_s,
        seconds=round(seconds, 1),
        conversations=len(made.people.rooms),
        questions=len(spoken),
        messages=sum(len(room.place.shown()) for room in made.people.rooms),
        model_calls=sum(len(each) for each in calls.values()),
        struck={
            blow.name.lower(): count
            for blow, count in sorted(fists.struck.items(), key=lambda each: each[0].name)
        },
        notices=sum(1 for one in spoken if one.reply and notice_of(one.reply)),
        marks=sum(1 for one in spoken if one.place.marked(one.said.message)),
        again=sum(1 for each in calls.values() if len(each) > 1),
        taken_over=_spread([at - orphan.at for orphan, at in undisturbed]),
        disturbed=len(taken) - len(undisturbed),
        written_again=_spread(
            [
                written - orphan.at
                for orphan, at in undisturbed
                for written in _written(by_marker[orphan.marker], at)
            ]
        ),
        answered=_spread([took(one) for one in spoken if one.reply]),
        leases_lost=made.crew.leases_lost().total(),
        violations=dict(Counter(violation.kind for violation in found)),
    )


def took(spoken: Spoken) -> float:
    """Seconds from the question to the last change of its answer."""
    return max(version.at for shown in spoken.reply for version in shown.versions) - spoken.at


def _taken_over(made: "World", orphan: Orphan) -> float | None:
    later = [
        call.at for call in made.parrot.calls[orphan.marker] if call.at > orphan.at and call.key != orphan.key
    ]
    return later[0] if later else None


def _written(spoken: Spoken, after: float) -> list[float]:
    """When the answer was next changed, if it was."""
    changes = [version.at for shown in spoken.reply for version in shown.versions if version.at > after]
    return [min(changes)] if changes else []


def _store_was_away(made: "World", begin: float, end: float) -> bool:
    return any(began < end and ended > begin for began, ended in made.store.outages)


def _spread(values: Sequence[float]) -> Spread:
    ordered = sorted(values)
    if not ordered:
        return Spread(0, 0, 0, 0)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return Spread(len(ordered), at(0.5), at(0.95), round(ordered[-1], 2))
