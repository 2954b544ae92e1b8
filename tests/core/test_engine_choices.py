"""What people have chosen counts for the next answer: sampling, instructions, language, footer."""

from core.cascade import Level
from core.conversation import Conversation
from core.hold import Hold
from core.store.preferences import Place
from tests.core.desks import choose
from tests.core.scene import Scene
from tests.core.store.talk import ROOM, claimed, said, thread


async def set_at(stage: Scene, level: Level, name: str, value: str, where: Conversation = ROOM) -> None:
    # The author that tests.core.store.talk asks as.
    await stage.desk.preferences.choose(Place(level, where, "ada"), name, value, by="ada")


async def test_temperature_and_length_of_the_nearest_level_are_sent(stage: Scene) -> None:
    await choose(stage.desk.preferences, "temperature", "0.3")
    await set_at(stage, Level.WORKSPACE, "temperature", "1.5")
    await set_at(stage, Level.WORKSPACE, "max_tokens", "77")
    await stage.answer("hello")
    assert stage.drun.requests[-1].body["temperature"] == 0.3
    assert stage.drun.requests[-1].body["max_tokens"] == 77


async def test_nothing_is_sent_that_nobody_has_set(stage: Scene) -> None:
    await stage.answer("hello")
    assert not {"temperature", "top_p", "max_tokens"} & stage.drun.requests[-1].body.keys()


async def test_the_instructions_of_the_nearest_level_are_the_models(stage: Scene) -> None:
    await set_at(stage, Level.DEPLOYMENT, "system", "Be wide.")
    await stage.answer("hello")
    await choose(stage.desk.preferences, "system", "Be a channel.")
    await stage.answer("hello")
    await set_at(stage, Level.THREAD, "system", "Be a thread.", thread("1"))
    await stage.answer("hello", thread("1"))
    assert [request.messages[0]["content"] for request in stage.drun.requests] == [
        "Be wide.",
        "Be a channel.",
        "Be a thread.",
    ]


async def test_somebodys_own_model_answers_them_where_neither_thread_nor_channel_has_one(
    stage: Scene,
) -> None:
    await set_at(stage, Level.PERSON, "model", "public/deepseek-r1")
    await stage.answer("hello")
    await choose(stage.desk.preferences, "model", "public/deepseek-v3")
    await stage.answer("hello")
    assert [request.model for request in stage.drun.requests] == ["public/deepseek-r1", "public/deepseek-v3"]


async def test_the_bots_own_words_are_in_the_language_that_was_chosen(stage: Scene) -> None:
    await choose(stage.desk.preferences, "language", "zh")
    stage.drun.reply_with("")
    [shown] = await stage.answer("hello")
    assert shown == "模型没有返回任何内容，请再问一次。"


async def test_the_footer_names_the_model_and_is_no_part_of_the_history(stage: Scene) -> None:
    await choose(stage.desk.preferences, "footer", "on")
    stage.drun.reply_with("Hi.")
    assert await stage.answer("hello") == ["Hi.\n\n_Written by AI: `public/deepseek-v3`._"]
    assert [turn.reply for turn in await stage.history()] == ["Hi."]


async def test_a_command_that_opens_a_thread_is_about_the_channel(stage: Scene) -> None:
    """Nobody could mean the thread: it begins with the command."""
    for text, opened in (("/model public/deepseek-r1", "1"), ("/reset", "2")):
        await stage.answer("before")
        await stage.turns.accept(said(text, thread(opened), opens_thread=True))
        await stage.engine.answer(Hold(await claimed(stage.turns)))
    await stage.answer("after", thread("3"))
    assert stage.drun.requests[-1].model == "public/deepseek-r1"
    assert [message["content"] for message in stage.drun.requests[-1].messages] == ["after"]
