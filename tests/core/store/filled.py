"""A store in which every kind of key is written, by two people in two channels of a workspace, and by a neighbour."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from core.allowances import Charge, Owner, Rule, Window
from core.cascade import Level
from core.changes import Edited, Pinned
from core.conversation import Channel, Conversation, Turn, Usage, UserMessage
from core.costs import Cost, Paid
from core.estimate import Calibration
from core.feedback import Feedback
from core.store.allowances import Allowances
from core.store.blocks import Blocks
from core.store.calibrations import Calibrations
from core.store.channels import Channels
from core.store.claims import Claim
from core.store.connection import Connections
from core.store.journal import Journals
from core.store.preferences import Place, Preferences
from core.store.shelf import Shelf
from core.store.summaries import Summaries, summary_of
from core.store.thoughts import Thought
from core.store.told import Told
from core.store.turns import Turns
from core.store.usage import Spending, Spent
from tests.core.store.talk import DAY_S, claimed, turns_of

ADA, BOB = "UADA", "UBOB"
GENERAL, RANDOM = Channel("slack", "TOURS", "CGENERAL"), Channel("slack", "TOURS", "CRANDOM")
ELSEWHERE = Channel("slack", "TTHEIRS", "CELSEWHERE")
THREAD = Conversation(GENERAL, "17.1")
_USAGE = Usage(10, 5)
_numbers = count(1)


@dataclass
class Filled:
    """``partitions`` is 1 on one server, more on a Cluster."""

    connections: Connections
    partitions: int = 1
    running: Claim | None = None
    _number: int = 0

    def __post_init__(self) -> None:
        self.turns: Turns = turns_of(self.connections, partitions=self.partitions)
        self.channels = Channels(self.connections, partitions=self.partitions)
        self.preferences = Preferences(self.connections, partitions=self.partitions, history_ttl_s=DAY_S)
        self.journals = Journals(self.connections, ttl_s=DAY_S)

    async def fill(self) -> None:
        await self.turns.settled_partitions()
        for channel in (GENERAL, RANDOM, ELSEWHERE):
            for author in (ADA, BOB):
                await self._talk(channel, author)
            await self._around(channel)
        await self._ours()

    def message(self, where: Conversation, author: str, word: str) -> UserMessage:
        self._number = next(_numbers)
        id_ = f"m{self._number}"
        return UserMessage(where, id_, id_, author, word)

    async def ask(self, where: Conversation, author: str, word: str) -> Claim:
        """Nothing else may be waiting."""
        await self.turns.accept(self.message(where, author, word))
        return await claimed(self.turns)

    async def exchange(self, where: Conversation, author: str, word: str, **more: Any) -> Claim:
        claim = await self.ask(where, author, f"q{word}")
        turn = Turn(author, f"q{word}", f"r{word}", id=claim.message.turn_id, name=f"n{word}", **more)
        assert await self.turns.commit(claim, turn)
        return claim

    async def _talk(self, channel: Channel, author: str) -> None:
        """Each word that is said names its channel and its author, and so whose it is."""
        room, word = Conversation(channel), f"-{channel.channel}-{author}-"
        first = await self.exchange(room, author, f"{word}history", usage=_USAGE, messages=(f"p{word}",))
        await self.turns.amend(Pinned(channel, first.message.message_id, pinned=True))
        await self.turns.amend(Edited(channel, first.message.message_id, f"q{word}edited", at=5))
        await self.turns.amend(Edited(channel, f"x{self._number}", f"q{word}early", at=5, to_bot=True))
        found = await self.turns.answers.last(room)
        assert found
        opinion = Feedback(author, "bad", found.turn.id, f"o{word}feedback")
        await self.turns.answers.rate(found, lambda turn: turn.rated(opinion))
        await self.exchange(Conversation(channel, "17.1"), author, f"{word}thread")
        parked = await self.ask(room, author, f"q{word}parked")
        assert await self.turns.commit(parked, None, gave_up="no reason")
        await self._chosen(Place(Level.PERSON, room, author), f"s{word}person", author)
        await Told(self.connections).first(channel, author, within_s=60)
        at = Spent(f"t{word}", channel, author, _USAGE, Cost(Paid.TOKENS))
        await Spending(self.connections).add(at)
        rules = [Rule(owner, 100, "requests", Window.DAY) for owner in Owner]
        allowances = Allowances(self.connections)
        await allowances.reserve(allowances.wanted(f"t{word}", channel, author, rules), Charge(5, at.cost))

    async def _around(self, channel: Channel) -> None:
        room, word = Conversation(channel), f"-{channel.channel}-"
        inside = Conversation(channel, "17.1")
        for place, by in (
            (Place(Level.CHANNEL, room), ADA),
            (Place(Level.THREAD, inside), BOB),
            (Place(Level.WORKSPACE, room), BOB),
        ):
            await self._chosen(place, f"s{word}{place.level.value}", by)
        for where in (room, inside):
            thought = Thought(f"h{word}{ADA}-thought", 0, 1, "m", f"q{word}{ADA}-asked")
            await self.channels.thoughts.keep(where, thought)
        await self.channels.told_before(channel, "public/gone", turn="t1")
        await self.channels.comes_first(channel)
        claim = await self.ask(inside, BOB, f"q{word}{BOB}-summed")
        summaries = Summaries(self.connections, partitions=self.partitions)
        making = await summaries.begin(channel, claim.recalled)
        assert making
        recalled = replace(making, recalled=replace(claim.recalled, own=""))
        assert await summaries.keep(recalled, summary_of(f"z{word}{ADA}-summary", "m"), upto=1)
        assert await self.turns.release(claim, wait_s=10_000)

    async def _chosen(self, place: Place, value: str, by: str) -> None:
        await self.preferences.choose(place, "system", value, by=by)

    async def _ours(self) -> None:
        """What is nobody's."""
        deployment = Place(Level.DEPLOYMENT, Conversation(GENERAL))
        await self._chosen(deployment, "everywhere", "slack:UOPERATOR")
        for name in ("CPAGE", "COTHER", "index"):
            await self.journals.append(f"web:{name}", f"line-{name}")
        await Shelf(self.connections, "catalog").put("hash", "models", kept_s=60)
        await Shelf(self.connections, "catalog").put("hash:learned", "lessons", kept_s=60)
        await Calibrations(self.connections).keep("model", Calibration())
        await Blocks(self.connections).refused("bucket", pause_ms=1000, sent_ms=1, jitter=1.0)

    async def keys(self) -> list[str]:
        found: set[str] = set()
        for server in await self.connections.routes.masters.all():
            names: AsyncIterator[str] = server.ask.scan_iter("*", count=1000)
            found |= {name async for name in names}
        return sorted(found)

    async def texts(self) -> dict[str, str]:
        """All that is in the store, opened, by key; the keys stand in it as well."""
        seal = self.connections.seal
        return {key: f"{key} {seal.opened(await self.raw(key))}" for key in await self.keys()}

    async def raw(self, key: str) -> Any:
        """All of ``key`` as the store has it."""
        redis: Any = self.connections.ask
        match await redis.type(key):
            case "string":
                found: Any = await redis.get(key)
            case "hash":
                found = await redis.hgetall(key)
            case "list":
                found = await redis.lrange(key, 0, -1)
            case "set":
                found = await redis.smembers(key)
            case "zset":
                found = await redis.zrange(key, 0, -1, withscores=True)
            case _:
                found = await redis.xrange(key)
        return _listed(found)

    async def holding(self, text: str) -> list[str]:
        """The keys in which ``text`` is found."""
        return [key for key, said in (await self.texts()).items() if text in said]


def _listed(found: Any) -> Any:
    """With lists where redis-py has tuples and sets."""
    if isinstance(found, (list, tuple)):
        return [_listed(each) for each in found]
    return sorted(found) if isinstance(found, set) else found
