"""People and threads of Discord: roles, direct messages, and what can be read of a thread."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.discord.asking import Api
from adapters.discord.people import Guild, name_of, read_guild, read_member
from core.attached import Attached
from core.conversation import Channel, Conversation, UserMessage
from core.people import Person
from core.surface import FOLDED
from core.texts import Language
from tests.adapters.halls import TROUBLES, DiscordHall, Trouble, discord_hall
from tests.doubles import discord as doubles
from tests.doubles.discord import Message, Permission, User
from tests.doubles.discord.permissions import ADMINISTRATOR, MANAGE_GUILD, MEMBER

GUILD = "1"


@pytest.fixture
async def hall() -> AsyncIterator[DiscordHall]:
    async with discord_hall() as made:
        yield made


def member(*roles: str, nick: str | None = None, **known: Any) -> dict[str, Any]:
    return {"user": {"id": "7", "username": "login"} | known, "roles": list(roles), "nick": nick}


@pytest.mark.parametrize(
    ("known", "name"),
    [
        (member(nick="Ada", global_name="A. L."), "Ada"),
        (member(global_name="A. L."), "A. L."),
        (member(global_name=None), "login"),
    ],
)
def test_the_name_is_the_one_that_people_see_in_the_server(known: dict[str, Any], name: str) -> None:
    assert read_member(known, GUILD, Guild("9", frozenset())).name == name


def test_admins_are_the_owner_and_who_has_a_role_that_rules() -> None:
    roles = {"1": MEMBER, "2": ADMINISTRATOR, "3": MANAGE_GUILD, "4": MEMBER | Permission.MANAGE_MESSAGES}
    given = [{"id": name, "permissions": str(int(may))} for name, may in roles.items()]
    guild = read_guild({"owner_id": "9", "roles": given})
    assert guild == Guild("9", frozenset({"2", "3"}))
    assert [read_member(member(role), GUILD, guild).admin for role in "1234"] == [False, True, True, False]


@pytest.mark.parametrize(
    ("locale", "language"), [("zh-CN", "zh"), ("zh-TW", "zh"), ("fr", "en"), ("en-US", None), (None, None)]
)
def test_a_server_tells_the_language_of_its_members_once_it_has_chosen_one(
    locale: str | None, language: Language | None
) -> None:
    guild = read_guild({"owner_id": "9", "roles": [], "preferred_locale": locale})
    assert read_member(member(), GUILD, guild).language == language
    assert read_member(member(), GUILD, Guild("7", frozenset())).admin is True
    assert read_member(member(), GUILD, Guild("9", frozenset({GUILD}))).admin is True, "everyone's role rules"


async def test_the_owner_of_a_server_is_its_admin_and_of_no_other(hall: DiscordHall) -> None:
    owner = hall.guild.owner_id
    other = Channel("discord", hall.double.add_guild("Other").id, "1")
    assert (await hall.platform.person(owner, hall.channel)).admin is True
    assert (await hall.platform.person(owner, other)).admin is False


async def test_in_a_direct_message_people_have_their_own_name_and_nobody_is_an_admin(
    hall: DiscordHall,
) -> None:
    ada = hall.join("Ada", admin=True)
    hall.guild.nicks[ada] = "The Countess"
    assert await hall.platform.person(ada, hall.channel) == Person("The Countess", admin=True)
    direct = Channel("discord", "dm", "1")
    assert await hall.platform.person(ada, direct) == Person("Ada", admin=False)
    assert await hall.platform.person("1234", direct) == Person("", admin=False)


async def test_a_server_is_asked_about_once_for_all_its_members(hall: DiscordHall) -> None:
    for number in range(5):
        await hall.platform.person(hall.join(f"Ada {number}"), hall.channel)
    assert [request.path for request in hall.double.requests].count(f"/guilds/{hall.guild.id}") == 1


async def test_who_has_left_is_nobody(hall: DiscordHall) -> None:
    ada = hall.join("Ada", admin=True)
    hall.guild.gone.add(ada)
    assert await hall.platform.person(ada, hall.channel) == Person("", admin=False)


@pytest.mark.parametrize("fault", [doubles.Throttle(60, is_global=True), doubles.Throttle(60, via=False)])
async def test_a_limit_on_the_whole_bot_does_not_stop_what_it_writes(
    hall: DiscordHall, fault: doubles.Throttle
) -> None:
    """discord.py's own client would wait: with the limit, and for ever once a waiting call was given up."""
    ada = hall.join("Ada")
    hall.double.fail(fault, path="/guilds/")
    assert (await hall.platform.person(ada, hall.channel)).admin is None
    await hall.discord.writer.get_partial_messageable(int(hall.room.id)).send("still here")
    assert [message.content for message in hall.room.by_bot] == ["still here"]


