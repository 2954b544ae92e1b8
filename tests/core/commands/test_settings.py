"""``/settings``."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cascade import Level
from core.people import Person
from core.preferences import NAME_WORDS, PREFERENCES, VALUE_WORDS
from core.store.connection import Connections
from core.texts import Language
from core.wrong import CommandRefused, OperatorsOnly
from tests.core.commands.bureau import ADA, OPERATOR, ROOT, THREAD, Bureau, bureau_with
from tests.core.desks import choose
from tests.core.store.talk import ROOM

OURS = [each.name for each in PREFERENCES.values() if not each.own_command]


async def test_alone_it_tells_of_every_setting_and_where_it_comes_from(connections: Connections) -> None:
    async with bureau_with(connections, defaults={"thinking": "summary"}) as bureau:
        await bureau.say("settings temperature 0.5 me")
        await bureau.say("settings busy collect channel")
        answer = await bureau.say("settings")
    lines = {line.split("`")[1]: line for line in answer.text.split("\n") if line.startswith("- ")}
    assert list(lines) == list(PREFERENCES)
    assert lines["temperature"].startswith("- `temperature` `0.5` (you): ")
    assert lines["busy"].startswith("- `busy` `collect` (this channel): ")
    assert lines["thinking"].startswith("- `thinking` `summary` (the default): ")
    assert lines["max_tokens"].startswith("- `max_tokens` not set (the default): ")
    assert lines["model"].startswith("- `model` `public/deepseek-v3` (the default): "), "who answers"
    assert not answer.public


async def test_a_name_alone_tells_of_one(bureau: Bureau) -> None:
    await bureau.say("settings max_tokens 2,000 me")
    answer = await bureau.say("settings Max-Tokens")
    assert answer.text == "- `max_tokens` `2000` (you): the most tokens of one answer"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("temperature 0.7", "0.7"),
        ("temperature 0,7", "0.7"),
        ("temperature ０．７", "0.7"),
        ("temperature 0.7。", "0.7"),
        ("temperature 0", "0"),
        ("temperature 2", "2"),
        ("temperature 2.0", "2"),
        ("temperature .5", "0.5"),
        ("max_tokens 2_000", "2000"),
        ("max_tokens ２０００", "2000"),
        ("max_tokens 1000000", "1000000"),
        ("thinking FULL", "full"),
        ("footer on!", "on"),
        ("页脚 开", "on"),
        ("footer 关闭。", "off"),
        ("语言 中文", "zh"),
        ("language English", "en"),
        ("温度 0.7", "0.7"),
        ("思考 完整", "full"),
        ("thinking 关", "off"),
        ("language　zh", "zh"),
    ],
)
async def test_values_are_understood_as_people_write_them(bureau: Bureau, written: str, kept: str) -> None:
    await bureau.say(f"settings {written} me")
    assert list((await bureau.set_at(Level.PERSON)).values()) == [kept]


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("temperature 2.1", "from 0 to 2"),
        ("temperature -0.1", "from 0 to 2"),
        ("temperature -0", "from 0 to 2"),
        ("temperature nan", "from 0 to 2"),
        ("temperature inf", "from 0 to 2"),
        ("temperature 1e-3", "from 0 to 2"),
        ("temperature hot", "from 0 to 2"),
        ("temperature 0.5 0.6", "from 0 to 2"),
        ("temperature " + "1" * 5000, "from 0 to 2"),
        ("max_tokens 0", "from 1 to 1,000,000"),
        ("max_tokens 1.5", "from 1 to 1,000,000"),
        ("max_tokens 1000001", "from 1 to 1,000,000"),
        ("max_tokens ½", "from 1 to 1,000,000"),
        ("max_tokens " + "9" * 5000, "from 1 to 1,000,000"),
        ("thinking loud", "`summary`, `full`, `off`"),
        ("busy collect me", "only for `channel`"),
        ("replies all everywhere", "only for `channel`"),
        ("changes admins me", "only for `channel`, `workspace`, `everywhere`"),
        ("temperature channel", "needs a value: how freely the model answers"),
        ("model fast", "`/model`"),
        ("system Obey.", "`/system`"),
        ("colour blue", "`temperature`"),
        ("0.5", "There is no setting"),
    ],
)
async def test_what_is_wrong_is_told_with_what_would_be_right(
    bureau: Bureau, written: str, right: str
) -> None:
    answer = await bureau.say(f"settings {written}", by=ROOT)
    assert right in answer.text
    assert not answer.public
    assert len(answer.text) < 300
    assert "\n" not in answer.text
    chinese = await bureau.say(f"settings {written}", by=ROOT, language="zh")
    assert chinese.text != answer.text
    assert await bureau.everything_set() == []


@given(st.text())
def test_whatever_is_written_is_a_value_or_refused(text: str) -> None:
    for preference in PREFERENCES.values():
        with suppress(CommandRefused):
            preference.read(text)


def choices(*words: str) -> st.SearchStrategy[tuple[str, str]]:
    cased = st.sampled_from([str.upper, str.lower, str.title])
    return st.builds(lambda word, case, end: (case(word) + end, word), st.sampled_from(words), cased, ENDS)


def in_millionths(number: int) -> str:
    return format((Decimal(number) / 1_000_000).normalize(), "f")


ENDS = st.sampled_from(["", " ", "!", "。"])
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
RULES = st.lists(
    st.tuples(
        st.sampled_from(["", "admin "]),
        st.sampled_from(["person", "channel", "workspace"]),
        st.sampled_from(["requests/hour", "requests/day", "tokens/hour", "tokens/day"]),
    ),
    min_size=1,
    unique=True,
)
AMOUNTS = st.integers(1, 1_000_000).map(str) | st.just("unlimited")
WRITTEN: dict[str, st.SearchStrategy[tuple[str, str]]] = {
    "model": st.from_regex(r"[a-z]+/[a-z0-9.-]+", fullmatch=True).map(lambda text: (f" {text} ", text)),
    "system": st.text(min_size=1, max_size=4000).map(lambda text: (f" {text}\n", text.strip())),
    "temperature": st.builds(
        lambda number, point: (f"{number / 1_000_000:.6f}".replace(".", point), in_millionths(number)),
        st.integers(0, 2_000_000),
        st.sampled_from(".,．"),
    ),
    "max_tokens": st.builds(
        lambda number, form: (format(number, form), str(number)),
        st.integers(1, 1_000_000),
        st.sampled_from(["", ",", "_", "07"]),
    )
    | st.integers(1, 1_000_000).map(lambda number: (str(number).translate(WIDE), str(number))),
    "replies": choices("mention", "threads", "all"),
    "thinking": choices("summary", "full", "off"),
    "busy": choices("queue", "collect", "interrupt"),
    "language": choices("auto", "en", "zh"),
    "footer": choices("on", "off"),
    "changes": choices("anyone", "admins"),
    "budgets": st.builds(
        lambda rules, amount: (
            "，\n".join(f"{role}{owner}  {amount} {each}".title() for role, owner, each in rules),
            ", ".join(f"{role}{owner} {amount} {each}" for role, owner, each in rules),
        ),
        RULES,
        AMOUNTS,
    ),
}
"""What can be written for each setting, and what is kept of it."""


@pytest.mark.parametrize("name", PREFERENCES)
@given(data=st.data())
def test_what_is_kept_of_a_value_is_what_was_meant_and_is_read_as_itself(
    name: str, data: st.DataObject
) -> None:
    written, kept = data.draw(WRITTEN[name])
    assert PREFERENCES[name].read(written) == kept
    assert PREFERENCES[name].read(kept) == kept


async def test_a_change_tells_what_counts_now(bureau: Bureau, language: Language) -> None:
    await bureau.say("settings temperature 1.5 channel")
    hidden = await bureau.say("settings temperature 0.5 me", language=language)
    expected = {
        "en": "`temperature` was changed for you. What counts here now: `1.5` (this channel).",
        "zh": "已更改您个人的 `temperature`。此处现在生效的是：`1.5`（本频道）。",
    }
    assert hidden.text == expected[language]
    reset = await bureau.say("settings temperature 重置 频道")
    assert reset.text == "`temperature` was changed in this channel. What counts here now: `0.5` (you)."
    assert reset.public


async def test_what_holds_for_channels_alone_is_set_for_the_channel_from_a_thread(bureau: Bureau) -> None:
    assert (await bureau.say("settings busy collect", where=THREAD)).public
    assert await bureau.set_at(Level.CHANNEL) == {"busy": "collect"}


async def test_the_history_tells_who_changed_what_newest_first(bureau: Bureau, language: Language) -> None:
    bureau.platform.people["U9"] = Person("", False)
    await bureau.say("settings busy collect")
    await bureau.say("settings busy reset", by=ROOT)
    await bureau.say("model deepseek-r1", by="U9")
    lines = (await bureau.say("settings history", language=language)).text.split("\n")
    assert [line.split(" UTC · ")[1] for line in lines] == [
        "`U9` · `model` → `public/deepseek-r1`",
        f"`Root` · `busy` → {'reset' if language == 'en' else '已恢复'}",
        "`Ada` · `busy` → `collect`",
    ]


async def test_each_level_has_a_history_of_its_own(bureau: Bureau) -> None:
    await bureau.say("settings temperature 1 me")
    assert "`temperature` → `1`" in (await bureau.say("settings history me")).text
    assert (await bureau.say("settings history")).text == "Nothing was changed in this channel yet."
    assert (await bureau.say("settings history me", by=ROOT)).text == "Nothing was changed for you yet."


async def test_the_history_of_everywhere_is_for_operators(bureau: Bureau) -> None:
    await bureau.say("settings footer on everywhere", by=OPERATOR)
    assert (await bureau.say("settings history everywhere", by=ROOT)).text == OperatorsOnly().notice("en")
    assert (
        f"`slack:{OPERATOR}` · `footer` → `on`"
        in (await bureau.say("settings history everywhere", by=OPERATOR)).text
    )


async def test_the_history_of_no_thread_is_not_its_channels(bureau: Bureau) -> None:
    await bureau.say("settings footer on")
    assert (
        "or write the command as a message in the thread"
        in (await bureau.say("settings history thread", where=ROOM)).text
    )


async def test_the_language_that_was_chosen_is_spoken_at_once(bureau: Bureau) -> None:
    await bureau.say("settings language zh me")
    assert "当前使用" in (await bureau.say("model")).text
    assert "answers here" in (await bureau.say("model", by=ROOT)).text
    await bureau.say("settings language en channel")
    assert "answers here" in (await bureau.say("model", language="zh")).text


async def test_completion_knows_the_values_of_each_setting(bureau: Bureau) -> None:
    assert await bureau.completed("settings ") == [*OURS, "history"]
    assert await bureau.completed("settings t") == ["temperature", "thinking"]
    assert await bureau.completed("settings thinking ") == [
        f"thinking {value}" for value in ("summary", "full", "off", "reset")
    ]
    assert await bureau.completed("settings Thinking o") == ["Thinking off"]
    assert await bureau.completed("settings nothing ") == []
    assert await bureau.completed("settings history e") == ["history everywhere"]
    assert await bureau.completed("settings thinking off w") == ["thinking off workspace"]


async def test_settings_are_of_one_person(bureau: Bureau) -> None:
    await bureau.say("settings temperature 1 me", by=ADA)
    assert await bureau.set_at(Level.PERSON, by=ROOT) == {}


async def test_budgets_are_for_admins_to_set_and_kept_as_they_are_read(bureau: Bureau) -> None:
    answer = await bureau.say(
        "settings budgets Person 50 Requests / hour，channel 10 tokens/day channel", by=ROOT
    )
    assert answer.public
    kept = "person 50 requests/hour, channel 10 tokens/day"
    assert (await bureau.set_at(Level.CHANNEL))["budgets"] == kept
    [note] = await bureau.audit(Level.CHANNEL)
    assert (note.author, note.name, note.value) == (ROOT, "budgets", kept)
    assert "Only admins" in (await bureau.say("settings budgets reset channel")).text
    assert (await bureau.set_at(Level.CHANNEL))["budgets"] == kept
    await bureau.say("settings budgets reset channel", by=ROOT)
    assert "budgets" not in await bureau.set_at(Level.CHANNEL)


async def test_a_channel_s_budgets_do_not_speak_of_the_workspace(bureau: Bureau) -> None:
    line = "settings budgets workspace 1 CNY/day"
    refused = await bureau.say(f"{line} channel", by=ROOT)
    assert refused.text.split("\n") == [
        "`workspace 1 CNY/day`: a budget here is for `person`, `channel`, as in `person 50 requests/hour`.",
        "Nothing was changed.",
    ]
    assert not await bureau.everything_set()
    await bureau.say(f"{line} workspace", by=ROOT)
    assert (await bureau.set_at(Level.WORKSPACE))["budgets"] == "workspace 1 CNY/day"


async def test_every_wrong_budget_is_told_in_a_sentence(bureau: Bureau, language: Language) -> None:
    wrong = "settings budgets person 5, person 1 requests/week, channel 0 tokens/day channel"
    answer = await bureau.say(wrong, by=ROOT, language=language)
    assert len(answer.text.split("\n")) == 4
    assert not answer.public
    assert not await bureau.everything_set()


@pytest.mark.parametrize(
    ("written", "kept"),
    [("回复 所有消息", "all"), ("replies 仅提及", "mention"), ("忙时 合并", "collect")],
)
async def test_a_channels_values_are_understood_in_chinese(bureau: Bureau, written: str, kept: str) -> None:
    await bureau.say(f"settings {written}")
    assert list((await bureau.set_at(Level.CHANNEL)).values()) == [kept]


def test_every_other_word_means_a_setting_or_a_value_that_there_is() -> None:
    assert set(NAME_WORDS.values()) == set(PREFERENCES)
    assert set(VALUE_WORDS.values()) <= {value for each in PREFERENCES.values() for value in each.choices}


async def test_the_model_is_the_one_that_answers_and_where_that_comes_from(bureau: Bureau) -> None:
    await bureau.say("model glm4-9b me")
    assert "- `model` `public/glm4-9b` (you): " in (await bureau.say("settings")).text
    await choose(bureau.desk.preferences, "model", "public/withdrawn")
    assert "- `model` `public/deepseek-v3` (the default): " in (await bureau.say("settings")).text
