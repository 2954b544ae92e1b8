"""``/help``."""

from core.commands.command import Call
from core.commands.listed import COMMANDS
from core.commands.running import run
from core.texts import Language
from tests.core.commands.bureau import Bureau
from tests.core.store.talk import ROOM


async def test_it_tells_of_every_command(bureau: Bureau, language: Language) -> None:
    answer = await bureau.say("help", language=language)
    assert not answer.public
    for command in COMMANDS.values():
        assert f"`/{command.name}` {command.summary.say(language)}" in answer.text


async def test_commands_are_spelled_as_the_platform_wants_them(bureau: Bureau) -> None:
    for name, argument in (
        ("help", ""),
        ("sing", ""),
        ("model", ""),
        ("settings", "model x"),
        ("system", "x"),
    ):
        call = Call(ROOM, name, argument, "en", spell=lambda word: f"/drun {word}", author="U1")
        assert "`/drun " in (await run(bureau.desk, call)).text
