"""Intake on a platform that repeats nothing: order, room, gaps, and the end."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.conversation import Channel, Conversation, UserMessage
from core.errors import StoreUnavailable
from core.lanes import Gap, Lanes
from core.store.channels import Heard
from core.store.claims import Accepted
from core.store.connection import connect
from tests.core.store.own_server import own_server
from tests.core.store.talk import eventually, turns_of
from tests.fakes.clock import now, virtual_time

TAKEN, REFUSED = Accepted(new=True), Accepted(new=False, refused=True)


def channel(name: str) -> Channel:
    return Channel("discord", "1", name)


def message(number: int, where: str = "a") -> UserMessage:
    return UserMessage(Conversation(channel(where)), str(number), str(number), "ada", f"say {number}")


class Platform:
    """Redis and the platform's history in one: what was said, what was accepted, and what fails."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, int]] = []
        self.at: dict[int, float] = {}
        self.said: dict[str, list[int]] = defaultdict(list)
        self.away = False
        self.hanging: set[str] = set()
        """Channels whose messages are never answered for."""
        self.full: set[str] = set()
        self.broken: set[int] = set()
        self.unreadable: set[str] = set()
        self.knows_nothing = False
        self.looks = 0
        self.readings: list[Gap] = []
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def accept(self, message: UserMessage, *, insisting: bool = False) -> Accepted:
        where, number = message.conversation.channel.channel, int(message.message_id)
        await asyncio.sleep(0.01)
        if where in self.hanging:
            await asyncio.Event().wait()
        if self.away:
            raise StoreUnavailable("away")
        if number in self.broken:
            raise ValueError("no such message")
        if where in self.full:
            return REFUSED
        if (where, number) in self.accepted:
            return Accepted(new=False)
        self.accepted.append((where, number))
        self.at[number] = now()
        return TAKEN

    async def heard(self) -> Sequence[Heard]:
        self.looks += 1
        await asyncio.sleep(0.01)
        if self.away:
            raise StoreUnavailable("away")
        if self.knows_nothing:
            raise KeyError("what nobody has thought of")
        places = {where for where, _ in self.accepted}
        return [Heard(channel(where), str(max(self.in_channel(where)))) for where in sorted(places)]

    async def missed(self, gap: Gap) -> AsyncGenerator[UserMessage, None]:
        self.readings.append(gap)
        await self.may_read.wait()
        if gap.channel.channel in self.unreadable:
            raise KeyError("what a library raises")
        after = int(gap.start) - gap.included
        while later := [number for number in self.said[gap.channel.channel] if number > after]:
            after = later[0]
            await asyncio.sleep(0.01)
            yield message(after, gap.channel.channel)

    def say(self, *numbers: int, where: str = "a") -> list[UserMessage]:
        """People write; whether anybody hears it is another question."""
        self.said[where] += numbers
        return [message(number, where) for number in numbers]

    def in_channel(self, where: str = "a") -> list[int]:
        return [number for name, number in self.accepted if name == where]


async def settled(lanes: Lanes) -> None:
    """Waits until nothing is left to take in; on a virtual clock that costs nothing."""
    async with asyncio.timeout(600):
        while lanes.busy:  # noqa: ASYNC110 - lanes announce nothing
            await asyncio.sleep(0.05)


def others() -> set[str]:
    this = asyncio.current_task()
    return {task.get_name() for task in asyncio.all_tasks() if task is not this}


@virtual_time
async def test_what_is_put_is_accepted_in_order_and_leaves_nothing_behind() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=10) as lanes:
        for each in [*platform.say(1, 2, 3), *platform.say(4, 5, where="b")]:
            lanes.put(each)
        assert (lanes.held, lanes.busy) == (5, 2)
        await settled(lanes)
        assert platform.in_channel("a") == [1, 2, 3]
        assert platform.in_channel("b") == [4, 5]
        assert lanes.held == 0
        assert not others()


@virtual_time
async def test_a_channel_does_not_wait_for_another() -> None:
    platform = Platform()
    platform.hanging.add("a")
    async with Lanes(platform.accept, room=10) as lanes:
        for each in [*platform.say(1), *platform.say(2, 3, where="b")]:
            lanes.put(each)
        await asyncio.sleep(1)
        assert platform.accepted == [("b", 2), ("b", 3)]
        assert lanes.held == 1


