"""First words, and what somebody is told who says nothing."""

import asyncio
from dataclasses import replace

import pytest

from core.admission import Admission, parse_entry
from core.cascade import Level
from core.commands.desk import Desk
from core.conversation import Channel, Conversation
from core.drun.catalog import Catalog
from core.errors import StoreUnavailable
from core.greeting import empty_mention, greeting
from core.inbox import Inbox
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.preferences import Place
from core.texts import EXAMPLES, Language
from tests.core.commands.bureau import BOTH, DIRECT, bureau_with
from tests.core.desks import desk_of
from tests.core.drun.talk import maas, model_client
from tests.core.scene import FakePlatform
from tests.core.store.servers import free_ports
from tests.core.store.talk import GENERAL
from tests.doubles.drun.server import DrunDouble

ENGLISH = (
    "Hello! Mention me with a question, and I answer it here. "
    "`public/deepseek-v3` answers until another one is chosen with `/model`. `/help` says what else I can do."
)
CHINESE = (
    "大家好！在这里 @我 并提出问题，我就会回答。"
    "默认由 `public/deepseek-v3` 回答，可用 `/model` 切换。输入 `/help` 查看更多用法。"
)


async def said(connections: Connections, channel: Channel = GENERAL, **defaults: str) -> str | None:
    async with bureau_with(connections, defaults=defaults) as bureau:
        return await greeting(bureau.desk, channel)


async def test_where_nobody_has_written_or_chosen_it_is_said_in_both_languages(
    connections: Connections,
) -> None:
    assert await said(connections) == f"{ENGLISH}\n\n{CHINESE}"


@pytest.mark.parametrize(("language", "text"), [("en", ENGLISH), ("zh", CHINESE)])
async def test_a_deployment_that_speaks_one_language_greets_in_it(
    connections: Connections, language: str, text: str
) -> None:
    assert await said(connections, language=language) == text


async def test_what_the_workspace_has_chosen_counts(connections: Connections) -> None:
    async with bureau_with(connections) as bureau:
        place = Place(Level.WORKSPACE, Conversation(GENERAL), "U2")
        for name, value in (("language", "en"), ("model", "public/glm4-9b")):
            await bureau.desk.preferences.choose(place, name, value, by="U2")
        assert await greeting(bureau.desk, GENERAL) == ENGLISH.replace("deepseek-v3", "glm4-9b")


async def test_in_a_direct_message_nobody_has_to_mention_it(connections: Connections) -> None:
    text = await said(connections, DIRECT.channel)
    assert text is not None
    assert text.startswith("Hello! Write to me here, and I answer. `public/deepseek-v3` answers")
    assert "\n\n您好！直接在这里提问，我就会回答。" in text
    assert "ention" not in text


async def test_the_operators_name_of_the_model_is_said(connections: Connections) -> None:
    async with bureau_with(connections, aliases={"fast": "public/deepseek-v3"}) as bureau:
        text = await greeting(bureau.desk, GENERAL)
    assert text is not None
    assert "`fast` answers until" in text


async def test_it_is_said_once_by_all_processes_together(connections: Connections) -> None:
    async with bureau_with(connections) as one, bureau_with(connections) as other:
        desks = [one.desk, other.desk, one.desk, other.desk]
        texts = await asyncio.gather(*(greeting(desk, GENERAL) for desk in desks))
        assert sorted(text is not None for text in texts) == [False, False, False, True]
        assert await greeting(one.desk, Channel("slack", "T1", "random")) is not None


async def test_the_inbox_says_it(connections: Connections) -> None:
    async with bureau_with(connections, defaults={"language": "en"}) as bureau:
        inbox = Inbox(bureau.desk, Journals(connections, ttl_s=60))
        assert [await inbox.greeting(GENERAL), await inbox.greeting(GENERAL)] == [ENGLISH, None]


async def test_where_nobody_is_answered_nothing_is_said_until_somebody_is(connections: Connections) -> None:
    async with bureau_with(connections) as bureau:
        blocked = replace(bureau.desk, admission=Admission(blocked=[parse_entry("slack:T1")]))
        assert await greeting(blocked, GENERAL) is None
        named = replace(bureau.desk, admission=Admission(allowed=[parse_entry("slack:U1")]))
        assert await greeting(named, DIRECT.channel, "U2") is None
        assert await greeting(named, DIRECT.channel, "U1") is not None
        assert await greeting(named, GENERAL) is not None, "somebody is answered there"


async def test_who_reads_it_alone_reads_it_in_their_own_language(connections: Connections) -> None:
    async with bureau_with(connections) as bureau:
        mine = Place(Level.PERSON, DIRECT, "U1")
        await bureau.desk.preferences.choose(mine, "language", "zh", by="U1")
        text = await greeting(bureau.desk, DIRECT.channel, "U1")
    assert text is not None
    assert text.startswith("您好！")


async def test_a_platform_that_is_off_says_nothing(connections: Connections) -> None:
    async with bureau_with(connections) as bureau:
        assert await greeting(replace(bureau.desk, platforms={}), GENERAL) is None


async def test_without_a_model_the_rest_is_said(connections: Connections) -> None:
    async with DrunDouble() as gone:
        endpoint = maas(gone)
    async with model_client() as client:
        desk = desk_of(
            connections,
            Catalog(client, [endpoint], aliases={}, runs={}),
            platforms={"slack": FakePlatform()},
            defaults={"language": "en"},
        )
        text = await greeting(desk, GENERAL)
        await desk.catalog.aclose()
    assert text == "Hello! Mention me with a question, and I answer it here. `/help` says what else I can do."


async def test_without_a_store_it_is_not_known_whether_it_was_said() -> None:
    (port,) = free_ports(1)
    async with connect(f"redis://127.0.0.1:{port}/0") as nothing, model_client() as client:
        desk: Desk = desk_of(
            nothing, Catalog(client, [], aliases={}, runs={}), platforms={"slack": FakePlatform()}
        )
        with pytest.raises(StoreUnavailable):
            await greeting(desk, GENERAL)


@pytest.mark.parametrize("language", BOTH)
def test_who_says_nothing_is_shown_three_examples_the_model_and_the_way_to_stop(language: Language) -> None:
    text = empty_mention(lambda command: f"/drun {command}", language)
    assert EXAMPLES.say(language) in text
    assert EXAMPLES.say(language).count("- ") == 3
    assert all(f"`/drun {name}`" in text for name in ("model", "stop", "help"))
    assert len(text) < 400
