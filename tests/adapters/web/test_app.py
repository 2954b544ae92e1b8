"""The contract of every adapter's app: connect, show, listen, and say what is wrong."""

import socket

import pytest

from adapters.web.app import connect
from adapters.web.events import conversation_of
from adapters.web.settings import Settings
from core.conversation import UserMessage
from core.errors import PlatformRefused
from core.inbox import Inbox
from tests.adapters.web.browser import browsing, until_ready


def settings(**values: object) -> Settings:
    return Settings.model_validate({"web_port": 0, **values})


async def test_it_says_where_it_listens_only_while_it_does(inbox: Inbox) -> None:
    async with connect(settings(), inbox) as platform:
        assert platform.name == "web"
        async with platform.listening() as where:
            assert where.startswith("http://127.0.0.1:")
            async with browsing(where) as browser:
                assert (await browser.get("/healthz")).body == "ok"
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(where.rpartition(":")[2]))) != 0


async def test_a_worker_that_does_not_listen_shows_replies(inbox: Inbox) -> None:
    message = UserMessage(conversation_of("general"), "01234567", "01234567", "you", "why?")
    async with (
        connect(settings(), inbox) as worker,
        connect(settings(), inbox) as page,
        page.listening() as where,
        browsing(where) as browser,
        browser.events() as events,
    ):
        await until_ready(events)
        await worker.surface(message).post(0, "because", final=True)
        assert (await anext(events)).data["html"] == "<p>because</p>\n"


async def test_a_taken_port_is_refused_with_what_to_do(inbox: Inbox) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with connect(settings(web_port=port), inbox) as platform:
            with pytest.raises(PlatformRefused, match=rf"Port {port} on 127.0.0.1 is taken: .* WEB_PORT"):
                async with platform.listening():
                    pytest.fail("two cannot listen on one port")


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_an_address_of_another_machine_is_refused_with_what_to_do(inbox: Inbox, host: str) -> None:
    async with connect(settings(web_host=host), inbox) as platform:
        with pytest.raises(PlatformRefused, match=f"{host} is no address of this machine: set WEB_HOST"):
            async with platform.listening():
                pytest.fail("nobody can listen there")
