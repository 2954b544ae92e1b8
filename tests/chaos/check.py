"""The judge: looks at one conversation from the platform's side, and at what history says of it."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from core import texts
from core.drawing import WRITING
from core.surface import NOTICE
from tests.chaos.evidence import Asked, Heard, Shown, Violation
from tests.chaos.parrot import MARKER, answer
from tests.chaos.plan import Trouble

_NOTICE = re.compile(r"⚠️ .*\Z", re.DOTALL)


def violations(heard: Heard) -> Iterator[Violation]:
    """Everything that is wrong with one conversation; nothing when each question has its one answer."""

    def wrong(kind: str, detail: str) -> Violation:
        return Violation(kind, heard.name, detail)

    known = {asked.turn for asked in heard.asked}
    for shown in heard.shown:
        if shown.turn not in known:
            yield wrong("stray", f"{shown.id} answers nothing that was asked: {shown.text!r}")
    first: list[Shown] = []
    for asked in heard.asked:
        parts = heard.reply(asked)
        for kind, detail in _of_reply(asked, parts):
            yield wrong(kind, f"{asked.marker}: {detail}")
        for kind, detail in _of_history(asked, parts, heard):
            yield wrong(kind, f"{asked.marker}: {detail}")
        first += parts[:1]
    for kind, detail in _of_order(heard, first):
        yield wrong(kind, detail)


def given_up(asked: Asked, parts: Sequence[Shown]) -> bool:
    """It ended in the notice for whom three attempts failed, and kills alone were not the cause: those wait."""
    return bool(asked.leases_lost) and _whole(parts).strip() == texts.GAVE_UP.en


def notice_of(parts: Sequence[Shown]) -> str:
    """The notice that a reply ends in; empty when it is an answer and nothing else."""
    text = _whole(parts)
    if found := _NOTICE.search(text):
        return found[0]
    return "" if MARKER.search(text) else text


def said_of(parts: Sequence[Shown]) -> str:
    """The words of the model in a reply, white space aside: parts are cut there."""
    whole = _whole(parts)
    return " ".join(_NOTICE.sub("", whole).split()) if MARKER.search(whole) else ""


def _whole(parts: Sequence[Shown]) -> str:
    return "\n".join(part.text for part in parts)


def _of_reply(asked: Asked, parts: Sequence[Shown]) -> Iterator[tuple[str, str]]:
    if not parts:
        yield "lost", f"no answer; the model was asked {asked.calls} times"
        return
    # A message that told of the wait has a number of its own, and has become the answer's first.
    if [0 if part.part == NOTICE else part.part for part in parts] != list(range(len(parts))):
        yield "doubled", f"shown as {[(part.id, part.part, part.text[:40]) for part in parts]}"
    if unfinished := [part.id for part in parts if part.text.endswith(WRITING)]:
        yield "unfinished", f"{unfinished} look as if more would come: {parts[-1].text[-80:]!r}"
    if parts[0].place != asked.place:
        yield "misplaced", f"stands under {parts[0].place}, not under {asked.place}"
    if strange := set(MARKER.findall(_whole(parts))) - {asked.marker}:
        yield "swapped", f"holds the answer to {sorted(strange)}"
        return
    if given_up(asked, parts):
        return
    said = said_of(parts)
    whole = {
        " ".join("".join(answer(asked.marker, call + 1, asked.speech.pieces)).split())
        for call in range(asked.calls)
    }
    if said in whole and not notice_of(parts):
        return
    if asked.speech.trouble is not Trouble.CUT or not notice_of(parts):
        yield "torn", f"shows {_whole(parts)!r}"
    elif not any(each.startswith(said) for each in whole):
        yield "torn", f"is no beginning of what was said: {said!r}"


def _of_history(asked: Asked, parts: Sequence[Shown], heard: Heard) -> Iterator[tuple[str, str]]:
    turns = [turn for turn in heard.history if turn.id == asked.turn]
    if given_up(asked, parts) and not turns:
        return
    if len(turns) != 1:
        yield "history", f"is remembered {len(turns)} times"
        return
    turn = turns[0]
    if asked.marker not in turn.text:
        yield "history", f"is remembered as {turn.text!r}"
    if " ".join(turn.reply.split()) != said_of(parts):
        yield "history", f"shows {said_of(parts)!r}, and {turn.reply!r} is remembered"
    if turn.complete == bool(notice_of(parts)):
        yield "history", f"complete={turn.complete} is remembered, and it ends in {notice_of(parts)!r}"
    if list(turn.messages) != [part.id for part in parts]:
        yield "history", f"stands in {[part.id for part in parts]}, and {turn.messages} are remembered"


def _of_order(heard: Heard, first: Sequence[Shown]) -> Iterator[tuple[str, str]]:
    """Answers stand, were written and are remembered in the order of their questions."""
    by_turn = {asked.turn: asked for asked in heard.asked}
    rank = {asked.turn: number for number, asked in enumerate(heard.asked)}
    remembered = [rank[turn.id] for turn in heard.history if turn.id in rank]
    answered = sorted(first, key=_begun_at)
    for where, order in (("remembered", remembered), ("shown", [rank[shown.turn] for shown in answered])):
        for one, other in pairwise(order):
            if one > other and heard.asked[other].orderly:
                yield "order", f"{heard.asked[one].marker} is {where} before {heard.asked[other].marker}"
    for before, after in pairwise(answered):
        begun = _begun_at(after)
        earlier = [version.text for version in before.versions if version.at <= begun]
        later = [version.text for version in before.versions if version.at > begun]
        if any(text != earlier[-1] for text in later):
            who = f"{by_turn[before.turn].marker} was still written when {by_turn[after.turn].marker} was answered"
            yield "overtaken", f"{who}: {earlier[-1][-60:]!r} became {later[-1][-60:]!r}"


def _begun_at(shown: Shown) -> float:
    """When the answer appeared: what told of the wait before it was none."""
    answers = [version.at for version in shown.versions if MARKER.search(version.text)]
    return min(answers, default=shown.versions[-1].at)
