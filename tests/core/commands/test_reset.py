"""``/reset``."""

from core.cascade import Level
from tests.core.commands.bureau import Bureau
from tests.core.store.talk import answered, ask, exchange, read, thread


async def test_it_forgets_what_was_said(bureau: Bureau) -> None:
    turns = bureau.desk.turns
    await exchange(turns, "before")
    answer = await bureau.say("reset")
    assert answer.public
    claim = await ask(turns, "after")
    assert read(claim) == []
    await turns.commit(claim, answered(claim))


async def test_in_a_thread_it_leaves_its_channel_alone(bureau: Bureau) -> None:
    await exchange(bureau.desk.turns, "before")
    await bureau.say("reset", where=thread("1"))
    assert read(await ask(bureau.desk.turns, "in the channel")) == ["before"]


async def test_it_leaves_the_settings_as_they_are(bureau: Bureau) -> None:
    await bureau.say("model deepseek-r1 channel")
    await bureau.say("reset")
    assert await bureau.set_at(Level.CHANNEL) == {"model": "public/deepseek-r1"}
