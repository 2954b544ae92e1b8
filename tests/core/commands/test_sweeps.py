"""/forget and /export go through the whole store: nobody runs two of them at once."""

import pytest

from core.commands.sweeps import Busy
from core.texts import Language
from tests.core.commands.bureau import DIRECT, OPERATOR, ROOT, Bureau
from tests.core.store.talk import ROOM, exchange


@pytest.mark.parametrize("line", ["forget me yes", "forget channel yes", "export"])
async def test_whoever_has_one_running_is_told_to_wait(bureau: Bureau, language: Language, line: str) -> None:
    await exchange(bureau.desk.turns, "hello", DIRECT)
    with bureau.desk.sweeps.one(ROOM.channel, ROOT):
        for given in (line, line):
            answer = await bureau.say(given, by=ROOT, language=language, where=DIRECT)
            assert answer.text == Busy().notice(language)
        other = await bureau.say(line, by=OPERATOR, language=language, where=DIRECT)
        assert other.text != Busy().notice(language)
    for given in (line, line):
        answer = await bureau.say(given, by=ROOT, language=language, where=DIRECT)
        assert answer.text != Busy().notice(language)


async def test_what_only_explains_does_not_wait(bureau: Bureau) -> None:
    with bureau.desk.sweeps.one(ROOM.channel, ROOT):
        assert "`/forget me yes`" in (await bureau.say("forget me", by=ROOT)).text
