"""What is asked by command counts: each model of a comparison by itself, and a new answer for whoever wants it."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from core.allowance_rules import parse_rules
from core.books import Books
from core.chores import Chores
from core.limits import Limits
from core.store.allowances import Allowances
from core.store.connection import Connections
from core.store.scopes import Scope
from core.store.usage import Spending, Sums
from tests.core.play import Play, play, scripts
from tests.core.store.talk import GENERAL, eventually, said
from tests.doubles.drun.server import DrunDouble


@pytest.fixture
async def here(connections: Connections, drun: DrunDouble) -> AsyncGenerator[Play, None]:
    """Everybody has two requests an hour."""
    async with play(connections, drun) as made, Chores() as chores:
        allowances = Allowances(connections)
        limits = Limits(allowances, parse_rules("person 2 requests/hour"))
        books = Books(chores, usage=Spending(connections), allowances=allowances)
        engine = replace(made.engine, means=replace(made.engine.means, limits=limits, books=books))
        yield replace(made, engine=engine)


async def used(connections: Connections, author: str, turns: int) -> None:
    async def counted() -> bool:
        sums: Sums = await Spending(connections).of(Scope.person(GENERAL, author), 1)
        return sums.turns == turns

    await eventually(counted)


async def test_a_comparison_counts_twice_and_shows_who_is_not_answered_any_more(
    here: Play, drun: DrunDouble, connections: Connections
) -> None:
    drun.reply_with("One.")
    await here.ask("count")
    await here.ask("/compare deepseek-v3 deepseek-r1 count")
    assert len(drun.requests) == 2
    text = here.wall.texts()[1]
    assert text.count("One.") == 1
    assert "2 requests" in text
    await used(connections, "ada", 2)


async def test_a_new_answer_counts_for_whoever_wants_it_and_is_refused_to_nobody_else(
    here: Play, drun: DrunDouble, connections: Connections
) -> None:
    drun.script(*scripts("One.", "Two.", "Three."))
    await here.ask("count")
    await here.take(replace(said("/regenerate"), author="bo"))
    await here.take(replace(said("/regenerate"), author="bo"))
    assert here.wall.texts()[0].startswith("Three.")
    await here.take(replace(said("/regenerate"), author="bo"))
    assert here.wall.texts()[0].startswith("Three.\n\n")
    assert "2 requests" in here.wall.texts()[0]
    assert here.wall.texts()[0].endswith("_The earlier answer stays._")
    assert len(drun.requests) == 3
    assert (await here.last()).author == "ada"
    await used(connections, "bo", 2)
    await used(connections, "ada", 1)
