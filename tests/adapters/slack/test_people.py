"""People and threads of Slack: roles, scopes, and what was said in a thread before."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack.people import read_person
from core.attached import Attached
from core.conversation import Conversation, UserMessage
from core.people import UNKNOWN, Person, Remark
from core.surface import FOLDED
from tests.adapters.halls import SHORT_S, TROUBLES, SlackHall, Trouble, slack_hall
from tests.doubles.slack import ApiError, Delay, Message, RateLimited
from tests.doubles.slack.clients import call

TEAM = "T1"


@pytest.fixture
async def hall() -> AsyncIterator[SlackHall]:
    async with slack_hall() as made:
        yield made


def user(**known: Any) -> dict[str, Any]:
    return {"id": "U1", "team_id": TEAM, "name": "login", "profile": {}} | known


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({"profile": {"display_name": "Ada", "real_name": "Ada L"}, "real_name": "A. L."}, "Ada"),
        ({"profile": {"display_name": "", "real_name": "Ada L"}, "real_name": "A. L."}, "Ada L"),
        ({"real_name": "A. L."}, "A. L."),
        ({}, "login"),
        ({"name": None, "profile": None}, ""),
    ],
)
def test_the_name_is_the_one_that_people_see(known: dict[str, Any], name: str) -> None:
    assert read_person(user(**known), TEAM).name == name


@pytest.mark.parametrize("role", ["is_admin", "is_owner", "is_primary_owner"])
def test_every_role_that_runs_the_workspace_is_an_admin(role: str) -> None:
    assert read_person(user(**{role: True}), TEAM).admin is True
    assert read_person(user(**{role: False}), TEAM).admin is False


def test_an_admin_of_another_workspace_is_none_here() -> None:
    assert read_person(user(is_admin=True, team_id="T2"), TEAM).admin is False
    of_the_grid = user(is_admin=True, team_id="T2", enterprise_user={"teams": ["T3", TEAM]})
    assert read_person(of_the_grid, TEAM).admin is True
    assert read_person(user(is_admin=True, deleted=True), TEAM).admin is False


async def test_slack_tells_in_which_language_it_speaks_to_somebody(hall: SlackHall) -> None:
    wei = hall.double.add_user("wei", locale="zh-CN").id
    assert (await hall.platform.person(wei, hall.channel)).language == "zh"
    assert (await hall.platform.person(hall.join("Ada"), hall.channel)).language == "en"
    assert read_person(user(), TEAM).language is None


async def test_without_the_scope_nobody_is_known_and_the_log_says_so_once(hall: SlackHall) -> None:
    people = [hall.join(f"Ada {number}") for number in range(5)]
    hall.double.workspace.scopes.discard("users:read")
    with capture_logs() as logs:
        assert [await hall.platform.person(each, hall.channel) for each in people] == [UNKNOWN] * 5
    assert [line["reason"] for line in logs] == ["missing_scope"]
    assert hall.asked() == 1


async def test_whom_the_bot_may_not_see_is_nobody(hall: SlackHall) -> None:
    ada = hall.join("Ada", admin=True)
    hall.double.fail("users.info", ApiError("user_not_visible"))
    assert await hall.platform.person(ada, hall.channel) == Person("", admin=False)


def question(hall: SlackHall, asked: Message, *, opens: bool = False) -> UserMessage:
    where = Conversation(hall.channel, asked.thread_ts or asked.ts)
    return UserMessage(where, "Ev1", asked.ts, asked.author, "what now?", opens_thread=opens)


async def thread(hall: SlackHall, said: int = 0) -> tuple[Message, UserMessage]:
    """A thread with so many replies before somebody asks the bot."""
    users = hall.double.workspace.users
    ada, lin = users[hall.join("Ada")], users[hall.join("Lin")]
    root = await hall.room.say(ada, "the build is red")
    for number in range(said):
        await hall.room.say(lin, f"reply {number}", thread=root.ts)
    return root, question(hall, await hall.room.say(ada, "what now?", thread=root.ts))


async def test_a_thread_is_read_up_to_the_question_oldest_first(hall: SlackHall) -> None:
    ada, lin = (hall.double.workspace.users[hall.join(name)] for name in ("Ada", "Lin"))
    ci = hall.double.add_user("ci", is_bot=True, display_name="CI")
    root = await hall.room.say(ada, "the build is red")
    link = f"see <@{hall.double.bot_user_id}> & `a<b`"
    replies = [
        await hall.room.say(lin, link, thread=root.ts),
        await hall.room.say(ci, "run 7", thread=root.ts),
    ]
    mine = await call(hall.double, "chat.postMessage", channel=hall.room.id, thread_ts=root.ts, text="Hello.")
    gone = await hall.room.say(lin, "never mind", thread=root.ts)
    await hall.room.remove(gone)
    asked = await hall.room.say(ada, "what now?", thread=root.ts)
    await hall.room.say(lin, "later", thread=root.ts)
    read = await hall.platform.earlier(question(hall, asked), most=50)
    assert list(read) == [
        Remark(ada.id, "Ada", "the build is red", root.ts, mine=False),
        Remark(lin.id, "Lin", "see  & `a<b`", replies[0].ts, mine=False),
        Remark(ci.id, "CI", "run 7", replies[1].ts, mine=False),
        Remark(hall.double.bot_user_id, "", "Hello.", mine.body["ts"], mine=True),
    ]


async def test_thoughts_that_are_folded_to_an_answer_are_nothing_that_was_said(hall: SlackHall) -> None:
    ada = hall.double.workspace.users[hall.join("Ada")]
    root = await hall.room.say(ada, "the build is red")
    surface = hall.platform.surface(question(hall, await hall.room.say(ada, "why?", thread=root.ts)))
    await surface.post(0, "Because.", final=True)
    folded = await surface.fold(Attached("thinking.md", "hm", "Thoughts"))
    assert await surface.find(FOLDED) == folded
    asked = await hall.room.say(ada, "what now?", thread=root.ts)
    read = await hall.platform.earlier(question(hall, asked), most=50)
    assert [remark.text for remark in read] == ["the build is red", "why?", "Because."]


async def test_of_a_long_thread_the_newest_are_given_with_what_began_it(hall: SlackHall) -> None:
    _, asked = await thread(hall, said=40)
    read = await hall.platform.earlier(asked, most=15)
    assert [remark.text for remark in read] == ["the build is red", *(f"reply {n}" for n in range(26, 40))]
    assert [request.args["limit"] for request in hall.double.calls("conversations.replies")] == ["999"]


async def test_pages_are_followed_as_far_as_three(hall: SlackHall) -> None:
    _, asked = await thread(hall, said=23)
    hall.double.workspace.page = 10
    read = await hall.platform.earlier(asked, most=50)
    assert [remark.text for remark in read] == ["the build is red", *(f"reply {n}" for n in range(23))]
    hall.double.workspace.page = 5
    read = await hall.platform.earlier(asked, most=50)
    assert [remark.text for remark in read] == ["the build is red", *(f"reply {n}" for n in range(14))]
    assert len(hall.double.calls("conversations.replies")) == 6


@pytest.mark.parametrize("kind", TROUBLES)
async def test_what_was_read_before_there_was_trouble_counts(hall: SlackHall, kind: Trouble) -> None:
    hall.impatient()
    _, asked = await thread(hall, said=9)
    hall.double.workspace.page = 5
    await hall.platform.earlier(asked, most=50)  # everybody is known
    hall.double.fail("conversations.replies", Delay(0.0))
    hall.fail("conversations.replies", kind, times=3)
    with capture_logs() as logs:
        async with asyncio.timeout(SHORT_S if kind == "hangs" else 3):
            read = await hall.platform.earlier(asked, most=50)
    assert [remark.text for remark in read] == ["the build is red", *(f"reply {n}" for n in range(4))]
    assert [line["event"] for line in logs] == ["what was said before is not known"]


async def test_where_what_began_a_thread_is_gone_the_newest_are_given(hall: SlackHall) -> None:
    root, asked = await thread(hall, said=5)
    await hall.room.remove(root)
    read = await hall.platform.earlier(asked, most=2)
    assert [remark.text for remark in read] == ["reply 3", "reply 4"]


async def test_no_more_is_given_than_was_wanted(hall: SlackHall) -> None:
    _, asked = await thread(hall, said=5)
    assert [each.text for each in await hall.platform.earlier(asked, most=2)] == [
        "the build is red",
        "reply 4",
    ]
    assert await hall.platform.earlier(asked, most=0) == ()


async def test_a_question_that_opens_its_thread_or_is_in_none_reads_nothing(hall: SlackHall) -> None:
    _, asked = await thread(hall)
    assert await hall.platform.earlier(replace(asked, opens_thread=True), most=50) == ()
    assert await hall.platform.earlier(replace(asked, conversation=Conversation(hall.channel)), most=50) == ()
    assert hall.double.calls("conversations.replies") == []


async def test_a_restricted_app_reads_once_a_minute_and_goes_on_without(hall: SlackHall) -> None:
    hall.double.workspace.restricted = True
    _, asked = await thread(hall, said=20)
    with capture_logs() as logs:
        assert len(await hall.platform.earlier(asked, most=50)) == 15
        assert await hall.platform.earlier(asked, most=50) == []
    assert [line["reason"] for line in logs] == ["ratelimited"] * 2
    assert len(hall.double.calls("conversations.replies")) == 3, "nothing is tried again"


@pytest.mark.parametrize("kind", TROUBLES)
async def test_trouble_with_a_thread_is_one_line_of_the_log(hall: SlackHall, kind: Trouble) -> None:
    hall.impatient()
    _, asked = await thread(hall)
    hall.fail("conversations.replies", kind, times=3)
    with capture_logs() as logs:
        assert await hall.platform.earlier(asked, most=50) == []
    assert [line["event"] for line in logs] == ["what was said before is not known"]


@pytest.mark.parametrize("code", ["missing_scope", "channel_not_found", "thread_not_found", "not_in_channel"])
async def test_a_thread_that_may_not_be_read_is_left_unread(hall: SlackHall, code: str) -> None:
    _, asked = await thread(hall)
    hall.double.fail("conversations.replies", ApiError(code))
    with capture_logs() as logs:
        assert await hall.platform.earlier(asked, most=50) == []
    assert [line["reason"] for line in logs] == [code]


async def test_a_thread_is_read_although_nobody_in_it_is_known(hall: SlackHall) -> None:
    _, asked = await thread(hall, said=1)
    hall.double.fail("users.info", RateLimited(60), RateLimited(60))
    read = await hall.platform.earlier(asked, most=50)
    assert [(remark.name, remark.text) for remark in read] == [("", "the build is red"), ("", "reply 0")]
