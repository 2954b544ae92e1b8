"""What a run will do, drawn beforehand from one seed: the same seed gives the same plan, though not the same race."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Trouble(Enum):
    """What happens to the first call of the model for a question."""

    NONE = "nothing"
    SLOW = "the first byte comes late"
    BUSY = "503, and asked again it answers"
    CUT_FIRST = "the connection is reset before the first word"
    CUT = "the stream ends in the middle, for good"


class Kind(Enum):
    """Where people talk."""

    SLACK_THREAD = "a thread in a Slack channel"
    SLACK_DM = "a direct message in Slack"
    DISCORD_CHANNEL = "a channel of Discord"
    DISCORD_DM = "a direct message in Discord"


class Haste(Enum):
    """How long a person waits before the next question."""

    POLITE = "until the answer is finished"
    EAGER = "until the answer has begun"
    HASTY = "not at all"


class Blow(Enum):
    """What is done to the program, its store and its platforms."""

    KILL = "a process is killed (-9)"
    FREEZE = "a process is stopped for longer than a lease, and goes on"
    REPLACE = "a process is ended in order (SIGTERM) and replaced"
    STORE_KILL = "Redis is killed (-9) and started again"
    STORE_FREEZE = "Redis is stopped for a while, and goes on"
    SLACK_SOCKET = "Slack ends its sockets: disconnect envelope or reset"
    DISCORD_RESUME = "Discord's gateway breaks, and the session can be resumed"
    DISCORD_FORGET = "Discord's gateway breaks, and the session is gone"
    REPEAT = "a platform delivers a message a second time"
    REFUSE = "a write to a platform gets a 429, a 5xx, or its answer is lost"


@dataclass(frozen=True, slots=True)
class Speech:
    """How the model answers one question."""

    pieces: int
    delay_s: float
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class Question:
    marker: str
    """In the question and in every piece of its answer, and nowhere else."""
    haste: Haste
    pause_s: float
    """Between what was waited for and the question."""
    speech: Speech


@dataclass(frozen=True, slots=True)
class Talk:
    kind: Kind
    room: int
    """In Discord one of the rooms that everybody knows; in Slack each talk opens a thread or a direct message."""
    at_s: float
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow. ``dice`` decides whatever is to be decided about it."""

    at_s: float
    blow: Blow
    dice: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    duration_s: float
    lease_s: float
    introductions: Sequence[Talk]
    """Held before the first blow: a bot that falls before it was ever spoken to in a room knows of no such room, and
    has nothing to catch up with."""
    talks: Sequence[Talk]
    strikes: Sequence[Strike]

    @property
    def questions(self) -> int:
        return sum(len(talk.questions) for talk in (*self.introductions, *self.talks))

    @property
    def speeches(self) -> dict[str, Speech]:
        """By marker."""
        talks = (*self.introductions, *self.talks)
        return {question.marker: question.speech for talk in talks for question in talk.questions}


@dataclass(frozen=True, slots=True)
class Weather:
    """How much of what. ``per_kill``: how often each other blow falls for one kill."""

    kills: int
    kills_a_second: float = 1.2
    questions_a_second: float = 4.0
    lease_s: float = 1.0
    """A quarter of it is the most that a process may be kept waiting by a busy machine."""
    model_trouble: float = 0.0
    """The share of questions whose first call of the model meets trouble."""
    per_kill: tuple[tuple[Blow, float], ...] = (
        (Blow.FREEZE, 0.15),
        (Blow.REPLACE, 0.1),
        (Blow.STORE_KILL, 0.03),
        (Blow.STORE_FREEZE, 0.04),
        (Blow.SLACK_SOCKET, 0.1),
        (Blow.DISCORD_RESUME, 0.1),
        (Blow.DISCORD_FORGET, 0.05),
        (Blow.REPEAT, 0.4),
        (Blow.REFUSE, 0.5),
    )
    off: frozenset[Blow] = frozenset()
    """Blows that are left out, for a reason that whoever sets this names."""


_LASTS = {Blow.FREEZE: (1.2, 3.0), Blow.STORE_KILL: (0.0, 1.0), Blow.STORE_FREEZE: (0.5, 3.0)}
_ROOMS = (Kind.DISCORD_CHANNEL, Kind.DISCORD_CHANNEL, Kind.DISCORD_DM)
_QUESTIONS_A_ROOM = 20
_HELLO = Speech(pieces=3, delay_s=0.05)
_HASTES = (Haste.POLITE, Haste.POLITE, Haste.EAGER, Haste.EAGER, Haste.HASTY)
_MOST_QUESTIONS = 6
_LEAD_S = 1.0
"""The first blow falls when people have begun to talk."""


def draw(seed: int, weather: Weather) -> Plan:
    """The plan that ``seed`` stands for in this ``weather``."""
    dice = random.Random(seed)  # noqa: S311 - a plan is no secret
    duration = weather.kills / weather.kills_a_second
    most = int(duration * weather.questions_a_second)
    rooms = [_ROOMS[number % len(_ROOMS)] for number in range(3 + most // _QUESTIONS_A_ROOM)]
    hellos = [Question(_marker(number), Haste.POLITE, 0, _HELLO) for number in range(len(rooms))]
    talks: list[Talk] = []
    asked = len(rooms)
    while asked < most:
        count = dice.randint(1, _MOST_QUESTIONS)
        questions = [_question(dice, asked + number, weather) for number in range(count)]
        room = dice.randrange(len(rooms))
        kind = dice.choice((Kind.SLACK_THREAD, Kind.SLACK_DM, rooms[room], rooms[room], rooms[room]))
        talks.append(Talk(kind, room, dice.uniform(0, duration), questions))
        asked += count
    return Plan(
        seed,
        duration,
        weather.lease_s,
        [Talk(kind, number, 0, [hellos[number]]) for number, kind in enumerate(rooms)],
        sorted(talks, key=lambda talk: talk.at_s),
        sorted(_strikes(dice, duration, weather), key=lambda strike: strike.at_s),
    )


def _strikes(dice: random.Random, duration: float, weather: Weather) -> Iterator[Strike]:
    blows = [Blow.KILL] * weather.kills
    for blow, often in weather.per_kill:
        blows += [blow] * (max(1, round(often * weather.kills)) if blow not in weather.off else 0)
    for blow in blows:
        lasts = dice.uniform(*_LASTS.get(blow, (0, 0.5)))
        lasts *= weather.lease_s if blow is Blow.FREEZE else 1
        yield Strike(_LEAD_S + dice.uniform(0, duration), blow, dice.random(), lasts)


def _question(dice: random.Random, number: int, weather: Weather) -> Question:
    # Most answers are short; one in ten needs several messages in Discord, one in ten is said at once.
    pieces = dice.choice((1, 3, 5, 8, 8, 12, 12, 20, 20, 80))
    lasts = dice.choice((0.0, 0.2, 0.4, 0.7, 1.0, 1.0, 1.5))
    trouble = Trouble.NONE
    if dice.random() < weather.model_trouble:
        trouble = dice.choice((Trouble.SLOW, Trouble.BUSY, Trouble.CUT_FIRST, Trouble.CUT))
    speech = Speech(pieces, lasts / (pieces + 1), trouble)
    return Question(_marker(number), dice.choice(_HASTES), dice.uniform(0, 0.5), speech)


def _marker(number: int) -> str:
    return f"q{number:05d}"
