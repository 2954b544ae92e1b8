"""What it costs that somebody does not answer, where somebody else can: requests, and time."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from core.drun.bucket import Rule, Taking
from core.drun.calls import ChatRequest
from core.drun.endpoints import Deployment, Endpoint
from core.drun.limiter import Limiter, bucket_of
from core.errors import ModelBusy, ModelUnavailable
from core.store.blocks import Blocks
from core.store.connection import Connections
from tests.core.drun.table import OTHER, QWEN, TWIN, models_of, table
from tests.core.drun.talk import HELLO, QUICK, maas, model_client
from tests.doubles.drun import refusals
from tests.doubles.drun.exchange import Answer
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble

PATIENT = replace(QUICK, retries=4)


@dataclass(slots=True)
class Silent:
    """A server that takes connections and says nothing; it counts the questions, not the lists."""

    endpoint: Endpoint
    questions: int = 0


@asynccontextmanager
async def silent() -> AsyncGenerator[Silent, None]:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET "):
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        else:
            found.questions += 1
            await reader.read()  # until the client leaves
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        found = Silent(Endpoint(Deployment.SERVICE, f"http://{host}:{port}/v1", "sk-silent"))
        yield found


def refusing() -> Endpoint:
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    return Endpoint(Deployment.SERVICE, f"http://127.0.0.1:{port}/v1", "sk-nobody")


async def test_a_refused_connection_costs_one_attempt_before_somebody_else_answers(both: DrunDouble) -> None:
    failed: list[float] = []

    def jitter() -> float:
        failed.append(1.0)  # once for each attempt that failed
        return 1.0

    async with table(both, service_at=refusing(), patience=PATIENT, jitter=jitter) as found:
        await found.ask()
        assert len(failed) == 1
        assert found.asked.instead("en") == f"`{TWIN}` answered: `{QWEN}` cannot be reached."
        assert found.asking.breakers.open(found.asked.chosen.model)
    assert models_of(both) == [TWIN]


async def test_silence_costs_one_attempt_before_somebody_else_answers(both: DrunDouble) -> None:
    patience = replace(PATIENT, first_byte_s=0.2)
    async with silent() as there, table(both, service_at=there.endpoint, patience=patience) as found:
        await found.ask()
        assert found.asked.model.id == TWIN
        assert there.questions == 1


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        (refusals.broken(), 2),
        (refusals.unavailable(), 2),
        (refusals.rate_limited(), 2),
        (Script("Never", fault=Fault.NULL), 2),
        (refusals.rate_limited(retry_after="60"), 1),
    ],
    ids=["500", "503", "429", "cut", "429 for a minute"],
)
async def test_whoever_says_something_is_tried_once_more_and_only_soon(
    both: DrunDouble, answer: Answer, tries: int
) -> None:
    async with table(both, patience=PATIENT) as found:
        both.script(answer, times=tries)
        both.script(Script("From MaaS."))
        assert await found.ask() == "From MaaS."
    assert models_of(both) == [*[QWEN] * tries, TWIN]


async def test_the_last_one_is_tried_as_often_as_is_set(both: DrunDouble) -> None:
    async with table(both, service_at=refusing(), patience=PATIENT) as found:
        both.reply = refusals.unavailable()
        with pytest.raises(ModelUnavailable):
            await found.ask()
    assert models_of(both) == [TWIN] * 5


async def test_without_retries_nobody_is_tried_twice(both: DrunDouble) -> None:
    async with table(both, patience=replace(QUICK, retries=0)) as found:
        both.reply = refusals.unavailable()
        with pytest.raises(ModelUnavailable):
            await found.ask()
    assert models_of(both) == [QWEN, TWIN]


async def test_one_refused_connection_keeps_nobody_from_trying_who_has_nobody_else(both: DrunDouble) -> None:
    """It may have met a short trouble of the network."""

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
            b'{"choices":[{"message":{"content":"Back."},"finish_reason":"stop"}]}'
        )
        await writer.drain()
        writer.close()

    endpoint = refusing()
    async with table(both, service_at=endpoint) as found:
        await found.ask()
        assert found.asked.model.id == TWIN
        async with await asyncio.start_server(back, "127.0.0.1", int(endpoint.host.rpartition(":")[2])):
            await found.ask()
            assert found.asked.model.id == TWIN, "who has somebody else does not wait for it"
            assert await found.ask("u-1100a15812cc/alone") == "Back."
            assert await found.ask() == "Back.", "it was heard, so nobody leaves it alone any more"
            assert found.asked.model.id == QWEN


async def test_a_turn_that_does_not_come_soon_is_left_for_somebody_else(
    both: DrunDouble, connections: Connections
) -> None:
    blocks, rule = Blocks(connections), Rule(rpm=1)
    # This minute's only request is gone already.
    await blocks.take(bucket_of(maas(both), TWIN), Taking(rule, "another", 1))
    limiter = Limiter(blocks, rpm=1)
    patience = replace(QUICK, quick_s=0.2)
    async with aclosing(limiter), table(both, patience=patience, limiter=limiter) as found:
        both.script(Script("Dedicated."))
        assert await found.ask(TWIN) == "Dedicated."
        assert found.asked.instead("en") == f"`{QWEN}` answered: `{TWIN}` is busy."
        assert not found.asking.breakers.open(found.asked.chosen.model), "busy is not down"
    assert models_of(both) == [QWEN]


async def test_a_named_time_is_not_waited_for_in_the_line_either(
    both: DrunDouble, connections: Connections
) -> None:
    limiter = Limiter(Blocks(connections))
    async with aclosing(limiter), table(both, limiter=limiter) as found:
        both.script(refusals.rate_limited(retry_after="60"))
        both.script(Script("From MaaS."))
        async with asyncio.timeout(QUICK.quick_s - 1):
            assert await found.ask() == "From MaaS."
    assert models_of(both) == [QWEN, TWIN]


async def test_hurry_is_told_to_the_client_for_each_question(drun: DrunDouble) -> None:
    drun.reply = refusals.rate_limited(retry_after="0")
    async with model_client(PATIENT) as client:
        for hurried in (True, False):
            with pytest.raises(ModelBusy):
                async with aclosing(
                    client.stream(maas(drun), ChatRequest(OTHER, HELLO), hurried=hurried)
                ) as deltas:
                    await anext(deltas)
    assert len(drun.requests) == 2 + 5
