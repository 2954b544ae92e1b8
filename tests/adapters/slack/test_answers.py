"""What Slack's SDK makes of answers that are not Slack's own."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.surface import SlackSurface
from core.conversation import Channel, Conversation, UserMessage
from core.errors import SurfaceBusy, SurfaceError, SurfaceFailed, SurfaceGone
from core.pacing import Budget

JSON = "application/json"


class Proxy:
    """Answers every call with one thing."""

    def __init__(self) -> None:
        self.answer = web.Response()

    async def hear(self, request: web.Request) -> web.Response:
        return self.answer


@pytest.fixture
async def proxy() -> Proxy:
    return Proxy()


@pytest.fixture
async def surface(proxy: Proxy) -> AsyncIterator[SlackSurface]:
    application = web.Application()
    application.router.add_route("*", "/{method}", proxy.hear)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    message = UserMessage(Conversation(Channel("slack", "T1", "C1")), "e1", "1.1", "U1", "hello")
    client = AsyncWebClient("xoxb-test", base_url=f"http://{host}:{port}/", retry_handlers=[])
    yield SlackSurface(client, message, Budget(10, 1.0), Budget(10, 1.0), Budget(10, 1.0))
    await runner.cleanup()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((503, "text/plain", "upstream connect error"), SurfaceFailed),
        ((502, "text/html", "<html>bad gateway</html>"), SurfaceFailed),
        ((200, "text/plain", "ok, says the proxy"), SurfaceFailed),
        ((200, JSON, "{broken"), SurfaceFailed),
        ((500, JSON, "{broken"), SurfaceFailed),
        ((429, "text/plain", "slow down"), SurfaceBusy),
        ((429, JSON, '{"ok": false, "error": "ratelimited"}'), SurfaceBusy),
        ((200, JSON, '{"ok": false, "error": "is_archived"}'), SurfaceGone),
        ((200, JSON, '{"ok": false, "error": "fatal_error"}'), SurfaceFailed),
    ],
    ids=str,
)
async def test_whatever_answers_a_call_is_an_error_of_ours(
    proxy: Proxy, surface: SlackSurface, answer: tuple[int, str, str], error: type[SurfaceError]
) -> None:
    status, kind, text = answer
    proxy.answer = web.Response(status=status, content_type=kind, text=text)
    with pytest.raises(error):
        await surface.post(0, "hello", final=True)


async def test_how_long_to_wait_is_read_where_it_can_be(proxy: Proxy, surface: SlackSurface) -> None:
    for said, expected in (("7", 7.0), ("soon", 1.0)):
        proxy.answer = web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": said}
        )
        with pytest.raises(SurfaceBusy) as found:
            await surface.edit("1.2", "hello", final=True)
        assert found.value.retry_after == expected
