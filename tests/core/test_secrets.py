"""Whatever goes wrong, no key and no internal address is shown, logged or raised."""

import asyncio
import io
import logging
import re
import traceback
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import partial

import pytest
import structlog

from core.drun.calls import ChatRequest
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.errors import ModelError
from core.store.connection import Connections
from tests.core.drun.talk import HELLO, MODEL, ONCE
from tests.core.scene import Scene, scene
from tests.doubles.drun import refusals
from tests.doubles.drun.controls import FAULTS, STATUSES
from tests.doubles.drun.exchange import Answer
from tests.doubles.drun.refusals import INTERNAL_URL, Refusal, gateway_error
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.drun.wire import go_json

KEY = "sk-x1VDTAFB7-_very-secret"
SECRETS = re.compile(
    rf"{KEY}|sk-theirs-0123456789|10\.0\.0\.\d|{re.escape(INTERNAL_URL)}|upstream-7\.internal|fe80::1"
    r"|vllm-7|model-3|2001:db8|gpu\.example"
)

LEAKY = (
    f"Post {INTERNAL_URL}: key {KEY}: dial tcp [fe80::1%eth0]:80: lookup upstream-7.internal on 10.0.0.53:53 "
    "vllm-7.ns.svc.cluster.local:8000 model-3.internal 2001:db8::7 gpu.example.com:8080"
)


def error_frame(code: int, said: str = "") -> Callable[[], Answer]:
    return lambda: refusals.in_stream(LEAKY, code=code, said=said)


def leaky(status: int) -> Callable[[], Answer]:
    return lambda: gateway_error(status, LEAKY, kind="upstream_error")


CASES: dict[str, Callable[[], Answer]] = {
    **{
        f"{name}, {'later' if after else 'at once'}": partial(
            Script, "one two three", fault=fault, after=after
        )
        for name, fault in FAULTS.items()
        for after in (0, 2)
    },
    **STATUSES,
    **{
        f"{status} that tells too much": leaky(status)
        for status in (400, 401, 402, 403, 404, 429, 500, 502, 503)
    },
    **{
        f"an error frame of {code} that tells too much": error_frame(code)
        for code in (400, 401, 402, 403, 404, 429, 500)
    },
    "an error frame that tells too much, later": error_frame(400, "one "),
    "a body that tells too much": lambda: Refusal(200, go_json({"error": {"message": LEAKY}})),
    "a page that tells too much": lambda: Refusal(502, f"<html>{LEAKY}</html>".encode(), "text/html"),
    "a malformed frame that tells too much": lambda: Refusal(
        200, f'data: {{"choices": {LEAKY}\n\n'.encode(), "text/event-stream"
    ),
    "a window that tells too much": lambda: refusals.upstream_error(
        f"{refusals.OVERFLOWS['vLLM 0.8, messages']} {LEAKY}"
    ),
}


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Also what libraries log, at the lowest level."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root, before = logging.getLogger(), logging.getLogger().level
    configured = structlog.get_config()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer(colors=False)],
        logger_factory=structlog.PrintLoggerFactory(written),
        cache_logger_on_first_use=False,
    )
    try:
        yield written
    finally:
        structlog.configure(**configured)
        root.removeHandler(handler)
        root.setLevel(before)


@pytest.fixture
async def impatient(connections: Connections) -> AsyncGenerator[Scene, None]:
    patience = replace(ONCE, idle_s=0.2, first_byte_s=0.5)
    async with DrunDouble(key=KEY) as drun, scene(connections, drun) as stage, http_client() as http:
        yield replace(
            stage,
            engine=replace(
                stage.engine, means=replace(stage.engine.means, client=ModelClient(http, patience))
            ),
        )


@pytest.mark.parametrize("name", CASES)
async def test_no_fault_tells_a_secret_to_people_or_to_the_log(impatient: Scene, name: str) -> None:
    impatient.drun.reply = CASES[name]()
    with everything_logged() as written:
        async with asyncio.timeout(20):
            shown = await impatient.answer("hello")
    assert shown
    for told in (*shown, written.getvalue(), str(await impatient.kept())):
        assert SECRETS.search(told) is None, told
    assert "a turn failed" in written.getvalue()


@pytest.mark.parametrize("name", CASES)
async def test_no_exception_holds_a_secret_whatever_prints_it(name: str) -> None:
    async with DrunDouble(key=KEY) as drun, http_client() as http:
        drun.reply = CASES[name]()
        client = ModelClient(http, replace(ONCE, idle_s=0.2, first_byte_s=0.5))
        endpoint = Endpoint(Deployment.MAAS, drun.maas_url, KEY)

        async def read() -> None:
            async with aclosing(client.stream(endpoint, ChatRequest(MODEL, HELLO))) as deltas:
                async for _ in deltas:
                    pass

        with pytest.raises(ModelError) as caught:
            await read()
    printed = "".join(traceback.format_exception(caught.value))
    for told in (printed, repr(caught.value), repr(endpoint)):
        assert SECRETS.search(told) is None, told


async def test_the_wrong_key_that_the_gateway_says_back_is_not_said_on(connections: Connections) -> None:
    async with DrunDouble(key="sk-the-right-one") as drun:
        wrong = Endpoint(Deployment.MAAS, drun.maas_url, KEY)
        with everything_logged() as written:
            async with scene(connections, drun, endpoints=[wrong]) as stage:
                shown = await stage.answer("hello")
    assert KEY not in written.getvalue()
    assert "<key>" in written.getvalue()
    assert all(KEY not in text for text in shown)
