"""``/stop``."""

from core.commands.command import Call
from core.commands.running import run
from core.conversation import Channel, Conversation
from tests.core.commands.bureau import Bureau
from tests.core.store.talk import ROOM, ask, thread


async def test_it_tells_whether_something_was_being_written(bureau: Bureau) -> None:
    assert (await bureau.say("stop")).text == "Nothing is being written here now."
    claim = await ask(bureau.desk.turns, "hello", thread("1"))
    assert (await bureau.say("stop", where=thread("2"))).text == "Nothing is being written here now."
    assert (await bureau.say("stop", where=thread("1"))).text == "Stopping."
    assert [lease.name for lease in await bureau.desk.turns.renew([claim])] == ["STOP"]


async def test_in_the_channel_it_means_its_threads_as_well(bureau: Bureau) -> None:
    """Slack does not tell in which thread a slash command was typed."""
    turns = bureau.desk.turns
    near = [await ask(turns, f"{number}", thread(str(number))) for number in range(2)]
    alike = Conversation(Channel("slack", "T1", "general2"))
    far = await ask(turns, "elsewhere", alike)
    assert (await bureau.say("stop")).text == "Stopping."
    leases = await turns.renew([*near, far])
    assert [lease.name for lease in leases] == ["STOP", "STOP", "KEPT"]


async def test_one_that_comes_as_a_turn_does_not_stop_itself(bureau: Bureau) -> None:
    claim = await ask(bureau.desk.turns, "/stop")
    answer = await run(bureau.desk, Call(ROOM, "stop", "", "en", claim.sequence))
    assert answer.text == "Nothing is being written here now."
    assert [lease.name for lease in await bureau.desk.turns.renew([claim])] == ["KEPT"]
