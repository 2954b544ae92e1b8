"""Marks and notices, second by second, on a platform in memory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from structlog.testing import capture_logs

from core.chores import Chores
from core.conversation import Channel, Conversation, UserMessage
from core.errors import StoreUnavailable, SurfaceBusy, SurfaceFailed, SurfaceGone
from core.store.claims import Accepted, Busy, Claim
from core.surface import NOTICE, REFUSAL
from core.waiting import CROWD, MARK_AFTER_S, TELL_AFTER_S, UNTOLD, Waiting
from tests.core.scene import FakePlatform
from tests.core.store.talk import ROOM, said
from tests.fakes.clock import now, virtual_time
from tests.fakes.surface import FakeSurface


@dataclass(slots=True)
class Queue:
    """What the store knows of turns that wait: their numbers, and the messages that tell of them."""

    numbers: dict[str, int] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=dict)
    asked: list[float] = field(default_factory=list)
    busy: Busy = Busy.QUEUE
    away: bool = False
    latency: float = 0.001

    async def place(self, conversation: Conversation, sequence: str, *, told: Sequence[str] = ()) -> int:
        self.asked.append(now())
        await asyncio.sleep(self.latency)
        if self.away:
            raise StoreUnavailable
        number = self.numbers.get(sequence, 0)
        if number and told:
            self.told[sequence] = list(told)
        await asyncio.sleep(self.latency)
        return number

    async def busy_of(self, channel: Channel) -> Busy:
        return self.busy


@dataclass(slots=True)
class House:
    queue: Queue
    platform: FakePlatform
    chores: Chores
    waiting: Waiting

    def ask(
        self, text: str = "why?", *, number: int, ahead: int = 0, where: Conversation = ROOM
    ) -> tuple[UserMessage, FakeSurface]:
        """A question that waits with ``number`` turns before its answer, ``ahead`` in its own conversation."""
        message = said(text, where)
        self.queue.numbers[message.message_id] = number
        self.waiting.accepted(message, Accepted(new=True, ahead=ahead, sequence=message.message_id))
        return message, self.platform.of(message)

    def begin(self, message: UserMessage, *, ahead: int = 0, shown: Sequence[str] = ()) -> None:
        """A worker of this process claims it."""
        self.claim(message)
        self.waiting.begun(claim(message, ahead=ahead, shown=shown))

    def claim(self, message: UserMessage) -> None:
        """A worker of any process does."""
        self.queue.numbers[message.message_id] = 0


def claim(message: UserMessage, *, ahead: int = 0, shown: Sequence[str] = ()) -> Claim:
    return Claim([message], message.message_id, "1", 1, shown, ahead, False, {}, "", [])


@asynccontextmanager
async def house() -> AsyncGenerator[House, None]:
    queue, platform = Queue(), FakePlatform()
    async with Chores() as chores:
        waiting = Waiting({"slack": platform}, chores, place=queue.place, busy_of=queue.busy_of)
        yield House(queue, platform, chores, waiting)


def kinds(surface: FakeSurface) -> list[str]:
    return [write.kind for write in surface.writes]


@virtual_time
async def test_what_is_answered_at_once_costs_nothing() -> None:
    async with house() as made:
        message, surface = made.ask(number=1, ahead=1)
        await asyncio.sleep(MARK_AFTER_S / 2)
        made.begin(message)
        await asyncio.sleep(10)
        assert made.chores.running == 0
    assert (made.queue.asked, surface.writes) == ([], [])


@virtual_time
async def test_a_question_with_others_before_it_is_marked_until_its_answer_begins() -> None:
    async with house() as made:
        message, surface = made.ask(number=1, ahead=1)
        await asyncio.sleep(10)
        assert (surface.marked, kinds(surface)) == (True, ["mark"])
        made.begin(message, ahead=1)
        await asyncio.sleep(1)
        assert not surface.marked


@virtual_time
async def test_a_mark_that_another_process_put_on_is_taken_off() -> None:
    async with house() as made:
        message = said("why?")
        surface = made.platform.of(message)
        surface.marked = True
        made.begin(message, ahead=1)
        await asyncio.sleep(1)
        assert not surface.marked


@virtual_time
async def test_whenever_the_answer_begins_here_or_elsewhere_no_mark_stays() -> None:
    for here in (True, False):
        for tenth in range(40):
            async with house() as made:
                made.queue.latency = 0.3
                message, surface = made.ask(number=1, ahead=1)
                surface.latency = lambda: 0.7  # to the platform and back: the mark is on its way for long
                await asyncio.sleep(tenth / 10)
                if here:
                    made.begin(message, ahead=1)
                else:
                    made.claim(message)
                    await surface.mark(waiting=False)  # the other process takes off what it finds
                await asyncio.sleep(20)
                assert not surface.marked, f"begun after {tenth / 10} s, here: {here}"


@virtual_time
async def test_a_busy_platform_is_asked_again_and_only_while_the_question_waits() -> None:
    async with house() as made:
        message, surface = made.ask(number=1, ahead=1)
        surface.mark_outcomes.append(SurfaceBusy(retry_after=5.0))
        await asyncio.sleep(MARK_AFTER_S + 1)
        made.begin(message, ahead=1)
        await asyncio.sleep(20)
        assert [write for write in surface.writes if write.kind == "mark" and not write.error] == []
        further, surface = made.ask(number=1, ahead=1)
        surface.mark_outcomes.append(SurfaceBusy(retry_after=5.0))
        await asyncio.sleep(MARK_AFTER_S + 6)
        assert surface.marked
        assert further.turn_id != message.turn_id


@virtual_time
async def test_where_the_bot_may_not_mark_it_says_so_once_and_leaves_the_channel_alone() -> None:
    with capture_logs() as logs:
        async with house() as made:
            message, surface = made.ask(number=1, ahead=1)
            surface.mark_outcomes.append(SurfaceGone("missing_scope"))
            await asyncio.sleep(5)
            made.begin(message, ahead=1)
            _, later = made.ask(number=1, ahead=1)
            _, other = made.ask(number=1, ahead=1, where=Conversation(Channel("slack", "T1", "other")))
            other.mark_outcomes.append(SurfaceGone("missing_scope"))
            await asyncio.sleep(5)
            assert (kinds(surface), kinds(later), kinds(other)) == (["mark"], [], ["mark"])
            await asyncio.sleep(600)
            _, much_later = made.ask(number=1, ahead=1)
            await asyncio.sleep(5)
            assert much_later.marked, "somebody may have given it the permission"
    assert [entry["event"] for entry in logs] == ["questions that wait cannot be marked"]


@virtual_time
async def test_who_waits_for_a_worker_is_told_the_number_in_line() -> None:
    async with house() as made:
        message, surface = made.ask(number=7)
        await asyncio.sleep(TELL_AFTER_S + 1)
        (notice,) = surface.writes
        assert (notice.kind, notice.final, notice.message) == ("post", False, f"m{NOTICE}")
        assert "number 7 in line" in notice.text
        assert made.queue.told == {message.message_id: [f"m{NOTICE}"]}
        assert not surface.marked
        await asyncio.sleep(600)
        assert len(surface.writes) == 1, "it is not kept up to date"


@virtual_time
async def test_a_crowd_in_ones_own_conversation_is_worth_a_sentence_and_fewer_are_not() -> None:
    async with house() as made:
        _, fewer = made.ask(number=CROWD - 1, ahead=CROWD - 1)
        _, crowd = made.ask("第几位？", number=CROWD, ahead=CROWD)
        await asyncio.sleep(TELL_AFTER_S + 1)
        assert kinds(fewer) == ["mark"]
        assert f"排在第 {CROWD} 位" in crowd.texts()[0]


@virtual_time
async def test_where_messages_are_collected_there_is_no_line() -> None:
    async with house() as made:
        made.queue.busy = Busy.COLLECT
        _, surface = made.ask(number=CROWD, ahead=CROWD)
        await asyncio.sleep(TELL_AFTER_S + 1)
        assert kinds(surface) == ["mark"]


@virtual_time
async def test_a_notice_whose_answer_began_meanwhile_is_withdrawn() -> None:
    async with house() as made:
        message, surface = made.ask(number=1)
        surface.latency = lambda: 0.5
        await asyncio.sleep(TELL_AFTER_S + 0.2)
        assert made.queue.told == {message.message_id: [UNTOLD]}, "the worker has to know of it"
        made.claim(message)
        await asyncio.sleep(5)
        assert (kinds(surface), surface.texts()) == (["post", "withdraw"], [])


@virtual_time
async def test_a_notice_whose_process_was_killed_is_looked_for_and_withdrawn() -> None:
    async with house() as made:
        message = said("why?")
        surface = made.platform.of(message)
        await surface.post(NOTICE, "number 1 in line", final=False)
        made.begin(message, shown=[UNTOLD])
        await asyncio.sleep(2)
        assert surface.texts(), "its process may be alive, and about to withdraw it"
        await asyncio.sleep(10)
        assert surface.texts() == []


@virtual_time
async def test_a_notice_that_is_told_of_is_left_to_the_reply() -> None:
    async with house() as made:
        message = said("why?")
        surface = made.platform.of(message)
        notice = await surface.post(NOTICE, "number 1 in line", final=False)
        made.begin(message, shown=[notice])
        await asyncio.sleep(20)
        assert kinds(surface) == ["post"]


@virtual_time
async def test_of_messages_that_are_answered_together_only_an_untold_notice_is_withdrawn() -> None:
    async with house() as made:
        messages = [said("one"), said("two")]
        one, two = (made.platform.of(message) for message in messages)
        untold, told = await one.post(NOTICE, "1", final=False), await two.post(NOTICE, "2", final=False)
        assert untold == told, "ids of different surfaces"
        two.shown["told"] = two.shown.pop(told)
        two._parts[NOTICE] = "told"
        made.waiting.begun(replace(claim(messages[0], shown=[UNTOLD, "told"]), messages=messages))
        await asyncio.sleep(20)
        assert (one.texts(), len(two.texts())) == ([], 1)


@virtual_time
async def test_a_notice_that_may_have_been_posted_is_found() -> None:
    async with house() as made:
        message, surface = made.ask(number=1)
        surface.ghosts = True
        surface.outcomes.append(SurfaceFailed())
        await asyncio.sleep(TELL_AFTER_S + 1)
        assert made.queue.told == {message.message_id: [f"m{NOTICE}"]}


@virtual_time
async def test_a_store_that_goes_away_ends_in_silence_and_not_in_an_error() -> None:
    with capture_logs() as logs:
        async with house() as made:
            made.queue.away = True
            made.ask(number=CROWD, ahead=CROWD)
            await asyncio.sleep(20)
            assert made.chores.running == 0
    assert {entry["event"] for entry in logs} == {"a wait is not told of"}


@virtual_time
async def test_a_refusal_is_said_before_the_platform_is_told_and_once() -> None:
    async with house() as made:
        message = said("one too many")
        surface = made.platform.of(message)
        made.waiting.refused(message, 100)
        await surface.until(lambda: bool(surface.sealed))
        (refusal,) = surface.writes
        assert (refusal.message, refusal.final) == (f"m{REFUSAL}", True)
        assert refusal.text.startswith("100 questions are waiting here already")
        with capture_logs() as logs:
            made.waiting.refused(message, 100)
            await asyncio.sleep(5)
        assert (len(surface.writes), logs) == (1, [])


@virtual_time
async def test_a_refusal_that_cannot_be_said_is_logged() -> None:
    with capture_logs() as logs:
        async with house() as made:
            message = said("one too many")
            made.platform.of(message).outcomes.append(SurfaceGone("not_in_channel"))
            made.waiting.refused(message, 100)
            await asyncio.sleep(5)
    assert [entry["event"] for entry in logs] == ["a refusal was not said"]


@virtual_time
async def test_a_flood_is_not_attended_to_without_bound() -> None:
    async with house() as made:
        messages = [made.ask(number=1, ahead=1)[0] for _ in range(2_000)]
        assert made.chores.running == 500
        made.platform.shown.clear()
        await asyncio.sleep(20)
        marked = [surface for surface in made.platform.shown.values() if surface.marked]
        assert len(marked) == 500
        for message in messages:
            made.begin(message, ahead=1)
        await asyncio.sleep(20)
        assert made.chores.running == 0


@virtual_time
async def test_the_end_drops_what_has_not_begun_and_leaves_no_task() -> None:
    began = now()
    async with house() as made:
        _, early = made.ask(number=CROWD, ahead=CROWD)
        await asyncio.sleep(MARK_AFTER_S / 2)
    assert now() - began < 1
    assert (early.writes, made.chores.running) == ([], 0)
    made.ask(number=CROWD, ahead=CROWD)
    assert made.chores.running == 0


@virtual_time
async def test_the_end_lets_a_notice_that_is_on_its_way_arrive() -> None:
    async with house() as made:
        message, surface = made.ask(number=1)
        surface.latency = lambda: 0.5
        await asyncio.sleep(TELL_AFTER_S + 0.1)
    assert made.queue.told == {message.message_id: [f"m{NOTICE}"]}
    assert len(surface.texts()) == 1