@virtual_time
async def test_order_is_kept_while_redis_is_away_and_it_is_asked_again_within_seconds() -> None:
    platform = Platform()
    platform.away = True
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=100) as lanes:
            for number in range(1, 21):
                lanes.put(message(number))
                await asyncio.sleep(10)
            platform.away, back = False, now()
            await settled(lanes)
    assert platform.in_channel() == list(range(1, 21))
    assert platform.at[1] - back < 3.1
    assert platform.at[20] - platform.at[1] < 1
    # One line for the outage and one for its end, however many waited.
    assert [line["log_level"] for line in logs] == ["warning", "info"]


@virtual_time
async def test_a_message_that_cannot_be_taken_in_keeps_no_other_out() -> None:
    platform = Platform()
    platform.broken.add(2)
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=10) as lanes:
            for each in platform.say(1, 2, 3):
                lanes.put(each)
            await settled(lanes)
            assert lanes.held == 0
    assert platform.in_channel() == [1, 3]
    assert [(line["event"], line["message"]) for line in logs] == [("a message was lost", "2")]


@virtual_time
async def test_what_does_not_find_room_is_read_again_when_redis_is_back() -> None:
    platform = Platform()
    platform.away = True
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=3, history=platform) as lanes:
            for each in [*platform.say(1, 2, 3, 4, 5, 6), *platform.say(7, 8, where="b")]:
                lanes.put(each)
            assert lanes.held == 3
            await asyncio.sleep(60)
            platform.away = False
            await settled(lanes)
            assert lanes.held == 0
    assert platform.in_channel("a") == [1, 2, 3, 4, 5, 6]
    assert platform.in_channel("b") == [7, 8]
    # A channel of which nothing was ever accepted is read from its first message that did not find room.
    assert {gap.channel.channel: (gap.start, gap.included) for gap in platform.readings} == {
        "a": ("4", True),
        "b": ("7", True),
    }
    full = [line for line in logs if line["event"].startswith("too many messages wait")]
    assert len(full) == 1


@virtual_time
async def test_what_no_history_has_finds_room_though_there_is_none() -> None:
    platform = Platform()
    platform.away = True
    async with Lanes(platform.accept, room=1, history=platform) as lanes:
        for each in platform.say(1, 2):
            lanes.put(each)
        lanes.put(message(3), keep=True)
        assert lanes.held == 2
        platform.away = False
        await settled(lanes)
        assert lanes.held == 0
    assert platform.in_channel() == [1, 2, 3]


@virtual_time
async def test_a_second_outage_is_warned_of_again() -> None:
    platform = Platform()
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=1, history=platform) as lanes:
            for numbers in ((1, 2, 3), (4, 5, 6)):
                platform.away = True
                for each in platform.say(*numbers):
                    lanes.put(each)
                platform.away = False
                await settled(lanes)
    assert platform.in_channel() == [1, 2, 3, 4, 5, 6]
    assert sum(line["event"].startswith("too many messages wait") for line in logs) == 2


@virtual_time
async def test_without_a_history_what_does_not_find_room_is_lost_and_counted() -> None:
    platform = Platform()
    platform.away = True
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=2) as lanes:
            for each in [*platform.say(1, 2, 3, 4), *platform.say(5, where="b")]:
                lanes.put(each)
            platform.away = False
            await settled(lanes)
    assert platform.accepted == [("a", 1), ("a", 2)]
    assert [line["count"] for line in logs if "were lost" in line["event"]] == [3]


@virtual_time
async def test_what_was_missed_comes_before_what_is_heard_now() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=10, history=platform) as lanes:
        for each in [*platform.say(1), *platform.say(2, where="b")]:
            lanes.put(each)
        await settled(lanes)
        platform.say(3, 4)
        lanes.begin()
        # The first messages of the new session come before the store has said where to read on.
        for each in platform.say(5):
            lanes.put(each)
        await settled(lanes)
    assert platform.in_channel("a") == [1, 3, 4, 5]
    assert {(gap.channel.channel, gap.start, gap.included) for gap in platform.readings} == {
        ("a", "1", False),
        ("b", "2", False),
    }


