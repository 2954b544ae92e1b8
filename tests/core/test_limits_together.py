"""Budgets beside other parts of a turn: what is sent, and whoever is answered together."""

from collections.abc import Iterator
from dataclasses import replace

from core.conversation import Turn
from core.hold import Hold
from core.people import Person
from core.store.claims import Busy
from core.store.connection import Connections
from tests.core.desks import choose
from tests.core.store.talk import claimed, said
from tests.core.test_limits import Counter, counter
from tests.doubles.drun.server import DrunDouble


class Counted(list[Turn]):
    """A history that counts how often it is gone through."""

    reads = 0

    def __iter__(self) -> Iterator[Turn]:
        self.reads += 1
        return super().__iter__()


async def test_a_talk_is_not_fitted_once_more_for_a_budget(
    connections: Connections, drun: DrunDouble
) -> None:
    reads = []
    for rules in ("", "person 9 requests/day"):
        async with counter(connections, drun, rules) as counted:
            drun.reply_with("Yes.")
            history = Counted([Turn("ada", "hi", "yes")])
            claim = replace(await counted.stage.asked("hello"), history=history)
            await counted.engine.answer(Hold(claim))
            assert counted.stage.platform.of(claim.message).texts() == ["Yes."]
            reads.append(history.reads)
    assert reads[0] == reads[1] > 0


async def answer_together(counted: Counter, *authors: str) -> list[str]:
    await choose(counted.stage.desk.preferences, "busy", Busy.COLLECT)
    for author in authors:
        await counted.stage.turns.accept(replace(said(f"{author} asks"), author=author))
    claim = await claimed(counted.stage.turns)
    assert [message.author for message in claim.messages] == list(authors)
    await counted.engine.answer(Hold(claim))
    return counted.stage.platform.of(claim.message).texts()


async def test_an_answer_to_several_counts_for_each_of_them_and_once_for_their_channel(
    connections: Connections, drun: DrunDouble
) -> None:
    rules = "person 1000000 tokens/day, person 9 requests/day, channel 9 requests/day"
    async with counter(connections, drun, rules) as counted:
        drun.reply_with("Yes.")
        assert await answer_together(counted, "ada", "bob", "ada") == ["Yes."]
        [turn] = await counted.stage.kept()
        assert turn.usage is not None
        used = turn.usage.prompt_tokens + turn.usage.completion_tokens
        await counted.until_used(rules, 1, used, 1)
        assert sorted(await counted.left(rules, "bob")) == sorted([(1, 0), (used, 0), (1, 0)])


async def test_who_has_used_up_a_budget_is_not_answered_behind_somebody_who_has_not(
    connections: Connections, drun: DrunDouble
) -> None:
    async with counter(connections, drun, "person 1 requests/hour") as counted:
        drun.reply_with("Yes.")
        assert await answer_together(counted, "bob") == ["Yes."]
        [told] = await answer_together(counted, "ada", "bob")
        assert "budget of 1 request an hour is used up" in told
        assert len(drun.requests) == 1
        assert await counted.left("person 1 requests/hour", "ada") == [(0, 0)]


async def test_what_holds_for_admins_alone_is_not_lent_to_whoever_is_answered_with_them(
    connections: Connections, drun: DrunDouble
) -> None:
    rules = "person 1 requests/hour, admin person unlimited requests/hour"
    async with counter(connections, drun, rules) as counted:
        counted.stage.platform.people = {"ada": Person("Ada", admin=True), "bob": Person("Bob", admin=False)}
        drun.reply_with("Yes.")
        assert await answer_together(counted, "ada", "bob") == ["Yes."]
        [told] = await answer_together(counted, "ada", "bob")
        assert "budget of 1 request an hour is used up" in told
        assert await answer_together(counted, "ada") == ["Yes."]