async def test_a_token_that_is_refused_is_left_alone(hall: DiscordHall) -> None:
    refused = Api(hall.discord.files.session, hall.double.api_url, "other", "DiscordBot (x, 1)")
    hall.discord.people = type(hall.discord.people)(refused, int(hall.double.bot_id))
    before = len(hall.double.requests)
    for number in range(3):
        assert (await hall.platform.person(hall.join(f"Ada {number}"), hall.channel)).admin is None
    assert len(hall.double.requests) == before + 1


def ask(hall: DiscordHall, room: doubles.Channel, asked: Message) -> UserMessage:
    where = Conversation(Channel("discord", hall.guild.id, room.id))
    in_thread = room.parent is not None
    return UserMessage(where, asked.id, asked.id, asked.author.id, "what now?", in_thread=in_thread)


def known(hall: DiscordHall, name: str) -> User:
    return hall.double.world.users[hall.join(name)]


async def texts(hall: DiscordHall, asked: UserMessage, most: int = 50) -> list[str]:
    return [remark.text for remark in await hall.platform.earlier(asked, most=most)]


@pytest.mark.parametrize("thoughts", ["hm", "hm " * 1000], ids=["a spoiler", "a file"])
async def test_thoughts_that_are_folded_to_an_answer_are_nothing_that_was_said(
    hall: DiscordHall, thoughts: str
) -> None:
    ada = known(hall, "Ada")
    room = await hall.room.start_thread(ada, "build", await hall.room.say(ada, "the build is red"))
    surface = hall.platform.surface(ask(hall, room, await room.say(ada, "<@BOT> why?")))
    await surface.post(0, "Because.", final=True)
    folded = await surface.fold(Attached("thinking.md", thoughts, "Thoughts"))
    assert await surface.find(FOLDED) == folded
    asked = ask(hall, room, await room.say(ada, "<@BOT> what now?"))
    assert await texts(hall, asked) == ["the build is red", "why?", "Because."]


async def test_a_thread_is_read_from_the_message_that_began_it(hall: DiscordHall) -> None:
    ada, lin = known(hall, "Ada"), known(hall, "Lin")
    ci = hall.double.add_user("ci", bot=True)
    begun = await hall.room.say(ada, "the build is red")
    await hall.room.say(lin, "something else")
    room = await hall.room.start_thread(ada, "build", begun)
    await room.say(lin, f"<@BOT> ask {ada.mention}")
    await room.say(ci, "run 7")
    await hall.discord.writer.get_partial_messageable(int(room.id)).send("Hello.")
    await room.say(lin, "joined", kind=7)
    asked = await room.say(ada, "<@BOT> what now?")
    await room.say(lin, "later")
    read = await hall.platform.earlier(ask(hall, room, asked), most=50)
    assert [(one.author, one.name, one.text, one.mine) for one in read] == [
        (ada.id, "Ada", "the build is red", False),
        (lin.id, "Lin", "ask @Ada", False),
        (ci.id, "Ci", "run 7", False),
        (hall.double.bot_id, "Drun", "Hello.", True),
    ]
    assert read[0].message_id == begun.id


