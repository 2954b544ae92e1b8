"""`drun-chat feedback export` as an operator meets it."""

import json
from functools import partial
from pathlib import Path

from bots.feedback import lines
from core.feedback import Feedback, Version
from core.store.connection import Connections
from core.store.kept import Kept
from tests.bots.program import ended
from tests.core.store.talk import exchange, thread, turns_of


async def test_only_turns_with_an_opinion_are_lines_of_chat_json(
    tmp_path: Path, connections: Connections, redis_url: str
) -> None:
    turns = turns_of(connections)
    await exchange(turns, "nobody has an opinion of this")
    for where, question in ((thread("1"), "为什么？"), (thread("2"), "why?")):
        await exchange(turns, question, where, opens_thread=True)
        found = await turns.answers.last(where)
        assert found is not None
        about = found.turn.answer_id
        opinion = Feedback("U1", "good", about, "short", "m", 1_790_000_000, "Be brief.")
        await turns.answers.rate(found, partial(Kept.rated, feedback=opinion))
    told = await ended(tmp_path, "feedback", "export", settings={"REDIS_URL": redis_url})
    assert (told.code, told.err) == (0, "")
    first, second = (json.loads(line) for line in told.out.splitlines())
    assert first == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "为什么？"},
            {"role": "assistant", "content": "re: 为什么？"},
        ],
        "feedback": [{"verdict": "good", "reason": "short", "at": "2026-09-21T14:13:20+00:00"}],
        "model": "",
        "complete": True,
        "turn": first["turn"],
    }
    assert second["messages"][1]["content"] == "why?"
    assert "为什么" in told.out, "as it was written, not as escapes"
    since = await ended(
        tmp_path, "feedback", "export", "--since", "2026-09-22", settings={"REDIS_URL": redis_url}
    )
    assert (since.code, since.out) == (0, "")


async def test_a_store_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    settings = {"REDIS_URL": "redis://127.0.0.1:1"}
    told = await ended(tmp_path, "feedback", "export", settings=settings)
    assert told.code == 1
    assert told.err.startswith("The store does not answer, see REDIS_URL")
    assert len(told.err.splitlines()) == 1


def test_each_version_has_a_line_of_its_own_with_what_was_said_of_it() -> None:
    turn = Kept(
        "ada",
        "why?",
        "Three.",
        id="q",
        model="c",
        answer="r2",
        versions=(Version("q", "One.", "a"), Version("r1", "Two.", "b", complete=False)),
        feedback=(
            Feedback("U1", "bad", "q", at=5),
            Feedback("U2", "good", "r2", at=6),
            Feedback("U3", "good", "r2", "clear", at=7, system="Be kind."),
            Feedback("U4", "bad", "dropped long ago", at=8),
        ),
    )
    first, last = lines(turn, 0)
    assert (first["messages"][-1]["content"], first["model"]) == ("One.", "a")
    assert (last["messages"][0]["content"], last["messages"][-1]["content"]) == ("Be kind.", "Three.")
    assert [each["verdict"] for each in last["feedback"]] == ["good", "good"]
    assert [line["messages"][-1]["content"] for line in lines(turn, 7)] == ["Three."]
    assert "U1" not in json.dumps([first, last])