@virtual_time
async def test_others_do_not_wait_for_a_channel_that_catches_up() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=10, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await settled(lanes)
        platform.may_read.clear()
        platform.say(2)
        lanes.begin()
        lanes.put(*platform.say(3))
        lanes.put(*platform.say(4, where="new"))
        await asyncio.sleep(60)
        assert platform.accepted == [("a", 1), ("new", 4)]
        platform.may_read.set()
        await settled(lanes)
    assert platform.in_channel("a") == [1, 2, 3]


@virtual_time
async def test_a_session_that_begins_while_redis_is_away_holds_everything_until_it_is_back() -> None:
    """Accepting a live message first would move the mark past what was missed."""
    platform = Platform()
    async with Lanes(platform.accept, room=10, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await settled(lanes)
        platform.away = True
        lanes.put(*platform.say(2))
        platform.say(3)
        lanes.begin()
        lanes.put(*platform.say(4))
        await asyncio.sleep(20)
        looks = platform.looks
        assert looks > 3
        lanes.begin()
        await asyncio.sleep(0)
        platform.away = False
        await settled(lanes)
        await asyncio.sleep(10)
    assert platform.in_channel() == [1, 2, 3, 4]
    assert platform.looks == looks + 1, "one look is enough for both sessions"


@virtual_time
async def test_a_session_that_begins_during_a_reading_is_read_for_as_well() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=10, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await settled(lanes)
        platform.say(*range(2, 30))
        lanes.begin()
        await asyncio.sleep(0.2)
        assert 1 < len(platform.in_channel()) < 29
        platform.say(30)
        lanes.begin()
        lanes.put(*platform.say(31))
        await settled(lanes)
    assert platform.in_channel() == list(range(1, 32))


@virtual_time
async def test_a_history_that_breaks_lets_the_living_go_on() -> None:
    platform = Platform()
    platform.unreadable.add("a")
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=10, history=platform) as lanes:
            lanes.put(*platform.say(1))
            await settled(lanes)
            platform.say(2)
            lanes.begin()
            lanes.put(*platform.say(3))
            await settled(lanes)
    assert platform.in_channel() == [1, 3]
    assert [line["channel"] for line in logs if line["log_level"] == "error"] == ["discord:1:a"]


@virtual_time
async def test_when_it_cannot_be_known_what_was_missed_people_are_heard_all_the_same() -> None:
    platform = Platform()
    platform.knows_nothing = True
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=10, history=platform) as lanes:
            lanes.begin()
            lanes.put(*platform.say(1))
            await settled(lanes)
    assert platform.in_channel() == [1]
    assert [line["event"] for line in logs] == ["it is not known where something was missed"]


@virtual_time
async def test_nothing_is_read_while_redis_is_away_unless_it_is_away_for_long() -> None:
    """What is read waits beside the room; but a lane that only waited for others might wait for ever."""
    platform = Platform()
    platform.away = True
    async with Lanes(platform.accept, room=1, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await asyncio.sleep(1)
        for each in platform.say(2, 3, where="b"):
            lanes.put(each)
        await asyncio.sleep(2)
        assert platform.readings == []
        await asyncio.sleep(10)
        assert len(platform.readings) == 1
        platform.away = False
        await settled(lanes)
    assert platform.in_channel("b") == [2, 3]


@virtual_time
async def test_a_gap_that_nobody_has_begun_to_read_is_enough_for_a_new_session_too() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=1, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await settled(lanes)
        platform.away = True
        lanes.put(*platform.say(2, where="b"))
        lanes.put(*platform.say(3))
        platform.say(4)
        platform.away = False
        lanes.begin()
        lanes.begin()
        await settled(lanes)
    assert platform.in_channel("a") == [1, 3, 4]
    assert [gap.start for gap in platform.readings if gap.channel.channel == "a"] == ["3"]


@virtual_time
async def test_what_was_missed_waits_for_a_full_queue_and_what_is_live_does_not() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=10, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await settled(lanes)
        platform.full.add("a")
        lanes.put(message(2))
        await settled(lanes)
        platform.say(3)
        lanes.begin()
        await asyncio.sleep(30)
        assert platform.in_channel() == [1]
        platform.full.clear()
        await settled(lanes)
    assert platform.in_channel() == [1, 3]


@virtual_time
async def test_without_a_history_a_new_session_changes_nothing() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=10) as lanes:
        lanes.put(*platform.say(1))
        lanes.begin()
        lanes.put(*platform.say(2))
        await settled(lanes)
    assert (platform.in_channel(), platform.looks) == ([1, 2], 0)


