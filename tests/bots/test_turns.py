"""`drun-chat turns` as an operator meets it."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from core.conversation import Channel, Conversation
from core.store.claims import Parked
from core.store.connection import Connections, connect
from core.store.keys import Partition
from core.store.parked import ParkedTurns
from core.store.turns import Turns
from tests.bots.program import ended, running, still_there
from tests.bots.settings_of import of_drun
from tests.core.store.own_server import own_server
from tests.core.store.talk import ask, claimed, said, thread, turns_of
from tests.doubles.drun.server import DrunDouble

REASON = "SurfaceFailed: sent with xoxb-s3cretmark, and refused"


@pytest.fixture
def turns(connections: Connections) -> Turns:
    return turns_of(connections)


async def give_up(turns: Turns, text: str, where: Conversation) -> Parked:
    claim = await ask(turns, text, where)
    await turns.commit(claim, None, gave_up=REASON)
    found = await ParkedTurns(turns._connections, partitions=1).all()
    return next(each.turn for each in found if each.turn.conversation == str(where))


async def test_nothing_given_up_is_said_so(tmp_path: Path, redis_url: str) -> None:
    found = await ended(tmp_path, "turns", settings={"REDIS_URL": redis_url})
    assert found.code == 0
    assert found.out.splitlines() == [
        "Nothing was given up.",
        "Conversations waiting: 0, being answered: 0; turns waiting: 0.",
    ]
    assert found.err == ""


async def test_what_was_given_up_is_a_table_and_what_waits_a_line(
    tmp_path: Path, turns: Turns, redis_url: str
) -> None:
    first = await give_up(
        turns, "a long question\nabout \x1b[31msomething " + "that goes on " * 9, thread("1")
    )
    second = await give_up(turns, "为什么天空是蓝色的？" * 4, Conversation(Channel("discord", "G1", "C7")))
    for name in ("2", "3", "3"):
        await turns.accept(said("waits", thread(name)))
    await claimed(turns)
    found = await ended(tmp_path, "turns", settings={"REDIS_URL": redis_url, "TZ": "UTC"})
    assert (found.code, found.err) == (0, "")
    head, *rows, now = found.out.splitlines()
    assert head.split() == ["ID", "WHEN", "WHERE", "WHO", "QUESTION", "WHY"]
    assert [row.split()[0] for row in rows] == [first.id, second.id]
    assert "slack:T1:general:1  ada  a long question about �[31msomething" in rows[0]
    # Nineteen characters and the mark of the cut in forty columns: a Chinese one takes two.
    assert "discord:G1:C7       ada  为什么天空是蓝色的？为什么天空是蓝色的…   SurfaceFailed: " in rows[1]
    assert rows[0].index("SurfaceFailed") - rows[1].index("SurfaceFailed") == 19
    assert now == "Conversations waiting: 1, being answered: 1; turns waiting: 2."
    assert "s3cretmark" not in found.all


async def test_a_turn_that_cannot_be_read_is_shown_as_that(
    tmp_path: Path, turns: Turns, connections: Connections, redis_url: str
) -> None:
    await turns.accept(said("hello"))
    await connections.ask.lset(
        Partition(0).queue(said("").conversation), 0, '1 m 0 {"of": "another version"}'
    )
    await turns.claim()
    found = await ended(tmp_path, "turns", settings={"REDIS_URL": redis_url})
    assert "?    (this version cannot read it)  cannot be read: " in found.out
    told = await ended(tmp_path, "turns", "--json", settings={"REDIS_URL": redis_url})
    assert [each["readable"] for each in json.loads(told.out)["given_up"]] == [False]


async def test_machines_get_json(tmp_path: Path, turns: Turns, redis_url: str) -> None:
    parked = await give_up(turns, "why?\nand how?", thread("1"))
    await turns.accept(said("waits", thread("2")))
    found = await ended(tmp_path, "turns", "--json", settings={"REDIS_URL": redis_url})
    told = json.loads(found.out)
    [given_up] = told.pop("given_up")
    assert told == {
        "conversations_waiting": 1,
        "conversations_answered": 0,
        "turns_waiting": 1,
        "turns_waiting_is_less_than_all": False,
    }
    assert given_up.pop("at").endswith("+00:00")
    assert given_up == {
        "id": parked.id,
        "conversation": "slack:T1:general:1",
        "authors": ["ada"],
        "questions": ["why?\nand how?"],
        "readable": True,
        "reason": "SurfaceFailed: sent with <secret>, and refused",
    }


async def test_one_or_all_are_tried_again_or_removed(tmp_path: Path, turns: Turns, redis_url: str) -> None:
    ids = [(await give_up(turns, f"question {name}", thread(name))).id for name in "1234"]
    settings = {"REDIS_URL": redis_url}
    said_of = [
        (("requeue", ids[1]), "1 turn is tried again.\n"),
        (("drop", ids[0]), "1 turn is removed.\n"),
        (("requeue", "all"), "2 turns are tried again.\n"),
        (("drop", "all"), "0 turns are removed.\n"),
    ]
    for words, sentence in said_of:
        found = await ended(tmp_path, "turns", *words, settings=settings)
        assert (found.code, found.out, found.err) == (0, sentence, "")
    tried = [(await claimed(turns)).message.text for _ in range(3)]
    assert tried == ["question 2", "question 3", "question 4"]


async def test_an_unknown_id_is_told_in_a_sentence(tmp_path: Path, redis_url: str) -> None:
    for act in ("requeue", "drop"):
        found = await ended(tmp_path, "turns", act, "cafecafe", settings={"REDIS_URL": redis_url})
        assert (found.code, found.out) == (1, "")
        assert found.err == (
            "No turn that was given up has the id 'cafecafe'; `drun-chat turns` lists them.\n"
        )


async def test_a_redis_that_is_away_is_told_in_a_sentence(tmp_path: Path) -> None:
    for words in ((), ("--json",), ("requeue", "all"), ("drop", "all")):
        settings = {"REDIS_URL": "redis://me:s3cretmark@127.0.0.1:1/0"}
        found = await ended(tmp_path, "turns", *words, settings=settings)
        assert (found.code, found.out) == (1, "")
        [line] = found.err.splitlines()
        assert line.startswith("The store does not answer, see REDIS_URL: ConnectionError: Error 111")
        assert "s3cretmark" not in line


async def test_wrong_settings_of_platforms_do_not_matter(tmp_path: Path, redis_url: str) -> None:
    settings = {"REDIS_URL": redis_url, "SLACK_BOT_TOKEN": "nonsense", "DRUN_REGION": "nonsense"}
    assert (await ended(tmp_path, "turns", settings=settings)).code == 0
    found = await ended(tmp_path, "turns", settings={"REDIS_URL": "mysql://host"})
    assert found.code == 1
    assert "REDIS_URL" in found.err


async def test_the_private_store_is_asked_whether_the_program_runs_or_not(
    tmp_path: Path, drun: DrunDouble
) -> None:
    async with own_server(tmp_path / ".data") as server, connect(server.url) as connections:
        await give_up(turns_of(connections), "hello", thread("1"))
    assert "ada  hello" in (await ended(tmp_path, "turns")).out
    assert still_there(tmp_path) == []
    async with running(tmp_path, settings={**of_drun(drun), "WEB_PORT": "0"}) as up:
        both = await asyncio.gather(*(ended(tmp_path, "turns") for _ in range(2)))
        assert all("ada  hello" in found.out for found in both)
        up.signal(signal.SIGTERM)
        assert await up.end() == 0
    assert still_there(tmp_path) == []
