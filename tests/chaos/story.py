"""What happened around a question: for whoever has to find out why its answer is wrong."""

from collections.abc import Sequence
from operator import itemgetter

from tests.chaos.parrot import Asking
from tests.chaos.people import Spoken
from tests.chaos.places import Event

_AROUND_S = 1.5


def story(spoken: Spoken, calls: Sequence[Asking], diary: Sequence[Event]) -> str:
    """Calls of the model, what readers saw, and the blows that fell meanwhile; seconds from the question on."""
    lines = [(call.at, f"asked the model as {call.key}") for call in calls]
    lines += [(event.at, event.what) for event in spoken.place.delivered(spoken.said.message)]
    for shown in spoken.place.shown():
        if shown.turn in {"", spoken.said.turn}:
            lines += [
                (version.at, f"{shown.id} shows {version.text[:40]!r}..{version.text[-20:]!r}")
                for version in shown.versions
            ]
    last = max([spoken.at, *(at for at, _ in lines)])
    lines += [
        (entry.at, f"-- {entry.what}")
        for entry in diary
        if spoken.at - _AROUND_S < entry.at < last + _AROUND_S
    ]
    told = [f"  {at - spoken.at:+7.2f} {what}" for at, what in sorted(lines, key=itemgetter(0))]
    return "\n".join([f"  {spoken.question} in {spoken.place.conversation}", *told])