@virtual_time
async def test_the_end_waits_a_little_for_what_is_held() -> None:
    platform = Platform()
    platform.away = True
    async with Lanes(platform.accept, room=10) as lanes:
        for each in platform.say(1, 2, 3):
            lanes.put(each)
        asyncio.get_running_loop().call_later(0.5, setattr, platform, "away", False)
    assert platform.in_channel() == [1, 2, 3]
    assert not others()


@virtual_time
async def test_the_end_is_bounded_and_tells_how_many_are_still_held() -> None:
    platform = Platform()
    platform.away = True
    with capture_logs() as logs:
        async with Lanes(platform.accept, room=10) as lanes:
            for each in [*platform.say(1, 2, 3), *platform.say(4, where="b")]:
                lanes.put(each)
            await asyncio.sleep(100)
            ending = now()
        assert now() - ending < 2.1
    last = logs[-1]
    assert (last["log_level"], last["messages"], last["channels"]) == ("warning", 4, 2)
    assert not others()


@virtual_time
async def test_nothing_behind_a_reading_that_the_end_interrupts_is_accepted() -> None:
    """The next start reads on behind the last accepted message: the rest of the gap would be lost."""
    platform = Platform()
    async with Lanes(platform.accept, room=10, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await settled(lanes)
        platform.say(*range(2, 1000))
        lanes.begin()
        lanes.put(*platform.say(1000))
        await asyncio.sleep(0.2)
        ending = now()
    assert now() - ending < 0.1
    assert 1 < len(platform.in_channel()) < 100
    assert platform.in_channel() == list(range(1, len(platform.in_channel()) + 1))
    assert not others()


@virtual_time
async def test_an_end_before_the_store_has_answered_accepts_nothing_more() -> None:
    platform = Platform()
    async with Lanes(platform.accept, room=10, history=platform) as lanes:
        lanes.put(*platform.say(1))
        await settled(lanes)
        platform.say(2)
        lanes.begin()
        lanes.put(*platform.say(3))
        platform.away = True
        await asyncio.sleep(60)
        platform.away, ending = False, now()
    assert now() - ending < 0.1
    assert platform.in_channel() == [1]
    assert not others()


@virtual_time
async def test_the_end_takes_in_what_is_before_a_gap_and_leaves_the_gap_to_the_next_start() -> None:
    platform = Platform()
    platform.away = True
    async with Lanes(platform.accept, room=2, history=platform) as lanes:
        for each in platform.say(1, 2, 3, 4):
            lanes.put(each)
        asyncio.get_running_loop().call_later(0.5, setattr, platform, "away", False)
    assert platform.in_channel() == [1, 2]
    assert platform.readings == []
    assert not others()


@virtual_time
async def test_an_end_that_is_cancelled_leaves_no_task() -> None:
    platform = Platform()
    platform.away = True

    async def whole() -> None:
        async with Lanes(platform.accept, room=10) as lanes:
            lanes.put(*platform.say(1))

    ending = asyncio.create_task(whole())
    await asyncio.sleep(1)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert not others()


async def test_messages_wait_for_a_real_store_that_hangs(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server, connect(server.url) as connections:
        turns = turns_of(connections)

        async def accept(message: UserMessage, *, insisting: bool = False) -> Accepted:
            return await turns.accept(message)

        async with Lanes(accept, room=100) as lanes:
            lanes.put(message(1))
            lanes.put(message(1, "b"))

            async def idle() -> bool:
                return not lanes.busy

            await eventually(idle)
            with server.paused():
                for number in range(2, 12):
                    lanes.put(message(number))
                await asyncio.sleep(0)
                assert lanes.held == 10
            await eventually(idle)
        waiting = await connections.ask.lrange(await _queue(connections.ask.keys), 0, -1)
        assert [f'"say {number}"' in entry for number, entry in enumerate(waiting, 1)] == [True] * 11


async def _queue(keys: object) -> str:
    assert callable(keys)
    (name,) = await keys("*queue:discord:1:a")
    return str(name)
