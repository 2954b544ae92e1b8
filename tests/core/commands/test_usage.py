"""``/usage``."""

from decimal import Decimal

from core.commands.command import Call
from core.commands.running import run
from core.conversation import Usage
from core.costs import Cost, Paid
from core.store.usage import Spent
from core.texts import Language
from tests.core.commands.bureau import ADA, ROOT, Bureau
from tests.core.store.talk import GENERAL, ROOM


async def used(bureau: Bureau, author: str, usage: Usage, cost: Cost) -> None:
    await bureau.desk.spending.add(Spent(f"{author}{usage}{cost}", GENERAL, author, usage, cost))


async def test_where_nothing_was_used_it_says_so(bureau: Bureau, language: Language) -> None:
    expected = {
        "en": "- You, today (UTC): nothing",
        "zh": "- 您，今日（UTC）：无",
    }
    answer = await bureau.say("usage", language=language)
    assert answer.text.split("\n")[0] == expected[language]
    assert len(answer.text.split("\n")) == 4
    assert not answer.public


async def test_it_tells_of_requests_tokens_and_money_of_a_person_and_the_channel(bureau: Bureau) -> None:
    await used(bureau, ADA, Usage(1200, 340), Cost(Paid.TOKENS, "CNY", Decimal("0.014")))
    await used(bureau, ROOT, Usage(10, 20, estimated=True), Cost(Paid.UNKNOWN))
    lines = (await bureau.say("usage")).text.split("\n")
    assert lines == [
        "- You, today (UTC): 1 answer, 1,200 tokens read, 340 written, 0.014 CNY",
        "- You, last 30 days: 1 answer, 1,200 tokens read, 340 written, 0.014 CNY",
        *(
            f"- This channel, {period}: 2 answers, ≈1,210 tokens read, ≈360 written, 0.014 CNY, "
            "1 of them at a price I do not know"
            for period in ("today (UTC)", "last 30 days")
        ),
    ]


async def test_where_nobody_is_known_by_name_only_the_channel_is_told_of(bureau: Bureau) -> None:
    answer = await run(bureau.desk, Call(ROOM, "usage", "", "en"))
    assert [line.split(",")[0] for line in answer.text.split("\n")] == ["- This channel"] * 2
