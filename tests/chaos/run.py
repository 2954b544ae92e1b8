"""One run: a plan, the doubles, the crew, the blows, and the judgement."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.chaos.blows import Fists
from tests.chaos.check import given_up, violations
from tests.chaos.crew import Crew
from tests.chaos.evidence import Asked, Heard, Violation
from tests.chaos.ledger import Ledger, ledger
from tests.chaos.nursery import nursery
from tests.chaos.parrot import Parrot
from tests.chaos.people import People, Room, Spoken
from tests.chaos.places import Place, Town
from tests.chaos.plan import Plan
from tests.chaos.report import Figures, figures
from tests.chaos.store import Store, store
from tests.chaos.story import story
from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble

DRAIN_S = 3.0
WORKERS = 3
_QUIET_S = 60.0
"""After the last blow. Slack delivers for the third time after 20 times what an ack may take, for the fourth after 100."""
_ACK_S = 0.25
_SLACK_SPEED = 1000.0
_DISCORD_WINDOW_S = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    plan: Plan
    figures: Figures
    violations: list[Violation]
    stories: list[str]
    """Of the conversations that something is wrong with."""

    @property
    def report(self) -> str:
        """All that is wrong, for a person to read."""
        wrong = [f"{each.kind} {each.conversation} {each.detail}" for each in self.violations]
        return "\n".join([f"seed {self.plan.seed}: {len(wrong)} violations", *wrong, *self.stories])


@dataclass(slots=True)
class World:
    """Everything around the program, and the program."""

    slack: SlackDouble
    discord: DiscordDouble
    store: Store
    ledger: Ledger
    parrot: Parrot
    people: People
    crew: Crew


@asynccontextmanager
async def world(plan: Plan, **settings: str) -> AsyncGenerator[World, None]:
    """Nobody is hired yet. ``settings`` are the program's, beside or instead of the suite's own."""
    parrot = Parrot(plan.speeches)
    with TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        async with (
            store(folder) as redis,
            ledger(redis.url) as books,
            DrunDouble(seed=plan.seed) as drun,
            # The platforms' limits are raised by the doubles' own options: hundreds of conversations in one workspace
            # would else wait for Slack's 50 edits a minute most of the time. The program's own budgets stay.
            SlackDouble(
                bot_token="xoxb-chaos-token", app_token="xapp-chaos-token", speed=_SLACK_SPEED, ack_s=_ACK_S
            ) as slack,
            DiscordDouble(
                token="am91cm5leS1ib3QtaWQtMDAw.journe.y-token-of-the-discord-double-00",
                window=_DISCORD_WINDOW_S,
            ) as discord,
        ):
            drun.reply = parrot
            given = {
                "REDIS_URL": redis.url,
                "DRUN_BASE_URL": drun.maas_url,
                "DRUN_DEFAULT_MODEL": "public/deepseek-v3",
                "LEASE_S": f"{plan.lease_s:g}",
                "DRAIN_S": f"{DRAIN_S:g}",
                "LOG_FORMAT": "json",
                "SLACK_API_URL": slack.api_url,
                "SLACK_BOT_TOKEN": slack.bot_token,
                "SLACK_APP_TOKEN": slack.app_token,
                "DISCORD_API_URL": discord.api_url,
                "DISCORD_GATEWAY_URL": discord.gateway_url,
                "DISCORD_TOKEN": discord.token,
                **settings,
            }
            people = People(Town(slack, discord, discord.add_guild("Acme")))
            async with nursery(folder, given, drun.keys) as children:
                yield World(slack, discord, redis, books, parrot, people, Crew(children))


async def hire(crew: Crew) -> None:
    """Two that hear Slack, of whom one answers too; one that hears Discord, and answers; workers."""
    await crew.hire("slack", "worker")
    await crew.hire("slack")
    await crew.hire("discord", "worker")
    for _ in range(WORKERS):
        await crew.hire("worker")
    await crew.until_up()


async def run(plan: Plan) -> Outcome:
    """Plays ``plan`` to its end and judges it."""
    began = monotonic()
    async with world(plan) as made:
        await hire(made.crew)
        fists = Fists(made.crew, made.store, made.slack, made.discord, made.people, made.ledger, made.parrot)
        await made.people.hold(plan.introductions)
        async with asyncio.TaskGroup() as going:
            going.create_task(made.people.hold(plan.talks))
            going.create_task(fists.strike(plan.strikes))
        await made.people.until_answered(_QUIET_S)
        await made.crew.disband()
        found = await judged(made)
        told = [
            story(spoken, made.parrot.calls[spoken.question.marker], fists.diary)
            for spoken in made.people.spoken
            if any(spoken.question.marker in violation.detail for violation in found)
        ]
        return Outcome(plan, figures(made, fists, plan, found, monotonic() - began), found, told)


async def judged(made: World) -> list[Violation]:
    """Everything that is wrong, conversation by conversation, and in the program as a whole."""
    lost = made.crew.leases_lost()
    rooms = [await heard(made, room, lost) for room in made.people.rooms]
    found = [violation for room in rooms for violation in violations(room)]
    ended = sum(given_up(asked, room.reply(asked)) for room in rooms for asked in room.asked)
    left = await made.ledger.leftovers(given_up=ended)
    found += [Violation("left over", "", leftover) for leftover in left]
    return found + [Violation("process", "", failure) for failure in made.crew.failures]


async def heard(made: World, room: Room, lost: Counter[str]) -> Heard:
    place = room.place
    name = str(place.conversation)
    asked = [_asked(made, spoken, lost[name]) for spoken in room.spoken]
    turns = {one.turn for one in asked}
    remembered = [turn for owner in _owners(place) for turn in await made.ledger.turns(owner)]
    return Heard(name, asked, place.shown(), [turn for turn in remembered if turn.id in turns])


def _owners(place: Place) -> list[str]:
    """Whose histories hold the turns of a conversation: the turn that opens a thread stands in the channel's."""
    conversation = place.conversation
    return list(dict.fromkeys([str(conversation.channel), str(conversation)]))


def _asked(made: World, spoken: Spoken, leases_lost: int) -> Asked:
    question = spoken.question
    return Asked(
        question.marker,
        spoken.said.turn,
        spoken.said.place,
        question.speech,
        len(made.parrot.calls[question.marker]),
        leases_lost,
        orderly=spoken.place.orderly(spoken.said.message),
    )
