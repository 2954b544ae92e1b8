"""``/help``."""

from core.commands.command import Call
from core.commands.listed import COMMANDS
from core.commands.running import run
from core.texts import EXAMPLES, Language
from tests.core.commands.bureau import Bureau
from tests.core.store.talk import ROOM


async def test_it_tells_of_every_command(bureau: Bureau, language: Language) -> None:
    answer = await bureau.say("help", language=language)
    assert not answer.public
    for command in COMMANDS.values():
        assert f"`/{command.name}` {command.summary.say(language)}" in answer.text


async def test_who_has_only_begun_finds_examples_the_model_and_the_way_to_stop_first(
    bureau: Bureau, language: Language
) -> None:
    text = (await bureau.say("help", language=language)).text
    places = [text.index(example) for example in EXAMPLES.say(language).splitlines()]
    assert len(places) == 3
    places += [text.index(f"`/{name}`") for name in ("model", "stop", "ask", "system")]
    assert places == sorted(places)
    assert all(text.count(f"- `/{name}` ") == 1 for name in COMMANDS)


async def test_it_is_one_message_on_every_platform(bureau: Bureau, language: Language) -> None:
    """Discord: 2,000 characters. Slack: 12,000, where in a thread the bot's name is before each of them."""
    named = Call(ROOM, "help", "", language, spell=lambda word: f"@{'n' * 80} /{word}", author="U1")
    assert len((await bureau.say("help", language=language)).text) < 2_000
    assert len((await run(bureau.desk, named)).text) < 12_000


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
