"""Lists that anybody may follow from any point."""

import asyncio
from time import monotonic

import pytest

from core.store.connection import Connections, connect
from core.store.journal import Journals

pytestmark = pytest.mark.every_form


@pytest.fixture
def journals(connections: Connections) -> Journals:
    return Journals(connections, ttl_s=60)


async def texts(journals: Journals, name: str = "page") -> list[str]:
    return [entry.text for entry in await journals.read(name)]


async def test_what_was_appended_is_read_in_its_order(journals: Journals) -> None:
    lines = ["one", "zwei\nzeilen", "三 🙂", ""]
    ids = [await journals.append("page", line) for line in lines]
    found = await journals.read("page")
    assert [entry.text for entry in found] == lines
    assert [entry.id for entry in found] == ids


async def test_journals_do_not_know_each_other(journals: Journals) -> None:
    await journals.append("a", "here")
    assert await texts(journals, "b") == []
    assert await journals.follow("b", at_most_s=0.01) == []


async def test_an_empty_journal_has_nothing(journals: Journals) -> None:
    assert await journals.read("page") == []


async def test_following_goes_on_after_the_entry_that_was_read_last(journals: Journals) -> None:
    ids = [await journals.append("page", f"{number}") for number in range(5)]
    followed = await journals.follow("page", ids[2], at_most_s=5)
    assert [entry.text for entry in followed] == ["3", "4"]
    assert [entry.text for entry in await journals.follow("page", at_most_s=5)] == ["0", "1", "2", "3", "4"]
    assert [entry.text for entry in await journals.follow("page", "", at_most_s=5)] == [
        "0",
        "1",
        "2",
        "3",
        "4",
    ]


async def test_a_follower_in_another_process_hears_of_an_entry_at_once(
    journals: Journals, redis_url: str
) -> None:
    async with connect(redis_url) as elsewhere:
        last = await journals.append("page", "old")
        following = asyncio.create_task(Journals(elsewhere, ttl_s=60).follow("page", last, at_most_s=30))
        done, _ = await asyncio.wait({following}, timeout=0.05)
        assert not done
        began = monotonic()
        await journals.append("page", "new")
        assert [entry.text for entry in await following] == ["new"]
        assert monotonic() - began < 1


async def test_following_ends_when_nothing_comes(journals: Journals) -> None:
    last = await journals.append("page", "old")
    began = monotonic()
    assert await journals.follow("page", last, at_most_s=0.05) == []
    assert 0.04 < monotonic() - began < 5


async def test_a_long_journal_is_followed_in_pieces(journals: Journals) -> None:
    for number in range(700):
        await journals.append("page", f"{number}")
    heard: list[str] = []
    after = "0-0"
    while news := await journals.follow("page", after, at_most_s=0.01):
        heard += [entry.text for entry in news]
        after = news[-1].id
    assert heard == [f"{number}" for number in range(700)]


async def test_entries_that_became_needless_are_taken_out(journals: Journals) -> None:
    ids = [await journals.append("page", f"{number}") for number in range(4)]
    await journals.remove("page", [ids[1], ids[2], "1-1"])
    await journals.remove("page", [])
    assert await texts(journals) == ["0", "3"]
    followed = await journals.follow("page", ids[1], at_most_s=5)
    assert [entry.text for entry in followed] == ["3"], "an id that is gone is still a place"


async def test_the_oldest_entries_go_when_there_are_too_many(
    journals: Journals, connections: Connections
) -> None:
    key = "drun:journal:{page}"
    await connections.routes.send(key, *(("XADD", key, "*", "text", f"{number}") for number in range(6000)))
    await journals.append("page", "last")
    found = await texts(journals)
    # Redis trims whole nodes of a hundred.
    assert 5000 <= len(found) <= 5200
    assert found[-2:] == ["5999", "last"]


async def test_a_journal_lives_on_with_each_entry_and_then_goes(connections: Connections) -> None:
    key = "drun:journal:{page}"
    await Journals(connections, ttl_s=60).append("page", "line")
    await connections.ask.expire(key, 5)
    await Journals(connections, ttl_s=60).append("page", "line")
    assert 55 < await connections.ask.ttl(key) <= 60


async def test_without_a_time_to_live_a_journal_stays(connections: Connections) -> None:
    await Journals(connections, ttl_s=0).append("page", "line")
    assert await connections.ask.ttl("drun:journal:{page}") == -1
