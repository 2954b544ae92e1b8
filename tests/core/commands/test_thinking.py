"""``/thinking``; what is shown of which thoughts, tests of the engine say."""

from core.texts import Language
from tests.core.commands.bureau import Bureau


async def test_where_nothing_was_thought_it_says_so(bureau: Bureau, language: Language) -> None:
    answer = await bureau.say("thinking", language=language)
    assert answer.attached is None
    assert not answer.public
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer.text) is (language == "zh")
