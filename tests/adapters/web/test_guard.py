"""Who may use the page, over the wire as a browser or an attacker would."""

import pytest

from adapters.web.guard import COOKIE, SESSION_S, Guard
from adapters.web.settings import Settings
from tests.adapters.web.browser import Browser, browsing
from tests.adapters.web.conftest import Serve

TOKEN = "correct-horse-battery"
JSON = {"Content-Type": "application/json"}
TITLE = b'{"title": "Redis"}'


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:8080", "127.0.0.1:1"])
async def test_a_loopback_name_is_served(page: str, host: str) -> None:
    async with browsing(page) as browser:
        assert (await browser.get("/", Host=host)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "evil.example:8080",
        "",
        "127.0.0.1:",
        "[::1",
    ],
)
async def test_a_name_that_an_attacker_points_here_is_refused(page: str, host: str) -> None:
    async with browsing(page) as browser:
        for path in ("/", "/app.js", "/api/channels", "/nothing"):
            refused = await browser.get(path, Host=host)
            assert (refused.status, "local address" in refused.body["error"]) == (403, True)
        for path in ("/healthz", "/readyz"):
            assert (await browser.get(path, Host=host)).status == 200


async def test_another_origin_is_refused_even_for_reading(page: str) -> None:
    async with browsing(page) as browser:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://[", ""):
            assert (await browser.get("/api/channels", Origin=origin)).status == 403
        assert (await browser.get("/api/channels", Origin=browser.base)).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**JSON}, 403),
        ({**JSON, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**JSON, "Sec-Fetch-Site": "same-site"}, 403),
        ({**JSON, "Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({"Content-Type": "text/plain", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}, 403),
        ({**JSON, "Sec-Fetch-Site": "same-origin"}, 201),
        ({**JSON, "Sec-Fetch-Site": "none"}, 201),
        ({"Content-Type": "application/json; charset=utf-8", "Sec-Fetch-Site": "same-origin"}, 201),
    ],
)
async def test_only_the_page_itself_changes_anything(page: str, headers: dict[str, str], status: int) -> None:
    async with browsing(page) as browser:
        assert (await browser.send("POST", "/api/channels", TITLE, headers)).status == status
        listed = (await browser.get("/api/channels")).body["channels"]
        assert len(listed) == (2 if status == 201 else 1)


async def test_every_answer_carries_the_policy(page: str) -> None:
    async with browsing(page) as browser:
        for path in ("/", "/app.js", "/style.css", "/api/channels", "/nothing", "/healthz"):
            headers = (await browser.get(path)).headers
            assert (
                "default-src 'none'; script-src 'self'; style-src 'self'"
                in headers["Content-Security-Policy"]
            )
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"


async def sign_in(browser: Browser, token: str) -> tuple[int, str, str]:
    headers = {"Origin": browser.base, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.send("POST", "/sign-in", f"token={token}".encode(), headers)
    return answer.status, answer.headers.get("Set-Cookie", ""), answer.body


async def test_with_a_token_nothing_is_told_before_signing_in(serve: Serve) -> None:
    async with browsing(await serve(web_token=TOKEN)) as browser:
        page = await browser.get("/")
        assert (page.status, page.headers["Location"]) == (303, "/sign-in")
        form = await browser.get("/sign-in")
        assert (form.status, form.headers["Referrer-Policy"]) == (200, "same-origin")
        for path in ("/api/channels", "/api/channels/general/events", "/api/commands", "/nothing"):
            assert (await browser.get(path)).status == 401
        assert (await browser.post("/api/channels", {"title": "x"})).status == 401
        assert (await browser.get("/healthz")).status == 200


async def test_the_token_opens_the_page_and_is_not_in_the_cookie(serve: Serve) -> None:
    async with browsing(await serve(web_token=TOKEN)) as browser:
        status, cookie, _ = await sign_in(browser, TOKEN)
        assert status == 303
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie
        session = cookie.partition(";")[0]
        assert (await browser.get("/", Cookie=session)).status == 200
        assert (await browser.get("/api/channels", Cookie=session, Host="chat.example")).status == 200
        assert (await browser.get("/api/channels", Cookie=session[:-1])).status == 401


async def test_a_wrong_token_is_refused_with_a_sentence(serve: Serve) -> None:
    async with browsing(await serve(web_token=TOKEN)) as browser:
        for wrong in ("", "wrong", TOKEN[:-1], "%E4%BB%A4%E7%89%8C"):
            status, cookie, body = await sign_in(browser, wrong)
            assert (status, cookie, "This is not the token" in body) == (401, "", True)
        cross = {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
        assert (await browser.send("POST", "/sign-in", b"token=x", cross)).status == 403


async def test_on_another_address_without_a_token_there_are_only_health_checks(serve: Serve) -> None:
    where = await serve(web_host="0.0.0.0")
    assert "health checks only" in where
    async with browsing(where.partition(" ")[0].replace("0.0.0.0", "127.0.0.1")) as browser:
        assert (await browser.get("/healthz")).body == "ok"
        for path in ("/", "/app.js", "/sign-in", "/api/channels"):
            assert (await browser.get(path)).status == 404


def test_a_session_is_over_after_30_days_and_with_its_token() -> None:
    guard, other = (Guard(Settings.model_validate({"web_token": token})) for token in (TOKEN, TOKEN + "2"))
    session = guard.session(1000.0)
    assert guard.knows(session, 1000.0 + SESSION_S - 1)
    assert not guard.knows(session, 1000.0 + SESSION_S + 1)
    assert not other.knows(session, 1000.0)
    later = session.replace(session.partition(".")[0], "9999999999")
    for forged in ("", ".", "x.y", later, "9999999999.", "令牌.令牌"):
        assert not guard.knows(forged, 1000.0)


def test_the_cookie_belongs_to_this_program() -> None:
    assert COOKIE == "drun_chat"
