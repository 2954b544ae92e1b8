"""`drun-chat usage` as an operator meets it."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.conversation import Channel, Usage
from core.costs import Cost, Paid
from core.store.connection import Connections
from core.store.usage import Spending, Spent
from tests.bots.program import ended

TEAM, SERVER = Channel("slack", "T1", "C1"), Channel("discord", "77", "88")
MAAS = Cost(Paid.TOKENS, "CNY", Decimal("0.014"))


@pytest.fixture
async def used(connections: Connections) -> None:
    spending, old = Spending(connections), datetime.now(UTC) - timedelta(days=3)
    await spending.add(Spent("a", TEAM, "U1", Usage(1200, 340), MAAS))
    await spending.add(Spent("b", TEAM, "U2", Usage(10, 20, estimated=True), Cost(Paid.DEDICATED), old))
    await spending.add(Spent("c", SERVER, "5", Usage(7, 8), Cost(Paid.UNKNOWN)))


@pytest.mark.usefixtures("used")
async def test_every_workspace_is_told_of_those_with_the_most_answers_first(
    tmp_path: Path, redis_url: str
) -> None:
    found = await ended(tmp_path, "usage", settings={"REDIS_URL": redis_url})
    assert (found.code, found.err) == (0, "")
    head, *lines = found.out.splitlines()
    assert head.startswith("Used in the 30 days (UTC) up to ")
    assert lines == [
        (
            "slack:T1    2 answers, ≈1,210 tokens read, ≈360 written, 0.014 CNY, "
            "1 of them by a dedicated Model Service"
        ),
        "discord:77  1 answer, 7 tokens read, 8 written, 1 of them at a price I do not know",
    ]


@pytest.mark.usefixtures("used")
async def test_of_fewer_days_only_those_count(tmp_path: Path, redis_url: str) -> None:
    found = await ended(tmp_path, "usage", "--days", "2", "--json", settings={"REDIS_URL": redis_url})
    told = json.loads(found.out)
    assert told["days"] == 2
    assert [each["workspace"] for each in told["workspaces"]] == ["discord:77", "slack:T1"]
    team = told["workspaces"][1]
    assert (team["turns"], team["prompt_tokens"], team["dedicated_turns"]) == (1, 1200, 0)
    assert team["costs"] == {"CNY": "0.014"}


async def test_where_nothing_was_used_it_says_so(tmp_path: Path, redis_url: str) -> None:
    found = await ended(tmp_path, "usage", "--days", "1", settings={"REDIS_URL": redis_url})
    assert found.code == 0
    assert found.out.strip().startswith("Used on ")
    assert found.out.strip().endswith(" (UTC): nothing.")


async def test_a_store_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    found = await ended(tmp_path, "usage", settings={"REDIS_URL": "redis://127.0.0.1:1"})
    assert found.code == 1
    assert found.err.startswith("The store does not answer, see REDIS_URL: ")
