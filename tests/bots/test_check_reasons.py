"""Why nothing is reached, as `drun-chat check` and `drun-chat models` tell it."""

import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from tests.bots.program import ended
from tests.bots.settings_of import KEY, host, of_drun
from tests.doubles.drun import refusals
from tests.doubles.drun.server import DrunDouble


async def _page(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="<html>Please log in</html>", content_type="text/html")


@asynccontextmanager
async def page(tls: ssl.SSLContext | None = None) -> AsyncGenerator[str, None]:
    """A server that has no models; its host and port."""
    runner = web.ServerRunner(web.Server(_page))
    await runner.setup()
    try:
        await web.TCPSite(runner, "localhost", 0, ssl_context=tls).start()
        yield f"localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def unknown_authority() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


async def told(folder: Path, command: str, address: str, redis_url: str) -> str:
    """What ``command`` says where MaaS by Token is at ``address``; it has failed, and kept the key to itself."""
    settings = {"DRUN_BASE_URL": address, "DRUN_API_KEY": KEY, "DRUN_MAX_RETRIES": "0"}
    found = await ended(folder, command, settings={**settings, "REDIS_URL": redis_url})
    assert found.code == 1, found.all
    assert KEY not in found.all
    assert "Traceback" not in found.all
    return found.all


@pytest.mark.parametrize("command", ["check", "models"])
async def test_a_certificate_that_nobody_vouches_for_is_the_reason(
    tmp_path: Path, redis_url: str, command: str
) -> None:
    async with page(unknown_authority()) as there:
        text = await told(tmp_path, command, f"https://{there}", redis_url)
    assert re.search(r"^ *ConnectError: .*CERTIFICATE_VERIFY_FAILED", text, re.MULTILINE), text


@pytest.mark.parametrize("command", ["check", "models"])
async def test_https_where_plain_http_is_spoken_is_the_reason(
    tmp_path: Path, redis_url: str, command: str
) -> None:
    async with page() as there:
        text = await told(tmp_path, command, f"https://{there}", redis_url)
    assert re.search(r"^ *ConnectError: \[SSL", text, re.MULTILINE), text


@pytest.mark.parametrize("command", ["check", "models"])
async def test_a_host_that_nobody_knows_is_the_reason(tmp_path: Path, redis_url: str, command: str) -> None:
    text = await told(tmp_path, command, "http://nobody.invalid", redis_url)
    # By RFC 6761 no resolver knows it; one that is away itself takes its time.
    assert re.search(r"^ *Connect(Error: .+|Timeout)$", text, re.MULTILINE), text


@pytest.mark.parametrize("command", ["check", "models"])
async def test_a_page_in_the_place_of_a_list_is_the_reason(
    tmp_path: Path, redis_url: str, command: str
) -> None:
    async with page() as there:
        text = await told(tmp_path, command, f"http://{there}", redis_url)
    assert re.search(r"^ *a model list that is none: JSON is malformed", text, re.MULTILINE), text


async def test_models_ends_with_a_failure_where_nothing_is_listed(tmp_path: Path, drun: DrunDouble) -> None:
    settings = {**of_drun(drun), "DRUN_API_KEY": "sk-another-s3cret"}
    found = await ended(tmp_path, "models", settings=settings)
    assert (found.code, found.out) == (1, "")
    refused = "The d.run API key was refused. The operator of this bot has to check it."
    where = "see https://console.d.run, API Key 管理: a deleted key stops working at once; set"
    assert found.err.splitlines() == [
        f"MaaS by Token ({host(drun.maas_url)}): {refused}",
        f"{where} DRUN_API_KEY",
        f"Model Service ({host(drun.service_url)}): {refused}",
        f"{where} DRUN_API_KEY or DRUN_SERVICE_API_KEY",
    ]


async def test_models_says_why_one_list_is_missing_and_shows_the_other(
    tmp_path: Path, drun: DrunDouble
) -> None:
    drun.service.listing_fault = refusals.unavailable()
    settings = {**of_drun(drun), "REPLY_LANGUAGE": "zh"}
    found = await ended(tmp_path, "models", settings=settings)
    assert found.code == 0, found.all
    assert len(found.out.splitlines()) == 2
    assert found.err.splitlines()[0].endswith("暂时无法连接到模型，请稍后再试。")
    assert found.err.splitlines()[1].startswith("HTTP 503 internal_error")


async def test_models_fails_where_lists_are_read_and_nothing_of_them_may_be_chosen(
    tmp_path: Path, drun: DrunDouble
) -> None:
    found = await ended(tmp_path, "models", settings={**of_drun(drun), "DRUN_MODELS": "public/gone"})
    assert (found.code, found.out) == (1, "")
    assert found.err == "No list has a model that may be chosen.\n"