@pytest.mark.parametrize(
    ("most", "newest"), [(0, None), (1, []), (4, [9, 10, 11]), (12, range(1, 12)), (13, range(12))]
)
async def test_of_a_long_thread_the_newest_are_read_and_what_began_it(
    hall: DiscordHall, most: int, newest: Sequence[int] | None
) -> None:
    ada = known(hall, "Ada")
    room = await hall.room.start_thread(ada, "build", await hall.room.say(ada, "the build is red"))
    for number in range(12):
        await room.say(ada, f"reply {number}")
    asked = ask(hall, room, await room.say(ada, "<@BOT> what now?"))
    wanted = [] if newest is None else ["the build is red", *(f"reply {number}" for number in newest)]
    assert await texts(hall, asked, most=most) == wanted


async def test_a_channel_and_a_direct_message_are_no_threads(hall: DiscordHall) -> None:
    ada = known(hall, "Ada")
    await hall.room.say(ada, "the build is red")
    asked = ask(hall, hall.room, await hall.room.say(ada, "<@BOT> what now?"))
    assert await texts(hall, asked) == []
    direct = UserMessage(Conversation(Channel("discord", "dm", "1")), "1", "1", ada.id, "hi")
    assert await texts(hall, direct) == []
    # Nothing is asked for it: many channels may be begun at once, and Discord takes 50 requests a second in all.
    assert not [
        each for each in hall.double.requests if each.path.startswith("/channels/") and each.method == "GET"
    ]


async def test_a_name_in_the_server_is_used_where_it_is_known(hall: DiscordHall) -> None:
    ada = known(hall, "Ada")
    hall.guild.nicks[ada.id] = "The Countess"
    room = await hall.room.start_thread(ada, "build", await hall.room.say(ada, "red"))
    asked = ask(hall, room, await room.say(ada, "<@BOT> what now?"))
    await hall.platform.person(ada.id, hall.channel)
    assert [one.name for one in await hall.platform.earlier(asked, most=9)] == ["The Countess"]


async def test_without_the_content_intent_the_log_says_why_nothing_is_known() -> None:
    async with discord_hall() as hall:
        hall.double.world.privileged_intents = 0
        ada = known(hall, "Ada")
        room = await hall.room.start_thread(ada, "build", await hall.room.say(ada, "red"))
        asked = ask(hall, room, await room.say(ada, "<@BOT> what now?"))
        with capture_logs() as logs:
            assert await texts(hall, asked) == []
    assert [line["reason"] for line in logs] == ["there is no text: the message content intent is off"]


@pytest.mark.parametrize("kind", TROUBLES)
async def test_trouble_with_a_thread_is_one_line_of_the_log(hall: DiscordHall, kind: Trouble) -> None:
    hall.impatient()
    ada = known(hall, "Ada")
    room = await hall.room.start_thread(ada, "build", await hall.room.say(ada, "red"))
    asked = ask(hall, room, await room.say(ada, "<@BOT> what now?"))
    hall.fail("/messages", kind, times=3)
    with capture_logs() as logs:
        assert await texts(hall, asked) == []
    assert [line["event"] for line in logs] == ["what was said before is not known"]
    reads = sum("/messages" in request.path and request.method == "GET" for request in hall.double.requests)
    assert reads == (2 if kind == "reset" else 1), (
        "aiohttp asks anew over a new connection when a kept one died"
    )


async def test_a_thread_that_may_not_be_read_is_left_unread(hall: DiscordHall) -> None:
    ada = known(hall, "Ada")
    room = await hall.room.start_thread(ada, "build", await hall.room.say(ada, "red"))
    asked = ask(hall, room, await room.say(ada, "<@BOT> what now?"))
    room.deny(Permission.READ_MESSAGE_HISTORY)
    assert await texts(hall, asked) == []
    room.deny(Permission.VIEW_CHANNEL)
    with capture_logs() as logs:
        assert await texts(hall, asked) == []
    assert [line["reason"] for line in logs] == ["HTTP 403"]


def test_who_has_no_other_name_has_that_of_the_login() -> None:
    assert (name_of({"global_name": None, "username": "login"}), name_of({})) == ("login", "")
