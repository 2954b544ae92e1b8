"""Settings of all levels in a real store: what counts, who changed it, and how long it is kept."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.cascade import Level
from core.conversation import Channel, Conversation
from core.store.claims import Busy
from core.store.connection import Connections
from core.store.preferences import AUDIT_KEPT, Place, Preferences
from tests.core.desks import preferences_of
from tests.core.store.talk import DAY_S, ask, exchange, thread, turns_of

pytestmark = pytest.mark.every_form

PARTITIONS = 16
DEFAULTS = {"language": "auto", "system": "Be kind."}
NAMES = ("model", "system", "language", "footer")
AUTHORS = ("U1", "U2", "")
WHERE = [
    Conversation(Channel(platform, workspace, channel), inside)
    for platform, workspace in (("slack", "T1"), ("slack", "T2"), ("discord", "T1"))
    for channel in ("general", "random")
    for inside in (None, "1", "2")
]
SET_AT = [level for level in Level if level is not Level.DEFAULT]
_examples = count()


@dataclass(frozen=True)
class Change:
    where: Conversation
    author: str
    level: Level
    name: str
    value: str

    @property
    def place(self) -> Place:
        return Place(self.level, self.where, self.author)

    @property
    def owner(self) -> object:
        """What the level is of, said without any key."""
        channel = self.where.channel
        workspace = (channel.platform, channel.workspace)
        return {
            Level.THREAD: self.where,
            Level.CHANNEL: channel,
            Level.PERSON: (*workspace, self.author),
            Level.WORKSPACE: workspace,
            Level.DEPLOYMENT: (),
        }[self.level]


def is_a_place(change: Change) -> bool:
    if change.level is Level.THREAD:
        return change.where.thread is not None
    return change.level is not Level.PERSON or bool(change.author)


CHANGES = st.builds(
    Change,
    st.sampled_from(WHERE),
    st.sampled_from(AUTHORS),
    st.sampled_from(SET_AT),
    st.sampled_from(NAMES),
    st.sampled_from(["", "a", "b", "多 行\n文字 {x}"]),
).filter(is_a_place)


@dataclass
class Model:
    """All settings in plain dicts."""

    said: dict[tuple[Level, object], dict[str, str]] = field(default_factory=dict)
    notes: dict[tuple[Level, object], list[tuple[str, str, str]]] = field(default_factory=dict)

    def choose(self, change: Change) -> str:
        at = (change.level, change.owner)
        layer = self.said.setdefault(at, {})
        before = layer.get(change.name, "")
        layer[change.name] = change.value
        if before != change.value:
            self.notes.setdefault(at, []).insert(0, (change.author, change.name, change.value))
        return before

    def find(self, where: Conversation, author: str, name: str) -> tuple[str, Level]:
        for level in SET_AT:
            change = Change(where, author, level, name, "")
            value = self.said.get((level, change.owner), {}).get(name, "") if is_a_place(change) else ""
            if value:
                return value, level
        return DEFAULTS.get(name, ""), Level.DEFAULT


@pytest.fixture
def preferences(connections: Connections) -> Preferences:
    return preferences_of(connections, partitions=PARTITIONS, defaults=DEFAULTS)


async def begun(preferences: Preferences) -> None:
    """Forgets what an earlier example has set for everybody; all else has names of its own."""
    nowhere = Conversation(Channel("slack", "T0", "nowhere"))
    for name in NAMES:
        await preferences.choose(Place(Level.DEPLOYMENT, nowhere), name, "", by="")


def moved(where: Conversation, example: int) -> Conversation:
    """``where`` in the workspaces of one example."""
    channel = where.channel
    return replace(where, channel=replace(channel, workspace=f"{channel.workspace}-{example}"))


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # every example has workspaces of its own
)
@given(st.lists(CHANGES, max_size=15), st.sampled_from(WHERE), st.sampled_from(AUTHORS))
async def test_what_counts_is_what_plain_dicts_would_say(
    preferences: Preferences, changes: list[Change], where: Conversation, author: str
) -> None:
    await begun(preferences)
    example, model = next(_examples), Model()
    where = moved(where, example)
    for made in changes:
        change = replace(made, where=moved(made.where, example))
        before = await preferences.choose(change.place, change.name, change.value, by=change.author)
        assert before == model.choose(change)
    chosen = await preferences.chosen(where, author)
    for name in NAMES:
        found = chosen.find(name)
        assert (found.value, found.level) == model.find(where, author, name)
    claimed = {level: chosen.layers.get(level, {}) for level in (Level.THREAD, Level.CHANNEL)}
    assert (await preferences.beside(claimed, where, author)).layers == {**claimed, **chosen.layers}
    for level in SET_AT:
        change = Change(where, author, level, "", "")
        if not is_a_place(change):
            continue
        noted = model.notes.get((level, change.owner), [])
        # Those of everywhere go on with what earlier examples have noted.
        shared = level is Level.DEPLOYMENT
        kept = (await preferences.audit(change.place, most=100))[: len(noted) if shared else None]
        assert [(note.author, note.name, note.value) for note in kept] == noted
        assert all(note.level is level for note in kept)


async def test_a_change_is_noted_with_its_time(preferences: Preferences) -> None:
    before = datetime.now(UTC)
    await preferences.choose(Place(Level.CHANNEL, WHERE[0]), "model", "a", by="U1")
    [note] = await preferences.audit(Place(Level.CHANNEL, WHERE[0]))
    assert before <= note.at <= datetime.now(UTC)
    assert (note.author, note.level, note.name, note.value) == ("U1", Level.CHANNEL, "model", "a")


async def test_a_call_that_is_repeated_is_noted_once(preferences: Preferences) -> None:
    """As after an answer of Redis that was lost on its way."""
    place = Place(Level.PERSON, WHERE[0], "U1")
    for value in ("a", ""):
        for _ in range(3):
            await preferences.choose(place, "model", value, by="U1")
    assert [note.value for note in await preferences.audit(place)] == ["", "a"]


async def test_calls_at_once_leave_one_value_and_a_note_of_each_change(preferences: Preferences) -> None:
    place = Place(Level.WORKSPACE, WHERE[0])
    values = [str(number) for number in range(40)]
    before = await asyncio.gather(*(preferences.choose(place, "model", value, by="U1") for value in values))
    chosen = (await preferences.chosen(WHERE[0], "U1"))["model"]
    assert sorted([*before, chosen]) == sorted(["", *values])
    assert (await preferences.audit(place))[0].value == chosen


async def test_only_the_newest_notes_are_kept(preferences: Preferences, connections: Connections) -> None:
    place = Place(Level.CHANNEL, WHERE[0])
    for number in range(AUDIT_KEPT + 10):
        await preferences.choose(place, "model", str(number), by="U1")
    notes = await preferences.audit(place, most=AUDIT_KEPT * 2)
    assert [note.value for note in notes] == [str(AUDIT_KEPT + 9 - number) for number in range(AUDIT_KEPT)]
    assert len(await preferences.audit(place)) == 20
    assert await connections.ask.llen(preferences._keys(place)[1]) == AUDIT_KEPT


async def lifetimes(preferences: Preferences, connections: Connections, place: Place) -> list[int]:
    return [await connections.ask.ttl(key) for key in preferences._keys(place)]


@pytest.mark.parametrize("level", SET_AT)
async def test_a_threads_settings_go_with_its_history_and_all_others_stay(
    preferences: Preferences, connections: Connections, level: Level
) -> None:
    place = Place(level, Conversation(WHERE[0].channel, "1"), "U1")
    await preferences.choose(place, "model", "a", by="U1")
    for seconds in await lifetimes(preferences, connections, place):
        assert DAY_S - 60 < seconds <= DAY_S if level is Level.THREAD else seconds == -1


async def test_a_thread_that_is_talked_in_keeps_its_settings(connections: Connections) -> None:
    preferences, turns = preferences_of(connections), turns_of(connections)
    place = Place(Level.THREAD, thread("1"), "U1")
    await exchange(turns, "root", thread("1"), opens_thread=True)
    await preferences.choose(place, "model", "a", by="U1")
    for key in preferences._keys(place):
        assert await connections.ask.expire(key, 5)
    claim = await ask(turns, "again", thread("1"))
    assert (await preferences.beside(claim.settings, claim.conversation, "U1"))["model"] == "a"
    assert all(seconds > DAY_S - 60 for seconds in await lifetimes(preferences, connections, place))


async def test_where_history_is_kept_for_ever_so_are_a_threads_settings(connections: Connections) -> None:
    preferences = Preferences(connections, partitions=1)
    place = Place(Level.THREAD, thread("1"), "U1")
    await preferences.choose(place, "model", "a", by="U1")
    await preferences.beside({Level.THREAD: {"model": "a"}}, thread("1"), "U1")
    assert await lifetimes(preferences, connections, place) == [-1, -1]


async def test_a_claim_brings_the_settings_of_its_thread_and_its_channel(connections: Connections) -> None:
    preferences, turns = preferences_of(connections), turns_of(connections)
    for level, value in ((Level.THREAD, "t"), (Level.CHANNEL, "c"), (Level.PERSON, "p")):
        await preferences.choose(Place(level, thread("1"), "U1"), "model", value, by="U1")
    claim = await ask(turns, "hello", thread("1"), opens_thread=True)
    assert claim.settings == {Level.THREAD: {"model": "t"}, Level.CHANNEL: {"model": "c"}}
    in_channel = await ask(turns, "hello")
    assert in_channel.settings == {Level.THREAD: {}, Level.CHANNEL: {"model": "c"}}


async def test_what_a_channel_does_while_busy_is_its_own_or_the_operators(connections: Connections) -> None:
    preferences = preferences_of(connections, defaults={"busy": "interrupt"})
    assert await preferences.busy_of(WHERE[0].channel) is Busy.INTERRUPT
    await preferences.choose(Place(Level.CHANNEL, WHERE[0]), "busy", "collect", by="U1")
    assert await preferences.busy_of(WHERE[0].channel) is Busy.COLLECT
    assert await preferences_of(connections).busy_of(WHERE[6].channel) is Busy.QUEUE
